/* tqdm: an iterator that passes elements on and tells the client how far it is. What is drawn is the
   client's business; programs print the same with and without a bar. */
#include <string.h>

#include "lang/builtins/python/python.h"

/* state: iterator (None: only updated by hand), description, total or None, settings; pos: elements done.
   GIVEN: one has been given out and is being worked on; it is done when the next is asked for. */
enum { DISABLED, ID, LEAVE, COLUMNS, INTERVAL, ASCII, UNIT, SCALE, INITIAL, POSTFIX, GIVEN, SETTINGS };

static const char *text_of(ls_value v) { return v.tag == LS_STR ? v.str->data : ""; }

/* Tell the client; now: it is to be drawn even if it was a moment ago. */
static void tell_as(ls_interp *in, const ls_iter *it, bool now, bool closed) {
    const ls_value *set = it->state[3].tuple->items;
    if (!in->client.progress || set[DISABLED].i) return;
    ls_bar b = {.id = set[ID].i, .desc = text_of(it->state[1]), .unit = text_of(set[UNIT]), .postfix = text_of(set[POSTFIX]),
                .done = it->pos + set[INITIAL].i, .total = it->state[2].tag == LS_INT ? it->state[2].i : -1,
                .initial = set[INITIAL].i, .interval = set[INTERVAL].f, .columns = (int)set[COLUMNS].i,
                .ascii = (int)set[ASCII].i, .leave = set[LEAVE].i, .scale = set[SCALE].i, .refresh = now, .closed = closed};
    in->client.progress(in->client.ctx, &b);
}

static void tell(ls_interp *in, const ls_iter *it) { tell_as(in, it, false, false); }

static bool next_step(ls_interp *in, ls_iter *it, ls_value *out) {
    if (it->state[0].tag != LS_ITER) return ls_raise(in, "TypeError", "'NoneType' object is not iterable");
    ls_value *given = &it->state[3].tuple->items[GIVEN];
    if (given->i) {
        it->pos++;
        tell(in, it);
    }
    *given = ls_bool(ls_next(in, it->state[0], out));
    if (!given->i && !in->error.set) tell_as(in, it, false, true);
    return given->i;
}

/* The options of tqdm that say how the bar looks, from its arguments and from those named in **kwargs. */
typedef struct look { ls_value leave, columns, interval, ascii, disable, unit; const ls_dict *more; } look;

static ls_value option(const look *l, const char *name) {
    const ls_value *v = l->more ? ls_dict_find_text(l->more, name) : NULL;
    return v ? *v : ls_none();
}

static bool settings(ls_interp *in, const look *l, ls_value *out) {
    static int64_t last;
    bool off, leave = true, ascii = false, scale = false;
    int64_t columns = 0, initial = 0;
    double interval = 0.1;
    ls_value from = option(l, "initial"), scaled = option(l, "unit_scale");
    if (!ls_truth(in, l->disable, &off)) return false;
    if (l->leave.tag != LS_NONE && !ls_truth(in, l->leave, &leave)) return false;
    if (l->ascii.tag != LS_NONE && !ls_truth(in, l->ascii, &ascii)) return false;
    if (scaled.tag != LS_NONE && !ls_truth(in, scaled, &scale)) return false;
    if (l->columns.tag != LS_NONE && !ls_as_int(in, l->columns, "ncols", &columns)) return false;
    if (from.tag != LS_NONE && !ls_as_int(in, from, "initial", &initial)) return false;
    if (l->interval.tag != LS_NONE && !ls_as_double(in, l->interval, "mininterval", &interval)) return false;
    *out = ls_tuple_new(SETTINGS);
    if (out->tag == LS_UNSET) return ls_no_memory(in);
    ls_value *set = out->tuple->items;
    set[DISABLED] = ls_bool(off);
    set[ID] = ls_int(++last);
    set[LEAVE] = ls_bool(leave);
    set[COLUMNS] = ls_int(columns < 0 || columns > 10000 ? 0 : columns);
    set[INTERVAL] = ls_float(interval);
    set[ASCII] = ls_int(l->ascii.tag == LS_NONE ? -1 : ascii);
    set[UNIT] = ls_ref(l->unit);
    set[SCALE] = ls_bool(scale);
    set[INITIAL] = ls_int(initial);
    set[POSTFIX] = ls_none();
    set[GIVEN] = ls_bool(false);
    return true;
}

static bool make(ls_interp *in, ls_value iterable, ls_value desc, ls_value total, const look *l, ls_value *out) {
    int64_t count = 0;
    ls_value of = ls_none(), set;
    if (desc.tag != LS_NONE && desc.tag != LS_STR)
        return ls_raise(in, "TypeError", "desc must be str, not %s", ls_type_name(desc));
    if (total.tag != LS_NONE && !ls_index_arg(in, total, &count)) return false;
    if (!settings(in, l, &set)) return false;
    if (iterable.tag != LS_NONE && !ls_iterate(in, iterable, &of)) {
        ls_drop(set);
        return false;
    }
    ls_value v = ls_iter_new("tqdm", next_step, -1);
    if (v.tag == LS_UNSET) {
        ls_drop(of);
        ls_drop(set);
        return ls_no_memory(in);
    }
    ptrdiff_t n = of.tag == LS_ITER && of.iter->len >= 0 ? of.iter->len - of.iter->pos : -1;
    if (iterable.tag == LS_LIST) n = iterable.list->n;
    if (iterable.tag == LS_STR) n = iterable.str->points;
    v.iter->len = total.tag == LS_NONE ? n : count;
    v.iter->state[0] = of;
    v.iter->state[1] = ls_ref(desc);
    v.iter->state[2] = v.iter->len >= 0 ? ls_int(v.iter->len) : ls_none();
    v.iter->state[3] = set;
    tell_as(in, v.iter, true, false);
    *out = v;
    return true;
}

/* (iterable, desc, total, leave, file, ncols, mininterval, maxinterval, miniters, ascii, disable, unit, **kwargs) */
static LS_PY(py_tqdm) {
    look l = {args[3], args[5], args[6], args[9], args[10], args[11], args[12].tag == LS_DICT ? args[12].dict : NULL};
    return make(in, args[0], args[1], args[2], &l, out);
}

/* (*args, desc, leave, ncols, mininterval, ascii, disable, unit, **kwargs): a range */
static LS_PY(py_trange) {
    const ls_tuple *t = args[0].tuple;
    ls_value bounds[3] = {ls_none(), {.tag = LS_ELLIPSIS}, ls_int(1)}, range;
    look l = {args[2], args[3], args[4], args[5], args[6], args[7], args[8].tag == LS_DICT ? args[8].dict : NULL};
    if (t->n < 1 || t->n > 3)
        return ls_raise(in, "TypeError", "trange takes 1 to 3 positional arguments but %td were given", t->n);
    for (ptrdiff_t i = 0; i < t->n; i++) bounds[i] = t->items[i];
    if (!ls_py_range(in, self, bounds, &range)) return false;
    bool ok = make(in, range, args[1], ls_none(), &l, out);
    ls_drop(range);
    return ok;
}

/* ---- methods ---- */

static bool bar(ls_interp *in, ls_value v, ls_iter **it) {
    if (v.tag != LS_ITER || strcmp(v.iter->type, "tqdm") != 0)
        return ls_raise(in, "TypeError", "a tqdm is wanted, not '%s'", ls_type_name(v));
    *it = v.iter;
    return true;
}

static LS_PY(tqdm_update) {
    ls_iter *it = NULL;
    int64_t n;
    if (!bar(in, args[0], &it) || !ls_index_arg(in, args[1], &n)) return false;
    it->pos += n;
    tell(in, it);
    return true;
}

static LS_PY(tqdm_describe) {
    ls_iter *it = NULL;
    if (!bar(in, args[0], &it)) return false;
    if (args[1].tag != LS_NONE && args[1].tag != LS_STR)
        return ls_raise(in, "TypeError", "desc must be str, not %s", ls_type_name(args[1]));
    ls_drop(it->state[1]);
    it->state[1] = ls_ref(args[1]);
    tell_as(in, it, true, false);
    return true;
}

/* op 0: refresh, clear; 1: close */
static LS_PY(tqdm_show) {
    ls_iter *it = NULL;
    if (!bar(in, args[0], &it)) return false;
    tell_as(in, it, true, self->op == 1);
    return true;
}

static LS_PY(tqdm_reset) {
    ls_iter *it = NULL;
    int64_t total;
    if (!bar(in, args[0], &it)) return false;
    if (args[1].tag != LS_NONE) {
        if (!ls_index_arg(in, args[1], &total)) return false;
        it->state[2] = ls_int(total);
    }
    it->pos = 0;
    it->state[3].tuple->items[GIVEN] = ls_bool(false);
    tell_as(in, it, true, false);
    return true;
}

static void put_postfix(ls_interp *in, ls_iter *it, ls_value text) {
    ls_value *at = &it->state[3].tuple->items[POSTFIX];
    ls_drop(*at);
    *at = text;
    tell_as(in, it, true, false);
}

/* "loss=0.333": numbers in three digits where that is shorter, everything else as str() has it. */
static bool add_pair(ls_interp *in, lsv_text *t, ls_value key, ls_value v) {
    lsv_text whole = {0}, brief = {0};
    bool number = v.tag == LS_INT || v.tag == LS_FLOAT || v.tag == LS_BOOL || v.tag == LS_NPSCALAR;
    bool ok = ls_str_text(in, &whole, v) && (!number || ls_format(in, &brief, v, ".3g", 3));
    if (ok) {
        char *zero = brief.data ? strstr(brief.data, "e+0") : NULL;
        if (!zero && brief.data) zero = strstr(brief.data, "e-0");
        if (zero) { /* 1e-05 is written 1e-5 */
            memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
            brief.length--;
        }
        const lsv_text *use = number && brief.length < whole.length ? &brief : &whole;
        if (t->length) lsv_text_puts(t, ", ");
        ok = ls_str_text(in, t, key);
        lsv_text_putc(t, '=');
        lsv_text_add(t, use->data ? use->data : "", use->length);
    }
    lsv_text_free(&whole);
    lsv_text_free(&brief);
    return ok;
}

/* The keywords in the order of their names, after those of a dictionary in its own. */
static bool add_pairs(ls_interp *in, lsv_text *t, const ls_dict *d, bool by_name) {
    for (const char *before = "";;) {
        const ls_dict_entry *next = NULL;
        for (ptrdiff_t i = 0; i < d->used; i++) {
            const ls_dict_entry *e = &d->entries[i];
            if (e->key.tag == LS_UNSET) continue;
            if (!by_name) {
                if (!add_pair(in, t, e->key, e->value)) return false;
            } else if (strcmp(e->key.str->data, before) > 0 && (!next || strcmp(e->key.str->data, next->key.str->data) < 0)) {
                next = e;
            }
        }
        if (!next) return true;
        if (!add_pair(in, t, next->key, next->value)) return false;
        before = next->key.str->data;
    }
}

static LS_PY(tqdm_postfix) {
    ls_iter *it = NULL;
    lsv_text t = {0};
    ls_value text;
    if (!bar(in, args[0], &it)) return false;
    if (args[1].tag != LS_NONE && args[1].tag != LS_DICT)
        return ls_raise(in, "TypeError", "set_postfix: a dictionary is wanted, not %s", ls_type_name(args[1]));
    bool ok = (args[1].tag != LS_DICT || add_pairs(in, &t, args[1].dict, false)) &&
              (args[3].tag != LS_DICT || add_pairs(in, &t, args[3].dict, true));
    if (!ok) {
        lsv_text_free(&t);
        return false;
    }
    if (!ls_put_text(in, &t, &text)) return false;
    put_postfix(in, it, text);
    return true;
}

static LS_PY(tqdm_postfix_str) {
    ls_iter *it = NULL;
    if (!bar(in, args[0], &it)) return false;
    if (args[1].tag != LS_STR) return ls_raise(in, "TypeError", "set_postfix_str: a str is wanted, not %s", ls_type_name(args[1]));
    put_postfix(in, it, ls_ref(args[1]));
    return true;
}

static LS_PY(tqdm_write) {
    lsv_text t = {0};
    bool ok = ls_str_text(in, &t, args[0]);
    lsv_text_putc(&t, '\n');
    if (ok && t.failed) ok = ls_no_memory(in);
    ok = ok && ls_write(in, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

#define EVERYWHERE(name) "tqdm." name " tqdm.auto." name " tqdm.autonotebook." name " tqdm.notebook." name

const ls_builtin ls_family_tqdm[] = {
    {EVERYWHERE("tqdm"),
     "(iterable=None, desc=None, total=None, leave=True, file=None, ncols=None, mininterval=0.1, "
     "maxinterval=10.0, miniters=None, ascii=None, "
     "disable=False, unit='it', **kwargs)",
     "the elements of an iterable, with a progress bar", NULL,
     "from tqdm import tqdm; sum(tqdm([1, 2, 3], disable=True))\n6\n", py_tqdm, 0, 0, NULL},
    {EVERYWHERE("trange"),
     "(*args, desc=None, leave=True, ncols=None, mininterval=0.1, ascii=None, disable=False, unit='it', **kwargs)",
     "a range with a progress bar", NULL,
     "from tqdm import trange; sum(trange(4, disable=True))\n6\n", py_trange, 0, 0, NULL},
    {"tqdm.update", "(self, n=1)", "goes n steps on",
     "The bar is drawn again where a tenth of a second has passed since it was.", NULL, tqdm_update, 0, 0, NULL},
    {"tqdm.set_description tqdm.set_description_str", "(self, desc=None, refresh=True)",
     "changes the text of the bar", NULL, NULL, tqdm_describe, 0, 0, NULL},
    {"tqdm.set_postfix", "(self, ordered_dict=None, refresh=True, **kwargs)",
     "shows names and values at the bar's end: set_postfix(loss=0.5)", NULL, NULL, tqdm_postfix, 0, 0, NULL},
    {"tqdm.set_postfix_str", "(self, s='', refresh=True)", "shows a text at the bar's end", NULL, NULL, tqdm_postfix_str,
     0, 0, NULL},
    {"tqdm.close", "(self)", "ends the bar", NULL, NULL, tqdm_show, 1, 0, NULL},
    {"tqdm.refresh tqdm.clear", "(self, /, *args)", "draws the bar now", NULL, NULL, tqdm_show, 0, 0, NULL},
    {"tqdm.reset", "(self, total=None)", "begins again at 0", NULL, NULL, tqdm_reset, 0, 0, NULL},
    {"tqdm.tqdm.write tqdm.auto.tqdm.write", "(s, file=None, end='\\n')", "prints a line beside the bar",
     NULL, NULL, tqdm_write, 0, 0, NULL},
    {0}};
