/* Mutated programs: cuts, splices, flips and repeats of the programs under the folders given. None may crash the
   interpreter or hang it: a program that runs long is interrupted, and must stop.

       mutate [--quick] [--count N] [--seed N] FOLDER …

   Prints the seed of the program that was running when the process died, on standard error. */
#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/builtins/builtin.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_FILES = 2000, MAX_LENGTH = 1 << 16, PATIENCE = 20 };

static struct { char *text; size_t length; } corpus[MAX_FILES];
static int ncorpus;
static uint64_t state;
static volatile sig_atomic_t ticks;
static unsigned long current;

static uint32_t draw(uint32_t n) { /* splitmix64 */
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return n ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

static void load(const char *path) {
    DIR *d = opendir(path);
    if (d) {
        for (struct dirent *e; (e = readdir(d)) != NULL;) {
            char sub[4096];
            if (e->d_name[0] == '.') continue;
            snprintf(sub, sizeof sub, "%s/%s", path, e->d_name);
            load(sub);
        }
        closedir(d);
        return;
    }
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".lsv") != 0 || ncorpus == MAX_FILES) return;
    FILE *f = fopen(path, "rb");
    if (!f) return;
    char *text = malloc(MAX_LENGTH);
    corpus[ncorpus].text = text;
    corpus[ncorpus].length = text ? fread(text, 1, MAX_LENGTH, f) : 0;
    fclose(f);
    ncorpus += text != NULL;
}

static size_t clip(size_t n) { return n > MAX_LENGTH ? MAX_LENGTH : n; }

/* A line of text, chosen at random: its start and length with the line end. */
static size_t line_of(const char *text, size_t n, size_t *length) {
    size_t at = draw((uint32_t)n), start = at, end = at;
    while (start > 0 && text[start - 1] != '\n') start--;
    while (end < n && text[end] != '\n') end++;
    *length = end - start + (end < n);
    return start;
}

static size_t mutate(char *text, size_t n) {
    static const char tokens[][12] = {"(", ")", "[", "]", "{", "}", ":", ",", ";", "\n", "    ", "\t", "'", "\"\"\"", "f'{", "#", "\\", "**",
                                      "//", ":=", "@", "lambda ", "for i in ", "if ", "def f(", "not ", "*", "-1", "0", "1e308", "nan", "None",
                                      "...", "[::-1]", ".T", "\xCE\xBB", "\xFF", "\0", "# %%\n", "%%", "in ", "while 1:", "9999999999"};
    size_t length, start, where = n ? draw((uint32_t)n) : 0;
    switch (draw(8)) {
    case 0: return where; /* cut */
    case 1:               /* a byte changed */
        if (n) text[where] = (char)draw(256);
        return n;
    case 2: { /* a token put in */
        const char *t = tokens[draw(sizeof tokens / sizeof *tokens)];
        size_t m = *t ? strlen(t) : 1;
        if (n + m > MAX_LENGTH) return n;
        memmove(text + where + m, text + where, n - where);
        memcpy(text + where, t, m);
        return n + m;
    }
    case 3: { /* a piece taken out */
        size_t m = draw(20);
        if (where + m > n) m = n - where;
        memmove(text + where, text + where + m, n - where - m);
        return n - m;
    }
    case 4: /* a line twice, or gone */
        if (!n) return n;
        start = line_of(text, n, &length);
        if (draw(2) && n + length <= MAX_LENGTH) {
            memmove(text + start + length, text + start, n - start);
            return n + length;
        }
        memmove(text + start, text + start + length, n - start - length);
        return n - length;
    case 5: { /* spliced with another program */
        int k = (int)draw((uint32_t)ncorpus);
        size_t from = draw((uint32_t)corpus[k].length), m = corpus[k].length - from;
        if (where + m > MAX_LENGTH) m = MAX_LENGTH - where;
        memcpy(text + where, corpus[k].text + from, m);
        return where + m;
    }
    case 6: /* a number changed */
        for (size_t i = where; i < n; i++)
            if (text[i] >= '0' && text[i] <= '9') {
                text[i] = (char)('0' + draw(10));
                break;
            }
        return n;
    default: /* two bytes swapped */
        if (n > 1) {
            size_t other = draw((uint32_t)n);
            char c = text[where];
            text[where] = text[other];
            text[other] = c;
        }
        return n;
    }
}

static void on_tick(int signal) {
    (void)signal;
    if (++ticks >= 4) lsv_interrupt(); /* a second: enough for any honest program here */
    if (ticks < 4 * PATIENCE) return;
    static const char message[] = "a program does not stop when interrupted\n";
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    abort();
}

static void on_death(int number) {
    char text[80];
    int n = snprintf(text, sizeof text, "died of signal %d at --seed %lu --count 1\n", number, current);
    (void)!write(STDERR_FILENO, text, (size_t)n);
    signal(number, SIG_DFL);
    raise(number);
}

static void discard(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
}

static bool ignore_magic(void *ctx, ls_interp *in, const char *line, size_t n) {
    (void)ctx;
    (void)in;
    (void)line;
    (void)n;
    return true;
}

static int run_cell(void *ctx, size_t start, size_t length, int line) {
    struct { ls_interp *in; const char *text; } *p = ctx;
    ls_source *source = ls_source_new("fuzz", p->text + start, length, line);
    if (!source) return 0;
    bool ok = ls_run_cell(p->in, source);
    ls_source_release(source);
    if (ok) return 1;
    lsv_text t = {0};
    ls_error_text(&t, &p->in->error, (ls_error_style){.color = draw(2), .ascii = draw(2), .show_file = true, .width = 80});
    lsv_text_free(&t);
    ls_error_clear(&p->in->error);
    return draw(2) == 0;
}

static void run(const char *text, size_t n) {
    ls_client client = {.write = discard, .magic = ignore_magic};
    ls_interp *in = ls_interp_new(&client);
    if (!in) return;
    struct { ls_interp *in; const char *text; } p = {in, text};
    ticks = 0;
    lsv_interrupt_take();
    ls_source_cells(text, n, run_cell, &p);
    ls_interp_free(in);
}

int main(int argc, char **argv) {
    unsigned long count = 20000, seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) count = 2000;
        else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) count = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) seed = strtoul(argv[++i], NULL, 10);
        else load(argv[i]);
    }
    if (!ncorpus) {
        fputs("mutate: no .lsv files in the folders given\n", stderr);
        return 2;
    }
#ifndef __SANITIZE_ADDRESS__
    struct rlimit memory = {(rlim_t)3 << 30, (rlim_t)3 << 30};
    setrlimit(RLIMIT_AS, &memory);
#endif
    signal(SIGALRM, on_tick);
    int deaths[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], on_death);
    struct itimerval quarter = {{0, 250000}, {0, 250000}};
    setitimer(ITIMER_REAL, &quarter, NULL);
    static char text[MAX_LENGTH + 1];
    for (unsigned long i = 0; i < count; i++) {
        current = seed + i;
        state = current * 0x2545F4914F6CDD1Du;
        int k = (int)draw((uint32_t)ncorpus);
        size_t n = clip(corpus[k].length);
        memcpy(text, corpus[k].text, n);
        for (uint32_t m = 1 + draw(4); m > 0; m--) n = clip(mutate(text, n));
        text[n] = 0;
        run(text, n);
    }
    printf("%lu passed, 0 failed\n", count);
    return 0;
}
