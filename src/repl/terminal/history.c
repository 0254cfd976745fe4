/* The history file. A user's work: it is only ever appended to. */
#include "repl/terminal/reader.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool history_path(char *path, size_t n) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int used;
    if (state && state[0] == '/') used = snprintf(path, n, "%s/lsv/history", state);
    else if (home && *home) used = snprintf(path, n, "%s/.local/state/lsv/history", home);
    else return false;
    return used > 0 && (size_t)used < n;
}

/* mkdir -p of the folder the file is in. */
static void make_folders(const char *path) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *p = folder + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        mkdir(folder, 0700);
        *p = '/';
    }
}

static void unescape(char *line) {
    char *to = line;
    for (const char *p = line; *p; p++) {
        if (*p == '\\' && p[1] == 'n') *to++ = '\n', p++;
        else if (*p == '\\' && p[1] == '\\') *to++ = '\\', p++;
        else *to++ = *p;
    }
    *to = 0;
}

enum { MOST_CELLS = 20000 }; /* what a session takes in; the file keeps everything */

void history_load(void (*visit)(const char *cell)) {
    char path[4096];
    size_t length, cells = 0;
    if (!history_path(path, sizeof path)) return;
    char *text = read_whole_file(path, &length);
    if (!text) return;
    char *start = text + length;
    while (start > text && start[-1] != '\n') start--; /* a line that is being written right now */
    char *stop = start;
    while (start > text && (start[-1] != '\n' || cells++ < MOST_CELLS)) start--;
    const char *before = "";
    for (char *line = start, *end; line < stop; line = end + 1) {
        end = memchr(line, '\n', (size_t)(stop - line));
        *end = 0;
        unescape(line);
        if (!*line || strcmp(line, before) == 0) continue;
        visit(line);
        before = line;
    }
    lsv_free(text);
}

void history_append(const char *cell) {
    char path[4096];
    lsv_text t = {0};
    if (!history_path(path, sizeof path)) return;
    for (const char *p = cell; *p; p++) {
        if (*p == '\n') lsv_text_puts(&t, "\\n");
        else if (*p == '\\') lsv_text_puts(&t, "\\\\");
        else lsv_text_putc(&t, *p);
    }
    lsv_text_putc(&t, '\n');
    int fd = t.failed ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT && !t.failed) {
        make_folders(path);
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
    if (fd >= 0) {
        ssize_t written = write(fd, t.data, t.length);
        (void)written; /* history is a convenience: a full disk must not stop the session */
        close(fd);
    }
    lsv_text_free(&t);
}
