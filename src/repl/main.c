/* lsv: the program. Reads its options, then runs a script, a line of code or the prompt. */
#include "repl/device.h"
#include "repl/lora/lora.h"
#include "repl/session.h"
#include "repl/teach.h"

#include "base/interrupt.h"
#include "base/job.h"
#include "lang/builtins/builtin.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options ---- one row each: the usage text and the parser read the same table */

typedef struct option option;
struct option {
    const char *name, *value;  /* value: what the argument is called; NULL: takes none */
    const char *help;
    bool (*set)(options *o, const option *me, const char *value); /* false: a message is on standard error */
    size_t offset;             /* of the field in options */
};

static bool set_flag(options *o, const option *me, const char *value) {
    (void)value;
    *(bool *)((char *)o + me->offset) = true;
    return true;
}

static bool set_text(options *o, const option *me, const char *value) {
    *(const char **)((char *)o + me->offset) = value;
    return true;
}

/* "512M", "1.5G", "2GiB": a number and a unit of 1024. */
static bool set_bytes(options *o, const option *me, const char *value) {
    static const char units[] = "KMGT";
    char *end;
    double n = strtod(value, &end), scale = 1;
    const char *unit = *end ? strchr(units, *end >= 'a' ? *end - 32 : *end) : NULL;
    for (const char *u = units; unit && u <= unit; u++) scale *= 1024;
    if (unit) end++;
    if (*end == 'i') end++;
    if (*end == 'B' || *end == 'b') end++;
    bool good = end != value && !*end && n >= 0 && n * scale < 1e15 && (n == 0 || n * scale >= 16 << 20);
    if (!good) fprintf(stderr, "lsv: %s wants a size of at least 16M, as 512M or 2G (0: no limit), not '%s'\n", me->name, value);
    *(size_t *)((char *)o + me->offset) = good ? (size_t)(n * scale) : 0;
    o->max_mem_given = true;
    return good;
}

static bool set_tolerance(options *o, const option *me, const char *value) {
    char *end;
    double t = strtod(value, &end);
    bool good = end != value && !*end && t >= 0 && t < 1;
    if (!good) fprintf(stderr, "lsv: %s wants a number from 0 to 1, as 1e-6, not '%s'\n", me->name, value);
    o->tolerance = good ? t : -1;
    return good;
}

static bool set_replay(options *o, const option *me, const char *value) {
    (void)me;
    o->replay = true;
    if (value) o->file = value;
    return true;
}

static bool show_help(options *o, const option *me, const char *value);
static bool show_version(options *o, const option *me, const char *value) {
    (void)me;
    (void)value;
    puts("lsv " LSV_VERSION);
    o->stop = true;
    return true;
}

#define FIELD(name) offsetof(options, name)
static const option table[] = {
    {"-e", "CODE", "run CODE", set_text, FIELD(code)},
    {"-i", NULL, "then go on at the prompt", set_flag, FIELD(interactive)},
    {"--replay", "FILE", "run a notebook and compare with its stored outputs; 1: they differ", set_replay, 0},
    {"--tol", "T", "--replay: numbers may differ by T, relative above 1 and absolute below", set_tolerance, 0},
    {"--verbose", NULL, "--replay: list the cells that agree too", set_flag, FIELD(verbose)},
    {"--device", "NAME", "cpu, gpu, or auto, which takes what is faster; with cpu, torch's cuda is the CPU (as LSV_DEVICE)", set_text, FIELD(device)},
    {"--calibrate", NULL, "measure CPU and GPU once, for auto", set_flag, FIELD(calibrate)},
    {"--keep-going", NULL, "an error ends its cell only, not the file", set_flag, FIELD(keep_going)},
    {"--safe", NULL, "no shell, no files outside the current folder, 1 GiB of memory", set_flag, FIELD(safe)},
    {"--max-mem", "SIZE", "bound the memory of the session's values: 512M, 2G; 0: no limit", set_bytes, FIELD(max_mem)},
    {"--plain", NULL, "the plain line reader instead of readline", set_flag, FIELD(plain)},
    {"--no-color", NULL, "no colour (NO_COLOR in the environment does the same)", set_flag, FIELD(no_color)},
    {"--no-history", NULL, "neither read nor write the history file", set_flag, FIELD(no_history)},
    {"--test", NULL, "nothing that depends on terminal or user: no colour, no history", set_flag, FIELD(test)},
    {"--version", NULL, "print the version", show_version, 0},
    {"--help", NULL, "print this", show_help, 0},
    {"-h", NULL, NULL, show_help, 0},
};
enum { NOPTIONS = sizeof table / sizeof *table };

static bool show_help(options *o, const option *me, const char *value) {
    (void)me;
    (void)value;
    fputs("usage: lsv [options] [file [args]]\n"
          "       lsv teach svd \"[4, 0; 3, -5; 0, 2]\"\n"
          "\n"
          "Without a file: the prompt, or the program on standard input when that is not a terminal.\n"
          "\n"
          "  file.lsv         run a program, cell by cell; `argv` holds the args\n"
          "  file.ipynb       run a notebook's code cells and show what they give (file.md: its ```python blocks)\n"
          "  -                run the program on standard input\n", stdout);
    for (int i = 0; i < NOPTIONS; i++) {
        char left[32];
        snprintf(left, sizeof left, "%s%s%s", table[i].name, table[i].value ? " " : "", table[i].value ? table[i].value : "");
        if (table[i].help) printf("  %-16s %s\n", left, table[i].help);
    }
    fputs("\n"
          "  teach svd MATRIX the hand SVD, step by step; teach quiz, teach notes FILE\n"
    "  lora SUBCOMMAND  adapters and models in files: extract, resize, merge, apply, ...; lora --help\n"
          "\n"
          "Exit status: 0; 1 after an error or a replay that differs; 2 for a syntax error or wrong usage; 130 when interrupted.\n", stdout);
    o->stop = true;
    return true;
}

static void on_interrupt(int signal) {
    (void)signal;
    lsv_interrupt();
}

static int wrong_usage(const char *what, const char *arg) {
    fprintf(stderr, "lsv: %s%s\nlsv --help lists the options\n", what, arg);
    return EXIT_SYNTAX;
}

static const option *option_named(const char *name, size_t n) {
    for (int i = 0; i < NOPTIONS; i++)
        if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0) return &table[i];
    return NULL;
}

/* What is no option: the file, and the program's arguments behind it. */
static void take_operands(options *o, int argc, char **argv, int i) {
    bool named = o->code || o->file; /* -e CODE args, --replay FILE args */
    if (!named) o->file = argv[i++];
    o->args = argv + i;
    o->nargs = argc - i;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, options *o) {
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *equals = strncmp(a, "--", 2) == 0 ? strchr(a, '=') : NULL;
        bool ends = strcmp(a, "--") == 0;
        if (a[0] != '-' || strcmp(a, "-") == 0 || ends) {
            if (ends && ++i == argc) return -1;
            take_operands(o, argc, argv, i);
            return -1;
        }
        const option *me = option_named(a, equals ? (size_t)(equals - a) : strlen(a));
        if (!me) return wrong_usage("unknown option ", a);
        if (equals && !me->value) return wrong_usage("no value goes with ", me->name);
        const char *value = equals ? equals + 1 : NULL;
        if (me->value && !equals) {
            if (++i == argc) {
                char what[64];
                snprintf(what, sizeof what, "%s wants %s: ", me->name, me->value);
                return wrong_usage(what, me->help);
            }
            value = argv[i];
        }
        if (!me->set(o, me, value)) return EXIT_SYNTAX;
        if (o->stop) return EXIT_OK;
    }
    return -1;
}

static int talk(session *s) {
    s->prompt = s->record = true;
    return prompt_loop(s);
}

static int run(session *s) {
    const options *o = s->options;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    int status = EXIT_OK;
    if (o->replay) return session_replay(s, o->file);
    if (o->code) status = session_run_program(s, "<command>", o->code, strlen(o->code));
    else if (o->file) status = session_run_file(s, o->file);
    else if (!terminal && !o->interactive) return session_run_file(s, "-");
    else return talk(s);
    return o->interactive && !s->leave ? talk(s) : status;
}

/* OpenBLAS's threads, out of work, go on asking for more for 2^26 cycles (30 ms) before they sleep, on the core that the
   next step wants: at every start, and after every call. 2^16 cycles outlast the pauses within a factorisation. It
   reads the setting in its constructor, of priority 101; one that the user made stands, and nobody else sees ours. */
static const char idle_variable[] = "OPENBLAS_THREAD_TIMEOUT";
static bool idle_time_ours;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wprio-ctor-dtor"
__attribute__((constructor(100))) static void shorten_idle_time(void) {
    idle_time_ours = !getenv(idle_variable) && setenv(idle_variable, "16", 0) == 0;
}
#pragma GCC diagnostic pop

int main(int argc, char **argv) {
    if (idle_time_ours) unsetenv(idle_variable);
    options o = {.tolerance = -1};
    setlocale(LC_CTYPE, "");
    if (argc > 1 && strcmp(argv[1], "teach") == 0) return teach_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "lora") == 0) return lora_command(argc - 1, argv + 1);
    int status = parse_options(argc, argv, &o);
    if (status >= 0) return status;
    if (o.safe && !o.max_mem_given) o.max_mem = (size_t)1 << 30;
    if (o.safe) o.no_history = true;
    if (!safe_begin(&o)) return EXIT_ERROR;
    status = device_begin(o.device);
    if (status >= 0) return status;
    if (o.calibrate) return device_calibrate();
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    lsv_jobs_enable(true);
    session s;
    if (!session_open(&s, &o)) {
        fputs("lsv: no memory\n", stderr);
        return EXIT_ERROR;
    }
    teach_register();
    device_watch(&s);
    status = run(&s);
    session_close(&s);
    ls_registry_free();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("lsv: standard output");
        status = EXIT_ERROR;
    }
    if (lsv_jobs_abandoned()) _exit(status); /* OpenBLAS would wait at exit for the call that nobody waits for */
    return status;
}
