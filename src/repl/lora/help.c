/* --help and the manual pages of `lsv lora`, from the table of options. */
#include "repl/lora/inside.h"

#include <stdio.h>
#include <string.h>

/* Words of `text` at most until column 79, lines after the first indented. */
static void wrapped(const char *text, int column, int indent) {
    while (*text) {
        while (*text == ' ') text++;
        int n = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + n > 79) printf("\n%*s", indent, ""), column = indent;
        else if (column > indent) putchar(' '), column++;
        printf("%.*s", n, text);
        column += n;
        text += n;
        if (*text == '\n') {
            while (*text == '\n') text++;
            if (*text) printf("\n\n%*s", indent, ""), column = indent;
        }
    }
    putchar('\n');
}

static bool has(const lora_option *d, const lora_page *page) { return (d->commands >> (page - lora_pages) & 1) != 0; }

void lora_help(const lora_page *page) {
    printf("usage: lsv lora %s [options] %s\n\n", page->name, page->operands);
    wrapped(page->text, 0, 0);
    putchar('\n');
    for (const lora_option *d = lora_option_table; d->name; d++) {
        if (!has(d, page)) continue;
        char left[64];
        int n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", d->letter ? '-' : ' ', d->letter ? d->letter : ' ', d->letter ? "," : " ", d->name, d->argument ? " " : "", d->argument ? d->argument : "");
        printf("%s", left);
        if (n > 26) printf("\n%*s", 27, "");
        else printf("%*s", 27 - n, "");
        wrapped(d->help, 27, 27);
        if (d->kind == LORA_CHOICE) printf("%*sone of: %s\n", 27, "", d->choices);
    }
    printf("\nExamples:\n");
    for (const char *p = page->examples; *p;) {
        int n = (int)strcspn(p, "\n"), m = (int)strcspn(p + n + 1, "\n");
        printf("  # %.*s\n  %.*s\n", n, p, m, p + n + 1);
        p += n + m + 2;
    }
}

void lora_overview(void) {
    printf("usage: lsv lora SUBCOMMAND ...\n\nLoRA adapters and the models they belong to, in files, layer by layer.\n\n");
    for (const lora_page *p = lora_pages; p < lora_pages + LORA_SUBCOMMANDS; p++) printf("  %-8s %-20s %s\n", p->name, p->operands, p->summary);
    printf("\nA model is a .safetensors file, its index of shards, or a folder with one of the two; an adapter is a PEFT\n"
           "folder or a .safetensors file (kohya's or diffusers').\n\n"
           "Exit status: 0; 1 after an error; 2 for wrong usage; 3 where verify finds more error than --max-error;\n"
           "130 when interrupted. lsv lora SUBCOMMAND --help says more.\n");
}

/* ---- mdoc ---- */

static int mdoc_word(const char *word, int n, bool start) {
    int column = 0;
    if (start && (*word == '.' || *word == '\'')) column += printf("\\&");
    for (int i = 0; i < n; i++) column += word[i] == '\\' ? printf("\\e") : word[i] == '-' ? printf("\\-") : printf("%c", word[i]);
    return column;
}

/* Text in which mdoc sees nothing of its own: a new line after each sentence and before column 76, an empty line as .Pp. */
static void mdoc_text(const char *text) {
    int column = 0;
    while (*text) {
        int n = (int)strcspn(text, " \n");
        if (column > 0 && column + n > 74) putchar('\n'), column = 0;
        if (column > 0) column += printf(" ");
        column += mdoc_word(text, n, column == 0);
        bool ends = n > 0 && strchr(".;:", text[n - 1]) && text[n] == ' ';
        text += n;
        if (*text == ' ') text++;
        if (*text == '\n') {
            while (*text == '\n') text++;
            printf("\n.Pp");
            ends = true;
        }
        if (ends && text[-1] != '\0') putchar('\n'), column = 0;
    }
    if (column > 0) putchar('\n');
}

static void mdoc_option(const lora_option *d) {
    printf(".It ");
    if (d->letter) printf("Fl %c%s%s , ", d->letter, d->argument ? " Ar " : "", d->argument ? d->argument : "");
    printf("Fl \\-%s", d->name);
    if (d->argument) printf(" Ar %s", d->argument);
    putchar('\n');
    mdoc_text(d->help);
    if (d->kind == LORA_CHOICE) {
        printf("One of: ");
        mdoc_text(d->choices);
    }
}

static void mdoc_head(const char *name, const char *summary) {
    char title[64];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof title; n++) title[n] = name[n] >= 'a' && name[n] <= 'z' ? (char)(name[n] - 32) : name[n];
    title[n] = '\0';
    printf(".Dd November 22, 2026\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n", title, name, summary);
}

static void mdoc_files(void) {
    printf(".Sh FILES\nA model is a\n.Pa .safetensors\nfile, its index of shards\n.Pq Pa .safetensors.index.json ,\nor a folder with one of the two.\n"
           "An adapter is a PEFT folder\n.Pq Pa adapter_model.safetensors No and Pa adapter_config.json ,\nor a file of kohya's or diffusers'.\n");
}

static void mdoc_resume(void) {
    printf(".Pp\nWhile it works, what is finished lies in\n.Pa OUT.partial .\nAfter an interruption, a full disk or a kill,\nthe same command goes on from there, and its output is the same to the\n"
           "last bit as that of a run that was not stopped.\n"
           "Where the sources or the options have changed since, it says so and\nstops;\n.Fl \\-restart\nbegins anew.\n"
           "The output is read again and compared before it takes its place, in one\nstep.\n");
}

static void mdoc_status(void) {
    printf(".Sh EXIT STATUS\n.Bl -tag -width Ds\n.It 0\nit is done\n.It 1\nan error, of which one line says what, where and what to do\n.It 2\nwrong usage\n"
           ".It 3\n.Cm verify\nfound an error larger than\n.Fl \\-max-error\n.It 130\ninterrupted\n.El\n");
}

static void mdoc_page(const lora_page *page) {
    char name[48];
    snprintf(name, sizeof name, "lsv-lora-%s", page->name);
    mdoc_head(name, page->summary);
    printf(".Nm lsv lora %s\n.Op Ar options\n.Ar %s\n.Sh DESCRIPTION\n", page->name, page->operands);
    mdoc_text(page->text);
    const lora_option *output = lora_option_table;
    if (has(output, page)) mdoc_resume();
    printf(".Pp\nThe options are as follows:\n.Bl -tag -width Ds\n");
    for (const lora_option *d = lora_option_table; d->name; d++)
        if (has(d, page)) mdoc_option(d);
    printf(".El\n");
    mdoc_files();
    mdoc_status();
    printf(".Sh EXAMPLES\n");
    for (const char *p = page->examples; *p;) {
        int n = (int)strcspn(p, "\n"), m = (int)strcspn(p + n + 1, "\n");
        printf("%s%c%.*s:\n.Dl ", p == page->examples ? "" : ".Pp\n", *p >= 'a' && *p <= 'z' ? *p - 32 : *p, n - 1, p + 1);
        for (const char *q = p + n + 1; q < p + n + 1 + m; q++) {
            if (*q == '\\') fputs("\\e", stdout);
            else if (*q == '-') fputs("\\-", stdout);
            else if (*q == '\'') fputs("\\(aq", stdout);
            else putchar(*q);
        }
        putchar('\n');
        p += n + m + 2;
    }
    printf(".Sh SEE ALSO\n.Xr lsv-lora 1\n");
}

void lora_man(const lora_page *page) {
    if (page) {
        mdoc_page(page);
        return;
    }
    mdoc_head("lsv-lora", "LoRA adapters and the models they belong to, in files");
    printf(".Nm lsv lora\n.Ar subcommand\n.Op Ar options\n.Ar operand ...\n.Sh DESCRIPTION\n"
           "Works on whole models and adapters, layer by layer: memory is bounded by\nthe largest layer.\n"
           "The subcommands have a manual page each:\n.Bl -tag -width Ds\n");
    for (const lora_page *p = lora_pages; p < lora_pages + LORA_SUBCOMMANDS; p++) printf(".It Xr lsv-lora-%s 1\n%s\n", p->name, p->summary);
    printf(".El\n");
    mdoc_resume();
    printf(".Pp\nProgress goes to standard error: a bar on a terminal, a line for each\nlayer elsewhere.\nThe report goes to standard output, as a table or with\n.Fl \\-json\nas JSON.\n");
    mdoc_files();
    mdoc_status();
    printf(".Sh SEE ALSO\n");
    static const char *const sorted[] = {"apply", "convert", "diff", "extract", "info", "merge", "resize", "verify"};
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) printf(".Xr lsv-lora-%s 1%s\n", sorted[i], i + 1 < sizeof sorted / sizeof *sorted ? " ," : "");
}
