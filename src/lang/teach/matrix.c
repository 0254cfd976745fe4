/* Matrices and answers from the language's values and from text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/lesson.h"

enum { LARGEST = 512 }; /* entries; what a pool without memory can still pretend to hand out */

static bool computed_digits(const char *s) {
    int digits = 0;
    for (; *s && *s != 'e'; s++) digits += *s >= '0' && *s <= '9';
    return digits > 12;
}

/* ---- text ---- */

static bool blank_at(const char *s) { return *s == ' ' || *s == '\t' || *s == '\r'; }

static lsv_status one_entry(const char *from, const char *to, lsv_pool *p, lsv_q **list, int *count, lsv_error *err) {
    while (from < to && (blank_at(from) || *from == '{')) from++;
    while (to > from && (blank_at(to - 1) || to[-1] == '}')) to--;
    if (*count == LARGEST) return lsv_fail(err, LSV_EVALUE, "too many entries");
    (void)p;
    return lsv_q_parse(from, (size_t)(to - from), *list + (*count)++, err);
}

lsv_status ls_matrix_text(const char *text, size_t n, lsv_pool *p, lsv_qmatrix *W, lsv_error *err) {
    const char *end = text + n, *begin = text;
    for (const char *s = text; s + 7 <= end; s++) { /* LaTeX: what stands between \begin{…} and \end; in a text that */
        if ((*s != '\\' && *s != '\b') || memcmp(s + (*s == '\\'), *s == '\\' ? "begin{" : "\begin{", 6) != 0) continue; /* is not raw, \b is one character */
        const char *close = memchr(s, '}', (size_t)(end - s));
        if (!close) break;
        begin = close + 1;
        for (const char *e = begin; e + 5 <= end; e++)
            if (memcmp(e, "\\end{", 5) == 0) {
                end = e;
                break;
            }
        break;
    }
    lsv_q *list = lsv_pool_q(p, LARGEST);
    int count = 0, rows = 0, cols = 0, in_row = 0;
    const char *start = begin;
    for (const char *s = begin; s <= end; s++) {
        bool last = s == end, row = last || *s == ';' || *s == '\n' || (*s == '\\' && !(s + 1 < end && isalpha((unsigned char)s[1])));
        bool space = !last && blank_at(s);
        if (!(row || space || *s == ',' || *s == '&' || *s == '[' || *s == ']')) continue;
        if (start < s && s > begin) {
            const char *a = start;
            while (a < s && blank_at(a)) a++;
            if (a < s) {
                LSV_TRY(one_entry(a, s, p, &list, &count, err));
                in_row++;
            }
        }
        if (row && in_row) {
            if (rows && in_row != cols) return lsv_fail(err, LSV_EVALUE, "row %d has %d entries, the first row has %d", rows + 1, in_row, cols);
            cols = in_row;
            rows++;
            in_row = 0;
        }
        if (!last && *s == '\\' && s + 1 < end && s[1] == '\\') s++;
        start = s + 1;
    }
    if (!count) return lsv_fail(err, LSV_EVALUE, "no matrix in that text: write it as [4, 0; 3, -5; 0, 2]");
    *W = (lsv_qmatrix){rows, cols, list};
    return p->failed ? lsv_no_memory(err, 0) : LSV_OK;
}

bool ls_is_latex_matrix(const char *text, size_t n) {
    size_t skip = 0;
    while (skip < n && strchr(" \t\r\n$", text[skip])) skip++;
    return n - skip > 7 && (memcmp(text + skip, "\\begin{", 7) == 0 || memcmp(text + skip, "\begin{", 6) == 0);
}

bool ls_array_from_latex(ls_interp *in, const char *text, size_t n, ls_value *out) {
    lsv_pool pool = {0};
    lsv_qmatrix W;
    lsv_error err = {.status = LSV_OK};
    lsv_array *a = NULL;
    lsv_status status = ls_matrix_text(text, n, &pool, &W, &err);
    if (status == LSV_OK) {
        ptrdiff_t shape[2] = {W.rows, W.cols};
        bool whole = true;
        for (int i = 0; i < W.rows * W.cols; i++) whole &= mpz_cmp_ui(mpq_denref(W.at + i), 1) == 0 && mpz_fits_slong_p(mpq_numref(W.at + i));
        status = lsv_empty(LSV_NUMPY, whole ? LSV_INT64 : LSV_FLOAT64, 2, shape, &a, &err);
        for (int i = 0; status == LSV_OK && i < W.rows * W.cols; i++) {
            if (whole) ((int64_t *)(void *)a->data)[i] = mpz_get_si(mpq_numref(W.at + i));
            else ((double *)(void *)a->data)[i] = lsv_real_double((lsv_real){.field = &lsv_rationals, .x = W.at + i});
        }
    }
    lsv_pool_free(&pool);
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    *out = ls_array(a);
    return true;
}

/* ---- values ---- */

static bool q_of_scalar(ls_interp *in, lsv_scalar s, lsv_q *q, bool *computed) {
    lsv_error err = {.status = LSV_OK};
    lsv_text t = {0};
    if (s.dtype == LSV_BOOL) s = lsv_scalar_int(s.i != 0);
    lsv_text_scalar(&t, s);
    bool ok = t.data && !t.failed;
    if (!ok) ls_no_memory(in);
    else {
        *computed |= computed_digits(t.data);
        char *point = t.data + t.length - 1; /* "3." is 3 */
        ok = lsv_q_parse(t.data, t.length - (*point == '.'), q, &err) == LSV_OK || ls_raise_lsv(in, &err);
    }
    lsv_text_free(&t);
    return ok;
}

static bool q_of_value(ls_interp *in, ls_value v, lsv_q *q, bool *computed) {
    lsv_error err = {.status = LSV_OK};
    switch (v.tag) {
    case LS_STR: return lsv_q_parse(v.str->data, v.str->length, q, &err) == LSV_OK || ls_raise_lsv(in, &err);
    case LS_BOOL:
    case LS_INT: return q_of_scalar(in, lsv_scalar_int(v.i), q, computed);
    case LS_FLOAT: return q_of_scalar(in, lsv_scalar_float(v.f), q, computed);
    case LS_NPSCALAR: return q_of_scalar(in, ls_npscalar_get(v), q, computed);
    default: break;
    }
    if (v.tag == LS_ARRAY && v.array->size == 1) {
        ptrdiff_t at[LSV_MAXDIM] = {0};
        return q_of_scalar(in, lsv_item(v.array, at), q, computed);
    }
    return ls_raise(in, "TypeError", "an entry of the matrix must be a number or a text such as \"1/3\", not %s", ls_type_name(v));
}

static bool room_for(ls_interp *in, lsv_pool *p, lsv_qmatrix *W, ptrdiff_t rows, ptrdiff_t cols) {
    if (rows < 1 || cols < 1) return ls_raise(in, "ValueError", "the matrix is empty");
    if (rows > 256 || cols > 256) return ls_raise(in, "ValueError", "a walk is offered up to 256×256; this matrix is %td×%td. np.linalg.svd takes any size", rows, cols);
    *W = lsv_qmatrix_new(p, (int)rows, (int)cols);
    return !p->failed || ls_no_memory(in);
}

static bool from_array(ls_interp *in, const lsv_array *a, lsv_pool *p, lsv_qmatrix *W, bool *computed) {
    if (a->ndim > 2) return ls_raise(in, "ValueError", "a matrix has two axes, this array has %d", a->ndim);
    ptrdiff_t rows = a->ndim == 2 ? a->shape[0] : 1, cols = a->ndim == 2 ? a->shape[1] : a->ndim == 1 ? a->shape[0] : 1, at[LSV_MAXDIM] = {0};
    if (!room_for(in, p, W, rows, cols)) return false;
    for (int i = 0; i < W->rows; i++)
        for (int j = 0; j < W->cols; j++) {
            at[0] = a->ndim == 2 ? i : j;
            at[1] = j;
            if (!q_of_scalar(in, lsv_item(a, at), lsv_qm(W, i, j), computed)) return false;
        }
    return true;
}

static bool is_sequence(ls_value v) { return v.tag == LS_LIST || v.tag == LS_TUPLE; }
static ptrdiff_t length(ls_value v) { return v.tag == LS_LIST ? v.list->n : v.tuple->n; }
static ls_value item(ls_value v, ptrdiff_t i) { return v.tag == LS_LIST ? v.list->items[i] : v.tuple->items[i]; }

bool ls_exact_matrix(ls_interp *in, ls_value v, lsv_pool *p, lsv_qmatrix *W, bool *computed) {
    lsv_error err = {.status = LSV_OK};
    *computed = false;
    if (v.tag == LS_ARRAY) return from_array(in, v.array, p, W, computed);
    if (v.tag == LS_STR) return ls_matrix_text(v.str->data, v.str->length, p, W, &err) == LSV_OK || ls_raise_lsv(in, &err);
    if (!is_sequence(v)) return room_for(in, p, W, 1, 1) && q_of_value(in, v, W->at, computed);
    ptrdiff_t rows = length(v);
    bool nested = rows > 0 && (is_sequence(item(v, 0)) || (item(v, 0).tag == LS_ARRAY && item(v, 0).array->ndim == 1));
    if (!nested) {
        if (!room_for(in, p, W, 1, rows)) return false;
        for (ptrdiff_t j = 0; j < rows; j++)
            if (!q_of_value(in, item(v, j), W->at + j, computed)) return false;
        return true;
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        ls_value row = item(v, i);
        lsv_qmatrix one;
        if (!is_sequence(row) && row.tag != LS_ARRAY) return ls_raise(in, "ValueError", "row %td of the matrix is not a list", i + 1);
        bool more = false;
        if (!ls_exact_matrix(in, row, p, &one, &more)) return false;
        *computed |= more;
        if (i == 0 && !room_for(in, p, W, rows, one.cols)) return false;
        if (one.cols != W->cols || one.rows != 1) return ls_raise(in, "ValueError", "row %td of the matrix has %d entries, the first row has %d", i + 1, one.cols, W->cols);
        for (int j = 0; j < one.cols; j++) mpq_set(lsv_qm(W, (int)i, j), one.at + j);
    }
    return true;
}

/* ---- answers ---- */

/* A float's decimals by its shortest text; floats of one answer were written alike, so the longest counts, and
   each entry's own is kept as a second chance. */
static void digits_of(ls_entry *e, lsv_scalar s) {
    lsv_text t = {0};
    lsv_text_scalar(&t, s);
    const char *text = t.data ? t.data : "";
    e->d = -1;
    if (lsv_dtype_is_float(s.dtype)) {
        const char *point = strchr(text, '.'), *exponent = strchr(text, 'e');
        e->d = point ? (int)((exponent ? exponent : text + strlen(text)) - point) - 1 : 0;
        if (exponent) e->d -= atoi(exponent + 1);
        if (e->d < 0 || (point && point[1] == '0' && !point[2])) e->d = 0;
    }
    strncpy(e->text, text, sizeof e->text - 1);
    e->text[sizeof e->text - 1] = 0;
    size_t n = strlen(e->text);
    if (n > 1 && e->text[n - 1] == '.') e->text[n - 1] = 0;
    lsv_text_free(&t);
}

static bool answer_from_array(ls_interp *in, const lsv_array *a, ls_answer *out) {
    ptrdiff_t rows = a->ndim == 2 ? a->shape[0] : 1, cols = a->ndim == 2 ? a->shape[1] : a->size, at[LSV_MAXDIM] = {0};
    if (a->ndim > 2 || rows > LS_SIDE || cols > LS_SIDE || !a->size) return ls_raise(in, "ValueError", "an answer is a matrix of at most %d×%d", LS_SIDE, LS_SIDE);
    *out = (ls_answer){.rows = (int)rows, .cols = (int)cols};
    for (int i = 0; i < rows * cols; i++) {
        at[0] = a->ndim == 2 ? i / cols : i;
        at[1] = i % cols;
        lsv_scalar s = lsv_item(a, at);
        out->at[i].v = lsv_dtype_is_float(s.dtype) ? (long double)s.f : (long double)s.i;
        digits_of(&out->at[i], s);
        if (out->at[i].d >= 0) out->at[i].v = strtold(out->at[i].text, NULL); /* the decimals that were written */
    }
    return true;
}

static bool answer_from_list(ls_interp *in, ls_value v, ls_answer *out) {
    lsv_text t = {0}; /* written out and read again: numbers and texts may be mixed */
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < length(v); i++) {
        ls_value row = item(v, i);
        bool inner = is_sequence(row);
        for (ptrdiff_t j = 0; ok && j < (inner ? length(row) : 1); j++) {
            if (j || (!inner && i)) lsv_text_puts(&t, ", ");
            ls_value e = inner ? item(row, j) : row;
            ok = ls_str_text(in, &t, e);
            if (ok && t.data && t.length && t.data[t.length - 1] == '.') t.data[--t.length] = 0;
        }
        if (inner) lsv_text_puts(&t, "; ");
    }
    lsv_error err = {.status = LSV_OK};
    if (ok && t.failed) ok = ls_no_memory(in);
    if (ok) ok = ls_answer_parse(t.data ? t.data : "", out, &err) == LSV_OK || ls_raise_lsv(in, &err);
    lsv_text_free(&t);
    return ok;
}

bool ls_answer_value(ls_interp *in, ls_value v, ls_answer *out) {
    lsv_error err = {.status = LSV_OK};
    if (v.tag == LS_STR) return ls_answer_parse(v.str->data, out, &err) == LSV_OK || ls_raise_lsv(in, &err);
    bool texts = false;
    if (is_sequence(v)) {
        for (ptrdiff_t i = 0; i < length(v); i++) {
            ls_value row = item(v, i);
            texts |= row.tag == LS_STR;
            for (ptrdiff_t j = 0; is_sequence(row) && j < length(row); j++) texts |= item(row, j).tag == LS_STR;
        }
    }
    bool ok;
    if (texts) {
        ok = answer_from_list(in, v, out);
    } else {
        lsv_array *a;
        if (!ls_as_array(in, v, LSV_NUMPY, -1, &a)) return false;
        ok = answer_from_array(in, a, out);
        lsv_release(a);
    }
    if (!ok) return false;
    int most = 0;
    for (int i = 0; i < out->rows * out->cols; i++) most = out->at[i].d > most ? out->at[i].d : most;
    for (int i = 0; !texts && i < out->rows * out->cols; i++) {
        ls_entry *e = &out->at[i];
        if (e->d < 0) continue;
        e->own = e->d;
        e->d = most ? most : 1;
    }
    return true;
}

void ls_matrix_latex(lsv_text *t, const lsv_qmatrix *W) {
    lsv_text_puts(t, "\\begin{bmatrix} ");
    for (int i = 0; i < W->rows; i++)
        for (int j = 0; j < W->cols; j++) {
            if (i + j) lsv_text_puts(t, j ? " & " : " \\\\ ");
            const lsv_q *q = lsv_qm(W, i, j);
            if (mpz_cmp_ui(mpq_denref(q), 1) == 0) {
                lsv_q_text(t, q);
                continue;
            }
            mpq_t whole;
            mpq_init(whole);
            mpz_abs(mpq_numref(whole), mpq_numref(q));
            lsv_text_puts(t, mpq_sgn(q) < 0 ? "-\\frac{" : "\\frac{");
            lsv_q_text(t, whole);
            lsv_text_puts(t, "}{");
            mpz_set(mpq_numref(whole), mpq_denref(q));
            lsv_q_text(t, whole);
            lsv_text_puts(t, "}");
            mpq_clear(whole);
        }
    lsv_text_puts(t, " \\end{bmatrix}");
}

/* ---- the lesson's state ---- */

static ls_walk *kept;
static const void *shown;

void ls_teach_keep(ls_walk *w) {
    if (w != kept) ls_walk_free(kept);
    kept = w;
}

ls_walk *ls_teach_walk(void) { return kept; }
void ls_teach_forget(void) { ls_teach_keep(NULL); }
void ls_teach_mark_shown(ls_value dict) { shown = dict.dict; }

/* Shown already, and held by nobody but the statement that made it. */
bool ls_teach_was_shown(ls_value v) { return shown && v.tag == LS_DICT && v.dict == shown && v.dict->head.refs == 1; }

bool ls_teach_ascii(void) {
    const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"}, *value = NULL;
    for (int i = 0; i < 3 && !(value && *value); i++) value = getenv(names[i]);
    if (!value) value = "";
    return !(strstr(value, "UTF-8") || strstr(value, "utf-8") || strstr(value, "UTF8") || strstr(value, "utf8"));
}
