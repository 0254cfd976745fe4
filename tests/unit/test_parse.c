/* The lexer and the parser, by the trees and errors they give for texts. */
#include "check.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "lang/syntax/parse.h"

static char shown[1 << 16];

/* The dump of a cell without the outer "(block …)", or "Type: message @line:column". */
static const char *parsed(const char *text) {
    ls_source *source = ls_source_new("test", text, strlen(text), 1);
    ls_tree tree;
    ls_error error = {0};
    lsv_text t = {0};
    if (ls_parse(source, &tree, &error)) {
        ls_tree_dump(&t, tree.block);
        snprintf(shown, sizeof shown, "%.*s", (int)t.length - 8 < 0 ? 0 : (int)t.length - 8, t.data + 7);
        ls_tree_free(&tree);
    } else {
        int line = 0, column = 0;
        if (error.source) ls_source_where(error.source, error.span.start, &line, &column);
        snprintf(shown, sizeof shown, "%s: %s @%d:%d", error.type, error.message, line, column + 1);
    }
    lsv_text_free(&t);
    ls_error_clear(&error);
    ls_source_release(source);
    return shown;
}

static void test_expressions(void) {
    CHECK_TEXT(parsed("1 + 2 * 3 ** -x"),
               "(expr (binary + (int 1) (binary * (int 2) (binary ** (int 3) (unary - (name x))))))");
    CHECK_TEXT(parsed("-2 ** 2"), "(expr (unary - (binary ** (int 2) (int 2))))");
    CHECK_TEXT(parsed("a - b - c"), "(expr (binary - (binary - (name a) (name b)) (name c)))");
    CHECK_TEXT(parsed("1 < x <= 3 not in y is not z"),
               "(expr (compare <,<=,not in,is not (int 1) (name x) (int 3) (name y) (name z)))");
    CHECK_TEXT(parsed("not a and b or c"), "(expr (or (and (not (name a)) (name b)) (name c)))");
    CHECK_TEXT(parsed("a if b else c"), "(expr (ifexp (name a) (name b) (name c)))");
    CHECK_TEXT(parsed("lambda a, *b, c=1, **d: a"),
               "(expr (lambda <lambda> (a *b =c (int 1) **d) (name a)))");
    CHECK_TEXT(parsed("print(x := 1)"), "(expr (call (name print) (walrus (name x) (int 1))))");
    CHECK_TEXT(parsed("f(*a, k=1, **b)"),
               "(expr (call (name f) (starred (name a)) (keyword k (int 1)) (doublestar (name b))))");
    CHECK_TEXT(parsed("sum(v * v for v in x if v)"), "(expr (call (name sum) (genexp (binary * (name v) "
                                                     "(name v)) (compfor (name v) (name x) (name v)))))");
    CHECK_TEXT(
        parsed("A[1:, ::-1, None, ...]"),
        "(expr (subscript (name A) (tuple (slice (int 1) - -) (slice - - (unary - (int 1))) (none) (...))))");
    CHECK_TEXT(parsed("{'a': 1, **b}"), "(expr (dict (pair (str \"a\") (int 1)) (doublestar (name b))))");
    CHECK_TEXT(parsed("{k: v for k, v in d}"),
               "(expr (dictcomp (pair (name k) (name v)) (compfor (tuple (name k) (name v)) (name d))))");
    CHECK_TEXT(parsed("(), (1,), [*a]"), "(expr (tuple (tuple) (tuple (int 1)) (list (starred (name a)))))");
    CHECK_TEXT(parsed("W.T @ W"), "(expr (binary @ (attribute (name W) T) (name W)))");
}

static void test_literals(void) {
    CHECK_TEXT(parsed("0x_ff, 0b101, 0o17, 1_000, 0"),
               "(expr (tuple (int 255) (int 5) (int 15) (int 1000) (int 0)))");
    CHECK_TEXT(parsed(".5, 5., 1e-5, 1_0.5e1_0"),
               "(expr (tuple (float 0.5) (float 5) (float 1.0000000000000001e-05) (float 105000000000)))");
    CHECK_TEXT(parsed("-9223372036854775808"), "(expr (int -9223372036854775808))");
    CHECK_TEXT(parsed("'a' \"b\" r'\\n' '\\x41\\u03bb\\101\\q'"),
               "(expr (str \"ab\\\\nA\\xce\\xbbA\\\\q\"))");
    CHECK_TEXT(parsed("'''a\nb'''"), "(expr (str \"a\\x0ab\"))");
    CHECK_TEXT(parsed("σ1 = λ"), "(assign (name σ1) (name λ))");
    CHECK_TEXT(parsed("f'{x!r:>{w}.2f}|{{}}'"), "(expr (fstring (field !r (name x) (fstring (str \">\") "
                                                "(field (name w)) (str \".2f\"))) (str \"|{}\")))");
    CHECK_TEXT(parsed("f'{n + 1 = }'"),
               "(expr (fstring (field \"n + 1 = \" !r (binary + (name n) (int 1)))))");
    CHECK_TEXT(parsed("f'{a['x']}' f\"{f\"{1}\"}\" 'z'"),
               "(expr (fstring (field (subscript (name a) (str \"x\"))) (field (fstring (field (int 1)))) "
               "(str \"z\")))");
    CHECK_TEXT(
        parsed("f'{x!=y}{z:=5}'"),
        "(expr (fstring (field (compare != (name x) (name y))) (field (name z) (fstring (str \"=5\")))))");
}

static void test_additions(void) {
    CHECK_TEXT(
        parsed("[4, 0; 3, -5;\n 0, 2]"),
        "(expr (matrix (list (int 4) (int 0)) (list (int 3) (unary - (int 5))) (list (int 0) (int 2))))");
    CHECK_TEXT(parsed("[1; 2]"), "(expr (matrix (list (int 1)) (list (int 2))))");
    CHECK_TEXT(parsed("[[1. 2.]\n [3. 4.]].T"), "(expr (attribute (printed \"[[1. 2.]\\x0a [3. 4.]]\") T))");
    CHECK_TEXT(parsed("[[ 1. -2.]\n [nan  4.]]"), "(expr (printed \"[[ 1. -2.]\\x0a [nan  4.]]\"))");
    CHECK_TEXT(parsed("[1. -2.]"),
               "(expr (list (binary - (float 1) (float 2))))"); /* Python's meaning stays */
    CHECK_TEXT(parsed("[1. 2. ... 9.]"), "SyntaxError: a shortened array cannot be read back @1:1");
    CHECK_TEXT(parsed("[1, 2;; 3]"), "SyntaxError: an empty row in a matrix @1:7");
    CHECK_TEXT(parsed("[4 x; 3]"), "SyntaxError: invalid syntax. Perhaps you forgot a comma? @1:4");
}

static void test_statements(void) {
    CHECK_TEXT(parsed("x = y = 1; x += 2\n"),
               "(assign (name x) (name y) (int 1)) (augassign + (name x) (int 2))");
    CHECK_TEXT(parsed("a, *b = c"), "(assign (tuple (name a) (starred (name b))) (name c))");
    CHECK_TEXT(parsed("x: int = 3"), "(annassign (name x) (int 3))");
    CHECK_TEXT(parsed("if x: y = 1; z = 2\nelif w:\n  pass\nelse:\n\tq"),
               "(if (name x) (body (assign (name y) (int 1)) (assign (name z) (int 2))) (else (if (name w) "
               "(body (pass)) (else (expr (name q))))))");
    CHECK_TEXT(parsed("for i, v in e:\n    break\nelse:\n    pass"),
               "(for (tuple (name i) (name v)) (name e) (body (break)) (else (pass)))");
    CHECK_TEXT(parsed("@jit\ndef f(a, /, b: int = 2, *, c) -> int:\n    'doc'\n    # c\n\n    return a\nx"),
               "(def f (a/ b (int 2) =c) (decorators (name jit)) (block (expr (str \"doc\")) (return (name "
               "a)))) (expr (name x))");
    CHECK_TEXT(
        parsed("import numpy.linalg as la, math\nfrom torch import (nn as n, svd,)\nfrom numpy import *"),
        "(import (alias numpy.linalg la) (alias math)) (fromimport torch (alias nn n) (alias svd)) "
        "(fromimport numpy (alias *))");
    CHECK_TEXT(
        parsed("del a, (b[0], c.d)\nassert x, 'm'"),
        "(del (name a) (subscript (name b) (int 0)) (attribute (name c) d)) (assert (name x) (str \"m\"))");
    CHECK_TEXT(parsed("while x:\r\n    y\r\n\r\nz\r\n"),
               "(while (name x) (body (expr (name y)))) (expr (name z))");
    CHECK_TEXT(parsed("x = 1 + \\\n  2"), "(assign (name x) (binary + (int 1) (int 2)))");
    CHECK_TEXT(parsed("# only a comment"), "");
    CHECK_TEXT(parsed("  # pasted from a block\n  if x:\n    y\n  z"),
               "(if (name x) (body (expr (name y)))) (expr (name z))");
}

static void test_errors(void) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"3 = x", "cannot assign to literal here. Maybe you meant '==' instead of '='? @1:1"},
        {"f() = 1", "cannot assign to function call here. Maybe you meant '==' instead of '='? @1:1"},
        {"x = (1 + 2\ny = 3", "'(' was never closed @1:5"},
        {"x = 1 +", "invalid syntax @1:8"},
        {"def f(:\n    return 1", "invalid syntax @1:7"},
        {"if x = 3: pass", "invalid syntax. Maybe you meant '==' or ':=' instead of '='? @1:4"},
        {"x = 'abc", "unterminated string literal (detected at line 1) @1:5"},
        {"x = \"\"\"abc\n\n", "unterminated triple-quoted string literal (detected at line 2) @1:5"},
        {"for i in x\n    y", "expected ':' @1:11"},
        {"f(a=1, 2)", "positional argument follows keyword argument @1:8"},
        {"f(a=1, a=2)", "keyword argument repeated: a @1:8"},
        {"(a]", "closing parenthesis ']' does not match opening parenthesis '(' @1:3"},
        {")", "unmatched ')' @1:1"},
        {"return 1", "'return' outside function @1:1"},
        {"break", "'break' outside loop @1:1"},
        {"def f(a, a): pass", "duplicate argument 'a' in function definition @1:10"},
        {"{1, 2}", "sets are not part of lsv: use a list @1:1"},
        {"1j", "complex numbers are not part of lsv @1:1"},
        {"b'x'", "bytes are not part of lsv: write a plain string @1:1"},
        {"class A: pass", "class is not part of lsv: use functions, dictionaries and tuples @1:1"},
        {"x = ∞", "invalid character '∞' (U+221E) @1:5"},
        {"9223372036854775808", "int literal 9223372036854775808 does not fit 64 bits @1:1"},
        {"07", "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
               "integers @1:1"},
        {"print x", "Missing parentheses in call to 'print'. Did you mean print(...)? @1:1"},
        {"f'{x'", "f-string: expecting '}' @1:3"},
        {"f'{}'", "f-string: valid expression required before '}' @1:3"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[256];
        snprintf(want, sizeof want, "SyntaxError: %s", cases[i].error);
        CHECK_TEXT(parsed(cases[i].text), want);
    }
    CHECK_TEXT(parsed("for i in x:\nprint(i)"),
               "IndentationError: expected an indented block after 'for' statement on line 1 @2:1");
    CHECK_TEXT(parsed("x\n  y"), "IndentationError: unexpected indent @2:3");
    CHECK_TEXT(parsed("if x:\n    a\n  b"),
               "IndentationError: unindent does not match any outer indentation level @3:3");
    CHECK_TEXT(parsed("if x:\n\ta\n        b"),
               "TabError: inconsistent use of tabs and spaces in indentation @3:9");
}

static char *repeated(const char *piece, int n, const char *tail) {
    size_t len = strlen(piece);
    char *s = malloc(len * (size_t)n + strlen(tail) + 1);
    for (int i = 0; i < n; i++) memcpy(s + len * (size_t)i, piece, len);
    strcpy(s + len * (size_t)n, tail);
    return s;
}

static void test_bounds(void) {
    static const struct {
        const char *piece, *tail, *says;
    } cases[] = {{"(", "", "too deeply nested"},
                 {"-", "1", "too deeply nested"},
                 {"a**", "b", "too deeply nested"},
                 {"lambda:", "1", "too deeply nested"},
                 {"f\"{", "", "too deeply nested"},
                 {"a+", "a", "too long"},
                 {"a and ", "b", "too long"},
                 {"a.", "b", "too long"},
                 {"a if b else ", "c", "too deeply nested"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = repeated(cases[i].piece, 100000, cases[i].tail);
        CHECK(strstr(parsed(text), cases[i].says) != NULL);
        free(text);
    }
    char *left = repeated("(", 199, "1"), *right = repeated(")", 199, ""), *both = malloc(512);
    snprintf(both, 512, "%s%s", left, right);
    CHECK_TEXT(parsed(both), "(expr (int 1))");
    free(left);
    free(right);
    free(both);
}

static const char program[] =
    "import numpy as np\n@jit\ndef f(a, *b, k=[1, 2; 3, 4], **kw):\n    '''doc'''\n    return a if b else "
    "{'x': [v for v in k], **kw}\n"
    "for i, (x, y) in zip(a, b):\n    if x < y <= 3 and not i: print(f\"{x!r:>{w}} {{}} {y=}\", end='')\n    "
    "else:\n\n        A[1:, ..., ::-1] @= [[1. 2.]\n [3. 4.]]\n"
    "del x, y; assert (lambda q=1: q)(2) == 2, 'no'\nwhile True: break\n";

static void test_truncations(void) {
    for (size_t n = 0; n <= sizeof program - 1; n++) {
        char text[sizeof program];
        memcpy(text, program, n);
        text[n] = 0;
        const char *got = parsed(text);
        CHECK(got[0] == '(' || got[0] == 0 || strstr(got, "Error: ") != NULL);
        int indent;
        size_t start, end;
        CHECK(ls_input_state(text, n, &indent) <= LS_BLOCK && indent >= 0);
        CHECK(!ls_next_magic(text, n, 0, &start, &end));
    }
}

static void test_out_of_memory(void) {
    long live = lsv_alloc_live();
    for (long k = 1;; k++) {
        ls_source *source = ls_source_new("test", program, sizeof program - 1, 1);
        ls_tree tree;
        ls_error error = {0};
        lsv_alloc_fail_at(k);
        bool ok = ls_parse(source, &tree, &error);
        lsv_alloc_fail_at(0);
        if (ok) ls_tree_free(&tree);
        else CHECK_TEXT(error.type, "MemoryError");
        ls_error_clear(&error);
        ls_source_release(source);
        if (ok) break;
    }
    CHECK(lsv_alloc_live() == live);
}

/* ---- sources, cells, input ---- */

static char cells[256];
static int note_cell(void *ctx, size_t start, size_t length, int line) {
    (void)ctx;
    size_t n = strlen(cells);
    snprintf(cells + n, sizeof cells - n, "%zu+%zu@%d ", start, length, line);
    return 1;
}

static void test_sources(void) {
    const char *text = "a\n\n# %% one\nb\n#%%\n\n#%% three\nc";
    ls_source_cells(text, strlen(text), note_cell, NULL);
    CHECK_TEXT(cells, "0+3@1 3+11@3 19+11@7 ");
    ls_source *s = ls_source_new("x", "ab\ncd", 5, 10);
    int line, column;
    size_t n;
    ls_source_where(s, 4, &line, &column);
    CHECK(line == 11 && column == 1);
    CHECK(ls_source_line(s, 1, &n) == s->text && n == 2);
    ls_source_release(s);
    ls_error error = {0};
    ls_tree tree;
    ls_function_node *f;
    s = ls_source_new("x", "svd(W, k=None, *, tol=None)", 27, 1);
    CHECK(ls_parse_signature(s, &tree, &f, &error) && f->nparams == 3 &&
          f->params[2].kind == LS_PARAM_KWONLY);
    CHECK_TEXT(f->name, "svd");
    ls_tree_free(&tree);
    ls_source_release(s);
    s = ls_source_new("x", "x = 1; # quiet\n", 15, 1);
    CHECK(ls_parse(s, &tree, &error) && tree.quiet);
    ls_tree_free(&tree);
    ls_source_release(s);
}

static ls_completeness state(const char *text, int *indent) {
    return ls_input_state(text, strlen(text), indent);
}

static void test_input(void) {
    int in;
    CHECK(state("x = 1\n", &in) == LS_COMPLETE && in == 0);
    CHECK(state("x = (1,\n", &in) == LS_MORE && in == 4);
    CHECK(state("x = 1 + \\\n", &in) == LS_MORE);
    CHECK(state("s = '''abc\n", &in) == LS_MORE && in == 0);
    CHECK(state("s = 'abc\n", &in) == LS_COMPLETE);
    CHECK(state("for i in x:\n", &in) == LS_BLOCK && in == 4);
    CHECK(state("for i in x:\n    if y:\n", &in) == LS_BLOCK && in == 8);
    CHECK(state("for i in x:\n    y\n", &in) == LS_BLOCK && in == 4);
    CHECK(state("def f():\n    return 1\n", &in) == LS_BLOCK && in == 0);
    CHECK(state("for i in x:\n    y\n\n", &in) == LS_COMPLETE);
    CHECK(state("for i in x: print(i)\n", &in) == LS_BLOCK);
    CHECK(state("for i in x: print(i)\n\n", &in) == LS_COMPLETE);
    CHECK(state("%time f(\n", &in) == LS_COMPLETE);
    CHECK(state("x?\n", &in) == LS_COMPLETE);
    CHECK(state("@jit\n", &in) == LS_BLOCK);
    CHECK(state("", &in) == LS_COMPLETE);
    CHECK(state(")\n", &in) == LS_COMPLETE);
}

static void test_magics(void) {
    CHECK(ls_is_magic_line("%time x", 7) && ls_is_magic_line("  !ls", 5) && ls_is_magic_line("x??", 3) &&
          ls_is_magic_line("?x", 2));
    CHECK(!ls_is_magic_line("x # why?", 8) && !ls_is_magic_line("'a?'", 4) && !ls_is_magic_line("x = 3", 5) &&
          !ls_is_magic_line("'a ?", 4));
    const char *text = "x = (1\n% 2)\ns = '''\n%no\n'''\ny = 5 \\\n  % 3\n  %time y\nz?\n";
    size_t start, end;
    CHECK(ls_next_magic(text, strlen(text), 0, &start, &end) && strncmp(text + start, "%time y\n", 8) == 0 &&
          end == start + 7);
    CHECK(ls_next_magic(text, strlen(text), end + 1, &start, &end) && strncmp(text + start, "z?\n", 3) == 0 &&
          end == start + 2);
    CHECK(!ls_next_magic(text, strlen(text), end + 1, &start, &end));
}

int main(void) {
    test_expressions();
    test_literals();
    test_additions();
    test_statements();
    test_errors();
    test_bounds();
    test_truncations();
    test_out_of_memory();
    test_sources();
    test_input();
    test_magics();
    return check_done();
}
