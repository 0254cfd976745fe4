/* Work in progress that survives a kill: OUT.partial.

   `layers` is a log. A record is a head of fixed size (what it is, the numbers, the shapes, the checksum of the
   data and, last, that of the head itself), followed by the arrays' bytes. Opening reads the log from its start: the first
   record that is cut short or whose checksum is not right ends it, and what lies beyond is cut off. So a record counts
   from the moment all of it is there, and never before, whatever order a machine that loses power has written it in.

   `job` says what is being done, in lines; it is compared, line by line, with what is asked for now. It is
   written before anything else and in one piece. The log is locked for as long as a process works on it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "lora/pipeline/inside.h"

enum { MAGIC = 0x4c41594c, ARRAYS_MOST = 4, FINISHED = -1 };
static const double sync_every = 0.25;

typedef struct head {
    uint32_t magic;
    int32_t key, narrays, state, products, output;
    int64_t rank, before, bytes;
    double norm, relative, error, floor, alpha, scale, seconds;
    struct { int32_t dtype, ndim; int64_t shape[LSV_MAXDIM]; } arrays[ARRAYS_MOST];
    uint64_t data, self; /* checksums */
} head;

typedef struct known { head h; int64_t at; } known; /* at: of the data */

struct lsv_partial {
    char *out, *folder;
    const char *dtype;
    bool force;
    int fd;
    int64_t end;
    ptrdiff_t n, room;
    known *records;
    double synced;
    bool dirty;
};

/* ---- files and folders ---- */

lsv_status lsv_remove_all(const char *path, lsv_error *err) {
    struct stat st;
    if (lstat(path, &st) != 0) return errno == ENOENT ? LSV_OK : lsv_os_error(path, err);
    if (!S_ISDIR(st.st_mode)) return unlink(path) == 0 ? LSV_OK : lsv_os_error(path, err);
    DIR *dir = opendir(path);
    if (!dir) return lsv_os_error(path, err);
    lsv_status status = LSV_OK;
    for (struct dirent *e; status == LSV_OK && (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *name = lsv_path_join(path, e->d_name);
        status = name ? lsv_remove_all(name, err) : lsv_no_memory(err, 64);
        lsv_free(name);
    }
    closedir(dir);
    if (status == LSV_OK && rmdir(path) != 0) status = lsv_os_error(path, err);
    return status;
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* OUT without a slash at its end, plus ".partial". */
static char *partial_of(const char *out) {
    size_t n = strlen(out);
    char *path = lsv_malloc(n + sizeof ".partial");
    while (n > 1 && out[n - 1] == '/') n--;
    if (path) memcpy(path, out, n), memcpy(path + n, ".partial", sizeof ".partial");
    return path;
}

static void sync_folder_of(const char *path) {
    char *folder = lsv_strdup(path);
    if (!folder) return;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) (void)!fsync(fd), close(fd);
    lsv_free(folder);
}

bool lsv_lora_unfinished(const char *out) {
    char *folder = partial_of(out);
    bool is = folder && exists(folder);
    lsv_free(folder);
    return is;
}

char *lsv_partial_path(const lsv_partial *p, const char *name) { return lsv_path_join(p->folder, name); }

/* ---- the log ---- */

static lsv_status write_at(lsv_partial *p, const void *bytes, size_t n, int64_t at, lsv_error *err) {
    const char *from = bytes;
    while (n > 0) {
        ssize_t put = pwrite(p->fd, from, n, at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return lsv_os_error(p->folder, err);
        from += put, at += put, n -= (size_t)put;
    }
    return LSV_OK;
}

/* false: fewer bytes than asked for are there. */
static bool read_at(const lsv_partial *p, void *bytes, size_t n, int64_t at) {
    char *to = bytes;
    while (n > 0) {
        ssize_t got = pread(p->fd, to, n, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got, at += got, n -= (size_t)got;
    }
    return true;
}

static uint64_t sum_of(const head *h) { return lsv_checksum(MAGIC, h, offsetof(head, self)); }

static lsv_status remember(lsv_partial *p, const head *h, int64_t at, lsv_error *err) {
    if (p->n == p->room) {
        ptrdiff_t room = p->room * 2 + 64;
        known *more = lsv_realloc(p->records, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(err, (size_t)room * sizeof *more);
        p->records = more;
        p->room = room;
    }
    p->records[p->n++] = (known){*h, at};
    return LSV_OK;
}

static bool data_is_right(const lsv_partial *p, const head *h, int64_t at, char *room, size_t size) {
    uint64_t sum = 0;
    for (int64_t done = 0; done < h->bytes;) {
        size_t n = h->bytes - done < (int64_t)size ? (size_t)(h->bytes - done) : size;
        if (!read_at(p, room, n, at + done)) return false;
        sum = lsv_checksum(sum, room, n);
        done += (int64_t)n;
    }
    return sum == h->data;
}

enum { PIECE = 1 << 20 }; /* checksums go over pieces of this size */

static lsv_status read_log(lsv_partial *p, lsv_error *err) {
    char *room = lsv_malloc(PIECE);
    lsv_status status = room ? LSV_OK : lsv_no_memory(err, PIECE);
    head h;
    while (status == LSV_OK && read_at(p, &h, sizeof h, p->end)) {
        if (h.magic != MAGIC || h.self != sum_of(&h) || h.narrays > ARRAYS_MOST || !data_is_right(p, &h, p->end + (int64_t)sizeof h, room, PIECE)) break;
        status = remember(p, &h, p->end + (int64_t)sizeof h, err);
        p->end += (int64_t)sizeof h + h.bytes;
        if (status == LSV_OK) status = lsv_poll(err);
    }
    lsv_free(room);
    if (status == LSV_OK && ftruncate(p->fd, p->end) != 0) status = lsv_os_error(p->folder, err);
    return status;
}

static const known *find(const lsv_partial *p, int key) {
    for (ptrdiff_t i = p->n; i-- > 0;)
        if (p->records[i].h.key == key) return &p->records[i];
    return NULL;
}

lsv_status lsv_partial_sync(lsv_partial *p, lsv_error *err) {
    if (p->dirty && fdatasync(p->fd) != 0) return lsv_os_error(p->folder, err);
    p->dirty = false;
    p->synced = lsv_seconds();
    return LSV_OK;
}

lsv_status lsv_partial_put(lsv_partial *p, int key, const lsv_layer *l, int narrays, lsv_array *const *arrays, lsv_error *err) {
    head h;
    memset(&h, 0, sizeof h); /* its padding is checksummed too */
    h.magic = MAGIC, h.key = key, h.narrays = narrays, h.state = (int32_t)l->state, h.products = l->products, h.output = l->output;
    h.rank = l->rank, h.before = l->before, h.norm = l->norm, h.relative = l->relative, h.error = l->error, h.floor = l->floor;
    h.alpha = l->alpha, h.scale = l->scale, h.seconds = l->seconds;
    int64_t data = p->end + (int64_t)sizeof h;
    for (int i = 0; i < narrays; i++) {
        lsv_array *flat;
        LSV_TRY(lsv_contiguous(arrays[i], &flat, err));
        h.arrays[i].dtype = flat->dtype, h.arrays[i].ndim = flat->ndim;
        for (int k = 0; k < flat->ndim; k++) h.arrays[i].shape[k] = flat->shape[k];
        size_t n = (size_t)flat->size * lsv_dtype_size((lsv_dtype)flat->dtype);
        lsv_status status = write_at(p, flat->data, n, data + h.bytes, err);
        h.bytes += (int64_t)n;
        lsv_release(flat);
        LSV_TRY(status);
    }
    char *room = lsv_malloc(PIECE); /* the checksum is of what a reader will read: it is read back */
    if (!room) return lsv_no_memory(err, PIECE);
    for (int64_t done = 0; done < h.bytes;) {
        size_t n = h.bytes - done < PIECE ? (size_t)(h.bytes - done) : PIECE;
        if (!read_at(p, room, n, data + done)) {
            lsv_free(room);
            return lsv_fail(err, LSV_EOS, "%s: what was written cannot be read back", lsv_tail(p->folder, 300));
        }
        h.data = lsv_checksum(h.data, room, n);
        done += (int64_t)n;
    }
    lsv_free(room);
    h.self = sum_of(&h);
    LSV_TRY(write_at(p, &h, sizeof h, p->end, err));
    LSV_TRY(remember(p, &h, data, err));
    p->end = data + h.bytes;
    p->dirty = true;
    return lsv_seconds() - p->synced > sync_every ? lsv_partial_sync(p, err) : LSV_OK;
}

bool lsv_partial_get(const lsv_partial *p, int key, lsv_layer *l) {
    const known *r = find(p, key);
    if (!r) return false;
    const head *h = &r->h;
    l->state = (lsv_layer_state)h->state, l->products = h->products, l->output = h->output;
    l->rank = (ptrdiff_t)h->rank, l->before = (ptrdiff_t)h->before;
    l->norm = h->norm, l->relative = h->relative, l->error = h->error, l->floor = h->floor;
    l->alpha = h->alpha, l->scale = h->scale, l->seconds = h->seconds;
    l->dtype = h->narrays > 0 ? lsv_dtype_name((lsv_dtype)h->arrays[0].dtype) : "";
    l->resumed = true;
    return true;
}

lsv_status lsv_partial_array(const lsv_partial *p, int key, int i, lsv_array **out, lsv_error *err) {
    const known *r = find(p, key);
    if (!r || i >= r->h.narrays) return lsv_fail(err, LSV_EVALUE, "%s: layer %d is not there", lsv_tail(p->folder, 300), key);
    int64_t at = r->at;
    lsv_array *a = NULL;
    for (int k = 0; k <= i; k++) {
        ptrdiff_t shape[LSV_MAXDIM], size = (ptrdiff_t)lsv_dtype_size((lsv_dtype)r->h.arrays[k].dtype);
        for (int d = 0; d < r->h.arrays[k].ndim; d++) shape[d] = (ptrdiff_t)r->h.arrays[k].shape[d], size *= shape[d];
        if (k < i) at += size;
        else LSV_TRY(lsv_empty(LSV_TORCH, (lsv_dtype)r->h.arrays[k].dtype, r->h.arrays[k].ndim, shape, &a, err));
    }
    if (read_at(p, a->data, (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype), at)) *out = a;
    else {
        lsv_release(a);
        return lsv_fail(err, LSV_EOS, "%s: layer %d cannot be read back", lsv_tail(p->folder, 300), key);
    }
    return LSV_OK;
}

/* ---- beginning ---- */

static lsv_status check_job(const char *path, const lsv_text *job, lsv_error *err) {
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    const char *then = bytes->data, *now = job->data, *end = then + bytes->bytes, *stop = now + job->length;
    lsv_status status = LSV_OK;
    while (then < end || now < stop) {
        const char *a = memchr(then, '\n', (size_t)(end - then)), *b = memchr(now, '\n', (size_t)(stop - now));
        a = a ? a : end, b = b ? b : stop;
        if (a - then != b - now || memcmp(then, now, (size_t)(a - then)) != 0) {
            status = lsv_fail(err, LSV_EVALUE, "%s was begun as another job; then: \"%.*s\"; now: \"%.*s\"", lsv_tail(path, 120), (int)(a - then < 130 ? a - then : 130),
                              then, (int)(b - now < 130 ? b - now : 130), now);
            lsv_hint(err, "to begin anew, --restart (restart=True); to go on, the sources and options of then");
            break;
        }
        then = a < end ? a + 1 : end, now = b < stop ? b + 1 : stop;
    }
    lsv_bytes_release(bytes);
    return lsv_error_clean(status, err);
}

static lsv_status write_job(const char *path, const lsv_text *job, lsv_error *err) {
    lsv_writer *w;
    LSV_TRY(lsv_writer_open(path, &w, err));
    lsv_status status = lsv_writer_put(w, job->data, job->length, err);
    if (status == LSV_OK) return lsv_writer_commit(w, err);
    lsv_writer_abandon(w);
    return status;
}

static lsv_status there_already(const char *out, lsv_error *err) {
    lsv_fail(err, LSV_EVALUE, "%s is there already", lsv_tail(out, 300));
    lsv_hint(err, "--force (force=True) replaces it, once the new one is complete");
    return LSV_EVALUE;
}

/* The log, locked. A lock that another process holds is an error; one whose folder was removed meanwhile, too. */
static lsv_status lock_log(lsv_partial *p, lsv_error *err) {
    char *path = lsv_partial_path(p, "layers");
    if (!path) return lsv_no_memory(err, 64);
    p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    lsv_status status = p->fd >= 0 ? LSV_OK : lsv_os_error(path, err);
    if (status == LSV_OK && flock(p->fd, LOCK_EX | LOCK_NB) != 0)
        status = errno == EWOULDBLOCK ? lsv_fail(err, LSV_EVALUE, "another process is at work on %s", lsv_tail(p->folder, 300)) : lsv_os_error(path, err);
    lsv_free(path);
    return status;
}

static lsv_status begin(lsv_partial *p, const lsv_text *job, lsv_error *err) {
    char *description = lsv_partial_path(p, "job");
    if (!description) return lsv_no_memory(err, 64);
    lsv_status status = LSV_OK;
    if (mkdir(p->folder, 0777) != 0 && errno != EEXIST) status = lsv_os_error(p->folder, err);
    if (status == LSV_OK) status = lock_log(p, err);
    if (status == LSV_OK && exists(description)) {
        status = check_job(description, job, err);
    } else if (status == LSV_OK) { /* nothing that is in the log was of a known job */
        if (ftruncate(p->fd, 0) != 0) status = lsv_os_error(p->folder, err);
        if (status == LSV_OK) status = write_job(description, job, err);
    }
    lsv_free(description);
    return status == LSV_OK ? read_log(p, err) : status;
}

/* Thrown away, unless another process works on it. */
static lsv_status throw_away(lsv_partial *p, lsv_error *err) {
    if (!exists(p->folder)) return LSV_OK;
    LSV_TRY(lock_log(p, err));
    lsv_status status = lsv_remove_all(p->folder, err);
    close(p->fd);
    p->fd = -1;
    return status;
}

static void shut(lsv_partial *p) {
    if (p->fd >= 0) close(p->fd);
    lsv_free(p->records);
    lsv_free(p->folder);
    lsv_free(p->out);
    lsv_free(p);
}

/* An earlier run of this job came to its end, and was stopped when only the folder of its work was left to remove: its
   description without a log (clean_up's order), or a log that says so with nothing in it that is still to be moved. */
static lsv_status ended_before(lsv_partial *p, const lsv_text *job, bool *finished, lsv_error *err) {
    char *log = lsv_partial_path(p, "layers"), *description = lsv_partial_path(p, "job"), *made = lsv_partial_path(p, "out");
    lsv_status status = log && description && made ? LSV_OK : lsv_no_memory(err, 64);
    *finished = false;
    if (status == LSV_OK && exists(p->out) && exists(description) && !exists(made)) {
        bool cleaning = !exists(log);
        if (cleaning) status = check_job(description, job, err);
        else status = begin(p, job, err);
        *finished = status == LSV_OK && (cleaning || find(p, FINISHED));
        if (*finished) status = lsv_remove_all(p->folder, err);
    }
    lsv_free(log);
    lsv_free(description);
    lsv_free(made);
    return status;
}

static lsv_status start(lsv_partial *p, const lsv_output *out, const lsv_text *job, bool *finished, lsv_error *err) {
    bool there = exists(p->out), fresh = !exists(p->folder);
    if (!out->restart) LSV_TRY(ended_before(p, job, finished, err));
    if (*finished) return LSV_OK;
    if (there && !out->force) return there_already(p->out, err);
    if (out->restart) LSV_TRY(throw_away(p, err));
    if (p->fd < 0) {
        lsv_status status = begin(p, job, err);
        if (status != LSV_OK && fresh && p->fd >= 0 && p->n == 0) (void)lsv_remove_all(p->folder, NULL);
        return status;
    }
    return LSV_OK;
}

lsv_status lsv_partial_open(const lsv_output *out, const lsv_text *job, lsv_partial **result, bool *finished, lsv_error *err) {
    lsv_partial *p = lsv_calloc(1, sizeof *p);
    if (!p) return lsv_no_memory(err, sizeof *p);
    *finished = false;
    p->fd = -1;
    p->force = out->force;
    p->synced = lsv_seconds();
    p->folder = partial_of(out->path);
    p->out = lsv_strdup(out->path);
    size_t n = p->out ? strlen(p->out) : 0;
    while (n > 1 && p->out[n - 1] == '/') p->out[--n] = '\0';
    lsv_status status = p->folder && p->out ? start(p, out, job, finished, err) : lsv_no_memory(err, strlen(out->path));
    if (status == LSV_OK && !*finished) *result = p;
    else shut(p);
    return status;
}

void lsv_partial_close(lsv_partial *p) {
    if (!p) return;
    if (p->fd >= 0 && p->n == 0) (void)lsv_remove_all(p->folder, NULL); /* nothing was finished */
    shut(p);
}

void lsv_partial_discard(lsv_partial *p) { p->n = 0; }

/* ---- the end ---- */

/* A path within the folder, made durable: the file, or what the folder holds. */
static lsv_status sync_path(const char *path, lsv_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lsv_os_error(path, err);
    (void)!fsync(fd); /* some file systems cannot sync a folder; its files were synced as they were written */
    close(fd);
    return LSV_OK;
}

/* The job's description goes last: a folder that has it and no log is that of a finished job. */
static void clean_up(lsv_partial *p) {
    char *log = lsv_partial_path(p, "layers");
    if (!log) return; /* the job is done all the same */
    (void)unlink(log);
    lsv_free(log);
    p->n = 0;
    (void)lsv_remove_all(p->folder, NULL);
}

lsv_status lsv_partial_finish(lsv_partial *p, const char *name, lsv_error *err) {
    struct stat st;
    char *made = lsv_partial_path(p, name);
    if (!made) return lsv_no_memory(err, 64);
    lsv_layer end = LSV_LAYER;
    lsv_status status = sync_path(made, err);
    if (status == LSV_OK && !p->force && exists(p->out)) status = there_already(p->out, err);
    if (status == LSV_OK && !find(p, FINISHED)) status = lsv_partial_put(p, FINISHED, &end, 0, NULL, err);
    if (status == LSV_OK) status = lsv_partial_sync(p, err);
    if (status == LSV_OK && stat(made, &st) != 0) status = lsv_os_error(made, err);
    if (status == LSV_OK && S_ISDIR(st.st_mode)) status = lsv_folder_replace(made, p->out, err);
    else if (status == LSV_OK && rename(made, p->out) != 0) status = lsv_os_error(p->out, err);
    lsv_free(made);
    LSV_TRY(status);
    sync_folder_of(p->out);
    clean_up(p);
    return LSV_OK;
}
