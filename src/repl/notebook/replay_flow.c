/* Which outputs depend on what no two runs share: random numbers drawn without a seed, the clock,
   addresses of objects.

   The cells' trees are walked in the order they run. A name is marked while it holds something that
   depends on such a call, and every expression over a marked name is marked. A seed clears the way for
   the draws after it; shapes, dtypes and lengths of a marked value are not marked. Loops are walked
   twice, since the second round sees what the first one left; a branch or a loop under a marked
   condition marks all it assigns and prints. The program's own functions are walked at each call, with
   the arguments' marks and the seeds as they stand there. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "repl/notebook/replay.h"

enum { CALLS = 12, TREES_ROOM = 64 };

typedef struct mark {
    const char *name;
    const origin *from;
} mark;
typedef struct alias {
    const char *name;
    char path[96];
} alias;
typedef struct known {
    const char *name;
    const ls_function_node *function;
    const ls_source *source;
    int cell;
} known;

struct flow {
    ls_tree *trees; /* all stay until the end: marks point into their texts */
    int ntrees, trees_room;
    mark *marks; /* of the session's names, and above `base` those of a call's */
    int nmarks, marks_room, base;
    alias *aliases;
    int naliases, aliases_room;
    known *functions;
    int nfunctions, functions_room;
    origin **origins;
    int norigins, origins_room;
    bool numpy_seeded, torch_seeded, failed;
    int cell, first_line, calls;
    const ls_source *source;
    const origin *control; /* the condition that what runs now depends on */
    const origin *returned, *shown;
    bool steers; /* something is shown under a marked condition */
};

static bool grow(flow *f, void *items, int n, int *room, size_t size) {
    if (n < *room) return true;
    int more = *room ? 2 * *room : TREES_ROOM;
    void **at = items, *bigger = lsv_realloc(*at, (size_t)more * size);
    if (!bigger) {
        f->failed = true;
        return false;
    }
    *at = bigger;
    *room = more;
    return true;
}

flow *flow_new(void) { return lsv_calloc(1, sizeof(flow)); }

void flow_free(flow *f) {
    if (!f) return;
    for (int i = 0; i < f->ntrees; i++) ls_tree_free(&f->trees[i]);
    for (int i = 0; i < f->norigins; i++) lsv_free(f->origins[i]);
    lsv_free(f->trees);
    lsv_free(f->marks);
    lsv_free(f->aliases);
    lsv_free(f->functions);
    lsv_free(f->origins);
    lsv_free(f);
}

/* ---- names ---- */

static const origin *either(const origin *a, const origin *b) { return a ? a : b; }

static const origin *mark_of(const flow *f, const char *name) {
    for (int i = f->nmarks - 1; i >= 0; i--)
        if (strcmp(f->marks[i].name, name) == 0) return f->marks[i].from;
    return NULL;
}

/* Binds the name in the innermost scope; `adds`: on top of what it held. */
static void bind(flow *f, const char *name, const origin *from, bool adds) {
    from = either(from, f->control);
    for (int i = f->nmarks - 1; i >= (adds ? 0 : f->base); i--) {
        if (strcmp(f->marks[i].name, name) != 0) continue;
        f->marks[i].from = adds ? either(f->marks[i].from, from) : from;
        return;
    }
    if (adds && !from) return;
    if (grow(f, &f->marks, f->nmarks, &f->marks_room, sizeof *f->marks))
        f->marks[f->nmarks++] = (mark){name, from};
}

static const known *function_named(const flow *f, const char *name) {
    for (int i = f->nfunctions - 1; i >= 0; i--)
        if (strcmp(f->functions[i].name, name) == 0) return &f->functions[i];
    return NULL;
}

static void set_function(flow *f, const char *name, const ls_function_node *function) {
    if (grow(f, &f->functions, f->nfunctions, &f->functions_room, sizeof *f->functions))
        f->functions[f->nfunctions++] = (known){name, function, f->source, f->cell};
}

static void set_alias(flow *f, const char *name, const char *path, const char *part) {
    if (!grow(f, &f->aliases, f->naliases, &f->aliases_room, sizeof *f->aliases)) return;
    alias *a = &f->aliases[f->naliases++];
    a->name = name;
    snprintf(a->path, sizeof a->path, "%s%s%s", path, part ? "." : "", part ? part : "");
}

/* "numpy.random.rand" of np.random.rand; false: no dotted name. */
static bool path_of(const flow *f, const ls_node *e, char *out, size_t n) {
    if (e->kind == LS_N_NAME) {
        for (int i = f->naliases - 1; i >= 0; i--)
            if (strcmp(f->aliases[i].name, e->text) == 0)
                return snprintf(out, n, "%s", f->aliases[i].path) > 0;
        return snprintf(out, n, "%s", strcmp(e->text, "np") == 0 ? "numpy" : e->text) > 0;
    }
    char base[96];
    if (e->kind != LS_N_ATTRIBUTE || !path_of(f, e->a, base, sizeof base)) return false;
    int used = snprintf(out, n, "%s.%s", base, e->text);
    return used > 0 && (size_t)used < n;
}

/* ---- sources ---- */

static const origin *source_at(flow *f, cause why, const ls_node *n) {
    int line, column;
    ls_source_where(f->source, n->span.start, &line, &column);
    size_t length = n->a ? n->a->span.end - n->a->span.start : 0;
    origin o = {.cause = why, .cell = f->cell, .line = line};
    snprintf(o.what, sizeof o.what, "%.*s", (int)(length < 60 ? length : 60),
             f->source->text + n->span.start);
    for (int i = 0; i < f->norigins; i++)
        if (f->origins[i]->line == line && f->origins[i]->cell == f->cell &&
            strcmp(f->origins[i]->what, o.what) == 0)
            return f->origins[i];
    origin *copy = lsv_malloc(sizeof *copy);
    if (!copy || !grow(f, &f->origins, f->norigins, &f->origins_room, sizeof *f->origins)) {
        lsv_free(copy);
        f->failed = true;
        return NULL;
    }
    *copy = o;
    f->origins[f->norigins++] = copy;
    return copy;
}

static bool one_of(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

static const ls_node *keyword(const ls_node *call, const char *name) {
    for (int i = 0; i < call->list.n; i++)
        if (call->list.items[i]->kind == LS_N_KEYWORD && strcmp(call->list.items[i]->text, name) == 0)
            return call->list.items[i]->a;
    return NULL;
}

static const char *after(const char *path, const char *prefix) {
    size_t n = strlen(prefix);
    return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

/* A call by its full name: seeds are noted; a draw without one is a source. *plain: the result carries no
   mark, whatever the arguments carry. */
static const origin *known_call(flow *f, const ls_node *call, const char *path, const origin *arguments,
                                bool *plain) {
    static const char *const draws[] = {"rand",      "randn",      "randint",      "randperm",
                                        "normal",    "bernoulli",  "multinomial",  "poisson",
                                        "rand_like", "randn_like", "randint_like", NULL};
    static const char *const clocks[] = {"time.time",
                                         "time.time_ns",
                                         "time.perf_counter",
                                         "time.perf_counter_ns",
                                         "time.monotonic",
                                         "time.monotonic_ns",
                                         "time.process_time",
                                         "time.process_time_ns",
                                         "time.thread_time",
                                         "time.ctime",
                                         "time.asctime",
                                         "time.strftime",
                                         "datetime.now",
                                         "datetime.datetime.now",
                                         NULL};
    static const char *const shapes[] = {"len",
                                         "type",
                                         "isinstance",
                                         "callable",
                                         "numpy.shape",
                                         "numpy.ndim",
                                         "numpy.size",
                                         "numpy.zeros_like",
                                         "numpy.ones_like",
                                         "torch.zeros_like",
                                         "torch.ones_like",
                                         "torch.numel",
                                         NULL};
    const char *numpy = after(path, "numpy.random."), *torch = after(path, "torch.");
    bool given = call->list.n > 0 && !arguments && call->list.items[0]->kind != LS_N_NONE;
    if (one_of(path, shapes)) *plain = true;
    if (one_of(path, clocks)) return source_at(f, CAUSE_CLOCK, call);
    if (strcmp(path, "id") == 0 || strcmp(path, "hash") == 0) return source_at(f, CAUSE_ADDRESS, call);
    if (numpy && strcmp(numpy, "seed") == 0) {
        f->numpy_seeded = given;
        return NULL;
    }
    if (torch && (strcmp(torch, "manual_seed") == 0 || strcmp(torch, "random.manual_seed") == 0)) {
        f->torch_seeded = given;
        return NULL;
    }
    if (torch && strcmp(torch, "seed") == 0) f->torch_seeded = false;
    if (numpy && (strcmp(numpy, "default_rng") == 0 || strcmp(numpy, "RandomState") == 0))
        return given ? NULL : source_at(f, CAUSE_RANDOM, call);
    if (numpy && strchr(numpy, '.') == NULL && strcmp(numpy, "get_state") != 0)
        return f->numpy_seeded ? NULL : source_at(f, CAUSE_RANDOM, call);
    if (torch && one_of(torch, draws) && !keyword(call, "generator"))
        return f->torch_seeded ? NULL : source_at(f, CAUSE_RANDOM, call);
    bool bare = strchr(path, '.') == NULL && one_of(path, draws) &&
                !function_named(f, path); /* rand(3): NumPy's, without a prefix */
    return bare && !f->numpy_seeded ? source_at(f, CAUSE_RANDOM, call) : NULL;
}

/* ---- expressions ---- */

static const origin *expression(flow *f, const ls_node *e);
static void statements(flow *f, const ls_nodes *list);
static void assign(flow *f, const ls_node *target, const origin *from);

static const origin *all_of(flow *f, const ls_nodes *list) {
    const origin *from = NULL;
    for (int i = 0; i < list->n; i++) from = either(from, expression(f, list->items[i]));
    return from;
}

/* The body of a function of the program, its parameters marked as the arguments are. */
static const origin *into(flow *f, known k, const ls_node *call, const origin *arguments) {
    const ls_function_node *function = k.function;
    if (f->calls >= CALLS) return arguments;
    int base = f->base, nmarks = f->nmarks;
    const origin *returned = f->returned;
    const origin *values[32] = {NULL};
    for (int i = 0; i < function->nparams && i < 32; i++) {
        const ls_node *given = call && i < call->list.n ? call->list.items[i] : NULL;
        const ls_node *named = call ? keyword(call, function->params[i].name) : NULL;
        bool simple = given && given->kind != LS_N_KEYWORD && given->kind != LS_N_STARRED &&
                      given->kind != LS_N_DOUBLESTAR;
        values[i] = named                      ? expression(f, named)
                    : simple                   ? expression(f, given)
                    : call && i < call->list.n ? arguments
                                               : NULL;
    }
    const ls_source *source = f->source;
    int cell = f->cell;
    f->base = f->nmarks;
    f->returned = NULL;
    f->source = k.source; /* where its draws stand */
    f->cell = k.cell;
    f->calls++;
    for (int i = 0; i < function->nparams && i < 32; i++) bind(f, function->params[i].name, values[i], false);
    if (function->body->kind == LS_N_BLOCK) statements(f, &function->body->list);
    else f->returned = expression(f, function->body);
    const origin *result = f->returned;
    f->calls--;
    f->source = source;
    f->cell = cell;
    f->returned = returned;
    f->nmarks = nmarks;
    f->base = base;
    return result;
}

static const char *root_of(const ls_node *e) {
    while (e && (e->kind == LS_N_SUBSCRIPT || e->kind == LS_N_ATTRIBUTE || e->kind == LS_N_CALL)) e = e->a;
    return e && e->kind == LS_N_NAME ? e->text : NULL;
}

static const origin *call(flow *f, const ls_node *e) {
    static const char *const sizes[] = {"nelement",      "numel",        "dim", "ndimension",
                                        "is_contiguous", "element_size", NULL};
    static const char *const draws_in_place[] = {"normal_",      "uniform_",   "random_",
                                                 "exponential_", "bernoulli_", NULL};
    char path[160];
    bool plain = false;
    const origin *arguments = all_of(f, &e->list);
    const ls_node *callee = e->a;
    if (callee->kind == LS_N_NAME) {
        const known *function = function_named(f, callee->text);
        if (function) return either(into(f, *function, e, arguments), mark_of(f, callee->text));
        if (strcmp(callee->text, "print") == 0 || strcmp(callee->text, "display") == 0) {
            f->shown = either(f->shown, either(arguments, f->control));
            f->steers = f->steers || f->control;
            return NULL;
        }
    }
    if (callee->kind == LS_N_LAMBDA)
        return into(f, (known){NULL, callee->function, f->source, f->cell}, e, arguments);
    const origin *from =
        path_of(f, callee, path, sizeof path) ? known_call(f, e, path, arguments, &plain) : NULL;
    if (plain) return from;
    if (callee->kind == LS_N_ATTRIBUTE) {
        const char *root = root_of(callee->a);
        size_t n = strlen(callee->text);
        bool changes = n > 1 && callee->text[n - 1] == '_';
        if (one_of(callee->text, sizes) || (strcmp(callee->text, "size") == 0)) return from;
        if (one_of(callee->text, draws_in_place) && !f->torch_seeded)
            from = either(from, source_at(f, CAUSE_RANDOM, e));
        static const char *const takers[] = {"append", "extend", "insert", "update", "fill", "add", NULL};
        if (root && (changes || one_of(callee->text, takers))) bind(f, root, either(from, arguments), true);
        from = either(from, expression(f, callee->a));
    } else {
        from = either(from, expression(f, callee));
    }
    return either(from, arguments);
}

static const origin *expression(flow *f, const ls_node *e) {
    static const char *const facts[] = {"shape",    "dtype",  "ndim",          "size",    "device",
                                        "itemsize", "nbytes", "requires_grad", "is_leaf", NULL};
    if (!e) return NULL;
    switch (e->kind) {
    case LS_N_NAME: return mark_of(f, e->text);
    case LS_N_CALL: return call(f, e);
    case LS_N_ATTRIBUTE: return one_of(e->text, facts) ? NULL : expression(f, e->a);
    case LS_N_KEYWORD:
    case LS_N_STARRED:
    case LS_N_DOUBLESTAR: return expression(f, e->a);
    case LS_N_LAMBDA: return NULL; /* walked where it is called; see assign */
    case LS_N_WALRUS: {
        const origin *from = expression(f, e->b);
        assign(f, e->a, from);
        return from;
    }
    case LS_N_LISTCOMP:
    case LS_N_GENEXP:
    case LS_N_DICTCOMP: {
        const origin *from = NULL;
        for (int i = 0; i < e->list.n; i++) {
            const ls_node *loop = e->list.items[i];
            const origin *over = expression(f, loop->b);
            assign(f, loop->a, over);
            from = either(from, either(over, all_of(f, &loop->list)));
        }
        return either(expression(f, e->a), from);
    }
    default: break;
    }
    const origin *from = either(either(expression(f, e->a), expression(f, e->b)), expression(f, e->c));
    return either(from, all_of(f, &e->list));
}

/* ---- statements ---- */

static void assign(flow *f, const ls_node *target, const origin *from) {
    switch (target->kind) {
    case LS_N_NAME: bind(f, target->text, from, false); break;
    case LS_N_STARRED: assign(f, target->a, from); break;
    case LS_N_TUPLE:
    case LS_N_LIST:
        for (int i = 0; i < target->list.n; i++) assign(f, target->list.items[i], from);
        break;
    default: {
        const char *root = root_of(target);
        if (root) bind(f, root, either(from, target->b ? expression(f, target->b) : NULL), true);
    }
    }
}

static void assign_value(flow *f, const ls_node *target, const ls_node *value, const origin *from) {
    bool both = target->kind == LS_N_TUPLE && value->kind == LS_N_TUPLE && target->list.n == value->list.n;
    if (target->kind == LS_N_NAME && value->kind == LS_N_LAMBDA)
        set_function(f, target->text, value->function);
    if (!both) assign(f, target, from);
    for (int i = 0; both && i < target->list.n; i++)
        assign(f, target->list.items[i], expression(f, value->list.items[i]));
}

/* Twice: what a round leaves is there in the next. */
static void loop(flow *f, const ls_node *s) {
    const origin *control = f->control;
    for (int round = 0; round < 2; round++) {
        const origin *over = expression(f, s->kind == LS_N_FOR ? s->b : s->a);
        if (s->kind == LS_N_FOR) assign(f, s->a, over);
        else
            f->control = either(
                control, over); /* how often a while loop runs; over a marked array as often as it is long */
        statements(f, &s->body);
        f->control = control;
    }
    statements(f, &s->orelse);
}

static void import(flow *f, const ls_node *s) {
    for (int i = 0; i < s->list.n; i++) {
        const ls_node *a = s->list.items[i];
        if (s->kind == LS_N_IMPORT && a->text2) set_alias(f, a->text2, a->text, NULL);
        else if (s->kind == LS_N_FROMIMPORT && strcmp(a->text, "*") != 0)
            set_alias(f, a->text2 ? a->text2 : a->text, s->text, a->text);
    }
}

static void statement(flow *f, const ls_node *s) {
    const origin *from;
    switch (s->kind) {
    case LS_N_EXPR:
        from = expression(f, s->a);
        if (!f->calls)
            f->shown = either(f->shown, either(from, f->control)); /* it may be what the cell shows */
        break;
    case LS_N_ASSIGN:
        from = expression(f, s->b);
        for (int i = 0; i < s->list.n; i++) assign_value(f, s->list.items[i], s->b, from);
        break;
    case LS_N_ANNASSIGN:
        if (s->b) assign(f, s->a, expression(f, s->b));
        break;
    case LS_N_AUGASSIGN: {
        const char *root = root_of(s->a);
        from = either(expression(f, s->a), expression(f, s->b));
        if (root) bind(f, root, from, true);
        break;
    }
    case LS_N_IF: {
        const origin *control = f->control;
        f->control = either(control, expression(f, s->a));
        statements(f, &s->body);
        statements(f, &s->orelse);
        f->control = control;
        break;
    }
    case LS_N_FOR:
    case LS_N_WHILE: loop(f, s); break;
    case LS_N_DEF: set_function(f, s->function->name, s->function); break;
    case LS_N_RETURN: f->returned = either(f->returned, either(expression(f, s->a), f->control)); break;
    case LS_N_ASSERT: expression(f, s->a); break;
    case LS_N_IMPORT:
    case LS_N_FROMIMPORT: import(f, s); break;
    case LS_N_BLOCK: statements(f, &s->list); break;
    default: break;
    }
}

static void statements(flow *f, const ls_nodes *list) {
    for (int i = 0; i < list->n && !f->failed; i++) statement(f, list->items[i]);
}

/* ---- cells ---- */

static void part(flow *f, const char *text, size_t n, int line) {
    ls_error error = {0};
    ls_source *source = ls_source_new("<cell>", text, n, line);
    if (source && grow(f, &f->trees, f->ntrees, &f->trees_room, sizeof *f->trees)) {
        ls_tree *tree = &f->trees[f->ntrees];
        *tree = (ls_tree){0};
        if (ls_parse(source, tree, &error)) {
            f->ntrees++;
            f->source = tree->source;
            statements(f, &tree->block->list);
        }
    }
    ls_error_clear(&error);
    ls_source_release(source);
}

static int lines_in(const char *text, size_t n) {
    int lines = 0;
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n';
    return lines;
}

/* %time and the like print times. */
static void magic(flow *f, const char *text, size_t n, int line) {
    static const char *const timers[] = {"%time", "%timeit", "%%time", "%%timeit"};
    for (size_t k = 0; k < sizeof timers / sizeof *timers; k++) {
        size_t w = strlen(timers[k]);
        if (n < w || memcmp(text, timers[k], w) != 0 || (n > w && !strchr(" \t\r\n", text[w]))) continue;
        origin *o = lsv_malloc(sizeof *o);
        if (!o || !grow(f, &f->origins, f->norigins, &f->origins_room, sizeof *f->origins)) {
            lsv_free(o);
            return;
        }
        *o = (origin){.cause = CAUSE_CLOCK, .cell = f->cell, .line = line};
        snprintf(o->what, sizeof o->what, "%s", timers[k]);
        f->origins[f->norigins++] = o;
        f->shown = either(f->shown, o);
        const char *code = text + w;
        if (text[1] == '%') code = memchr(text, '\n', n) ? (const char *)memchr(text, '\n', n) + 1 : text + n;
        else if (k == 0)
            while (code < text + n && *code == ' ') code++;
        if (k != 1 && k != 3) part(f, code, (size_t)(text + n - code), line); /* %timeit leaves no names */
    }
}

void flow_cell(flow *f, const char *text, size_t n, int cell, int first_line, origin *out) {
    size_t at = 0, start, end, blank = 0;
    f->cell = cell;
    f->first_line = first_line;
    f->shown = f->returned = f->control = NULL;
    f->steers = false;
    while (blank < n && strchr(" \t\r\n", text[blank])) blank++;
    if (n - blank >= 2 && memcmp(text + blank, "%%", 2) == 0) {
        magic(f, text + blank, n - blank, first_line);
        at = n;
    }
    while (at < n) {
        bool more = ls_next_magic(text, n, at, &start, &end);
        size_t stop = more ? start : n;
        if (stop > at) part(f, text + at, stop - at, first_line + lines_in(text, at));
        if (!more) break;
        magic(f, text + start, end - start, first_line + lines_in(text, start));
        at = end;
        while (at < n && text[at] != '\n') at++;
        if (at < n) at++;
    }
    *out = f->shown ? *f->shown : (origin){0};
    out->steers = f->steers;
}
