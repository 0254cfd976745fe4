/* einsum: any number of operands, contracted from left to right.

   A label is a small number: letters 0..51, the axes of an ellipsis ELLIPSIS + i counted from the
   right. Each operand first becomes a term without repeated labels (a diagonal is a view whose strides are
   added), without axes of length 1 that broadcast, and without labels no one else has (summed). A
   pair is then a stack of matrix products: labels both have and someone still needs are the stack,
   labels both have and no one needs are contracted. */
#include <ctype.h>
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

enum { MAX_TERMS = 32, ELLIPSIS = 52, NLABELS = ELLIPSIS + LSV_MAXDIM };

typedef struct {
    lsv_array *array; /* owned */
    int n;
    int label[LSV_MAXDIM];
} term;

typedef struct {
    lsv_status bad; /* what a bad subscript is for this kind */
    int nterms, nout;
    term terms[MAX_TERMS];
    int out[LSV_MAXDIM];
    bool has_output;
    int ellipsis;         /* axes the longest ellipsis stands for */
    int uses[NLABELS];    /* occurrences as written, over all operands */
    int holders[NLABELS]; /* terms that still carry the label */
    bool in_output[NLABELS];
    ptrdiff_t size[NLABELS];
} plan;

static int label_of(char c) {
    return c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= 'A' && c <= 'Z' ? c - 'A' : -1;
}
static char letter_of(int label) {
    return label >= ELLIPSIS ? '.' : (char)(label < 26 ? 'A' + label : 'a' + label - 26);
}

static void put_ellipsis(int *labels, int *n, int axes) {
    for (int i = axes - 1; i >= 0; i--) labels[(*n)++] = ELLIPSIS + i;
}

/* One operand's subscripts from *text up to ',' or '-' or the end. */
static lsv_status parse_term(plan *p, int which, const char **text, const lsv_array *a, lsv_error *err) {
    int written = 0, before[LSV_MAXDIM], nbefore = 0, after[LSV_MAXDIM], nafter = 0;
    bool dots = false;
    const char *s = *text;
    for (; *s && *s != ',' && *s != '-'; s++) {
        if (isspace((unsigned char)*s)) continue;
        if (s[0] == '.' && s[1] == '.' && s[2] == '.' && !dots) {
            dots = true;
            s += 2;
            continue;
        }
        int label = label_of(*s);
        if (label < 0)
            return lsv_fail(
                err, p->bad,
                "invalid subscript '%c' in einstein sum subscripts string, subscripts must be letters", *s);
        if (++written > a->ndim)
            return lsv_fail(err, p->bad,
                            "einstein sum subscripts string contains too many subscripts for operand %d",
                            which);
        if (dots) after[nafter++] = label;
        else before[nbefore++] = label;
        p->uses[label]++;
    }
    *text = s;
    if (!dots && written < a->ndim)
        return lsv_fail(err, p->bad,
                        "operand has more dimensions than subscripts given in einstein sum, but no '...' "
                        "ellipsis provided to broadcast the extra dimensions.");
    term *t = &p->terms[which];
    memcpy(t->label, before, (size_t)nbefore * sizeof *before);
    t->n = nbefore;
    put_ellipsis(t->label, &t->n, a->ndim - written);
    if (a->ndim - written > p->ellipsis) p->ellipsis = a->ndim - written;
    memcpy(t->label + t->n, after, (size_t)nafter * sizeof *after);
    t->n += nafter;
    return LSV_OK;
}

static lsv_status parse_output(plan *p, const char *s, lsv_error *err) {
    bool seen[NLABELS] = {false};
    for (; *s; s++) {
        if (isspace((unsigned char)*s)) continue;
        if (s[0] == '.' && s[1] == '.' && s[2] == '.') {
            if (p->nout + p->ellipsis > LSV_MAXDIM)
                return lsv_fail(err, p->bad, "einsum: more than %d dimensions", LSV_MAXDIM);
            put_ellipsis(p->out, &p->nout, p->ellipsis);
            s += 2;
            continue;
        }
        int label = label_of(*s);
        if (label < 0)
            return lsv_fail(
                err, p->bad,
                "invalid subscript '%c' in einstein sum subscripts string, subscripts must be letters", *s);
        if (seen[label])
            return lsv_fail(err, p->bad,
                            "einstein sum subscripts string includes output subscript '%c' multiple times",
                            *s);
        if (!p->uses[label])
            return lsv_fail(err, p->bad,
                            "einstein sum subscripts string included output subscript '%c' which never "
                            "appeared in an input",
                            *s);
        if (p->nout == LSV_MAXDIM)
            return lsv_fail(err, p->bad, "einsum: more than %d dimensions", LSV_MAXDIM);
        seen[label] = true;
        p->out[p->nout++] = label;
    }
    return LSV_OK;
}

/* Without "->": the ellipsis, then every label written once, in alphabetical order. */
static lsv_status implicit_output(plan *p, lsv_error *err) {
    put_ellipsis(p->out, &p->nout, p->ellipsis);
    for (int label = 0; label < ELLIPSIS; label++) {
        if (p->uses[label] != 1) continue;
        if (p->nout == LSV_MAXDIM)
            return lsv_fail(err, p->bad, "einsum: more than %d dimensions", LSV_MAXDIM);
        p->out[p->nout++] = label;
    }
    return LSV_OK;
}

static lsv_status parse(plan *p, const char *s, lsv_array *const *operands, int n, lsv_error *err) {
    for (int i = 0; i < n; i++) {
        LSV_TRY(parse_term(p, i, &s, operands[i], err));
        if (i + 1 < n) {
            if (*s++ != ',')
                return lsv_fail(err, p->bad,
                                "fewer operands subscripts than operands provided to einstein sum function");
        } else if (*s == ',') {
            return lsv_fail(err, p->bad,
                            "more operands subscripts than operands provided to einstein sum function");
        }
    }
    if (*s == '-') {
        if (s[1] != '>')
            return lsv_fail(err, p->bad,
                            "einstein sum subscript string does not contain proper '->' output specified");
        LSV_TRY(parse_output(p, s + 2, err));
    } else {
        LSV_TRY(implicit_output(p, err));
    }
    for (int i = 0; i < p->nout; i++) p->in_output[p->out[i]] = true;
    return LSV_OK;
}

static lsv_status measure(plan *p, lsv_array *const *operands, lsv_error *err) {
    for (int i = 0; i < NLABELS; i++) p->size[i] = 1;
    for (int i = 0; i < p->nterms; i++)
        for (int d = 0; d < p->terms[i].n; d++) {
            int label = p->terms[i].label[d];
            ptrdiff_t n = operands[i]->shape[d];
            if (n == 1 || n == p->size[label]) continue;
            if (p->size[label] != 1) {
                lsv_status status = lsv_fail(err, p->bad,
                                             "einsum: subscript '%c' has size %td for operand %d, which does "
                                             "not match the size %td it had before",
                                             letter_of(label), n, i, p->size[label]);
                lsv_blame(err, i);
                return status;
            }
            p->size[label] = n;
        }
    return LSV_OK;
}

/* Diagonals of repeated labels, and axes of length 1 that broadcast, as a view. */
static lsv_status simplify(plan *p, term *t, lsv_array *a, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    int n = 0, labels[LSV_MAXDIM];
    for (int d = 0; d < t->n; d++) {
        int label = t->label[d], at = 0;
        if (a->shape[d] != p->size[label]) continue;
        while (at < n && labels[at] != label) at++;
        if (at == n) shape[n] = a->shape[d], strides[n] = 0, labels[n++] = label;
        strides[at] += a->strides[d];
    }
    t->n = n;
    memcpy(t->label, labels, (size_t)n * sizeof *labels);
    return lsv_view_strided(a, n, shape, strides, 0, &t->array, err);
}

static bool holds(const term *t, int label) {
    for (int d = 0; d < t->n; d++)
        if (t->label[d] == label) return true;
    return false;
}

/* Sum away what only this term has and the output does not want. */
static lsv_status sum_private(plan *p, term *t, lsv_error *err) {
    lsv_reduce_options options = {.has_dtype = t->array->dtype != LSV_BOOL,
                                  .dtype = (lsv_dtype)t->array->dtype};
    int kept = 0;
    for (int d = 0; d < t->n; d++) {
        if (p->holders[t->label[d]] == 1 && !p->in_output[t->label[d]]) options.axes[options.naxes++] = d;
        else t->label[kept++] = t->label[d];
    }
    if (options.naxes == 0) return LSV_OK;
    lsv_array *sum;
    LSV_TRY(lsv_reduce(t->array->dtype == LSV_BOOL ? LSV_ANY : LSV_SUM, t->array, &options, &sum, err));
    lsv_release(t->array);
    t->array = sum;
    t->n = kept;
    return LSV_OK;
}

/* ---- one pair ---- */

enum { STACK, LEFT, RIGHT, INNER, NROLES };

typedef struct {
    int n[NROLES], label[NROLES][LSV_MAXDIM];
    ptrdiff_t size[NROLES]; /* products of sizes */
} roles;

static void assign_roles(const plan *p, const term *a, const term *b, roles *r) {
    *r = (roles){.size = {1, 1, 1, 1}};
    for (int side = 0; side < 2; side++) {
        const term *t = side ? b : a, *other = side ? a : b;
        for (int d = 0; d < t->n; d++) {
            int label = t->label[d], role;
            bool shared = holds(other, label);
            if (shared && side) continue;
            if (!shared) role = side ? RIGHT : LEFT;
            else role = p->holders[label] > 2 || p->in_output[label] ? STACK : INNER;
            r->label[role][r->n[role]++] = label;
            r->size[role] *= p->size[label];
        }
    }
}

/* t with its axes in the order of the labels of the three roles. */
static lsv_status permuted(const term *t, const roles *r, const int order[3], lsv_array **out,
                           lsv_error *err) {
    int axes[LSV_MAXDIM], n = 0;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < r->n[order[k]]; i++)
            for (int d = 0; d < t->n; d++)
                if (t->label[d] == r->label[order[k]][i]) axes[n++] = d;
    return lsv_transpose(t->array, axes, out, err);
}

/* No contraction: the outer or element-wise product, by broadcasting. */
static lsv_status multiply(const plan *p, const term *a, const term *b, const roles *r, lsv_array **out,
                           lsv_error *err) {
    lsv_array *x = NULL, *y = NULL, *xw = NULL, *yw = NULL;
    ptrdiff_t sx[LSV_MAXDIM], sy[LSV_MAXDIM];
    int n = 0;
    for (int role = STACK; role <= RIGHT; role++)
        for (int i = 0; i < r->n[role]; i++, n++) {
            sx[n] = role == RIGHT ? 1 : p->size[r->label[role][i]];
            sy[n] = role == LEFT ? 1 : p->size[r->label[role][i]];
        }
    lsv_status status = permuted(a, r, (const int[]){STACK, LEFT, INNER}, &x, err);
    if (status == LSV_OK) status = permuted(b, r, (const int[]){STACK, INNER, RIGHT}, &y, err);
    if (status == LSV_OK) status = lsv_reshape(x, n, sx, false, &xw, err);
    if (status == LSV_OK) status = lsv_reshape(y, n, sy, false, &yw, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, xw, yw, out, err);
    lsv_release(x);
    lsv_release(y);
    lsv_release(xw);
    lsv_release(yw);
    return status;
}

static lsv_status matrices(const plan *p, const term *a, const term *b, const roles *r, lsv_array **out,
                           lsv_error *err) {
    lsv_array *x = NULL, *y = NULL, *xm = NULL, *ym = NULL, *z = NULL;
    bool stacked = r->n[STACK] > 0;
    ptrdiff_t sx[3] = {r->size[STACK], r->size[LEFT], r->size[INNER]},
              sy[3] = {r->size[STACK], r->size[INNER], r->size[RIGHT]};
    ptrdiff_t shape[LSV_MAXDIM];
    int n = 0;
    for (int role = STACK; role <= RIGHT; role++)
        for (int i = 0; i < r->n[role]; i++) shape[n++] = p->size[r->label[role][i]];
    lsv_status status = permuted(a, r, (const int[]){STACK, LEFT, INNER}, &x, err);
    if (status == LSV_OK) status = permuted(b, r, (const int[]){STACK, INNER, RIGHT}, &y, err);
    if (status == LSV_OK) status = lsv_reshape(x, stacked ? 3 : 2, stacked ? sx : sx + 1, false, &xm, err);
    if (status == LSV_OK) status = lsv_reshape(y, stacked ? 3 : 2, stacked ? sy : sy + 1, false, &ym, err);
    if (status == LSV_OK) status = lsv_matmul(xm, ym, &z, err);
    if (status == LSV_OK) status = lsv_reshape(z, n, shape, false, out, err);
    lsv_release(x);
    lsv_release(y);
    lsv_release(xm);
    lsv_release(ym);
    lsv_release(z);
    return status;
}

/* a becomes the product of a and b; b is used up. */
static lsv_status contract(plan *p, term *a, term *b, lsv_error *err) {
    roles r;
    assign_roles(p, a, b, &r);
    int n = r.n[STACK] + r.n[LEFT] + r.n[RIGHT];
    if (n > LSV_MAXDIM)
        return lsv_fail(err, p->bad, "einsum: an intermediate result has %d dimensions, more than %d", n,
                        LSV_MAXDIM);
    lsv_array *product;
    LSV_TRY(r.n[INNER] ? matrices(p, a, b, &r, &product, err) : multiply(p, a, b, &r, &product, err));
    for (int label = 0; label < NLABELS; label++)
        if (holds(a, label) && holds(b, label)) p->holders[label]--;
    for (int i = 0; i < r.n[INNER]; i++) p->holders[r.label[INNER][i]] = 0;
    lsv_release(a->array);
    lsv_release(b->array);
    a->array = product;
    b->array = NULL;
    a->n = 0;
    for (int role = STACK; role <= RIGHT; role++)
        for (int i = 0; i < r.n[role]; i++) a->label[a->n++] = r.label[role][i];
    return LSV_OK;
}

static lsv_status run(plan *p, lsv_array *const *operands, lsv_array **out, lsv_error *err) {
    for (int i = 0; i < p->nterms; i++) {
        term *t = &p->terms[i];
        LSV_TRY(simplify(p, t, operands[i], err));
        for (int d = 0; d < t->n; d++) p->holders[t->label[d]]++;
    }
    for (int i = 0; i < p->nterms; i++) LSV_TRY(sum_private(p, &p->terms[i], err));
    for (int i = 1; i < p->nterms; i++) LSV_TRY(contract(p, &p->terms[0], &p->terms[i], err));
    term *t = &p->terms[0];
    int axes[LSV_MAXDIM], n = 0;
    for (int i = 0; i < p->nout; i++)
        for (int d = 0; d < t->n; d++)
            if (t->label[d] == p->out[i]) axes[n++] = d;
    if (n == p->nout) return lsv_transpose(t->array, axes, out, err);
    return lsv_fail(err, p->bad, "einsum: the output has a subscript that no operand has");
}

static lsv_status check_dtypes(lsv_array *const *operands, int n, lsv_error *err) {
    for (int i = 1; i < n; i++) {
        if (operands[0]->kind != LSV_TORCH || operands[i]->kind != LSV_TORCH ||
            operands[i]->dtype == operands[0]->dtype)
            continue;
        lsv_status status =
            lsv_fail(err, LSV_ERUNTIME, "expected m1 and m2 to have the same dtype, but got: %s != %s",
                     lsv_mats_type_name((lsv_dtype)operands[0]->dtype),
                     lsv_mats_type_name((lsv_dtype)operands[i]->dtype));
        lsv_blame(err, i);
        return status;
    }
    return LSV_OK;
}

lsv_status lsv_einsum(const char *subscripts, lsv_array *const *operands, int n, lsv_array **out,
                      lsv_error *err) {
    for (int i = 0; i < n; i++) LSV_TRY(lsv_host(operands[i], err));
    bool torch = false;
    for (int i = 0; i < n; i++) torch |= operands[i]->kind == LSV_TORCH;
    plan p = {.bad = torch ? LSV_ERUNTIME : LSV_EVALUE, .nterms = n};
    if (n < 1)
        return lsv_fail(err, p.bad,
                        "must specify the einstein sum subscripts string and at least one operand");
    if (n > MAX_TERMS) return lsv_fail(err, p.bad, "einsum: more than %d operands", MAX_TERMS);
    LSV_TRY(check_dtypes(operands, n, err));
    LSV_TRY(parse(&p, subscripts, operands, n, err));
    LSV_TRY(measure(&p, operands, err));
    lsv_status status = run(&p, operands, out, err);
    for (int i = 0; i < n; i++) lsv_release(p.terms[i].array);
    return status;
}
