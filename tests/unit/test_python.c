/* Python's own builtins: every expression of python_cases.inc gives the value or the error that
   Python gives, and comes through a failure of every one of its allocations. */
#include "check.h"

#include "base/alloc.h"
#include "lang/eval/interp.h"

static lsv_text printed;
static void collect(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    lsv_text_add(&printed, bytes, n);
}

static const struct {
    const char *text, *answer;
} cases[] = {
#include "python_cases.inc"
};

static bool run(ls_interp *in, const char *text) {
    ls_source *source = ls_source_new("test", text, strlen(text), 1);
    bool ok = ls_run_cell(in, source);
    ls_source_release(source);
    return ok;
}

static void test_answers(ls_interp *in) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_value v;
        lsv_text t = {0};
        if (ls_eval_text(in, cases[i].text, &v)) {
            CHECK(ls_repr(in, &t, v));
            ls_drop(v);
        } else lsv_text_printf(&t, "%s: %s", in->error.type, in->error.message);
        CHECK_TEXT(t.data, cases[i].answer);
        ls_error_clear(&in->error);
        lsv_text_free(&t);
    }
}

static void test_out_of_memory(ls_interp *in) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *colon = strchr(cases[i].answer, ':');
        for (long k = 1; k < 5000; k++) {
            long live = lsv_alloc_live();
            ls_value v;
            lsv_alloc_fail_at(k);
            bool ok = ls_eval_text(in, cases[i].text, &v);
            bool armed = lsv_alloc_armed;
            lsv_alloc_fail_at(0);
            if (ok) ls_drop(v);
            bool expected =
                ok || strcmp(in->error.type, "MemoryError") == 0 ||
                (colon && strncmp(in->error.type, cases[i].answer, (size_t)(colon - cases[i].answer)) == 0);
            ls_error_clear(&in->error);
            bool leaks = k > 1 && lsv_alloc_live() > live; /* the first time a signature may be kept */
            if (!expected || leaks) printf("%s, allocation %ld\n", cases[i].text, k);
            CHECK(expected && !leaks);
            if (armed) break;
        }
    }
}

static void test_printing(ls_interp *in) {
    static const struct {
        const char *text, *prints;
    } programs[] = {
        {"print(1, 'a', [2.5], sep=', ', end='!\\n')", "1, a, [2.5]!\n"},
        {"print()\nprint(*'ab', sep='')", "\nab\n"},
        {"x = [3, 1, 2]\nx.sort(reverse=True); x.append(9); x.insert(0, 7); del x[1]; x.extend('a'); "
         "x.reverse()\nprint(x, x.pop(), x.pop(0))",
         "[9, 1, 2] 7 a\n"},
        {"d = {'a': 1}\nd.update({'b': 2}, c=3)\nfor k, v in d.items(): print(k, v, end=' "
         "')\nprint(d.setdefault('z', []), len(d.keys()))",
         "a 1 b 2 c 3 [] 4\n"},
        {"def loud(v):\n    print('key', v)\n    return -v\nprint(sorted([1, 2], key=loud), max([1, 2], "
         "key=loud))",
         "key 1\nkey 2\nkey 1\nkey 2\n[2, 1] 1\n"},
        {"from tqdm import tqdm, trange\nprint([v for v in tqdm([1, 2], desc='x')], sum(trange(4)))",
         "[1, 2] 6\n"},
        {"e = enumerate('ab'); print(next(e), list(e), list(e))", "(0, 'a') [(1, 'b')] []\n"},
        {"print(isinstance(print, type(len)), callable(int), str.upper('a'), '%s and %r' % ('x', 'y'))",
         "True True A x and 'y'\n"}};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        CHECK(run(in, programs[i].text));
        CHECK_TEXT(printed.data, programs[i].prints);
        lsv_text_free(&printed);
    }
}

int main(void) {
    ls_client client = {.write = collect};
    ls_interp *in = ls_interp_new(&client);
    CHECK(in && run(in, "import math, itertools\nimport numpy as np\nfrom itertools import *"));
    test_answers(in);
    test_printing(in);
    test_out_of_memory(in);
    ls_interp_free(in);
    return check_done();
}
