/* The options of `lsv lora`, in one table: parsing, --help and the manual pages are read off it. */
#include "repl/lora/inside.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(lora_options, field)
#define ON(c) (1u << LORA_##c)
enum {
    EVERY = (1 << LORA_SUBCOMMANDS) - 1,
    WRITERS = ON(EXTRACT) | ON(RESIZE) | ON(MERGE) | ON(APPLY) | ON(CONVERT),
    ADAPTERS = ON(EXTRACT) | ON(RESIZE) | ON(MERGE) | ON(CONVERT),
    RULES = ON(EXTRACT) | ON(RESIZE) | ON(MERGE)
};

const lora_option lora_option_table[] = {
    {"output", 'o', "OUT", LORA_TEXT, AT(output), WRITERS, NULL, "where the result goes; it appears there when it is complete and verified, and not before"},
    {"rank", 'r', "N", LORA_COUNT, AT(rank), RULES, NULL, "the rank of every layer (extract: 64 unless a rule is given); at most min(m, n)"},
    {"tol", 0, "X", LORA_REAL, AT(tol), RULES, NULL, "the least rank whose relative error, in the Frobenius norm, is at most X"},
    {"energy", 0, "X", LORA_REAL, AT(energy), RULES, NULL, "the least rank that keeps the share X of the squared norm"},
    {"ratio", 0, "X", LORA_REAL, AT(ratio), RULES, NULL, "all singular values from X times the largest on"},
    {"max-rank", 0, "N", LORA_COUNT, AT(max_rank), RULES, NULL, "no rule takes more than N"},
    {"budget", 0, "BYTES", LORA_BYTES, AT(budget), ON(EXTRACT), NULL, "all factors together take at most so much (k, M, G for powers of 1000; Ki, Mi, Gi of 1024): ranks go where they remove most error per byte; reads the models twice"},
    {"noise-floor", 0, NULL, LORA_FLAG, AT(noise_floor), ON(EXTRACT), NULL, "leave out singular values that the rounding of the tuned weights to their type would show by itself"},
    {"target", 0, "PATTERN", LORA_LIST, AT(target), ON(EXTRACT), NULL, "only modules whose name, or its end after a dot, matches (a regular expression, as PEFT's target_modules); may be given several times"},
    {"exclude", 0, "PATTERN", LORA_LIST, AT(exclude), ON(EXTRACT), NULL, "not those"},
    {"embeddings", 0, NULL, LORA_FLAG, AT(embeddings), ON(EXTRACT), NULL, "embeddings and lm_head too"},
    {"conv", 0, NULL, LORA_FLAG, AT(conv), ON(EXTRACT), NULL, "convolutions too"},
    {"fan-in-fan-out", 0, NULL, LORA_FLAG, AT(fan_in_fan_out), ON(EXTRACT), NULL, "the models store their weights input by output (GPT-2's Conv1D)"},
    {"save-rest", 0, NULL, LORA_FLAG, AT(save_rest), ON(EXTRACT), NULL, "keep what differs and is not factored (norms, biases, embeddings) whole, as modules_to_save"},
    {"accuracy", 0, "X", LORA_REAL, AT(accuracy), ON(EXTRACT), NULL, "the error may exceed the least possible one by the share X (0.001)"},
    {"seed", 0, "N", LORA_COUNT, AT(seed), ON(EXTRACT), NULL, "of the random start (0); the same seed, the same bits"},
    {"weights", 'w', "W1,W2,...", LORA_TEXT, AT(weights), ON(MERGE), NULL, "one number for each adapter, of any sign (1/n each)"},
    {"ranks", 0, "R1,R2,...", LORA_TEXT, AT(ranks), ON(MERGE), NULL, "several outputs from one factorisation, OUT/rank-R1, OUT/rank-R2, ...; `same': the ranks that the adapters have"},
    {"method", 0, "NAME", LORA_CHOICE, AT(method), ON(MERGE), "exact dense svd fedavg zeropad hetlora", "how the sum is formed (exact); the others are for comparison and print their error"},
    {"weight", 'w', "W", LORA_REAL, AT(weight), ON(APPLY), NULL, "W times the adapter is added (1)"},
    {"exact", 0, NULL, LORA_FLAG, AT(exact), ON(APPLY), NULL, "sums in float64, also of weights that are of 32 bits or less"},
    {"dtype", 0, "TYPE", LORA_CHOICE, AT(dtype), ADAPTERS, "f32 f16 bf16 f64", "of the factors (extract: as the tuned weights are stored; convert: as they are; else f32)"},
    {"split", 0, "HOW", LORA_CHOICE, AT(split), RULES, "sqrt left right", "where the singular values go: the root of them into both factors (sqrt), all into B (left) or A (right)"},
    {"format", 0, "NAME", LORA_CHOICE, AT(format), ADAPTERS, "peft kohya diffusers", "of the adapter: a PEFT folder (the default, but for convert, which needs it said), or a single file"},
    {"base", 0, "BASE", LORA_TEXT, AT(base), ON(RESIZE) | ON(MERGE) | ON(CONVERT) | ON(INFO), NULL, "the model that the adapter is for: kohya's names are turned back into its modules'"},
    {"prefix", 0, "TEXT", LORA_TEXT, AT(prefix), ON(CONVERT), NULL, "what kohya's and diffusers' names begin with, where the modules' do not say which part of the model they are of (lora_unet_, diffusion_model.)"},
    {"max-error", 0, "X", LORA_REAL, AT(max_error), ON(VERIFY), NULL, "exit with status 3 where the error of the whole is larger"},
    {"all", 'a', NULL, LORA_FLAG, AT(all), ON(EXTRACT) | ON(APPLY) | ON(VERIFY) | ON(DIFF), NULL, "list unchanged tensors too"},
    {"force", 'f', NULL, LORA_FLAG, AT(force), WRITERS, NULL, "replace OUT where it is there; the old one stays until the new one is complete"},
    {"restart", 0, NULL, LORA_FLAG, AT(restart), WRITERS, NULL, "throw away what an earlier run has left in OUT.partial, and begin anew"},
    {"dry-run", 'n', NULL, LORA_FLAG, AT(dry_run), WRITERS, NULL, "say what would be done, and how much time and memory it would take; nothing is written"},
    {"threads", 0, "N", LORA_COUNT, AT(threads), EVERY, NULL, "threads to compute with (all cores)"},
    {"device", 0, "NAME", LORA_CHOICE, AT(device), EVERY, "auto cpu gpu", "where products are computed (auto)"},
    {"json", 0, NULL, LORA_FLAG, AT(json), EVERY, NULL, "the report as JSON on standard output, and nothing else there"},
    {"quiet", 'q', NULL, LORA_FLAG, AT(quiet), EVERY, NULL, "no progress and no table; notes and errors only"},
    {"help", 'h', NULL, LORA_FLAG, AT(help), EVERY, NULL, "print this"},
    {"man", 0, NULL, LORA_FLAG, AT(man), EVERY, NULL, "print the manual page, as mdoc source"},
    {NULL, 0, NULL, LORA_FLAG, 0, 0, NULL, NULL}};

const lora_page lora_pages[LORA_SUBCOMMANDS] = {
    [LORA_EXTRACT] = {"extract", "BASE TUNED", 2, 2, "the difference of two models as a LoRA adapter",
        "Each weight of TUNED that differs from BASE becomes two factors, B and A, whose product is the best approximation of the difference at its rank. Layers are read one at a time: memory is bounded by the largest layer, whatever the size of the model.\n\n"
        "The error that the factors leave, |dW - BA| / |dW|, is measured against the difference itself, with the factors rounded as they are stored. Layers that do not differ are named and left out. What differs and is no matrix (norms, biases), or is no target, is reported, and kept with --save-rest.\n\n"
        "Several rules together give the least rank that satisfies all of them.",
        "a rank of 32 everywhere\nlsv lora extract base/ tuned/ -o adapter -r 32\n"
        "as many ranks as stand out from the rounding noise, up to 128\nlsv lora extract base/ tuned/ -o adapter --noise-floor -r 128\n"
        "the best adapter of 50 MB, of the attention alone\nlsv lora extract base/ tuned/ -o adapter --budget 50M --target 'self_attn\\..*'\n"},
    [LORA_RESIZE] = {"resize", "ADAPTER", 1, 1, "the same adapter at another rank",
        "The factors are recompressed without forming their product; the scale is folded in, so that alpha is the rank. Without a rank or a rule, the numerical rank is taken, which changes nothing but the size.",
        "down to rank 8\nlsv lora resize adapter -o small -r 8\n"
        "at most one percent of error in each layer\nlsv lora resize adapter -o small --tol 0.01\n"},
    [LORA_MERGE] = {"merge", "ADAPTER...", 1, -1, "the weighted sum of adapters, exactly",
        "The sum of w_k scale_k B_k A_k over adapters of any ranks and scales is formed in factored form. Without a rank or a rule the result is exact, and its rank at most the sum of the adapters'; with one, it is the best approximation of the exact sum. A module that an adapter lacks counts as zero.",
        "the mean of three clients, exactly\nlsv lora merge client1 client2 client3 -o mean\n"
        "for clients of several ranks, from one factorisation\nlsv lora merge client* -o round7 --weights 100,250,50 --ranks same\n"},
    [LORA_APPLY] = {"apply", "BASE ADAPTER", 2, 2, "a model with the adapter merged into it",
        "The result has BASE's shards, order of tensors, element types and metadata; tensors that the adapter does not touch are copied byte for byte, and so are the other files of a BASE that is a folder. Sums are rounded once, to nearest.",
        "a model to be used without PEFT\nlsv lora apply base/ adapter -o merged\n"
        "half of it\nlsv lora apply base/ adapter -o half --weight 0.5\n"},
    [LORA_INFO] = {"info", "ADAPTER", 1, 1, "what an adapter holds",
        "Format, settings, and for each module its shape, rank, alpha, scale, element type and the norm of its update.", "a table of the modules\nlsv lora info adapter\n"},
    [LORA_VERIFY] = {"verify", "BASE TUNED ADAPTER", 3, 3, "how close base and adapter come to tuned",
        "Recomputes, from the three files, the error |tuned - base - scale B A| / |tuned - base| of each module and of the whole. What differs and the adapter does not have counts in full.",
        "fail above five percent\nlsv lora verify base/ tuned/ adapter --max-error 0.05\n"},
    [LORA_DIFF] = {"diff", "A B", 2, 2, "two models, or two adapters, compared",
        "Of two models: the norm of each tensor's difference, absolute and relative. Of two adapters: the same of their updates, whatever their ranks and scales, from the factors alone.",
        "which layers were trained?\nlsv lora diff base/ tuned/\n"},
    [LORA_CONVERT] = {"convert", "ADAPTER", 1, 1, "an adapter in another format",
        "Between PEFT folders, kohya's files and those of diffusers. What the other format cannot hold is refused by name. kohya's names have underscores for dots: to turn them back, --base names the model.",
        "for a program that reads kohya's files\nlsv lora convert adapter -o adapter.safetensors --format kohya\n"
        "and back\nlsv lora convert adapter.safetensors -o adapter2 --format peft --base base/\n"}};

/* ---- errors ---- */

int lora_usage_error(const char *command, const char *format, ...) {
    va_list args;
    fprintf(stderr, "lsv lora%s%s: ", command ? " " : "", command ? command : "");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nlsv lora %s%s--help lists the options\n", command ? command : "", command ? " " : "");
    return LORA_USAGE;
}

/* ---- values ---- */

static bool whole_number(const char *text, int64_t *out) {
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    if (end == text || *end || errno || x < 0) return false;
    *out = x;
    return true;
}

static bool real_number(const char *text, double *out) {
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end || !isfinite(x)) return false;
    *out = x;
    return true;
}

static bool byte_count(const char *text, int64_t *out) {
    static const struct { const char *name; double factor; } units[] = {
        {"", 1}, {"B", 1}, {"k", 1e3}, {"K", 1e3}, {"kB", 1e3}, {"KB", 1e3}, {"M", 1e6}, {"MB", 1e6}, {"G", 1e9}, {"GB", 1e9}, {"T", 1e12}, {"TB", 1e12},
        {"Ki", 0x1p10}, {"KiB", 0x1p10}, {"Mi", 0x1p20}, {"MiB", 0x1p20}, {"Gi", 0x1p30}, {"GiB", 0x1p30}};
    char *end;
    double x = strtod(text, &end);
    if (end == text || !(x > 0)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].name) == 0 && x * units[i].factor < 9e18) {
            *out = (int64_t)(x * units[i].factor);
            return true;
        }
    return false;
}

static bool choice(const char *text, const char *choices, int *out) {
    size_t n = strlen(text);
    for (int i = 0; *choices; i++) {
        size_t m = strcspn(choices, " ");
        if (m == n && memcmp(choices, text, n) == 0) {
            *out = i;
            return true;
        }
        choices += m + (choices[m] == ' ');
    }
    return false;
}

static bool append(lora_list *list, const char *text) {
    const char **more = realloc(list->items, ((size_t)list->n + 1) * sizeof *more);
    if (!more) return false;
    list->items = more;
    list->items[list->n++] = text;
    return true;
}

static bool take(const lora_option *d, const char *text, lora_options *o) {
    char *at = (char *)o + d->offset;
    switch (d->kind) {
    case LORA_FLAG: *(bool *)at = true; return true;
    case LORA_TEXT: *(const char **)(void *)at = text; return true;
    case LORA_LIST: return append((lora_list *)(void *)at, text);
    case LORA_COUNT: return whole_number(text, (int64_t *)(void *)at);
    case LORA_REAL: return real_number(text, (double *)(void *)at);
    case LORA_BYTES: return byte_count(text, (int64_t *)(void *)at);
    case LORA_CHOICE: return choice(text, d->choices, (int *)(void *)at);
    }
    return false;
}

static int wrong_value(const char *command, const lora_option *d, const char *text) {
    static const char *const wanted[] = {[LORA_COUNT] = "a whole number", [LORA_REAL] = "a number", [LORA_BYTES] = "a size, as 500M or 2Gi", [LORA_LIST] = "text", [LORA_TEXT] = "text"};
    if (d->kind == LORA_CHOICE) return lora_usage_error(command, "--%s %s: it is one of: %s", d->name, text, d->choices);
    return lora_usage_error(command, "--%s %s: %s is needed", d->name, text, wanted[d->kind]);
}

/* ---- parsing ---- */

static const lora_option *named(const char *name, size_t n, lora_subcommand c) {
    for (const lora_option *d = lora_option_table; d->name; d++)
        if ((d->commands & 1u << c) && strlen(d->name) == n && memcmp(d->name, name, n) == 0) return d;
    return NULL;
}

static const lora_option *lettered(char letter, lora_subcommand c) {
    for (const lora_option *d = lora_option_table; d->name; d++)
        if ((d->commands & 1u << c) && d->letter == letter) return d;
    return NULL;
}

/* One argument that begins with a dash; *i moves over its value. */
static int parse_one(int argc, char **argv, int *i, lora_options *o) {
    const char *a = argv[*i], *command = argv[0], *value = NULL;
    const lora_option *d;
    if (a[1] == '-') {
        size_t n = strcspn(a + 2, "=");
        d = named(a + 2, n, o->command);
        if (d && a[2 + n] == '=') value = a + 3 + n;
        if (d && value && !d->argument) return lora_usage_error(command, "--%s takes no value", d->name);
    } else {
        d = lettered(a[1], o->command);
        if (d && d->argument && a[2]) value = a + 2;
        else if (d && a[2]) d = NULL;
    }
    if (!d) return lora_usage_error(command, "unknown option %s", a);
    if (d->argument && !value) {
        if (*i + 1 >= argc) return lora_usage_error(command, "%s wants a value: %s", a, d->argument);
        value = argv[++*i];
    }
    return take(d, value, o) ? LORA_OK : wrong_value(command, d, value);
}

static int check_operands(const lora_options *o) {
    const lora_page *page = &lora_pages[o->command];
    if (o->operands.n < page->least) return lora_usage_error(page->name, "too little is given: usage: lsv lora %s %s", page->name, page->operands);
    if (page->most >= 0 && o->operands.n > page->most)
        return lora_usage_error(page->name, "too much is given, from '%s' on: usage: lsv lora %s %s", o->operands.items[page->most], page->name, page->operands);
    bool writes = o->command != LORA_INFO && o->command != LORA_VERIFY && o->command != LORA_DIFF;
    if (writes && !o->output && !o->dry_run) return lora_usage_error(page->name, "-o OUT is missing: where does the result go?");
    if (o->command == LORA_CONVERT && o->format < 0) return lora_usage_error(page->name, "--format is missing: peft, kohya or diffusers");
    return LORA_OK;
}

int lora_parse(int argc, char **argv, lora_options *o, bool *leave) {
    *o = (lora_options){.rank = -1, .max_rank = -1, .threads = 0, .tol = (double)NAN, .energy = (double)NAN, .ratio = (double)NAN, .weight = 1,
                        .max_error = (double)NAN, .dtype = -1, .split = -1, .format = -1, .device = -1, .method = -1};
    *leave = true;
    while (o->command < LORA_SUBCOMMANDS && strcmp(lora_pages[o->command].name, argv[0]) != 0) o->command++;
    if (o->command == LORA_SUBCOMMANDS) return lora_usage_error(NULL, "there is no subcommand '%s'", argv[0]);
    bool plain = false;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (!plain && strcmp(a, "--") == 0) {
            plain = true;
        } else if (plain || a[0] != '-' || a[1] == '\0') {
            if (!append(&o->operands, a)) return LORA_ERROR;
        } else {
            int status = parse_one(argc, argv, &i, o);
            if (status != LORA_OK) return status;
        }
    }
    if (o->help || o->man) {
        if (o->man) lora_man(&lora_pages[o->command]);
        else lora_help(&lora_pages[o->command]);
        return LORA_OK;
    }
    int status = check_operands(o);
    *leave = status != LORA_OK;
    return status;
}

void lora_options_free(lora_options *o) {
    free(o->operands.items);
    free(o->target.items);
    free(o->exclude.items);
}
