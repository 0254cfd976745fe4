/* What walkthrough() gives back: the walk's results as values of the language. */
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/lesson.h"

typedef struct maker { ls_interp *in; ls_dict *d; bool ok; } maker;

/* key = v, taking v. */
static void set(maker *m, const char *key, ls_value v) {
    if (v.tag == LS_UNSET) m->ok = false;
    if (m->ok) m->ok = ls_dict_set_text(m->d, key, v);
    if (v.tag != LS_UNSET) ls_drop(v);
}

static ls_value numbers(maker *m, const double *x, int rows, int cols) { /* rows 0: a vector */
    ptrdiff_t shape[2] = {rows ? rows : cols, cols};
    lsv_array *a;
    if (lsv_empty(LSV_NUMPY, LSV_FLOAT64, rows ? 2 : 1, shape, &a, NULL) != LSV_OK) return (ls_value){.tag = LS_UNSET};
    memcpy(a->data, x, (size_t)((rows ? rows : 1) * cols) * sizeof *x);
    (void)m;
    return ls_array(a);
}

static ls_value text(lsv_text *t) {
    ls_value v = t->failed ? (ls_value){.tag = LS_UNSET} : ls_str_new(t->data ? t->data : "", t->length);
    lsv_text_free(t);
    return v;
}

static ls_value element(const lsv_field *k, int root, const lsv_q *e) {
    lsv_text t = {0};
    lsv_e_text(&t, k, root, e);
    return text(&t);
}

static void append(ls_value list, ls_value v, bool *ok) { /* takes v */
    if (list.tag == LS_UNSET || v.tag == LS_UNSET || (*ok && !ls_list_append(list.list, v))) *ok = false;
    if (v.tag != LS_UNSET) ls_drop(v);
}

static ls_value finished(ls_value list, bool ok) {
    if (ok || list.tag == LS_UNSET) return list;
    ls_drop(list);
    return (ls_value){.tag = LS_UNSET};
}

static ls_value elements(const lsv_field *k, int root, const lsv_q *e, int n) {
    ls_value list = ls_list_new(n);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; i < n && ok; i++) append(list, element(k, root, e + i * k->degree), &ok);
    return finished(list, ok);
}

static ls_value element_rows(const lsv_field *k, int root, const lsv_q *e, int rows, int cols) {
    ls_value list = ls_list_new(rows);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; i < rows && ok; i++) append(list, elements(k, root, e + i * cols * k->degree, cols), &ok);
    return finished(list, ok);
}

/* A rational as an int where it is one that fits, else as an exact text. */
static ls_value rational(const lsv_q *q) {
    if (mpz_cmp_ui(mpq_denref(q), 1) == 0 && mpz_fits_slong_p(mpq_numref(q))) return ls_int(mpz_get_si(mpq_numref(q)));
    lsv_text t = {0};
    lsv_q_text(&t, q);
    return text(&t);
}

static ls_value gram_array(const lsv_qmatrix *g) {
    bool whole = true;
    for (int i = 0; i < g->rows * g->cols; i++) whole &= mpz_cmp_ui(mpq_denref(g->at + i), 1) == 0 && mpz_fits_slong_p(mpq_numref(g->at + i));
    ptrdiff_t shape[2] = {g->rows, g->cols};
    lsv_array *a;
    if (lsv_empty(LSV_NUMPY, whole ? LSV_INT64 : LSV_FLOAT64, 2, shape, &a, NULL) != LSV_OK) return (ls_value){.tag = LS_UNSET};
    for (int i = 0; i < g->rows * g->cols; i++) {
        if (whole) ((int64_t *)(void *)a->data)[i] = mpz_get_si(mpq_numref(g->at + i));
        else ((double *)(void *)a->data)[i] = lsv_real_double((lsv_real){.field = &lsv_rationals, .x = g->at + i});
    }
    return ls_array(a);
}

typedef ls_value one_fn(const ls_walk *w, lsv_exact_value *v);

static ls_value lambda_text(const ls_walk *w, lsv_exact_value *v) {
    lsv_text t = {0};
    (void)w;
    lsv_lambda_text(&t, v->field, v->root);
    return text(&t);
}
static ls_value sigma_text(const ls_walk *w, lsv_exact_value *v) {
    lsv_text t = {0};
    (void)w;
    lsv_sqrt_text(&t, v->field, v->root, v->field->lambda);
    return text(&t);
}
static ls_value w_text(const ls_walk *w, lsv_exact_value *v) { return elements(v->field, v->root, v->w, w->own->n); }
static ls_value norm2_text(const ls_walk *w, lsv_exact_value *v) {
    (void)w;
    return element(v->field, v->root, v->norm2);
}
static ls_value aw_text(const ls_walk *w, lsv_exact_value *v) { return elements(v->field, v->root, v->aw, w->own->m); }
static ls_value aw_norm2_text(const ls_walk *w, lsv_exact_value *v) {
    (void)w;
    return element(v->field, v->root, v->aw_norm2);
}
static ls_value multiplicity(const ls_walk *w, lsv_exact_value *v) {
    (void)w;
    return ls_int(v->field->multiplicity);
}
static ls_value term_text(const ls_walk *w, lsv_exact_value *v) {
    if (!v->term) return ls_none();
    return element_rows(v->field, v->root, v->term, w->m, w->n);
}

static ls_value each(const ls_walk *w, one_fn *one, int count) {
    ls_value list = ls_list_new(count);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; i < count && ok; i++) append(list, one(w, &w->own->value[i]), &ok);
    return finished(list, ok);
}

static void exact_entries(maker *m, const ls_walk *w) {
    lsv_exact_svd *s = w->own;
    ls_value list = ls_list_new(s->n + 1);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; i <= s->n && ok; i++) append(list, rational(s->charpoly + i), &ok);
    set(m, "gram", gram_array(&s->gram));
    set(m, "charpoly", finished(list, ok));
    set(m, "eigenvalues", each(w, lambda_text, s->n));
    set(m, "singular_values", each(w, sigma_text, s->n));
}

static void extra_entries(maker *m, const ls_walk *w) {
    lsv_exact_svd *s = w->own;
    bool first = s->unique_terms && s->n - s->rank <= 1, second = s->unique_terms && s->unique_completion;
    set(m, "terms", each(w, term_text, s->rank));
    set(m, "unique", ls_bool(first && second));
    set(m, "U_unique", ls_bool(s->wide ? first : second));
    set(m, "V_unique", ls_bool(s->wide ? second : first));
    set(m, "terms_unique", ls_bool(s->unique_terms));
    set(m, "side", ls_str_from(s->wide ? "WWt" : "WtW"));
    set(m, "multiplicity", each(w, multiplicity, s->n));
    set(m, "w", each(w, w_text, s->n));
    set(m, "w_norm2", each(w, norm2_text, s->n));
    set(m, "Ww", each(w, aw_text, s->n));
    set(m, "Ww_norm2", each(w, aw_norm2_text, s->n));
    set(m, "completion", element_rows(&lsv_rationals, 0, s->completion, s->ncompletion, s->m));
}

bool ls_walk_dictionary(ls_interp *in, const ls_walk *w, ls_value *out) {
    int k = w->m < w->n ? w->m : w->n;
    ls_value d = ls_dict_new();
    if (d.tag == LS_UNSET) return ls_no_memory(in);
    maker m = {in, d.dict, true};
    double lambda[256], *S = lsv_calloc((size_t)(w->m * w->n), sizeof *S);
    if (!S) {
        ls_drop(d);
        return ls_no_memory(in);
    }
    set(&m, "rank", ls_int(w->rank));
    if (w->exact) exact_entries(&m, w);
    for (int i = 0; i < k && i < 256; i++) {
        lambda[i] = w->S[i] * w->S[i];
        if (w->exact) lambda[i] = lsv_real_double((lsv_real){.field = w->own->value[i].field, .root = w->own->value[i].root, .x = w->own->value[i].field->lambda});
        S[i * w->n + i] = w->S[i];
    }
    set(&m, "eigenvalues_num", numbers(&m, lambda, 0, k));
    set(&m, "singular_values_num", numbers(&m, w->S, 0, k));
    set(&m, "U", numbers(&m, w->U, w->m, w->m));
    set(&m, "S", numbers(&m, S, w->m, w->n));
    set(&m, "V", numbers(&m, w->V, w->n, w->n));
    if (w->exact) extra_entries(&m, w);
    set(&m, "exact", ls_bool(w->exact));
    lsv_free(S);
    if (!m.ok) {
        ls_drop(d);
        return ls_no_memory(in);
    }
    *out = d;
    return true;
}
