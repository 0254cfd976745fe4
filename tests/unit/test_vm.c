/* The compiler and the virtual machine: small programs, what they print, how they fail. */
#include "check.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/eval/interp.h"
#include <stdlib.h>

static char output[8192];
static size_t written;

static void write_out(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    if (n > sizeof output - 1 - written) n = sizeof output - 1 - written;
    memcpy(output + written, bytes, n);
    output[written += n] = 0;
}

static bool magic(void *ctx, ls_interp *in, const char *line, size_t n) {
    (void)ctx;
    if (n >= 4 && strncmp(line, "%all", 4) == 0) in->echo = LS_ECHO_ALL;
    else if (n >= 5 && strncmp(line, "%last", 5) == 0) in->echo = LS_ECHO_LAST_EXPR;
    else if (n >= 7 && strncmp(line, "%assign", 7) == 0) in->echo = LS_ECHO_LAST_EXPR_OR_ASSIGN;
    else if (n >= 5 && strncmp(line, "%stop", 5) == 0) lsv_interrupt();
    else return ls_raise(in, "UsageError", "no such magic");
    return true;
}

static ls_interp *in;

static bool run_cell(const char *text) {
    ls_source *s = ls_source_new("test", text, strlen(text), 1);
    bool ok = s && ls_run_cell(in, s);
    if (s) ls_source_release(s);
    return ok;
}

/* What the cell prints and shows, in an interpreter of its own; an error's text comes last. */
static const char *run(const char *text) {
    written = 0;
    output[0] = 0;
    in = ls_interp_new(&(ls_client){.write = write_out, .magic = magic});
    if (!in) return "no interpreter";
    if (!run_cell(text)) {
        write_out(NULL, in->error.type, strlen(in->error.type));
        if (in->error.message[0]) write_out(NULL, ": ", 2);
        write_out(NULL, in->error.message, strlen(in->error.message));
    }
    ls_interp_free(in);
    return output;
}

#define RUNS(text, want) CHECK_TEXT(run(text), want)

static void arithmetic(void) {
    RUNS("1 + 2 * 3", "7\n");
    RUNS("7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 % 2", "(3, -4, -2, 2, 3.0, 0.5)\n");
    RUNS("7 / 2, 2 ** 10, 2 ** -1, 2.0 ** 0.5, -2 ** 2", "(3.5, 1024, 0.5, 1.4142135623730951, -4)\n");
    RUNS("x = 3\nx += 4\nx *= 2\nx -= 1\nx //= 2\nx **= 2\nx %= 20\nx", "16\n");
    RUNS("1 < 2 < 3, 1 < 3 < 2, 1 == 1.0, 1 != 2, not 0", "(True, False, True, True, True)\n");
    RUNS("2 in [1, 2], 3 not in [1, 2], None is None, 1 is not None", "(True, True, True, True)\n");
    RUNS("0 or 5, 3 and 4, 0 and 1, '' or 'x'", "(5, 4, 0, 'x')\n");
    RUNS("1 if [] else 2", "2\n");
    RUNS("True + True, -True, ~5, +3.5, 5 & 3, 5 | 3, 5 ^ 3, 1 << 4, 16 >> 2", "(2, -1, -6, 3.5, 1, 7, 6, 16, 4)\n");
    RUNS("x = 2\ny = x * 2.5 + 1\ny > 5, y < 6, y >= 6.0, y <= 5", "(True, False, True, False)\n");
    RUNS("9223372036854775807 + 1", "OverflowError: integer result leaves 64 bits");
    RUNS("4611686018427387904 * 2", "OverflowError: integer result leaves 64 bits");
    RUNS("10 ** 19", "OverflowError: integer result leaves 64 bits");
    RUNS("1 // 0", "ZeroDivisionError: integer division or modulo by zero");
    RUNS("1 / 0", "ZeroDivisionError: division by zero");
    RUNS("'a' + 1", "TypeError: can only concatenate str (not \"int\") to str");
}

static void assignment(void) {
    RUNS("a = b = [1]\na.append(2)\nb", "[1, 2]\n");
    RUNS("a, *b, c = 1, 2, 3, 4\na, b, c", "(1, [2, 3], 4)\n");
    RUNS("*a, = 'xyz'\na", "['x', 'y', 'z']\n");
    RUNS("(a, b), [c, d] = (1, 2), 'xy'\na, b, c, d", "(1, 2, 'x', 'y')\n");
    RUNS("a, b = 1, 2\na, b = b, a\na, b", "(2, 1)\n");
    RUNS("x = [1, 2, 3]\nx[0], x[1] = x[1], x[0]\nx", "[2, 1, 3]\n");
    RUNS("x = [1, 2, 3, 4]\nx[1:3] = [9]\ndel x[0]\nx", "[9, 4]\n");
    RUNS("i = 0\nx = [0, 0]\ni, x[i] = 1, 5\nx", "[0, 5]\n");
    RUNS("d = {}\nd['a'] = 1\nd['a'] += 5\nd", "{'a': 6}\n");
    RUNS("x: int = 3\ny: float\nx", "3\n");
    RUNS("x = 1\ndel x\nx", "NameError: name 'x' is not defined");
    RUNS("a, b = 1, 2, 3", "ValueError: too many values to unpack (expected 2)");
    RUNS("a, b, *c = [1]", "ValueError: not enough values to unpack (expected at least 2, got 1)");
    RUNS("a, b = 5", "TypeError: cannot unpack non-iterable int object");
    RUNS("x = 1\nx = [1, 2][5]", "IndexError: list index out of range");
    RUNS("def f():\n    global x\n    x = 9\n    return 1\nx = 1\nx + f(), x", "(2, 9)\n"); /* x is read first */
    RUNS("x = 5\ny = x + (x := 1) * 2\nx, y", "(1, 7)\n");
    RUNS("x = 0\nx = x and 1 // 0\nx", "0\n");
}

static void failing_statement(void) { /* a failing statement leaves its variables alone */
    in = ls_interp_new(&(ls_client){.write = write_out});
    written = 0;
    CHECK(run_cell("x = 1\ny = [1, 2]"));
    CHECK(!run_cell("x = 'a' + y"));
    CHECK(!run_cell("x = x and 1 // 0"));
    CHECK(!run_cell("x, y = 7"));
    CHECK(!run_cell("x = [k // 0 for k in y]"));
    CHECK(run_cell("x, y"));
    CHECK_TEXT(output, "(1, [1, 2])\n");
    CHECK(!run_cell("z = 3\nz ="));
    CHECK(ls_global_get(in, "z").tag == LS_UNSET); /* a syntax error: nothing ran */
    ls_interp_free(in);
}

static void control(void) {
    RUNS("s = 0\nfor i in range(10):\n    if i == 3: continue\n    if i == 7: break\n    s += i\nelse:\n    s = -1\ns", "18\n");
    RUNS("for i in range(3): pass\nelse:\n    print('end', i)", "end 2\n");
    RUNS("n = 0\nwhile n < 5:\n    n = n + 1\n    if n == 9: break\nelse:\n    print('done')\nn", "done\n5\n");
    RUNS("for i in range(10, 0, -3): print(i)", "10\n7\n4\n1\n");
    RUNS("for i in range(0): print(i)\nprint('none')", "none\n");
    RUNS("for a, (b, c) in [(1, (2, 3)), (4, 'xy')]: print(a, b, c)", "1 2 3\n4 x y\n");
    RUNS("for x in [1, 2; 3, 4]: print(x)", "[1 2]\n[3 4]\n");
    RUNS("r = range(2)\nfor i in r:\n    for j in r: print(i, j)", "0 0\n0 1\n1 0\n1 1\n");
    RUNS("def range(n): return [n, n]\nfor i in range(7): print(i)", "7\n7\n");
    RUNS("xs = [1, 2, 3]\nfor x in xs:\n    if x < 3 and x + 10 not in xs: xs.append(x + 10)\nxs", "[1, 2, 3, 11, 12]\n");
    RUNS("for i in 5: pass", "TypeError: 'int' object is not iterable");
    RUNS("for i in range(1.5): pass", "TypeError: 'float' object cannot be interpreted as an integer");
    RUNS("assert 1 == 1\nassert 1 == 2, f'no {3}'", "AssertionError: no 3");
    RUNS("assert 0", "AssertionError");
    RUNS("while True:\n    break\nprint('out')", "out\n");
    RUNS("break", "SyntaxError: 'break' outside loop");
    RUNS("return 1", "SyntaxError: 'return' outside function");
    RUNS("def f():\n    for i in range(5):\n        for j in range(5):\n            if i * j == 6: return i, j\nf()", "(2, 3)\n");
}

static void functions(void) {
    RUNS("def f(a, b=2, *args, k=1, **kw): return a, b, args, k, kw\n"
         "print(f(1), f(1, 3, 4, 5), f(1, k=7, z=9), f(b=1, a=0), f(*[1, 2, 3], **{'k': 5, 'q': 6}))",
         "(1, 2, (), 1, {}) (1, 3, (4, 5), 1, {}) (1, 2, (), 7, {'z': 9}) (0, 1, (), 1, {}) (1, 2, (3,), 5, {'q': 6})\n");
    RUNS("def f(a, /, b, *, c): return a, b, c\nf(1, b=2, c=3)", "(1, 2, 3)\n");
    RUNS("def f(a, b): pass\nf(1)", "TypeError: f() missing 1 required positional argument: 'b'");
    RUNS("def f(a, b, c): pass\nf()", "TypeError: f() missing 3 required positional arguments: 'a', 'b', and 'c'");
    RUNS("def f(*, tol): pass\nf()", "TypeError: f() missing 1 required keyword-only argument: 'tol'");
    RUNS("def f(a, b): pass\nf(1, 2, 3)", "TypeError: f() takes 2 positional arguments but 3 were given");
    RUNS("def f(a, b=1): pass\nf(1, 2, 3)", "TypeError: f() takes from 1 to 2 positional arguments but 3 were given");
    RUNS("def f(a): pass\nf(1, c=2)", "TypeError: f() got an unexpected keyword argument 'c'");
    RUNS("def f(a): pass\nf(1, a=2)", "TypeError: f() got multiple values for argument 'a'");
    RUNS("def f(x, acc=[]):\n    acc.append(x)\n    return acc\nf(1), f(2)", "([1, 2], [1, 2])\n");
    RUNS("def f(): pass\nprint(f())", "None\n");
    RUNS("x = 5\nx(3)", "TypeError: 'int' object is not callable");
    RUNS("def counter():\n    n = 0\n    def step(k=1):\n        nonlocal n\n        n += k\n        return n\n    return step\n"
         "c = counter()\nd = counter()\nc(), c(), c(5), d()", "(1, 2, 7, 1)\n");
    RUNS("[f() for f in [lambda: i for i in range(3)]]", "[2, 2, 2]\n");
    RUNS("[f() for f in [lambda i=i: i for i in range(3)]]", "[0, 1, 2]\n");
    RUNS("def f(n):\n    def g(): return n\n    n += 1\n    return g()\nf(1)", "2\n");
    RUNS("def f():\n    def g(): return h()\n    def h(): return 'h'\n    return g()\nf()", "'h'\n");
    RUNS("def deco(f):\n    return lambda *a: f(*a) + 100\ndef twice(f):\n    return lambda *a: 2 * f(*a)\n"
         "@deco\n@twice\ndef h(v): return v\nh(1)", "102\n");
    RUNS("def even(n): return True if n == 0 else odd(n - 1)\ndef odd(n): return False if n == 0 else even(n - 1)\neven(10), odd(4)", "(True, False)\n");
    RUNS("def f():\n    total += 1\ntotal = 1\nf()", "UnboundLocalError: cannot access local variable 'total' where it is not associated with a value");
    RUNS("def f(): return later()\nf()", "NameError: name 'later' is not defined");
    RUNS("def f():\n    x = 1\n    del x\n    return x\nf()", "UnboundLocalError: cannot access local variable 'x' where it is not associated with a value");
    RUNS("def down(n): return down(n + 1)\ndown(0)", "RecursionError: maximum recursion depth exceeded");
    RUNS("def f(x): return list(map(f, [x]))\nf(0)", "RecursionError: maximum recursion depth exceeded");
    RUNS("def sum_to(n): return n + sum_to(n - 1) if n else 0\nsum_to(900)", "405450\n");
}

static void comprehensions(void) {
    RUNS("x = 'g'\ny = [x for x in range(3)]\nx, y", "('g', [0, 1, 2])\n");
    RUNS("[(a, b) for a in range(3) if a != 1 for b in 'xy' if a or b == 'y']", "[(0, 'y'), (2, 'x'), (2, 'y')]\n");
    RUNS("{k: v for k, v in [('a', 1), ('b', 2)]}", "{'a': 1, 'b': 2}\n");
    RUNS("[[j for j in range(i)] for i in range(3)]", "[[], [0], [0, 1]]\n");
    RUNS("def f(n):\n    return [k * n for k in range(3)]\nf(2)", "[0, 2, 4]\n");
    RUNS("list(k for k in range(3))", "[0, 1, 2]\n");
    RUNS("[last := k for k in range(3)], last", "([0, 1, 2], 2)\n");
    RUNS("def f():\n    [q := k for k in range(3)]\n    return q\nf()", "2\n");
    RUNS("xs = [3, 1]\n[x for x in [x + 1 for x in xs]]", "[4, 2]\n");
    RUNS("[k := 1 for k in range(2)]", "SyntaxError: assignment expression cannot rebind comprehension iteration variable 'k'");
}

static void echo(void) {
    RUNS("1\n2", "2\n");
    RUNS("1;", "");
    RUNS("x = 3", "");
    RUNS("None", "");
    RUNS("'text'", "'text'\n");
    RUNS("if True:\n    5", "");
    RUNS("%all\n1\nx = 2\nx", "1\n2\n");
    RUNS("%assign\nx = 2", "2\n");
    RUNS("%assign\nx = 2\nx += 5", "7\n");
    RUNS("%assign\na, b = 1, 2", "");
    RUNS("x = 1\n%last\nx", "1\n");
    RUNS("x = 1\n%nonsense\nx = 2", "UsageError: no such magic");
    RUNS("%stop\nwhile True: pass", "KeyboardInterrupt");
    RUNS("%stop\nfor i in range(1000000000): pass", "KeyboardInterrupt");
    RUNS("def f(): return 1\n%stop\nf()", "KeyboardInterrupt");
}

static void displays(void) {
    RUNS("[1, 2; 3, 4.5]", "array([[1. , 2. ],\n       [3. , 4.5]])\n");
    RUNS("M = [1, 2; 3, 4]\n[M, M; 5, 6, 7, 8]", "array([[1, 2, 1, 2],\n       [3, 4, 3, 4],\n       [5, 6, 7, 8]])\n");
    RUNS("[1, 2; 3]", "ValueError: matrix literal: row 2 has 1 entries, row 1 has 2");
    RUNS("M = [1, 2; 3, 4]\nM[0, 1], M[-1, -1], M[:, 0], M[1], M[::-1, None, 0]",
         "(np.int64(2), np.int64(4), array([1, 3]), array([3, 4]), array([[3],\n       [1]]))\n");
    RUNS("M = [1, 2; 3, 4]\nM[0, 0] = 9\nM[1] = [7, 8]\nM[:, 1] += 1\nM", "array([[9, 3],\n       [7, 9]])\n");
    RUNS("M = [1, 2; 3, 4]\nM[2, 0]", "IndexError: index 2 is out of bounds for axis 0 with size 2");
    RUNS("W = [4, 0; 3, -5; 0, 2]\nW @ W", "ValueError: matmul: W is (3, 2) and W is (3, 2): the inner sizes 2 and 3 differ");
    RUNS("x = 3\nf'{x} {x:>4} {x!r:>3} {x=} {x + 1 = :.2f} {\"é\"!a}'", "\"3    3   3 x=3 x + 1 = 4.00 '\\\\xe9'\"\n");
    RUNS("w = 8\nf'{3.14159:{w}.{1 + 1}f}|'", "'    3.14|'\n");
    RUNS("{**{'a': 1}, 'b': 2, **{'a': 3}}", "{'a': 3, 'b': 2}\n");
    RUNS("[*range(3), *'ab'], (*[1], 2)", "([0, 1, 2, 'a', 'b'], (1, 2))\n");
    RUNS("{[1]: 2}", "TypeError: unhashable type: 'list'");
}

static void names(void) {
    in = ls_interp_new(&(ls_client){.write = write_out});
    CHECK(run_cell("alpha = 1\nbeta = [2]"));
    CHECK(!run_cell("print(alpah)"));
    CHECK(strstr(in->error.hint, "alpha") != NULL);
    ls_value v = {.tag = LS_UNSET};
    CHECK(ls_eval_text(in, "alpha + beta[0]", &v) && v.tag == LS_INT && v.i == 3);
    CHECK(!ls_eval_text(in, "alpha +", &v));
    CHECK_TEXT(in->error.type, "SyntaxError");
    CHECK(ls_global_set(in, "gamma_1", ls_int(5)) && ls_global_get(in, "gamma_1").i == 5);
    CHECK(run_cell("delta = gamma_1 * 2") && ls_global_get(in, "delta").i == 10);
    CHECK(ls_global_delete(in, "alpha") && !ls_global_delete(in, "alpha"));
    v = ls_name_lookup(in, "print");
    CHECK(v.tag == LS_BUILTIN);
    ls_drop(v);
    ls_interp_free(in);
}

static void diagnostics(void) {
    in = ls_interp_new(&(ls_client){.write = write_out});
    CHECK(!run_cell("def g(v):\n    return 2 * missing + v\ndef f(v):\n    return g(v)\nf(1)"));
    const ls_error *e = &in->error;
    CHECK(e->source && strncmp(e->source->text + e->span.start, "missing", 7) == 0 && e->span.end == e->span.start + 7);
    CHECK(e->nframes == 2);
    CHECK_TEXT(e->frames[0].function, "f");
    CHECK_TEXT(e->frames[1].function, "");
    CHECK(!run_cell("W = [4, 0; 3, -5; 0, 2]\nW @ W"));
    CHECK_TEXT(e->hint, "W @ W.T is (3, 3), W.T @ W is (2, 2)");
    CHECK(!run_cell("W @ [1, 2, 3; 4, 5, 6; 7, 8, 9]"));
    CHECK(!run_cell("W.shpae"));
    CHECK(strncmp(e->source->text + e->span.start, "shpae", 5) == 0);
    CHECK(strstr(e->hint, "shape") != NULL);
    CHECK(!run_cell("def f(a, tol=1): pass\nf(1, tool=2)"));
    CHECK_TEXT(e->hint, "did you mean `tol`?");
    CHECK(!run_cell("import nump"));
    CHECK_TEXT(e->hint, "did you mean `numpy`?");
    CHECK(!run_cell("np.eye(2)"));
    CHECK_TEXT(e->hint, "write `import numpy as np` first");
    CHECK(!run_cell("total = 1\ndef f():\n    total += 1\nf()"));
    CHECK(strstr(e->hint, "global total") != NULL);
    ls_interp_free(in);
}

/* A client may evaluate while a cell runs. */
static bool show_nested(void *ctx, ls_interp *i, ls_value v) {
    (void)ctx;
    ls_value w = {.tag = LS_UNSET};
    CHECK(v.tag == LS_INT && v.i == 5);
    CHECK(ls_eval_text(i, "x + sum([k for k in range(3)])", &w) && w.i == 8);
    CHECK(run_cell("x = x + 1\ny = [x * k for k in range(2)]\nif (q := 3) > 1: z = q"));
    return ls_global_get(i, "x").i == 6;
}

static void nested(void) {
    in = ls_interp_new(&(ls_client){.write = write_out, .show = show_nested});
    in->echo = LS_ECHO_ALL;
    CHECK(run_cell("x = 5\nx\nw = x * 2"));
    CHECK(ls_global_get(in, "w").i == 12 && ls_global_get(in, "z").i == 3);
    ls_interp_free(in);
}

/* Every allocation of a program is failed once: no crash, no leak, and the session goes on. */
static void out_of_memory(void) {
    static const char program[] = "def f(a, *b, k=1, **c):\n    g = lambda: a\n    return [g() + x for x in b], {**c, 'k': k}\n"
                                  "M = [1, 2; 3, 4]\nr = f(1, 2, 3, z=4)\nfor x, y in [(1, 'a')]: s = f'{x}{y}{M[:, 0]}'\n"
                                  "(M @ M)[0, 1], r, s";
    int failures = 0;
    bool more = true;
    for (long k = 1; more && k < 5000; k++) {
        written = 0;
        output[0] = 0;
        in = ls_interp_new(&(ls_client){.write = write_out});
        ls_source *s = ls_source_new("test", program, strlen(program), 1);
        lsv_alloc_fail_at(k);
        bool ok = ls_run_cell(in, s);
        more = !lsv_alloc_armed; /* else the program ended before its k-th allocation */
        lsv_alloc_fail_at(0);
        ls_source_release(s);
        if (!ok) {
            failures++;
            if (strcmp(in->error.type, "MemoryError") != 0) {
                printf("allocation %ld: %s\n", k, in->error.message);
                CHECK_TEXT(in->error.type, "MemoryError");
            }
        }
        CHECK(run_cell("1 + 1"));
        ls_interp_free(in);
    }
    CHECK(failures > 50 && !more);
}

int main(void) {
    arithmetic();
    assignment();
    failing_statement();
    control();
    functions();
    comprehensions();
    echo();
    displays();
    names();
    diagnostics();
    nested();
    out_of_memory();
    return check_done();
}
