/* The walk as a dialogue: Enter next, b back, t try it, c check, ? why, m save, q leave.

   It speaks in plain lines, so it works wherever a line can be read; Ctrl-C drops a question and,
   at the walk's own prompt, leaves the walk, as Ctrl-D does. */
#include "repl/teach.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/builtins/builtin.h"
#include "lang/teach/lesson.h"
#include "repl/terminal/reader.h"

static bool usable(void) {
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static bool terminal_ascii(void) { return ls_teach_ascii(); }

static void print(lsv_text *t) {
    if (t->data) fwrite(t->data, 1, t->length, stdout);
    lsv_text_free(t);
    fflush(stdout);
}

static void tell(const ls_walk *w, const char *text) {
    lsv_text t = {0};
    ls_render_wrapped(&t, text, 2, 2, w->ascii);
    print(&t);
}

/* One line without its blanks; NULL: end, interrupt or no memory (*why says). */
static char *ask_line(ls_interp *in, const char *prompt, read_result *why) {
    char *line = NULL;
    *why = reader_plain_line(in->session, prompt, &line);
    if (*why != READ_LINE) {
        fputc('\n', stdout);
        return NULL;
    }
    size_t n = strlen(line), skip = strspn(line, " \t");
    while (n > skip && strchr(" \t\r\n", line[n - 1])) n--;
    line[n] = 0;
    memmove(line, line + skip, n - skip + 1);
    return line;
}

static void prompt_for(char *out, size_t n, const ls_walk *w, const char *what) {
    lsv_text t = {0};
    if (w->ascii) ls_render_ascii(&t, what);
    else lsv_text_puts(&t, what);
    snprintf(out, n, "  %s ", t.data ? t.data : "");
    lsv_text_free(&t);
}

static bool ask(ls_interp *in, const ls_walk *w, const char *what, char **line) {
    char prompt[160];
    read_result why;
    prompt_for(prompt, sizeof prompt, w, what);
    *line = ask_line(in, prompt, &why);
    return *line != NULL;
}

/* Judges a typed value; the level, or -1 where it could not be read. */
static int judge(ls_interp *in, ls_walk *w, const char *key, const char *value) {
    lsv_error err = {.status = LSV_OK};
    lsv_text t = {0};
    ls_level level = LS_WRONG;
    (void)in;
    ls_answer *a = lsv_malloc(sizeof *a);
    lsv_status status = a ? ls_answer_parse(value, a, &err) : lsv_no_memory(&err, sizeof *a);
    if (status == LSV_OK) status = ls_check_answer(w, key, a, &t, &level, &err);
    lsv_free(a);
    tell(w, status == LSV_OK ? t.data ? t.data : "" : err.message);
    lsv_text_free(&t);
    return status == LSV_OK ? (int)level : -1;
}

static void show_step(const ls_walk *w, int step, bool rules_only) {
    lsv_text t = {0};
    lsv_text_putc(&t, '\n');
    ls_render_step(&t, w, step, rules_only);
    print(&t);
}

/* The rule of a step, then the learner's value; twice wrong shows the step. */
static void try_step(ls_interp *in, ls_walk *w, int step) {
    const ls_step *s = &w->step[step];
    if (!s->key || !w->exact) {
        show_step(w, step, false);
        return;
    }
    show_step(w, step, true);
    for (int attempt = 0; attempt < 2;) {
        char *line;
        if (!ask(in, w, s->question, &line)) break;
        if (!*line || strcmp(line, "q") == 0) { /* gives up: shows the step */
            lsv_free(line);
            break;
        }
        int level = judge(in, w, s->key, line);
        lsv_free(line);
        if (level >= 0 && level != LS_WRONG) break;
        attempt += level == LS_WRONG;
    }
    show_step(w, step, false);
}

static void check_value(ls_interp *in, ls_walk *w, const char *rest) {
    char name[64], key[24], *line;
    size_t n = strcspn(rest, " =");
    if (*rest) {
        snprintf(name, sizeof name, "%.*s", (int)n, rest);
        rest += n + strspn(rest + n, " =");
    } else {
        if (!ask(in, w, "which value (WtW, chi, lambda, sigma, V, U, S, term1, …)?", &line)) return;
        snprintf(name, sizeof name, "%s", line);
        lsv_free(line);
        if (!*name) return;
    }
    if (!ls_step_key(name, key)) {
        char text[160];
        snprintf(text, sizeof text, "no step is called \"%s\"; there are: %s", name, ls_step_names);
        tell(w, text);
        return;
    }
    if (*rest) {
        judge(in, w, key, rest);
        return;
    }
    char what[80];
    snprintf(what, sizeof what, "your %s?", name);
    if (!ask(in, w, what, &line)) return;
    if (*line) judge(in, w, key, line);
    lsv_free(line);
}

static void save(ls_interp *in, ls_walk *w, const char *rest) {
    char *line = NULL;
    if (!*rest && !ask(in, w, "file name (.md .tex .ipynb .svg .txt; Enter: walk.md)?", &line)) return;
    const char *path = *rest ? rest : *line ? line : "walk.md";
    if (ls_walk_save(in, w, path)) printf("  saved as %s\n", path);
    else {
        printf("  %s\n", in->error.message);
        ls_error_clear(&in->error);
    }
    lsv_free(line);
}

static void intro(const ls_walk *w) {
    char line[160];
    lsv_text t = {0};
    if (w->exact) snprintf(line, sizeof line, "The hand SVD, step by step · exact values, shown to %d decimals (digits %d)", w->digits, w->digits);
    else snprintf(line, sizeof line, "The SVD, step by step · decimals, %d shown (digits %d)", w->digits, w->digits);
    ls_render_wrapped(&t, line, 2, 2, w->ascii);
    ls_render_wrapped(&t, "Enter next   b back   t try it myself   c check my value   ? why   m save   q leave", 2, 2, w->ascii);
    lsv_text_putc(&t, '\n');
    ls_render_step(&t, w, 0, false);
    print(&t);
}

static bool walk_dialogue(ls_interp *in, ls_walk *w) {
    intro(w);
    for (int at = 0;;) {
        char prompt[64];
        read_result why;
        snprintf(prompt, sizeof prompt, at < w->nsteps ? "[%d/%d] " : "[end] ", at, w->nsteps);
        char *line = ask_line(in, prompt, &why);
        if (!line) return why != READ_NO_MEMORY || ls_no_memory(in);
        const char *rest = *line ? line + 1 + strspn(line + 1, " ") : "";
        int number = atoi(line);
        bool leave = strcmp(line, "q") == 0;
        if (number >= 1 && number <= w->nsteps) show_step(w, at = number, false);
        else if (!*line && at < w->nsteps) show_step(w, ++at, false);
        else if (!*line) leave = true;
        else if (*line == 'b' && !line[1]) {
            if (at > 1) show_step(w, --at, false);
            else if (at == 1) {
                at = 0;
                intro(w);
            }
        } else if (*line == 't' && !line[1]) {
            if (at < w->nsteps) try_step(in, w, ++at);
        } else if (*line == 'c' && (!line[1] || line[1] == ' ')) check_value(in, w, rest);
        else if (*line == '?') tell(w, w->step[at].why ? w->step[at].why : "");
        else if (*line == 'm' && (!line[1] || line[1] == ' ')) save(in, w, rest);
        else if (!leave) tell(w, "Enter next   b back   t try it myself   c check my value   ? why   m save   q leave   or a step's number");
        bool stepped = !*line || number == w->nsteps;
        lsv_free(line);
        if (leave) return true;
        if (at == w->nsteps && stepped) tell(w, "Done. m saves this walk (Markdown, LaTeX, notebook); quiz asks you the steps; q leaves.");
    }
}

static int ask_answer(ls_interp *in, const char *prompt, lsv_text *answer) {
    read_result why;
    char *line = ask_line(in, prompt, &why);
    if (!line) return why == READ_NO_MEMORY ? (ls_no_memory(in), -1) : 0;
    lsv_text_puts(answer, line);
    lsv_text_puts(answer, "");
    lsv_free(line);
    return 1;
}



void teach_register(void) {
    static const ls_dialogue dialogue = {usable, walk_dialogue, ask_answer, terminal_ascii};
    ls_teach_set_dialogue(&dialogue);
}

/* ---- lsv teach ---- */

static const char usage[] = "usage: lsv teach svd MATRIX [digits=4] [style=both|exact|decimals] [pause=no] [ascii=yes] [full=yes] [step=N] [save=FILE]\n"
                            "       lsv teach quiz [rational|surd|rank1|repeated|wide|decimal|find] [seed=N]\n"
                            "       lsv teach notes FILE\n"
                            "MATRIX: \"[4, 0; 3, -5; 0, 2]\"; fractions 1/3 and decimals are exact\n";

/* A call of the builtin with keywords from the name=value arguments. */
static int call(session *s, const char *function, const char *first, int argc, char **argv) {
    ls_value f = ls_name_lookup(s->in, function), args[10], out = ls_none();
    const char *names[10];
    char name[10][16];
    int n = 0, nkw = 0;
    bool ok = f.tag != LS_UNSET;
    if (first) args[n++] = ls_str_from(first);
    for (int i = 0; ok && i < argc && nkw < 8; i++) {
        size_t k = strcspn(argv[i], "=");
        if (!argv[i][k] || k >= sizeof name[0]) {
            fprintf(stderr, "lsv teach: %s is not name=value\n%s", argv[i], usage);
            for (int j = 0; j < n + nkw; j++) ls_drop(args[j]);
            ls_drop(f);
            return EXIT_SYNTAX;
        }
        memcpy(name[nkw], argv[i], k);
        name[nkw][k] = 0;
        names[nkw] = name[nkw];
        const char *value = argv[i] + k + 1;
        char *end;
        long number = strtol(value, &end, 10);
        bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;
        args[n + nkw++] = yes || no ? ls_bool(yes) : *value && !*end ? ls_int(number) : ls_str_from(value);
    }
    for (int i = 0; i < n + nkw; i++) ok &= args[i].tag != LS_UNSET;
    ok = ok ? ls_call_kw(s->in, f, args, n, names, nkw, &out) : ls_no_memory(s->in);
    for (int i = 0; i < n + nkw; i++) ls_drop(args[i]);
    ls_drop(f);
    if (ok) ls_drop(out);
    session_flush(s);
    return ok ? EXIT_OK : session_report(s);
}

static void on_interrupt(int signal) {
    (void)signal;
    lsv_interrupt();
}

int teach_command(int argc, char **argv) {
    options o = {.no_history = true};
    session s;
    const char *what = argc > 1 ? argv[1] : "";
    bool svd = strcmp(what, "svd") == 0, quiz = strcmp(what, "quiz") == 0, notes = strcmp(what, "notes") == 0;
    if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!(quiz || ((svd || notes) && argc > 2))) {
        fputs(usage, stderr);
        return EXIT_SYNTAX;
    }
    if (!session_open(&s, &o)) {
        fputs("lsv: no memory\n", stderr);
        return EXIT_ERROR;
    }
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    teach_register();
    bool kind = quiz && argc > 2 && !strchr(argv[2], '=');
    int skip = quiz && !kind ? 2 : 3;
    const char *first = quiz ? kind ? argv[2] : NULL : argv[2];
    int status = call(&s, svd ? "walkthrough" : quiz ? "quiz" : "check_notes", first, argc > skip ? argc - skip : 0, argv + (argc > skip ? skip : argc));
    session_close(&s);
    ls_teach_forget();
    ls_registry_free();
    return status;
}
