/* --safe and --max-mem: for classrooms and services that run what strangers wrote.

   Without --safe nothing here acts. With it, no command of the system is run, and a file is opened
   only if its real place (links followed, .. resolved) lies below the folder that the program was
   started in; every opening asks the gate of lib/file. Where Linux offers Landlock, the kernel
   enforces the same a second time for the whole process, against races between asking and opening as
   well. Memory is bounded by the allocator, which makes one clean MemoryError; a limit on the address
   space stands behind it, well above, for whatever does not come through the allocator. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "file/file.h"
#include "repl/session.h"

#if defined(__linux__) && __has_include(<linux/landlock.h>)
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#define LANDLOCK 1
#else
#define LANDLOCK 0
#endif

static char root[PATH_MAX];      /* the folder's real path */
static const char *program_file; /* what the command line names may be read wherever it is */

/* ---- the gate ---- */

static bool is_below(const char *path) {
    size_t n = strlen(root);
    if (n == 1) return true; /* the folder is / */
    return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* The real path of a file that need not be there: its longest part that is, and the rest, which may hold no
 * "..". */
static bool real_place(const char *path, char *out) {
    char head[PATH_MAX], rest[PATH_MAX] = "";
    struct stat st;
    if (strlen(path) >= sizeof head || !*path) return false;
    if (realpath(path, out)) return true;
    if (lstat(path, &st) == 0) return false; /* a link to nowhere: who writes to it writes elsewhere */
    snprintf(head, sizeof head, "%s", path);
    for (;;) {
        size_t n = strlen(head);
        while (n > 1 && head[n - 1] == '/') head[--n] = 0;
        char *slash = strrchr(head, '/');
        const char *last = slash ? slash + 1 : head;
        if (strcmp(last, "..") == 0) return false;
        char joined[PATH_MAX];
        int used = snprintf(joined, sizeof joined, "/%s%s", last, rest);
        if (used < 0 || (size_t)used >= sizeof joined) return false;
        memcpy(rest, joined, (size_t)used + 1);
        if (slash == head) snprintf(head, sizeof head, "/");
        else if (slash) *slash = 0;
        else snprintf(head, sizeof head, ".");
        if (realpath(head, out)) break;
        if (lstat(head, &st) == 0 || strcmp(head, ".") == 0 || strcmp(head, "/") == 0) return false;
    }
    size_t n = strlen(out);
    if (n + strlen(rest) >= PATH_MAX) return false;
    strcpy(out + (n == 1 ? 0 : n), rest);
    return true;
}

static lsv_status gate(void *ctx, const char *path, bool writes, lsv_error *err) {
    char place[PATH_MAX];
    (void)ctx;
    if (!writes && program_file && strcmp(path, program_file) == 0) return LSV_OK;
    if (real_place(path, place) && is_below(place)) return LSV_OK;
    const char *shown = strlen(path) > 200 ? path + strlen(path) - 200 : path;
    lsv_fail(err, LSV_EOS, "[Errno %d] %s: '%s' is outside the folder that --safe allows", EACCES,
             strerror(EACCES), shown);
    lsv_hint(err, "files below %.150s can be read and written", root);
    return LSV_EOS;
}

bool safe_path(session *s, const char *path) {
    lsv_error err = {0};
    if (lsv_file_allowed(path, false, &err) == LSV_OK) return true;
    ls_raise(s->in, "PermissionError", "%s", err.message);
    ls_hint(s->in, "%s", err.hint);
    return false;
}

bool safe_allows(session *s, const char *what) {
    if (!s->options->safe) return true;
    ls_raise(s->in, "PermissionError", "--safe does not allow %s", what);
    ls_hint(s->in, "lsv was started with --safe, which keeps programs away from the system");
    return false;
}

/* ---- the kernel's own ---- */

#if LANDLOCK
enum {
    READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    EVERYTHING = (1 << 13) - 1
}; /* what the first version of Landlock knows */

static void allow(int rules, const char *path, unsigned long long access) {
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
        access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
}

/* What the program itself still has to open later: shared libraries, fonts, the terminal, devices. */
static void lock_files(void) {
    static const char *const read_only[] = {"/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/opt"};
    struct landlock_ruleset_attr attr = {.handled_access_fs = EVERYTHING};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0) return; /* an older kernel: the gate stands alone */
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) allow(rules, read_only[i], READS);
    allow(rules, "/dev", READS | LANDLOCK_ACCESS_FS_WRITE_FILE);
    allow(rules, root, EVERYTHING & ~LANDLOCK_ACCESS_FS_EXECUTE);
    if (program_file) allow(rules, program_file, READS);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
}
#else
static void lock_files(void) {}
#endif

/* ---- memory ---- */

/* Far above the allocator's limit: threads' stacks, buffers of BLAS and mapped files are not in it. */
static void limit_address_space(size_t bytes) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    bool known = f && fscanf(f, "%lu", &pages) == 1;
    if (f) fclose(f);
    if (!known || LSV_NO_POOLS) return; /* the address sanitizer reserves terabytes */
    rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + 2 * (rlim_t)bytes + ((rlim_t)4 << 30);
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || (limit.rlim_max != RLIM_INFINITY && most > limit.rlim_max))
        return;
    limit.rlim_cur = most;
    setrlimit(RLIMIT_AS, &limit);
}

/* A session that has used up all it may have could not even run `del x`: each time a little more, up to a
 * bound. */
void safe_after_memory_error(session *s) {
    enum { STEP = 2 << 20, MOST = 16 << 20 };
    if (!s->options->max_mem || s->memory_lent >= MOST) return;
    s->memory_lent += STEP;
    lsv_alloc_limit(s->options->max_mem + s->memory_lent);
}

bool safe_begin(const options *o) {
    if (o->max_mem) {
        lsv_alloc_limit(o->max_mem);
        limit_address_space(o->max_mem);
    }
    if (!o->safe) return true;
    if (!realpath(".", root)) {
        fprintf(stderr, "lsv: --safe: the current folder: %s\n", strerror(errno));
        return false;
    }
    program_file = o->file;
    lsv_file_gate_set(gate, NULL);
    lock_files();
    return true;
}
