/* svdgrad, the gradient of a singular triplet's loss: arguments to lib/grad, its findings to a dictionary,
   its report to the program's output and its warnings to the client. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grad/svdgrad.h"
#include "lang/builtins/arrays/linear.h"

enum { A, XI, PHI, PSI, METHOD, INDEX, U0, REPORT, INFO, AS_WRITTEN, TOL };

static bool matrix(ls_work *w, ls_value v, lsv_array **a) {
    if (v.tag == LS_ARRAY) *a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, a)) return false;
    if ((*a)->ndim != 2) {
        char shape[96];
        ls_blame(w->in, A);
        return ls_raise(w->in, "ValueError", "svdgrad: a matrix is needed, not an array of shape %s",
                        lsv_shape_text(*a, shape, sizeof shape));
    }
    if (lsv_dtype_is_float((lsv_dtype)(*a)->dtype)) return true;
    lsv_dtype d = (*a)->kind == LSV_TORCH ? w->in->torch_default : LSV_FLOAT64;
    return ls_ok(w, lsv_astype(*a, d, a, &w->err)) && ls_keep(w, *a);
}

/* A cotangent: None, or an array of either kind, or a list, as doubles. */
static bool cotangent(ls_work *w, ls_value v, lsv_array **r) {
    *r = NULL;
    if (ls_is_none(v)) return true;
    if (v.tag != LS_ARRAY) return ls_array_like(w, v, LSV_NUMPY, LSV_FLOAT64, r);
    return ls_ok(w, lsv_as_dtype(v.array, LSV_FLOAT64, r, &w->err)) && ls_keep(w, *r);
}

/* ---- info ---- */

/* dict[key] = value; takes value. */
static bool note(ls_work *w, ls_value dict, const char *key, ls_value value) {
    ls_value k = ls_str_from(key);
    bool ok = k.tag != LS_UNSET && value.tag != LS_UNSET && ls_dict_set(dict.dict, k, value);
    ls_drop(k);
    ls_drop(value);
    return ok || ls_no_memory(w->in);
}

/* What was measured; NAN where it was not (a report asks for more). */
#define NUMBERS(X)                                                                                    \
    X(f)                                                                                              \
    X(sigma) X(sigma1) X(above) X(sigma2) X(gap) X(amplification) X(estimate) X(rho) X(rho_relative)  \
        X(bound) X(bound_relative) X(xi_error) X(product_error) X(cond_k) X(cond_augmented) X(cond_p) \
            X(difference_central) X(difference_forward) X(step) X(diff_autograd)

static bool note_warnings(ls_work *w, ls_value dict, const lsv_svdgrad_info *info) {
    ls_value list = ls_list_new(info->nwarnings);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; ok && i < info->nwarnings; i++) {
        ls_value line = ls_str_from(info->warnings[i]);
        ok = line.tag != LS_UNSET && ls_list_append(list.list, line);
        ls_drop(line);
    }
    if (ok) return note(w, dict, "warnings", list);
    ls_drop(list);
    return ls_no_memory(w->in);
}

static bool note_all(ls_work *w, ls_value dict, const lsv_svdgrad_info *info) {
    bool ok = note(w, dict, "method", ls_str_from(info->method)) &&
              note(w, dict, "why", ls_str_from(info->why)) && note(w, dict, "index", ls_int(info->index)) &&
              note(w, dict, "as_written", ls_bool(info->as_written));
#define X(name) \
    ok = ok &&  \
         (isnan(info->name) ? note(w, dict, #name, ls_none()) : note(w, dict, #name, ls_float(info->name)));
    NUMBERS(X)
#undef X
    ok = ok && note(w, dict, "iterations", ls_int(info->iterations)) &&
         note(w, dict, "products", ls_int(info->products));
    ok = ok && note(w, dict, "u", ls_from_array(lsv_ref(info->u))) &&
         note(w, dict, "v", ls_from_array(lsv_ref(info->v)));
    return ok && note_warnings(w, dict, info);
}

/* ---- report and warnings ---- */

static bool report(ls_work *w, const lsv_svdgrad_info *info) {
    lsv_text t = {0};
    lsv_svdgrad_report(info, &t);
    bool ok = t.failed ? ls_no_memory(w->in) : ls_write(w->in, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

static void tell(ls_work *w, const lsv_svdgrad_info *info) {
    for (int i = 0; w->in->client.warn && i < info->nwarnings; i++) {
        char line[256];
        snprintf(line, sizeof line, "svdgrad: warning: %s", info->warnings[i]);
        w->in->client.warn(w->in->client.ctx, line);
    }
}

/* ---- the builtin ---- */

static bool options_of(ls_work *w, const ls_value *args, lsv_svdgrad_options *o, bool *shown, bool *wanted) {
    const char *method;
    lsv_array *u0;
    int64_t index;
    *o = (lsv_svdgrad_options){.tol = (double)NAN};
    if (!ls_as_text(w->in, args[METHOD], "method", &method) ||
        !ls_as_int(w->in, args[INDEX], "index", &index) || !cotangent(w, args[U0], &u0) ||
        !ls_truth(w->in, args[REPORT], shown) || !ls_truth(w->in, args[INFO], wanted) ||
        !ls_truth(w->in, args[AS_WRITTEN], &o->as_written))
        return false;
    if (!ls_is_none(args[TOL]) && !ls_as_double(w->in, args[TOL], "tol", &o->tol)) return false;
    o->u0 = u0, o->index = (ptrdiff_t)index;
    o->diagnose = *shown || *wanted, o->differences = *shown;
    if (ls_ok(w, lsv_svdgrad_find(method, &o->method, &w->err))) return true;
    ls_blame(w->in, METHOD);
    return false;
}

static bool give(ls_work *w, ls_value *out, lsv_array *g, const lsv_svdgrad_info *info, bool wanted) {
    if (!wanted) return ls_give_array(w, out, LSV_OK, &g);
    ls_value items[2] = {ls_from_array(g), ls_dict_new()};
    bool ok = items[1].tag != LS_UNSET ? note_all(w, items[1], info) : ls_no_memory(w->in);
    if (ok) return ls_give_tuple(w, out, NULL, 2, items);
    ls_drop(items[0]);
    ls_drop(items[1]);
    return false;
}

BUILTIN(builtin_svdgrad) {
    lsv_array *a, *xi, *phi, *psi, *g;
    lsv_svdgrad_options o;
    lsv_svdgrad_info info;
    bool shown, wanted;
    if (!matrix(w, args[A], &a) || !cotangent(w, args[XI], &xi) || !cotangent(w, args[PHI], &phi) ||
        !cotangent(w, args[PSI], &psi) || !options_of(w, args, &o, &shown, &wanted))
        return false;
    if (!ls_ok(w, lsv_svdgrad(a, xi, phi, psi, &o, &g, &info, &w->err))) return false;
    bool ok = !shown || report(w, &info);
    if (!shown) tell(w, &info);
    if (ok) ok = give(w, out, g, &info, wanted);
    else lsv_release(g);
    lsv_svdgrad_info_free(&info);
    return ok;
}

const ls_builtin ls_family_svdgrad[] = {
    {"svdgrad",
     "(A, xi=None, phi=None, psi=None, *, method=\"auto\", index=0, u0=None, report=False, info=False, "
     "as_written=False, tol=None)",
     "The gradient of xi*sigma + phi.u + psi.v with respect to A",
     "(sigma, u, v) is the index-th singular triplet; None is zero. Signs of u and v: the largest |u_j| is "
     "positive, unless u0 asks for u.u0 >= 0. With xi a vector of k numbers and phi (m,k), psi (n,k) "
     "matrices the loss is summed over the first k triplets. Rank-deficient A is no special case; a repeated "
     "sigma with phi or psi not zero is a LinAlgError.\n\n"
     "method: \"auto\" chooses by size and gap; \"svd\" closed form; \"autograd\" the derivative of the "
     "whole SVD; \"numerical\" central differences; \"bordered\", \"augmented\", \"kshift\", \"lstsq\" ways "
     "to solve with K = [s I, -A; -A.T, s I]; \"block\", \"mixed\", \"backward\", \"forward\" eliminated "
     "forms, with as_written=True uncorrected, for comparison; \"refined\" long double "
     "residuals, for small gaps; \"iterative\" and \"krylov\" products with A only, to the relative error "
     "tol.\n\n"
     "report=True prints diagnostics. info=True gives (G, dict): why, sigma, gap, rho = |Kx - Pc|, bound on "
     "|G - exact|, warnings and more. Computed in float64, "
     "also where A and G are float32.",
     NULL,
     builtin_svdgrad, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
