/* How derivatives are written: as expressions over arrays.

   A gwork owns every intermediate array of one derivative. Its functions give NULL once something
   failed, and pass NULL on, so that a formula is written as it stands in a book and its status is
   looked at once, at the end. RULE(name) { … } defines an lsv_vjp_fn with w (the frame), g (the
   cotangents of the outputs) and gin in scope. */
#ifndef LSV_GRAD_RULES_H
#define LSV_GRAD_RULES_H

#include "array/elementwise.h"
#include "array/reduce.h"
#include "grad/tape.h"

typedef struct gwork {
    const lsv_node *n;
    lsv_error *err;
    lsv_status status;
    int nheld, room;
    lsv_array **held;
    lsv_array *few[24];
} gwork;

void gw_begin(gwork *w, const lsv_node *n, lsv_error *err);
lsv_status gw_end(gwork *w);
lsv_array *gw_hold(gwork *w, lsv_status status, lsv_array **a); /* *a is read only where status is LSV_OK */

#define RULE(rule)                                                                                         \
    static void rule##_body(gwork *w, lsv_array *const *g, lsv_array **gin);                               \
    lsv_status rule(const lsv_node *n, lsv_array *const *g, lsv_array **gin, lsv_error *err) {             \
        gwork w;                                                                                           \
        gw_begin(&w, n, err);                                                                              \
        rule##_body(&w, g, gin);                                                                           \
        return gw_end(&w);                                                                                 \
    }                                                                                                      \
    static void rule##_body(gwork *w __attribute__((unused)), lsv_array *const *g __attribute__((unused)), \
                            lsv_array **gin __attribute__((unused)))

static inline bool gw_needs(const gwork *w, int k) { return w->n->in[k] != NULL; }
lsv_array *gw_x(gwork *w, int k); /* a saved input, a saved output */
lsv_array *gw_y(gwork *w, int k);
void gw_give(gwork *w, lsv_array **gin, int k, lsv_array *value);

lsv_array *gw_un(gwork *w, lsv_unary_op op, lsv_array *a);
lsv_array *gw_bin(gwork *w, lsv_binary_op op, lsv_array *a, lsv_array *b);
lsv_array *gw_num(gwork *w, lsv_binary_op op, lsv_array *a, double b);  /* a op number */
lsv_array *gw_rnum(gwork *w, lsv_binary_op op, double a, lsv_array *b); /* number op b */
static inline lsv_array *gw_add(gwork *w, lsv_array *a, lsv_array *b) { return gw_bin(w, LSV_OP_ADD, a, b); }
static inline lsv_array *gw_sub(gwork *w, lsv_array *a, lsv_array *b) { return gw_bin(w, LSV_OP_SUB, a, b); }
static inline lsv_array *gw_mul(gwork *w, lsv_array *a, lsv_array *b) { return gw_bin(w, LSV_OP_MUL, a, b); }
static inline lsv_array *gw_div(gwork *w, lsv_array *a, lsv_array *b) { return gw_bin(w, LSV_OP_DIV, a, b); }
static inline lsv_array *gw_neg(gwork *w, lsv_array *a) { return gw_un(w, LSV_FN_NEG, a); }
static inline lsv_array *gw_scale(gwork *w, lsv_array *a, double x) { return gw_num(w, LSV_OP_MUL, a, x); }
lsv_array *gw_where(gwork *w, lsv_array *mask, lsv_array *a,
                    double otherwise);                /* a where mask, else the number */
lsv_array *gw_zeros(gwork *w, const lsv_array *like); /* of its shape, dtype and kind */
lsv_array *gw_zeros_for(gwork *w, int k);             /* in the shape of input k */
lsv_array *gw_full(gwork *w, const lsv_array *like, int ndim, const ptrdiff_t *shape, double value);
lsv_array *gw_reduce(gwork *w, lsv_reduction op, lsv_array *a, int naxes, const int *axes, bool keepdims);
lsv_array *gw_flip(gwork *w, lsv_array *a, int axis);
/* A reduction's result (or its cotangent) with the reduced axes back as ones, as node->attrs has them. */
lsv_array *gw_unreduced(gwork *w, lsv_array *r);
lsv_array *gw_expand(gwork *w, lsv_array *a, const lsv_tape *like); /* broadcast to the value's shape */
lsv_array *gw_reshape(gwork *w, lsv_array *a, int ndim, const ptrdiff_t *shape);
lsv_array *gw_unsqueeze(gwork *w, lsv_array *a, int axis);
lsv_array *gw_double(gwork *w, lsv_array *a); /* contiguous float64 */

/* linear algebra: over the last two axes */
lsv_array *gw_t(gwork *w, lsv_array *a);
lsv_array *gw_mm(gwork *w, lsv_array *a, lsv_array *b);
lsv_array *gw_solve(gwork *w, lsv_array *a, lsv_array *b);
lsv_array *gw_tri(gwork *w, lsv_array *a, ptrdiff_t k, bool upper);
lsv_array *gw_row(gwork *w,
                  lsv_array *s); /* s as (…, 1, n): scales columns; gw_column: (…, n, 1), scales rows */
lsv_array *gw_column(gwork *w, lsv_array *s);

/* ---- the table ---- X(ENUM, name as printed, what is saved) */
#define LSV_GRAD_RULES(X)                                                                               \
    X(BROKEN, "NotImplemented", LSV_SAVE_NONE) /* attrs.text names the function */                      \
    X(ZERO, "Zero", LSV_SAVE_NONE)             /* constant almost everywhere */                         \
    X(UNARY, "Unary", LSV_SAVE_INPUTS)         /* attrs.op; a rule for each thing it may need */        \
    X(UNARY_OUT, "Unary", LSV_SAVE_OUTPUTS)                                                             \
    X(UNARY_FREE, "Unary", LSV_SAVE_NONE)                                                               \
    X(ADD, "AddBackward", LSV_SAVE_NONE) /* x + p y */                                                  \
    X(SUB, "SubBackward", LSV_SAVE_NONE) /* x - p y */                                                  \
    X(MUL, "MulBackward", LSV_SAVE_OTHERS)                                                              \
    X(DIV, "DivBackward", LSV_SAVE_INPUTS)                                                              \
    X(POW, "PowBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                                           \
    X(BINARY, "Binary", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS) /* attrs.op: the others */                  \
    X(CLAMP, "ClampBackward", LSV_SAVE_INPUTS)              /* x, lo, hi: NaN for none */               \
    X(COPY, "CloneBackward", LSV_SAVE_NONE)                 /* copies, dtypes, identity */              \
    X(SUM, "SumBackward", LSV_SAVE_NONE)                                                                \
    X(NANSUM, "NansumBackward", LSV_SAVE_INPUTS)                                                        \
    X(MEAN, "MeanBackward", LSV_SAVE_NONE)                                                              \
    X(PROD, "ProdBackward", LSV_SAVE_INPUTS)                                                            \
    X(VAR, "VarBackward", LSV_SAVE_INPUTS) /* p: ddof */                                                \
    X(STD, "StdBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                                           \
    X(EXTREME, "AmaxBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS) /* shared evenly among ties */       \
    X(LOGSUMEXP, "LogsumexpBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                               \
    X(NORM, "LinalgVectorNormBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS) /* p */                     \
    X(CUMSUM, "CumsumBackward", LSV_SAVE_NONE)                              /* axes[0] */               \
    X(CUMPROD, "CumprodBackward", LSV_SAVE_INPUTS)                                                      \
    X(SOFTMAX, "SoftmaxBackward", LSV_SAVE_OUTPUTS)                                                     \
    X(LOG_SOFTMAX, "LogSoftmaxBackward", LSV_SAVE_OUTPUTS)                                              \
    X(VIEW, "ViewBackward", LSV_SAVE_NONE)   /* ndim, shape, strides, offset into a contiguous input */ \
    X(INDEX, "IndexBackward", LSV_SAVE_NONE) /* items */                                                \
    X(SETITEM, "CopySlices", LSV_SAVE_NONE)  /* x[items] = v: inputs x, v */                            \
    X(ALONG, "GatherBackward",                                                                          \
      LSV_SAVE_INPUTS) /* x, indices: take_along axes[0]; flag: the axis was dropped */                 \
    X(MATMUL, "MmBackward", LSV_SAVE_OTHERS)                                                            \
    X(OUTER, "MulBackward", LSV_SAVE_OTHERS)                                                            \
    X(CROSS, "LinalgCrossBackward", LSV_SAVE_OTHERS)                                                    \
    X(EINSUM, "ViewBackward", LSV_SAVE_INPUTS) /* text, without dots */                                 \
    X(TRACE, "TraceBackward", LSV_SAVE_NONE)   /* k */                                                  \
    X(SOLVE, "LinalgSolveExBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                               \
    X(TRIANGULAR, "LinalgSolveTriangularBackward",                                                      \
      LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS) /* flag: upper; keepdims: unit */                             \
    X(INV, "LinalgInvExBackward", LSV_SAVE_OUTPUTS)                                                     \
    X(DET, "LinalgDetBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                                     \
    X(SLOGDET, "LinalgSlogdetBackward", LSV_SAVE_INPUTS)                                                \
    X(CHOLESKY, "LinalgCholeskyExBackward", LSV_SAVE_OUTPUTS) /* flag: upper */                         \
    X(LSTSQ, "LinalgLstsqBackward", LSV_SAVE_INPUTS)                                                    \
    X(PINV, "LinalgPinvBackward", LSV_SAVE_INPUTS | LSV_SAVE_OUTPUTS)                                   \
    X(QR, "LinalgQrBackward", LSV_SAVE_OUTPUTS)                                                         \
    X(EIGH, "LinalgEighBackward", LSV_SAVE_OUTPUTS)                                                     \
    X(EIGVALSH, "LinalgEighBackward", LSV_SAVE_INPUTS)                                                  \
    X(SVD, "LinalgSvdBackward", LSV_SAVE_OUTPUTS) /* U, S, Vh; flag: the third output is V */           \
    X(SVDVALS, "LinalgSvdBackward", LSV_SAVE_INPUTS)

typedef enum lsv_grad_rule_id {
#define X(ENUM, name, saves) LSV_GRAD_##ENUM,
    LSV_GRAD_RULES(X)
#undef X
        LSV_GRAD_NRULES
} lsv_grad_rule_id;

extern const lsv_grad_rule lsv_grad_rules[LSV_GRAD_NRULES];

#define X(ENUM, name, saves) lsv_vjp_fn lsv_vjp_##ENUM;
LSV_GRAD_RULES(X)
#undef X

/* Names as printed of the element-wise operations ("ExpBackward0"), and whether there is a derivative. */
const char *lsv_grad_unary_name(lsv_unary_op op);
lsv_grad_rule_id lsv_grad_unary_rule(lsv_unary_op op); /* where there is a name */
const char *lsv_grad_binary_name(lsv_binary_op op);

/* gins[i] += g where map (int64, C order, of g's shape) points: 0 nowhere, j the (j-1)-th element of the
   inputs' elements counted through. New arrays of the shapes of node's inputs; those not on the tape stay
   NULL. */
lsv_status lsv_scatter_map(const lsv_node *n, const lsv_array *map, lsv_array *g, lsv_array **gins,
                           lsv_error *err);

#endif
