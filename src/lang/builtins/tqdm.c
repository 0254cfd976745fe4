/* tqdm: an iterator that passes elements on and tells the client how far it is. What is drawn is the
   client's business; programs print the same with and without a bar. */
#include <string.h>

#include "lang/builtins/python.h"

/* state: iterator (None: only updated by hand), description, total or None, disabled; pos: elements so far */
static void tell(ls_interp *in, const ls_iter *it) {
    if (!in->client.progress || it->state[3].i) return;
    const char *what = it->state[1].tag == LS_STR ? it->state[1].str->data : "";
    in->client.progress(in->client.ctx, what, it->pos, it->state[2].tag == LS_INT ? it->state[2].i : -1);
}

static bool next_step(ls_interp *in, ls_iter *it, ls_value *out) {
    if (it->state[0].tag != LS_ITER) return ls_raise(in, "TypeError", "'NoneType' object is not iterable");
    if (it->len >= 0 && it->len == it->pos && it->state[2].tag != LS_INT) it->state[2] = ls_int(it->len);
    if (ls_next(in, it->state[0], out)) {
        it->pos++;
        tell(in, it);
        return true;
    }
    if (!in->error.set && it->state[2].tag != LS_INT) { /* now the total is known: the bar can end */
        it->state[2] = ls_int(it->pos);
        tell(in, it);
    }
    return false;
}

static bool make(ls_interp *in, ls_value iterable, ls_value desc, ls_value total, ls_value disable,
                 ls_value *out) {
    bool off;
    int64_t count = 0;
    ls_value of = ls_none();
    if (!ls_truth(in, disable, &off)) return false;
    if (desc.tag != LS_NONE && desc.tag != LS_STR)
        return ls_raise(in, "TypeError", "desc must be str, not %s", ls_type_name(desc));
    if (total.tag != LS_NONE && !ls_index_arg(in, total, &count)) return false;
    if (iterable.tag != LS_NONE && !ls_iterate(in, iterable, &of)) return false;
    ls_value v = ls_iter_new("tqdm", next_step, -1);
    if (v.tag == LS_UNSET) {
        ls_drop(of);
        return ls_no_memory(in);
    }
    ptrdiff_t n = of.tag == LS_ITER && of.iter->len >= 0 ? of.iter->len - of.iter->pos : -1;
    if (iterable.tag == LS_LIST) n = iterable.list->n;
    if (iterable.tag == LS_STR) n = iterable.str->points;
    v.iter->len = total.tag == LS_NONE ? n : count;
    v.iter->state[0] = of;
    v.iter->state[1] = ls_ref(desc);
    v.iter->state[2] = v.iter->len >= 0 ? ls_int(v.iter->len) : ls_none();
    v.iter->state[3] = ls_bool(off);
    tell(in, v.iter);
    *out = v;
    return true;
}

/* (iterable, desc, total, leave, file, ncols, mininterval, maxinterval, miniters, ascii, disable, …) */
static LS_PY(py_tqdm) { return make(in, args[0], args[1], args[2], args[10], out); }

/* (*args, desc, disable, **kwargs): a range */
static LS_PY(py_trange) {
    const ls_tuple *t = args[0].tuple;
    ls_value bounds[3] = {ls_none(), {.tag = LS_ELLIPSIS}, ls_int(1)}, range;
    if (t->n < 1 || t->n > 3)
        return ls_raise(in, "TypeError", "trange takes 1 to 3 positional arguments but %td were given", t->n);
    for (ptrdiff_t i = 0; i < t->n; i++) bounds[i] = t->items[i];
    if (!ls_py_range(in, self, bounds, &range)) return false;
    bool ok = make(in, range, args[1], ls_none(), args[2], out);
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
    tell(in, it);
    return true;
}

static LS_PY(tqdm_nothing) {
    ls_iter *it = NULL;
    return bar(in, args[0], &it);
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
    {EVERYWHERE("trange"), "(*args, desc=None, disable=False, **kwargs)", "a range with a progress bar", NULL,
     NULL, py_trange, 0, 0, NULL},
    {"tqdm.update", "(self, n=1)", "goes n steps on", NULL, NULL, tqdm_update, 0, 0, NULL},
    {"tqdm.set_description tqdm.set_description_str", "(self, desc=None, refresh=True)",
     "changes the text of the bar", NULL, NULL, tqdm_describe, 0, 0, NULL},
    {"tqdm.set_postfix tqdm.set_postfix_str", "(self, /, *args, **kwargs)", "accepted, and not shown", NULL,
     NULL, tqdm_nothing, 0, 0, NULL},
    {"tqdm.close tqdm.refresh tqdm.clear tqdm.reset", "(self, /, *args)", "accepted", NULL, NULL,
     tqdm_nothing, 0, 0, NULL},
    {"tqdm.tqdm.write tqdm.auto.tqdm.write", "(s, file=None, end='\\n')", "prints a line beside the bar",
     NULL, NULL, tqdm_write, 0, 0, NULL},
    {0}};
