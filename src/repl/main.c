/* lsv: the program. Reads its options, then runs a script, a line of code or the prompt. */
#include "repl/session.h"
#include "repl/teach.h"

#include "base/interrupt.h"
#include "lang/builtins/builtin.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: lsv [options] [file.lsv [args]]\n"
    "       lsv teach svd \"[4, 0; 3, -5; 0, 2]\"\n"
    "\n"
    "Without a file: the prompt, or the program on standard input when that is not a terminal.\n"
    "\n"
    "  file.lsv         run a script, cell by cell; `argv` holds the args\n"
    "  -                run the program on standard input\n"
    "  -e CODE          run CODE\n"
    "  -i               then go on at the prompt\n"
    "  --keep-going     an error ends its cell only, not the script\n"
    "  --plain          the plain line reader instead of readline\n"
    "  --no-color       no colour (NO_COLOR in the environment does the same)\n"
    "  --no-history     neither read nor write the history file\n"
    "  --test           nothing that depends on terminal or user: no colour, no history\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "  teach svd MATRIX the hand SVD, step by step; teach quiz, teach notes FILE\n"
    "\n"
    "Exit status: 0; 1 after an error; 2 for a syntax error or wrong usage; 130 when interrupted.\n";

static void on_interrupt(int signal) {
    (void)signal;
    lsv_interrupt();
}

static int wrong_usage(const char *what, const char *arg) {
    fprintf(stderr, "lsv: %s%s\nlsv --help lists the options\n", what, arg);
    return EXIT_SYNTAX;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, options *o) {
    static const struct { const char *name; size_t offset; } flags[] = {
        {"-i", offsetof(options, interactive)},      {"--keep-going", offsetof(options, keep_going)},
        {"--plain", offsetof(options, plain)},       {"--test", offsetof(options, test)},
        {"--no-color", offsetof(options, no_color)}, {"--no-history", offsetof(options, no_history)},
    };
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (a[0] != '-' || strcmp(a, "-") == 0 || strcmp(a, "--") == 0) {
            if (strcmp(a, "--") == 0 && ++i == argc) return -1;
            if (o->code && strcmp(a, "--") != 0) i--; /* -e CODE args */
            else o->file = argv[i];
            o->args = argv + i + 1;
            o->nargs = argc - i - 1;
            return -1;
        }
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            fputs(usage, stdout);
            return EXIT_OK;
        }
        if (strcmp(a, "--version") == 0) {
            puts("lsv " LSV_VERSION);
            return EXIT_OK;
        }
        if (strcmp(a, "-e") == 0) {
            if (++i == argc) return wrong_usage("-e wants code to run", "");
            o->code = argv[i];
            continue;
        }
        size_t k = 0, n = sizeof flags / sizeof *flags;
        while (k < n && strcmp(flags[k].name, a) != 0) k++;
        if (k == n) return wrong_usage("unknown option ", a);
        *(bool *)((char *)o + flags[k].offset) = true;
    }
    return -1;
}

static int run(session *s) {
    const options *o = s->options;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    int status = EXIT_OK;
    if (o->code) status = session_run_program(s, "<command>", o->code, strlen(o->code));
    else if (o->file) status = session_run_file(s, o->file);
    else if (!terminal && !o->interactive) return session_run_file(s, "-");
    else return prompt_loop(s);
    if (o->interactive && !s->leave) return prompt_loop(s);
    return status;
}

int main(int argc, char **argv) {
    options o = {0};
    setlocale(LC_CTYPE, "");
    if (argc > 1 && strcmp(argv[1], "teach") == 0) return teach_command(argc - 1, argv + 1);
    int status = parse_options(argc, argv, &o);
    if (status >= 0) return status;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    session s;
    if (!session_open(&s, &o)) {
        fputs("lsv: no memory\n", stderr);
        return EXIT_ERROR;
    }
    teach_register();
    status = run(&s);
    session_close(&s);
    ls_registry_free();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("lsv: standard output");
        return EXIT_ERROR;
    }
    return status;
}
