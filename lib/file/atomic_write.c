/* Writing a file whole or not at all: into a new file in the same folder, synced, renamed over the
   target, and the folder synced, so that not even a lost machine leaves half a file. The new file's
   name begins with a dot and ends in a few digits; it is removed when anything fails. */
#include "file/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"

enum { BUFFER = 1 << 16, TRIES = 100 };

struct lsv_writer {
    int fd;
    bool direct;  /* no regular file: written in place     */
    char *path;   /* as asked for, for messages            */
    char *target; /* what is replaced: symbolic links resolved */
    char *temporary;
    size_t fill;
    char buffer[BUFFER];
};

static void discard(lsv_writer *w) {
    if (w->fd >= 0) close(w->fd);
    lsv_free(w->path);
    lsv_free(w->target);
    lsv_free(w->temporary);
    lsv_free(w);
}

void lsv_writer_abandon(lsv_writer *w) {
    if (!w) return;
    if (!w->direct && w->temporary) unlink(w->temporary);
    discard(w);
}

const char *lsv_writer_path(const lsv_writer *w) { return w->direct ? NULL : w->temporary; }

/* A file of its own beside the target; the permissions are the umask's, or those of the file replaced. */
static lsv_status make_temporary(lsv_writer *w, const struct stat *old, lsv_error *err) {
    const char *slash = strrchr(w->target, '/'), *base = slash ? slash + 1 : w->target;
    size_t room = strlen(w->target) + 32;
    char *name = lsv_malloc(room);
    if (!name) return lsv_no_memory(err, room);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned number = (unsigned)now.tv_nsec ^ (unsigned)getpid() << 8;
    for (int i = 0; w->fd < 0 && i < TRIES; i++) {
        number = number * 1664525u + 1013904223u;
        /* A name near the limit of 255 bytes is shortened. */
        snprintf(name, room, "%.*s.%.200s.%08x", (int)(base - w->target), w->target, base, number);
        w->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd < 0 && errno != EEXIST) break;
    }
    if (w->fd < 0) {
        lsv_free(name);
        return lsv_os_error(w->path, err);
    }
    w->temporary = name;
    if (old && fchmod(w->fd, old->st_mode & 07777) != 0) return lsv_os_error(w->path, err);
    return LSV_OK;
}

lsv_status lsv_writer_open(const char *path, lsv_writer **out, lsv_error *err) {
    LSV_TRY(lsv_file_allowed(path, true, err));
    lsv_writer *w = lsv_malloc(sizeof *w);
    if (!w) return lsv_no_memory(err, sizeof *w);
    w->fd = -1;
    w->direct = false;
    w->fill = 0;
    w->temporary = NULL;
    w->path = lsv_strdup(path);
    char *resolved = realpath(path, NULL);
    w->target = lsv_strdup(resolved ? resolved : path);
    free(resolved);
    lsv_status status = w->path && w->target ? LSV_OK : lsv_no_memory(err, strlen(path));
    struct stat st;
    bool exists = status == LSV_OK && stat(w->target, &st) == 0;
    if (status == LSV_OK && exists && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        status = lsv_os_error(path, err);
    } else if (status == LSV_OK && exists && !S_ISREG(st.st_mode)) {
        w->direct = true;
        w->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (w->fd < 0) status = lsv_os_error(path, err);
    } else if (status == LSV_OK && exists && access(w->target, W_OK) != 0) { /* a rename would not ask */
        status = lsv_os_error(path, err);
    } else if (status == LSV_OK) {
        status = make_temporary(w, exists ? &st : NULL, err);
    }
    if (status != LSV_OK) {
        lsv_writer_abandon(w);
        return status;
    }
    *out = w;
    return LSV_OK;
}

static lsv_status put_now(lsv_writer *w, const char *bytes, size_t n, lsv_error *err) {
    while (n > 0) {
        size_t piece = n < (size_t)1 << 24 ? n : (size_t)1 << 24; /* so that an interrupt is soon seen */
        ssize_t put = write(w->fd, bytes, piece);
        if (put < 0 && errno == EINTR) put = 0;
        if (put < 0) return lsv_os_error(w->path, err);
        bytes += put;
        n -= (size_t)put;
        LSV_TRY(lsv_poll(err));
    }
    return LSV_OK;
}

static lsv_status flush(lsv_writer *w, lsv_error *err) {
    size_t n = w->fill;
    w->fill = 0;
    return put_now(w, w->buffer, n, err);
}

lsv_status lsv_writer_put(lsv_writer *w, const void *bytes, size_t n, lsv_error *err) {
    if (n > BUFFER - w->fill) LSV_TRY(flush(w, err));
    if (n >= BUFFER) return put_now(w, bytes, n, err);
    if (n) memcpy(w->buffer + w->fill, bytes, n);
    w->fill += n;
    return LSV_OK;
}

/* The rename itself lives in the folder. Some file systems cannot sync one; the file is there all the same.
 */
static void sync_folder(const char *target) {
    char folder[4096];
    const char *slash = strrchr(target, '/');
    int n = slash ? (int)(slash - target) + 1 : 2;
    if (n >= (int)sizeof folder) return;
    snprintf(folder, sizeof folder, "%.*s", n, slash ? target : "./");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!fsync(fd);
    close(fd);
}

lsv_status lsv_writer_commit(lsv_writer *w, lsv_error *err) {
    lsv_status status = flush(w, err);
    if (status == LSV_OK && !w->direct) {
        /* Another library may have put a new file in the temporary one's place: sync that. */
        int fd = open(w->temporary, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0) status = lsv_os_error(w->path, err);
        if (fd >= 0) close(fd);
    }
    if (status == LSV_OK) {
        int closed = close(w->fd);
        w->fd = -1;
        if (closed != 0) status = lsv_os_error(w->path, err);
    }
    if (status == LSV_OK && !w->direct && rename(w->temporary, w->target) != 0)
        status = lsv_os_error(w->path, err);
    if (status != LSV_OK) {
        lsv_writer_abandon(w);
        return status;
    }
    if (!w->direct) sync_folder(w->target);
    discard(w);
    return LSV_OK;
}
