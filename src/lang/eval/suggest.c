/* Suggestions: the candidate at the smallest edit distance (insertions, deletions, changes, swaps
   of neighbours), if that is at most a third of the name's length. */
#include "lang/eval/suggest.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/attributes.h"
#include "lang/machine/vm.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 40 };

static int smaller(int a, int b) { return a < b ? a : b; }

/* Distance, or more than `limit` as soon as that is certain. A change of case costs a half: costs are doubled. */
static int distance(const char *a, const char *b, int limit) {
    int n = (int)strlen(a), m = (int)strlen(b), rows[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST) return limit + 1;
    for (int j = 0; j <= m; j++) rows[0][j] = 2 * j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3], least = 2 * i;
        row[0] = 2 * i;
        for (int j = 1; j <= m; j++) {
            char x = a[i - 1], y = b[j - 1];
            int change = x == y ? 0 : tolower((unsigned char)x) == tolower((unsigned char)y) ? 1 : 2;
            int d = smaller(above[j - 1] + change, smaller(above[j], row[j - 1]) + 2);
            if (i > 1 && j > 1 && x == b[j - 2] && a[i - 2] == y) d = smaller(d, second[j - 2] + 2);
            row[j] = d;
            least = smaller(least, d);
        }
        if (least > limit) return limit + 1;
    }
    return rows[n % 3][m];
}

void ls_suggest_start(ls_suggestion *s, const char *wanted) {
    s->wanted = wanted;
    s->best[0] = 0;
    int n = (int)strlen(wanted);
    s->distance = n <= 1 ? 0 : 2 * (n < 3 ? 1 : n / 3 > 3 ? 3 : (n + 1) / 3) + 1;
}

void ls_suggest_offer(ls_suggestion *s, const char *candidate) {
    size_t n = strlen(candidate);
    if (n == 0 || n >= sizeof s->best || (candidate[0] == '_' && s->wanted[0] != '_')) return;
    int d = distance(s->wanted, candidate, s->distance - 1);
    if (d == 0 || d >= s->distance || d >= 2 * (int)n) return;
    s->distance = d;
    memcpy(s->best, candidate, n + 1);
}

const char *ls_suggest_best(const ls_suggestion *s) { return s->best[0] ? s->best : NULL; }

/* ---- names ---- */

static bool offer_builtin(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    const char *name = strncmp(qualified, "np.linalg.", 10) == 0 ? qualified + 10
                       : strncmp(qualified, "np.", 3) == 0       ? qualified + 3
                                                                 : qualified;
    if (!strchr(name, '.')) ls_suggest_offer(ctx, name);
    return true;
}

static const char *const keywords[] = {"and", "assert", "break", "continue", "def", "del", "elif", "else", "False", "for", "from",
    "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not", "or", "pass", "return", "True", "while"};

static const struct { const char *name, *line; } imports[] = {{"np", "import numpy as np"}, {"numpy", "import numpy"},
    {"torch", "import torch"}, {"math", "import math"}, {"nn", "from torch import nn"}, {"jnp", "import jax.numpy as jnp"},
    {"jax", "import jax"}, {"tqdm", "from tqdm import tqdm"}, {"product", "from itertools import product"},
    {"time", "import time"}, {"F", "import torch.nn.functional as F"}};

void ls_suggest_name(ls_interp *in, const char *name) {
    if (in->error.hint[0]) return;
    for (size_t i = 0; i < sizeof imports / sizeof *imports; i++)
        if (strcmp(name, imports[i].name) == 0) {
            ls_hint(in, "write `%s` first", imports[i].line);
            return;
        }
    ls_suggestion s;
    ls_suggest_start(&s, name);
    const ls_globals *g = in->slots;
    for (int i = 0; i < g->n; i++)
        if (g->values[i].tag != LS_UNSET) ls_suggest_offer(&s, g->info[i].name);
    const ls_code *code = in->vm->frame ? in->vm->frame->code : NULL;
    for (int i = 0; code && i < code->nlocals; i++) ls_suggest_offer(&s, code->locals[i]);
    ls_builtin_each(offer_builtin, &s);
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) ls_suggest_offer(&s, keywords[i]);
    if (ls_suggest_best(&s)) ls_hint(in, "did you mean `%s`?", s.best);
}

/* ---- attributes ---- */

typedef struct offer { ls_suggestion s; char prefix[64]; size_t n; } offer;

static bool offer_member(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    offer *o = ctx;
    if (strncmp(qualified, o->prefix, o->n) == 0 && !strchr(qualified + o->n, '.')) ls_suggest_offer(&o->s, qualified + o->n);
    return true;
}

void ls_suggest_attribute(ls_interp *in, ls_value object, const char *name) {
    if (in->error.hint[0]) return;
    offer o;
    const char *prefix = ls_attribute_prefix(object);
    if (object.tag == LS_MODULE) snprintf(o.prefix, sizeof o.prefix, "%s.", object.module->prefix);
    else if (*prefix) snprintf(o.prefix, sizeof o.prefix, "%s.", prefix);
    else return;
    o.n = strlen(o.prefix);
    ls_suggest_start(&o.s, name);
    ls_builtin_each(offer_member, &o);
    for (int i = 0; ls_constant_families[i]; i++)
        for (const ls_constant *c = ls_constant_families[i]; c->names; c++) {
            char names[200], *rest = names, *one;
            snprintf(names, sizeof names, "%s", c->names);
            while ((one = strtok_r(rest, " ", &rest))) offer_member(&o, one, NULL);
        }
    if (ls_suggest_best(&o.s)) ls_hint(in, "did you mean `%s`?", o.s.best);
    else if (object.tag == LS_MODULE && strcmp(object.module->prefix, "plt") == 0)
        ls_hint(in, "lsv draws plot, semilogx, semilogy, loglog, scatter, step, stem, bar, hist and imshow");
    else if (object.tag == LS_ARRAY) { /* x.svd where svd(x) is meant */
        ls_value v;
        if (ls_builtin_name(name, &v)) {
            if (v.tag == LS_BUILTIN) ls_hint(in, "%s is a function: write `%s(…)`", name, name);
            ls_drop(v);
        }
    }
}
