/* The builtins of NumPy and PyTorch: every expression of array_cases.inc prints what the real library
   prints, every record's signature parses, and no name is declared twice. */
#include "check.h"

#include "base/alloc.h"
#include "lang/builtins/builtin.h"

#include <stdlib.h>

static void discard(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
}

static const struct { const char *text, *answer; } cases[] = {
#include "array_cases.inc"
};

static bool run(ls_interp *in, const char *text) {
    ls_source *source = ls_source_new("test", text, strlen(text), 1);
    bool ok = source && ls_run_cell(in, source);
    ls_source_release(source);
    return ok;
}

static void test_answers(ls_interp *in) {
    CHECK(run(in, "import numpy as np\nimport torch\n"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_value v;
        lsv_text t = {0};
        if (!cases[i].answer) {
            char statement[512];
            snprintf(statement, sizeof statement, "%s\n", cases[i].text);
            CHECK(run(in, statement));
            continue;
        }
        if (ls_eval_text(in, cases[i].text, &v)) {
            CHECK(ls_repr(in, &t, v));
            ls_drop(v);
        } else {
            lsv_text_printf(&t, "%s: %s", in->error.type, in->error.message);
        }
        if (!t.data || strcmp(t.data, cases[i].answer) != 0) printf("%s\n", cases[i].text);
        CHECK_TEXT(t.data, cases[i].answer);
        ls_error_clear(&in->error);
        lsv_text_free(&t);
    }
}

typedef struct names { ls_interp *in; char (*at)[64]; int n, room; } names;

static bool note_record(void *ctx, const char *qualified, const ls_builtin *b) {
    names *all = ctx;
    CHECK(ls_builtin_signature(all->in, b));
    CHECK(b->summary && *b->summary && b->function);
    CHECK(strlen(qualified) < sizeof all->at[0] && all->n < all->room);
    if (all->n < all->room) snprintf(all->at[all->n++], sizeof all->at[0], "%s", qualified);
    return true;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void test_records(ls_interp *in) {
    names all = {.in = in, .room = 8192};
    all.at = malloc((size_t)all.room * sizeof *all.at);
    CHECK(all.at);
    if (!all.at) return;
    ls_builtin_each(note_record, &all);
    qsort(all.at, (size_t)all.n, sizeof *all.at, by_name);
    for (int i = 1; i < all.n; i++) {
        if (strcmp(all.at[i], all.at[i - 1]) == 0) printf("declared twice: %s\n", all.at[i]);
        CHECK(strcmp(all.at[i], all.at[i - 1]) != 0);
    }
    free(all.at);
}

int main(void) {
    ls_client client = {.write = discard};
    long before = lsv_alloc_live();
    ls_interp *in = ls_interp_new(&client);
    if (!in) return 1;
    test_answers(in);
    test_records(in);
    ls_interp_free(in);
    ls_registry_free();
    lsv_alloc_trim();
    CHECK(lsv_alloc_live() == before);
    return check_done();
}
