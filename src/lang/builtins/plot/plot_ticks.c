/* Ticks where a program wants them: plt.xticks(places, labels), and the names of plt.bar(["a", "b"], …). */
#include "lang/builtins/plot/plot.h"

#include <string.h>

typedef struct marks {
    int n;
    double at[LSV_PLACED_MOST];
    const char *names[LSV_PLACED_MOST];
    lsv_text texts[LSV_PLACED_MOST]; /* of names that are no str */
} marks;

static void marks_free(marks *m) {
    for (int i = 0; i < LSV_PLACED_MOST; i++) lsv_text_free(&m->texts[i]);
    lsv_free(m);
}

/* More ticks than an axis has: every second, third … of them. */
static ptrdiff_t stride_of(ptrdiff_t n) { return (n + LSV_PLACED_MOST - 1) / LSV_PLACED_MOST; }

static bool take_places(ls_work *w, ls_value ticks, marks *m, ptrdiff_t *given) {
    lsv_array *a;
    if (!ls_plot_array(w, ticks, "ticks", &a)) return false;
    if (a->ndim != 1) return ls_raise(w->in, "ValueError", "ticks are places along the axis: a vector of them");
    *given = a->size;
    for (ptrdiff_t i = 0; i < a->size; i += stride_of(a->size)) m->at[m->n++] = lsv_scalar_as_double(lsv_item(a, &i));
    return true;
}

/* One label for each of the `given` ticks. */
static bool take_labels(ls_work *w, const ls_list *labels, marks *m, ptrdiff_t given) {
    if (labels->n != given)
        return ls_raise(w->in, "ValueError", "The number of FixedLocator locations (%td), usually from a call to set_ticks, does not match the number of labels (%td).",
                        given, labels->n);
    for (int i = 0; i < m->n; i++) {
        ls_value v = labels->items[i * stride_of(given)];
        if (v.tag != LS_STR && !ls_str_text(w->in, &m->texts[i], v)) return false;
        if (m->texts[i].failed) return ls_no_memory(w->in);
        m->names[i] = v.tag == LS_STR ? v.str->data : m->texts[i].data ? m->texts[i].data : "";
    }
    return true;
}

static bool place(ls_work *w, ls_value ticks, ls_value labels, marks *m, lsv_plot_axis *axis) {
    ptrdiff_t given = axis->nticks;
    if (ls_is_none(ticks)) {
        m->n = axis->nticks;
        for (int i = 0; i < m->n; i++) m->at[i] = axis->at[i];
    } else if (!take_places(w, ticks, m, &given)) {
        return false;
    }
    if (ls_is_none(labels)) return ls_ok(w, lsv_figure_ticks(axis, m->n, m->at, NULL, &w->err));
    ls_value list;
    if (!ls_to_list(w->in, labels, &list)) return false;
    bool ok = take_labels(w, list.list, m, given) && ls_ok(w, lsv_figure_ticks(axis, m->n, m->at, m->names, &w->err));
    ls_drop(list);
    return ok;
}

static bool placed(ls_work *w, ls_value ticks, ls_value labels, lsv_plot_axis *axis) {
    marks *m = lsv_calloc(1, sizeof *m);
    if (!m) return ls_no_memory(w->in);
    bool ok = place(w, ticks, labels, m, axis);
    marks_free(m);
    return ok;
}

bool ls_plot_ticks(ls_work *w, ls_value ticks, ls_value labels, lsv_plot_axis *axis) {
    if (!ls_is_none(ticks)) return placed(w, ticks, labels, axis);
    return ls_is_none(labels) || ls_raise(w->in, "TypeError", "%s(): Parameter 'labels' can't be set without setting 'ticks'", ls_builtin_short_name(w->self));
}

bool ls_plot_tick_labels(ls_work *w, ls_value labels, lsv_plot_axis *axis) {
    return !axis->placed || placed(w, ls_none(), labels, axis);
}

/* ---- names for places ---- */

static bool are_names(ls_value v) {
    const ls_value *items = v.tag == LS_LIST ? v.list->items : v.tag == LS_TUPLE ? v.tuple->items : &v;
    ptrdiff_t n = v.tag == LS_LIST ? v.list->n : v.tag == LS_TUPLE ? v.tuple->n : 1;
    for (ptrdiff_t i = 0; i < n; i++)
        if (items[i].tag != LS_STR) return false;
    return n > 0;
}

/* The place of a name among those there are, as the next of them where it is new. */
static bool place_of(ls_work *w, const char *name, marks *m, int *at) {
    for (*at = 0; *at < m->n; (*at)++)
        if (strcmp(m->names[*at], name) == 0) return true;
    if (m->n == LSV_PLACED_MOST) return ls_raise(w->in, "ValueError", "an axis has room for %d names", LSV_PLACED_MOST);
    m->at[m->n] = m->n;
    m->names[m->n++] = name;
    return true;
}

static bool places(ls_work *w, const ls_list *names, marks *m, lsv_plot_axis *axis, lsv_array **a) {
    for (int i = 0; axis->names && i < axis->nticks; i++) m->names[m->n] = axis->names[i] ? axis->names[i] : "", m->at[m->n++] = i;
    if (!ls_new(w, LSV_FLOAT64, 1, &names->n, a)) return false;
    for (ptrdiff_t i = 0; i < names->n; i++) {
        int at;
        if (!place_of(w, names->items[i].str->data, m, &at)) return false;
        ((double *)lsv_data(*a))[i] = at;
    }
    return ls_ok(w, lsv_figure_ticks(axis, m->n, m->at, m->names, &w->err));
}

bool ls_plot_places(ls_work *w, ls_value v, const char *what, lsv_plot_axis *axis, lsv_array **a) {
    if (!are_names(v)) return ls_plot_array(w, v, what, a);
    ls_value list;
    if (v.tag == LS_STR) {
        list = ls_list_new(1);
        if (list.tag == LS_UNSET) return ls_no_memory(w->in);
        if (!ls_list_append(list.list, v)) {
            ls_drop(list);
            return ls_no_memory(w->in);
        }
    } else if (!ls_to_list(w->in, v, &list)) {
        return false;
    }
    marks *m = lsv_calloc(1, sizeof *m);
    bool ok = m ? places(w, list.list, m, axis, a) : ls_no_memory(w->in);
    if (m) marks_free(m);
    ls_drop(list);
    return ok;
}
