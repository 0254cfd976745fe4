/* Writes the language reference from the builtins' own records, as Markdown on standard output;
   with --examples, every example as a line `NAME<TAB>input<TAB>expected` with \n escaped, for the doctests. */
#include "lang/builtins/builtin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The prefixes of a chapter's names, and what it is called. jax.numpy's names are numpy's, and not written down again. */
static const struct { const char *prefixes[6], *title; } chapters[] = {
    {{""}, "Without a prefix"}, {{"np."}, "numpy"}, {{"np.linalg."}, "numpy.linalg"}, {{"np.random."}, "numpy.random"},
    {{"ndarray.", "flagsobj."}, "ndarray"}, {{"ufunc."}, "numpy.ufunc"}, {{"torch."}, "torch"}, {{"torch.linalg."}, "torch.linalg"}, {{"torch.nn."}, "torch.nn"},
    {{"torch.nn.functional."}, "torch.nn.functional"}, {{"torch.special."}, "torch.special"},
    {{"torch.autograd.", "torch.autograd.functional.", "no_grad.", "no_grad_function.", "Node."}, "torch.autograd"},
    {{"torch.cuda.", "device.", "Event.", "_CudaDeviceProperties."}, "torch.cuda"},
    {{"torch.backends.cuda.matmul.", "torch.backends.cudnn.", "torch.backends.mps.", "torch.jit."}, "torch.backends and torch.jit"},
    {{"tensor.", "size."}, "Tensor"}, {{"torchgenerator."}, "torch.Generator"}, {{"generator.", "randomstate."}, "numpy.random.Generator and RandomState"},
    {{"dtype.", "finfo.", "iinfo.", "vectorize."}, "Types of elements, and other objects of numpy"},
    {{"jax.", "jax.lax.", "jax.random.", "jax_grad."}, "jax"}, {{"safetensors.torch.", "safetensors.numpy."}, "safetensors"}, {{"Adapter."}, "Adapters"},
    {{"plt.", "Figure.", "Axes.", "axes_array."}, "matplotlib.pyplot (plt)"},
    {{"str."}, "str"}, {{"list."}, "list"}, {{"tuple."}, "tuple"}, {{"dict."}, "dict"}, {{"int.", "float.", "range.", "slice."}, "Numbers, ranges and slices"},
    {{"math."}, "math"}, {{"itertools.", "itertools.chain."}, "itertools"}, {{"time."}, "time"}, {{"tqdm.", "tqdm.tqdm."}, "tqdm"},
};
enum { NCHAPTERS = sizeof chapters / sizeof *chapters };

typedef struct item { char name[96]; const ls_builtin *b; } item;
static item items[8192];
static int nitems;

static bool collect(void *ctx, const char *name, const ls_builtin *b) {
    (void)ctx;
    if (nitems == 8192) return false;
    snprintf(items[nitems].name, sizeof items[nitems].name, "%s", name);
    items[nitems++].b = b;
    return true;
}

static int by_name(const void *a, const void *b) { return strcmp(((const item *)a)->name, ((const item *)b)->name); }

static bool in_chapter(const char *name, int c) {
    for (int i = 0; i < 6 && chapters[c].prefixes[i]; i++) {
        size_t n = strlen(chapters[c].prefixes[i]);
        if (strncmp(name, chapters[c].prefixes[i], n) == 0 && !strchr(name + n, '.')) return true;
    }
    return false;
}

/* As Markdown makes a link's target of a title: small letters, hyphens for spaces, nothing else. */
static void write_anchor(const char *title) {
    for (; *title; title++) {
        if (isalnum((unsigned char)*title)) putchar(tolower((unsigned char)*title));
        else if (*title == ' ') putchar('-');
    }
}

static void write_item(const char *name, const ls_builtin *b) {
    if (b->kind == LS_ATTRIBUTE) printf("### `%s`\n\n%s.\n\n", name, b->summary);
    else if (b->kind == LS_SUBSCRIPTED) printf("### `%s[%.*s]`\n\n%s.\n\n", name, (int)strlen(b->signature) - 2, b->signature + 1, b->summary);
    else printf("### `%s%s`\n\n%s.\n\n", name, b->signature, b->summary);
    if (b->doc) printf("%s\n\n", b->doc);
    const char *examples = ls_builtin_examples(b);
    if (examples) printf("```\n%s%s```\n\n", examples, examples[strlen(examples) - 1] == '\n' ? "" : "\n");
}

static void write_reference(void) {
    printf("# Reference\n\nMade from the builtins' own records by `make reference`; `name?` at the prompt shows the same.\n"
           "Names of numpy and numpy.linalg are there without a prefix too.\n\n");
    for (int c = 0; c < NCHAPTERS; c++) {
        printf("- [%s](#", chapters[c].title);
        write_anchor(chapters[c].title);
        printf(")\n");
    }
    for (int c = 0; c < NCHAPTERS; c++) {
        printf("\n## %s\n\n", chapters[c].title);
        for (int i = 0; i < nitems; i++)
            if (in_chapter(items[i].name, c)) write_item(items[i].name, items[i].b);
    }
}

static void escaped(const char *s) {
    for (; *s; s++) {
        if (*s == '\n') fputs("\\n", stdout);
        else if (*s == '\\') fputs("\\\\", stdout);
        else putchar(*s);
    }
}

int main(int argc, char **argv) {
    ls_builtin_each(collect, NULL);
    qsort(items, (size_t)nitems, sizeof *items, by_name);
    if (argc > 1 && strcmp(argv[1], "--examples") == 0) {
        for (int i = 0; i < nitems; i++) {
            const char *first = items[i].b->names + strspn(items[i].b->names, " "), *examples = ls_builtin_examples(items[i].b);
            size_t n = strcspn(first, " ");
            if (strlen(items[i].name) != n || memcmp(items[i].name, first, n) != 0) continue; /* once, under its first name */
            printf("%s\t", items[i].name);
            escaped(examples ? examples : "");
            putchar('\n');
        }
    } else write_reference();
    ls_registry_free();
    return 0;
}
