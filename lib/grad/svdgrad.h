/* The gradient of f(A) = xi sigma + phi.u + psi.v for a singular triplet (sigma, u, v) of A, by every way
   there is to get it, with an error bound.

   G = (xi u + p) v^T + u q^T, where p (orthogonal to u) and q (to v) solve the adjoint system
       sigma p - A q = phi - (u.phi) u,    sigma q - A^T p = psi - (v.psi) v.
   The system is singular on (u, v) and as well conditioned as sigma_1 / gap elsewhere; the methods differ in
   how they take the singularity out. Everything is computed in float64 on A scaled by a power of two; what comes out has
   A's dtype, and gap, warnings and errors count with the precision of that dtype.

   Signs of (u, v): the largest |u_j| (the first within 1e-8 of the maximum) is positive, unless u0 says
   otherwise. */
#ifndef LSV_GRAD_SVDGRAD_H
#define LSV_GRAD_SVDGRAD_H

#include "array/array.h"
#include "text/text.h"

/* X(ENUM, name, what it does) */
#define LSV_SVDGRAD_METHODS(X)                                                                               \
    X(AUTO, "auto", "by size and gap")                                                                       \
    X(NUMERICAL, "numerical", "central differences, one entry of A at a time, signs aligned")                \
    X(AUTOGRAD, "autograd", "the derivative of the whole thin SVD, applied to the cotangents")               \
    X(SVD, "svd", "closed form, the sum over all other triplets")                                            \
    X(BORDERED, "bordered", "the square system bordered by (u, 0) and (0, v), LU")                           \
    X(AUGMENTED, "augmented", "the wide bordered system, solution of least norm")                            \
    X(KSHIFT, "kshift", "K + s u u^T + s v v^T, Cholesky for the top triplet")                               \
    X(LSTSQ, "lstsq", "K itself, projected right-hand side, rank-revealing least squares")                   \
    X(BLOCK, "block", "block inversion, P and Q deflated, right-hand sides projected")                       \
    X(MIXED, "mixed", "deflated solves and two indefinite least-squares problems")                           \
    X(BACKWARD, "backward", "backward substitution through A^T phi and A psi")                               \
    X(FORWARD, "forward", "forward substitution through pinv(A) phi and pinv(A^T) psi")                      \
    X(REFINED, "refined", "bordered, then Newton and refinement with long double residuals")                 \
    X(ITERATIVE, "iterative", "Golub-Kahan-Lanczos and deflated conjugate gradients, products only")         \
    X(KRYLOV, "krylov", "one block Krylov space for the top triplet and the system, products only")

typedef enum lsv_svdgrad_method {
#define X(ENUM, name, what) LSV_SVDGRAD_##ENUM,
    LSV_SVDGRAD_METHODS(X)
#undef X
    LSV_NSVDGRAD
} lsv_svdgrad_method;

const char *lsv_svdgrad_name(lsv_svdgrad_method method);
/* LSV_EVALUE with the list of names where there is none such. */
lsv_status lsv_svdgrad_find(const char *name, lsv_svdgrad_method *out, lsv_error *err);

typedef struct lsv_svdgrad_options {
    lsv_svdgrad_method method;
    ptrdiff_t index;       /* which triplet, 0-based; the first k of them where phi and psi are matrices */
    const lsv_array *u0;   /* u.u0 >= 0 instead of the sign rule above; NULL: the rule                   */
    bool as_written;       /* block, mixed, backward, forward: the uncorrected textbook attempt          */
    double tol;            /* relative error that iterative methods aim at; NAN: as small as they can    */
    bool diagnose;         /* fill rho, the identities and the bound (a few products with A)             */
    bool differences;      /* fill difference_* and diff_autograd too (three more decompositions)        */
} lsv_svdgrad_options;

enum { LSV_SVDGRAD_WARNINGS = 6 };

typedef struct lsv_svdgrad_info {
    ptrdiff_t m, n, index, count;  /* count: 1, or the k of a block of triplets (index is then k - 1) */
    const char *method;            /* what ran                                                        */
    char why[160];                 /* why it did                                                      */
    double f, sigma, sigma1;       /* f(A); sigma_index; sigma_0                                      */
    double above, sigma2;          /* the neighbours of sigma; NAN: there is none, or it is not known */
    double gap, amplification;     /* the least distance to another value (or 0); sigma_0 / gap       */
    double estimate;               /* sqrt(m + n) eps sigma_0 / gap: of the relative error            */
    double rho, rho_relative;      /* |K x - P c| and the same over |c|                               */
    double xi_error, product_error; /* |u^T G v - xi| / |G| and |<G, A> - xi sigma| / (|G| |A|)       */
    double bound, bound_relative;  /* on |G - true|_F, and over |G|_F                                 */
    double cond_k, cond_augmented, cond_p; /* of K on its range, of K bordered, of P + s^2 u u^T      */
    double difference_central, difference_forward, step; /* |f(A+E)-f(A-E)-2<G,E>|/2e, |f(A+E)-f(A)-<G,E>|/e */
    double diff_autograd;          /* |G - G of "autograd"| / |G of "autograd"|; NAN: not asked for   */
    int iterations;                /* of the adjoint solve                                            */
    int products;                  /* with A or its transpose, or both at once                        */
    bool as_written;
    lsv_array *u, *v;              /* the triplet, in the dtype and kind of A                         */
    int nwarnings;
    char warnings[LSV_SVDGRAD_WARNINGS][200]; /* "W1: …"; W1 small gap, W2 a subgradient, W3 method unsafe here,
                                                 W4 bound above tol, W5 as written: not the gradient  */
} lsv_svdgrad_info;

void lsv_svdgrad_info_free(lsv_svdgrad_info *info); /* releases u and v */

/* A (m,n). One triplet: xi a number, phi (m), psi (n). The first k: xi (k), phi (m,k), psi (n,k), the loss summed over
   them. Each may be NULL, which is zero. G: (m,n), dtype and kind of A. info may be NULL; where
   the function succeeds it is the caller's to free; what was not asked for is NAN.
   Errors: LSV_EVALUE shapes, method (err->operand counts A, xi, phi, psi); LSV_EINDEX; LSV_ELINALG for NaN or Inf, A = 0,
   sigma ~ 0, a repeated sigma with phi or psi not 0, a triplet that an iterative method could not separate. */
lsv_status lsv_svdgrad(const lsv_array *A, const lsv_array *xi, const lsv_array *phi, const lsv_array *psi,
                       const lsv_svdgrad_options *options, lsv_array **G, lsv_svdgrad_info *info,
                       lsv_error *err);

/* The diagnostics as lines of text. */
void lsv_svdgrad_report(const lsv_svdgrad_info *info, lsv_text *out);

#endif
