/* A folder put in another's place in one step. The two are exchanged by the kernel; before that the old one's other
   files are linked into the new one, so that nothing is missing at any moment, and afterwards its folders move over. Where
   a file system cannot exchange, the new files move in one by one with the configuration taken away first and
   put back last: a reader then finds no adapter, and never one made of two. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lora/adapter/inside.h"

static const char last_file[] = "adapter_config.json";

static void sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)!fsync(fd);
    close(fd);
}

static void sync_parent(const char *path) {
    char parent[4096];
    const char *slash = strrchr(path, '/');
    int n = slash ? (int)(slash - path) + 1 : 2;
    if (n >= (int)sizeof parent) return;
    snprintf(parent, sizeof parent, "%.*s", n, slash ? path : "./");
    sync_folder(parent);
}

/* Each entry of a folder but "." and "..", by its name; stops at the first that is not LSV_OK. */
typedef lsv_status each_entry(void *ctx, int from, const char *name, lsv_error *err);

static lsv_status entries(const char *path, each_entry *visit, void *ctx, lsv_error *err) {
    DIR *d = opendir(path);
    if (!d) return lsv_os_error(path, err);
    lsv_status status = LSV_OK;
    for (struct dirent *e; status == LSV_OK && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) status = visit(ctx, dirfd(d), e->d_name, err);
    closedir(d);
    return status;
}

typedef struct move { const char *path; int to; } move;

/* A file of the old folder that the new one lacks is there too. */
static lsv_status link_over(void *ctx, int from, const char *name, lsv_error *err) {
    const move *m = ctx;
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) return LSV_OK;
    if (linkat(from, name, m->to, name, 0) == 0 || errno == EEXIST) return LSV_OK;
    return lsv_os_error(m->path, err);
}

/* What is left in the old folder after the exchange: links go, the rest moves. */
static lsv_status move_over(void *ctx, int from, const char *name, lsv_error *err) {
    const move *m = ctx;
    struct stat st;
    (void)err;
    if (fstatat(m->to, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        struct stat old;
        if (fstatat(from, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(old.st_mode)) (void)!unlinkat(from, name, 0);
    } else (void)!renameat(from, name, m->to, name);
    return LSV_OK;
}

static lsv_status move_in(void *ctx, int from, const char *name, lsv_error *err) {
    const move *m = ctx;
    if (strcmp(name, last_file) == 0) return LSV_OK;
    return renameat(from, name, m->to, name) == 0 ? LSV_OK : lsv_os_error(m->path, err);
}

static lsv_status one_by_one(const char *made, const char *target, int to, lsv_error *err) {
    move m = {target, to};
    int from = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0) return lsv_os_error(made, err);
    lsv_status status = LSV_OK;
    if (faccessat(from, last_file, F_OK, 0) == 0 && unlinkat(to, last_file, 0) != 0 && errno != ENOENT) status = lsv_os_error(target, err);
    if (status == LSV_OK) (void)!fsync(to);
    if (status == LSV_OK) status = entries(made, move_in, &m, err);
    if (status == LSV_OK && renameat(from, last_file, to, last_file) != 0 && errno != ENOENT) status = lsv_os_error(target, err);
    close(from);
    if (status == LSV_OK) (void)!rmdir(made);
    return status;
}

/* target exists and is a folder. */
static lsv_status exchange(const char *made, const char *target, const struct stat *old, lsv_error *err) {
    if (access(target, W_OK) != 0) return lsv_os_error(target, err);
    int to = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC), place = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    move m = {target, to};
    lsv_status status = to >= 0 && place >= 0 ? LSV_OK : lsv_os_error(target, err);
    if (status == LSV_OK && fchmod(to, old->st_mode & 07777) != 0) status = lsv_os_error(target, err);
    if (status == LSV_OK) status = entries(target, link_over, &m, err);
    if (status == LSV_OK) (void)!fsync(to);
    if (status == LSV_OK && renameat2(AT_FDCWD, made, AT_FDCWD, target, RENAME_EXCHANGE) == 0) {
        sync_parent(target);
        status = entries(made, move_over, &m, err);
        (void)!rmdir(made);
    } else if (status == LSV_OK) {
        bool cannot = errno == EINVAL || errno == ENOSYS || errno == EXDEV || errno == EOPNOTSUPP;
        status = cannot ? one_by_one(made, target, place, err) : lsv_os_error(target, err);
    }
    if (to >= 0) close(to);
    if (place >= 0) close(place);
    return status;
}

lsv_status lsv_folder_replace(const char *made, const char *target, lsv_error *err) {
    struct stat st;
    char *real = realpath(target, NULL);
    const char *place = real ? real : target;
    lsv_status status = lsv_file_allowed(target, true, err);
    if (status == LSV_OK) sync_folder(made);
    if (status != LSV_OK) { /* nothing is touched */
    } else if (stat(place, &st) != 0) {
        if (rename(made, place) != 0) status = lsv_os_error(target, err);
    } else if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        status = lsv_os_error(target, err);
    } else status = exchange(made, place, &st, err);
    if (status == LSV_OK) sync_parent(place);
    free(real);
    return status;
}
