/* Layers of torch.nn.functional without state: normalization, attention, embedding, pad, dropout, distances. Most are
   formulas (composed.h). */
#include <math.h>
#include <stdio.h>

#include "grad/tape.h"
#include "lang/builtins/arrays/composed.h"

/* ---- normalization ---- */

/* normalized_shape against the end of x's. */
static bool normalized(ls_work *w, const lsv_array *x, const ls_value *args, const char *star, lsv_shape *s) {
    char a[128], b[128];
    if (args[1].tag != LS_TUPLE && args[1].tag != LS_LIST)
        return ls_raise(w->in, "TypeError", "%s(): argument 'normalized_shape' (position 2) must be tuple of ints, not %s", ls_builtin_short_name(w->self), ls_type_of(args[1])->shown);
    if (!ls_as_shape(w->in, args[1], s)) return false;
    if (s->ndim == 0)
        return ls_raise(w->in, "RuntimeError", "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = []");
    bool fits = s->ndim <= x->ndim;
    for (int d = 0; fits && d < s->ndim; d++) fits = s->dims[d] == x->shape[x->ndim - s->ndim + d];
    ls_sizes_text(s->ndim, s->dims, a, sizeof a);
    return fits || ls_raise(w->in, "RuntimeError", "Given normalized_shape=%s, expected input with shape [*%s%s, but got input of size%s", a, star, a + 1,
                            ls_sizes_text(x->ndim, x->shape, b, sizeof b));
}

/* weight or bias, argument i: None, or of normalized_shape. */
static bool affine(ls_work *w, const ls_value *args, int i, const char *name, const lsv_shape *s) {
    lsv_array *a;
    char have[128], want[128];
    if (ls_is_none(args[i])) return true;
    if (!ls_arg(w, args, i, &a)) return false;
    bool fits = a->ndim == s->ndim;
    for (int d = 0; fits && d < s->ndim; d++) fits = s->dims[d] == a->shape[d];
    return fits || ls_raise(w->in, "RuntimeError", "Expected %s to be of same shape as normalized_shape, but got %s of shape %s and normalized_shape = %s", name, name,
                            ls_sizes_text(a->ndim, a->shape, have, sizeof have), ls_sizes_text(s->ndim, s->dims, want, sizeof want));
}

/* layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05) */
BUILTIN(nn_layer_norm) {
    static const char formula[] =
        "x, dims, w, b, eps: (lambda y: y if b is None else y + b)((lambda y: y if w is None else y * w)"
        "((lambda d: d * torch.rsqrt((d * d).mean(dims, True) + eps))(x - x.mean(dims, True))))";
    lsv_array *x;
    lsv_shape s;
    double eps;
    if (!ls_arg(w, args, 0, &x) || !normalized(w, x, args, ", ", &s) || !affine(w, args, 2, "weight", &s) || !affine(w, args, 3, "bias", &s) ||
        !ls_floats(w, args, 0, "LayerNormKernelImpl", &x) || !ls_as_double(w->in, args[4], "eps", &eps))
        return false;
    ls_value dims = ls_tuple_new(s.ndim);
    if (dims.tag == LS_UNSET) return ls_no_memory(w->in);
    for (int d = 0; d < s.ndim; d++) dims.tuple->items[d] = ls_int(d - s.ndim);
    bool ok = ls_compose_wide(w, out, formula, (ls_value[]){args[0], dims, args[2], args[3], ls_float(eps)}, 5, "NativeLayerNormBackward0");
    ls_drop(dims);
    return ok;
}

/* rms_norm(input, normalized_shape, weight=None, eps=None) */
BUILTIN(nn_rms_norm) {
    static const char formula[] = "x, dims, w, eps: (lambda y: y if w is None else y * w)(x * torch.rsqrt((x * x).mean(dims, True) + eps))";
    lsv_array *x;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &x) || !normalized(w, x, args, "", &s) || !affine(w, args, 2, "weight", &s) || !ls_floats(w, args, 0, "rms_norm", &x)) return false;
    double eps = x->dtype == LSV_FLOAT64 ? 0x1p-52 : 0x1p-23;
    if (!ls_is_none(args[3]) && !ls_as_double(w->in, args[3], "eps", &eps)) return false;
    ls_value dims = ls_tuple_new(s.ndim);
    if (dims.tag == LS_UNSET) return ls_no_memory(w->in);
    for (int d = 0; d < s.ndim; d++) dims.tuple->items[d] = ls_int(d - s.ndim);
    bool ok = ls_compose_wide(w, out, formula, (ls_value[]){args[0], dims, args[2], ls_float(eps)}, 4, "MulBackward0");
    ls_drop(dims);
    return ok;
}

/* ---- attention ---- */

/* PyTorch's names of dtypes in the messages of attention. */
static const char *scalar_type(const lsv_array *a) {
    static const char *const names[LSV_NDTYPES] = {
        [LSV_BOOL] = "bool", [LSV_INT32] = "int", [LSV_INT64] = "long int", [LSV_FLOAT16] = "c10::Half",
        [LSV_BFLOAT16] = "c10::BFloat16", [LSV_FLOAT32] = "float", [LSV_FLOAT64] = "double"};
    return names[a->dtype];
}

/* a @ b of attention: (…, m, k) and (…, k, n), with PyTorch's messages where they do not meet. */
static bool meet(ls_work *w, const lsv_array *a, ptrdiff_t k, ptrdiff_t n) {
    ptrdiff_t batch = 1, m = a->shape[a->ndim - 2], want = a->shape[a->ndim - 1];
    if (want == k) return true;
    if (a->ndim == 2) return ls_raise(w->in, "RuntimeError", "mm: mat1 and mat2 shapes cannot be multiplied (%tdx%td and %tdx%td)", m, want, k, n);
    for (int d = 0; d < a->ndim - 2; d++) batch *= a->shape[d];
    return ls_raise(w->in, "RuntimeError", "Expected size for first two dimensions of batch2 tensor to be: [%td, %td] but got: [%td, %td].", batch, want, batch, k);
}

static bool attention_args(ls_work *w, const ls_value *args, lsv_array *qkv[3], lsv_array **mask, bool causal) {
    lsv_array *q, *k, *v;
    for (int i = 0; i < 3; i++)
        if (!ls_arg(w, args, i, &qkv[i])) return false;
    q = qkv[0], k = qkv[1], v = qkv[2];
    if (q->dtype != k->dtype || q->dtype != v->dtype)
        return ls_raise(w->in, "RuntimeError", "Expected query, key, and value to have the same dtype, but got query.dtype: %s key.dtype: %s and value.dtype: %s instead.",
                        scalar_type(q), scalar_type(k), scalar_type(v));
    if (q->ndim < 2 || k->ndim < 2 || v->ndim < 2)
        return ls_raise(w->in, "RuntimeError",
                        "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: %d key.dim: %d and value.dim: %d instead.",
                        q->ndim, k->ndim, v->ndim);
    *mask = NULL;
    if (!ls_is_none(args[3]) && !ls_arg(w, args, 3, mask)) return false;
    if (*mask && (*mask)->dtype != LSV_BOOL && (*mask)->dtype != q->dtype && (*mask)->dtype != LSV_FLOAT32)
        return ls_raise(w->in, "RuntimeError",
                        "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: %s and  query.dtype: %s instead.",
                        scalar_type(*mask), scalar_type(q));
    if (*mask && causal)
        return ls_raise(w->in, "RuntimeError", "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
    ptrdiff_t keys = k->shape[k->ndim - 2];
    if (!meet(w, q, k->shape[k->ndim - 1], keys)) return false;
    return v->shape[v->ndim - 2] == keys || ls_raise(w->in, "RuntimeError", "key has %td rows, and value %td", keys, v->shape[v->ndim - 2]);
}

/* How PyTorch names the step on a CPU: its fused kernel takes (N, H, L, E); (N, L, E) is taken as one head. */
static const char *attention_name(lsv_array *const qkv[3], const lsv_array *mask) {
    const lsv_array *q = qkv[0], *v = qkv[2];
    bool fused = q->shape[q->ndim - 1] == v->shape[v->ndim - 1] && !(mask && lsv_tracked(mask));
    if (q->ndim == 4 && fused) return "ScaledDotProductFlashAttentionForCpuBackward0";
    return q->ndim == 3 ? "SqueezeBackward1" : NULL;
}

/* scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False) */
BUILTIN(nn_attention) {
    /* Rows that may attend to nothing give zeros, without a NaN on the way back. */
    static const char formula[] =
        "q, k, v, mask, causal, scale: (lambda s: (lambda m: torch.softmax(s, -1) @ v if m is None else "
        "(lambda t: (lambda dead: torch.where(dead, 0.0, torch.softmax(torch.where(dead, 0.0, t), -1)) @ v)((t == -np.inf).all(-1, keepdim=True)))"
        "(s.masked_fill(~m, -np.inf) if m.dtype == torch.bool else s + m))"
        "(torch.ones(s.shape[-2:], dtype=torch.bool).tril() if causal else mask))((q @ k.mT) * scale)";
    lsv_array *qkv[3], *mask;
    double p, scale;
    bool causal, shared;
    if (!ls_as_double(w->in, args[4], "dropout_p", &p) || !ls_truth(w->in, args[5], &causal) || !ls_truth(w->in, args[7], &shared) ||
        !attention_args(w, args, qkv, &mask, causal))
        return false;
    if (p != 0) return ls_raise(w->in, "NotImplementedError", "scaled_dot_product_attention with dropout: dropout_p must be 0 in lsv");
    scale = 1 / sqrt((double)qkv[0]->shape[qkv[0]->ndim - 1]);
    if (!ls_is_none(args[6]) && !ls_as_double(w->in, args[6], "scale", &scale)) return false;
    ls_value all[] = {args[0], args[1], args[2], args[3], ls_bool(causal), ls_float(scale)}, heads;
    const char *shown = attention_name(qkv, mask);
    if (!shared) return ls_compose(w, out, formula, all, 6, shown);
    /* enable_gqa: several heads of queries share one of keys and values */
    if (!ls_compose(w, &heads, "q, k, v: (k.repeat_interleave(q.shape[-3] // k.shape[-3], -3), v.repeat_interleave(q.shape[-3] // v.shape[-3], -3))", all, 3, NULL)) return false;
    all[1] = heads.tuple->items[0];
    all[2] = heads.tuple->items[1];
    bool ok = ls_compose(w, out, formula, all, 6, shown);
    ls_drop(heads);
    return ok;
}

/* ---- embedding ---- */

static bool indices_in_range(ls_work *w, lsv_array *ix, ptrdiff_t n) {
    lsv_array *wide, *flat;
    if (!ls_ok(w, lsv_as_dtype(ix, LSV_INT64, &wide, &w->err)) || !ls_keep(w, wide) || !ls_ok(w, lsv_contiguous(wide, &flat, &w->err)) || !ls_keep(w, flat)) return false;
    const int64_t *at = lsv_data(flat);
    for (ptrdiff_t i = 0; i < flat->size; i++)
        if (at[i] < 0 || at[i] >= n) return ls_raise(w->in, "IndexError", "index out of range in self");
    return true;
}

/* embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False) */
BUILTIN(nn_embedding) {
    static const char formula[] = "at, w, p: w[at] if p is None else torch.where((at == p).unsqueeze(-1), w.detach()[at], w[at])";
    lsv_array *ix, *table;
    int64_t padding = 0;
    bool by_frequency;
    if (!ls_arg(w, args, 0, &ix) || !ls_arg(w, args, 1, &table) || !ls_truth(w->in, args[5], &by_frequency)) return false;
    if (!ls_is_none(args[3]) || by_frequency) return ls_raise(w->in, "NotImplementedError", "embedding with max_norm or scale_grad_by_freq is not implemented");
    if (!ls_is_none(args[2])) {
        if (!ls_as_int(w->in, args[2], "padding_idx", &padding)) return false;
        ptrdiff_t n = table->ndim ? table->shape[0] : 0;
        if (padding < -n || padding >= n) return ls_raise(w->in, "AssertionError", "Padding_idx must be within num_embeddings");
        if (padding < 0) padding += n;
    }
    if (table->ndim != 2) return ls_raise(w->in, "RuntimeError", "'weight' must be 2-D");
    if (!lsv_dtype_is_int((lsv_dtype)ix->dtype)) {
        char type[32];
        snprintf(type, sizeof type, ix->dtype == LSV_BOOL ? "CPU%sType" : "torch.%sTensor", ls_torch_type(ix));
        return ls_raise(w->in, "RuntimeError",
                        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got %s instead "
                        "(while checking arguments for embedding)", type);
    }
    if (!indices_in_range(w, ix, table->shape[0])) return false;
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], ls_is_none(args[2]) ? ls_none() : ls_int(padding)}, 3, "EmbeddingBackward0");
}

/* ---- pad ---- */

/* What of a goes where in the result: from the last axis on, `pad` holds (before, after); negative ones cut off. */
typedef struct placing { int ndim; ptrdiff_t shape[LSV_MAXDIM], common[LSV_MAXDIM], from[LSV_MAXDIM], to[LSV_MAXDIM]; } placing;

static bool placed(ls_work *w, const lsv_array *a, const ls_value *pad, ptrdiff_t npad, placing *p) {
    if (npad % 2) return ls_raise(w->in, "RuntimeError", "Padding length must be divisible by 2");
    if (npad > 2 * a->ndim)
        return ls_raise(w->in, "RuntimeError",
                        "Padding length should be less than or equal to two times the input dimension but got padding length %td and input of dimension %d", npad, a->ndim);
    p->ndim = a->ndim;
    for (int d = 0; d < a->ndim; d++) {
        ptrdiff_t at = 2 * (a->ndim - 1 - d), n = a->shape[d];
        int64_t before = 0, after = 0;
        if (at < npad && (!ls_as_int(w->in, pad[at], "pad", &before) || !ls_as_int(w->in, pad[at + 1], "pad", &after))) return false;
        if (before > PTRDIFF_MAX / 4 || after > PTRDIFF_MAX / 4 || n > PTRDIFF_MAX / 4) return ls_raise(w->in, "RuntimeError", "pad: the result is too large");
        if (before < -n || after < -n || n + (before < 0 ? before : 0) + (after < 0 ? after : 0) < 0)
            return ls_raise(w->in, "RuntimeError", "narrow(): length must be non-negative.");
        p->from[d] = before < 0 ? -before : 0;
        p->to[d] = before > 0 ? before : 0;
        p->common[d] = n - p->from[d] + (after < 0 ? after : 0);
        p->shape[d] = n + before + after;
    }
    return true;
}

static lsv_status window(lsv_array *a, const placing *p, const ptrdiff_t *start, lsv_array **out, lsv_error *err) {
    ptrdiff_t offset = 0;
    for (int d = 0; d < p->ndim; d++) offset += start[d] * a->strides[d];
    return lsv_view_strided(a, p->ndim, p->common, a->strides, offset, out, err);
}

static bool pad_mode(ls_work *w, ls_value mode) {
    const char *text;
    if (!ls_as_text(w->in, mode, "mode", &text)) return false;
    if (ls_text_is(mode, "constant")) return true;
    if (ls_text_is(mode, "reflect") || ls_text_is(mode, "replicate") || ls_text_is(mode, "circular"))
        return ls_raise(w->in, "NotImplementedError", "pad: mode '%s' is not implemented in lsv, only 'constant'", text);
    return ls_raise(w->in, "NotImplementedError", "Unrecognised padding mode %s", text);
}

/* pad(input, pad, mode="constant", value=None) */
BUILTIN(nn_pad) {
    lsv_array *a, *r, *from, *to;
    placing p;
    double value = 0;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (args[1].tag != LS_TUPLE && args[1].tag != LS_LIST)
        return ls_raise(w->in, "TypeError", "pad(): argument 'pad' (position 2) must be tuple of ints, not %s", ls_type_of(args[1])->shown);
    const ls_value *pad = args[1].tag == LS_TUPLE ? args[1].tuple->items : args[1].list->items;
    if (!pad_mode(w, args[2]) || (!ls_is_none(args[3]) && !ls_as_double(w->in, args[3], "value", &value)) ||
        !placed(w, a, pad, args[1].tag == LS_TUPLE ? args[1].tuple->n : args[1].list->n, &p))
        return false;
    if (!ls_ok(w, lsv_full(LSV_TORCH, (lsv_dtype)a->dtype, p.ndim, p.shape, lsv_scalar_float(value), &r, &w->err)) || !ls_keep(w, r)) return false;
    bool some = true;
    for (int d = 0; d < p.ndim; d++) some = some && p.common[d] > 0;
    if (some && (!ls_ok(w, window(a, &p, p.from, &from, &w->err)) || !ls_keep(w, from) || !ls_ok(w, window(r, &p, p.to, &to, &w->err)) || !ls_keep(w, to) ||
                 !ls_ok(w, lsv_assign(to, from, &w->err))))
        return false;
    return ls_give_kept(w, out, r);
}

/* ---- distances, dropout ---- */

/* pairwise_distance(x1, x2, p=2.0, eps=1e-06, keepdim=False) */
BUILTIN(nn_pairwise_distance) {
    static const char formula[] =
        "x, y, p, eps, keep: (lambda d: torch.linalg.vector_norm(d, p, -1, keep) if d.ndim else torch.linalg.vector_norm(d, p))(x - y + eps)";
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && ls_arg(w, args, 1, &a) && ls_compose(w, out, formula, args, 5, "NormBackward1");
}

/* dropout(input, p=0.5, training=True, inplace=False) */
BUILTIN(nn_dropout) {
    lsv_array *a;
    double p;
    bool training, inplace;
    if (!ls_arg(w, args, 0, &a) || !ls_as_double(w->in, args[1], "p", &p) || !ls_truth(w->in, args[2], &training) || !ls_truth(w->in, args[3], &inplace)) return false;
    if (!(p >= 0 && p <= 1)) return ls_raise(w->in, "ValueError", "dropout probability has to be between 0 and 1, but got %g", p);
    if (!training || p == 0) {
        *out = ls_ref(args[0]);
        return true;
    }
    if (p == 1) return ls_compose(w, out, "x: x * 0.0", args, 1, NULL);
    return ls_raise(w->in, "NotImplementedError", "dropout with training=True draws a mask as PyTorch's CPU does, which lsv cannot");
}

#define F "torch.nn.functional."

const ls_builtin ls_family_layers[] = {
    {F "layer_norm torch.layer_norm", "(input, normalized_shape, weight=None, bias=None, eps=1e-05)", "(x - mean) / sqrt(var + eps) over the last dims, times weight, plus bias",
     "normalized_shape, weight's and bias's shape, is how input's shape ends; the variance divides by n. The result has input's shape.", NULL, nn_layer_norm, 0, LS_CALLABLE, NULL},
    {F "rms_norm", "(input, normalized_shape, weight=None, eps=None)", "x / sqrt(mean(x * x) + eps) over the last dims, times weight",
     "normalized_shape, also weight's shape, is how input's shape ends. eps=None is the dtype's. The result has input's shape.", NULL, nn_rms_norm, 0, LS_CALLABLE, NULL},
    {F "scaled_dot_product_attention", "(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False)",
     "softmax(query @ key.mT * scale + mask) @ value",
     "query is (…, L, E), key (…, S, E), value (…, S, V), the result (…, L, V). attn_mask broadcasts to (…, L, S): numbers that are added, or True "
     "where a query may attend. scale=None is 1 / sqrt(E); dropout_p has to be 0.", NULL, nn_attention, 0, LS_CALLABLE, NULL},
    {F "embedding", "(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False)", "Rows of weight by index",
     "input holds indices, of any shape; weight is (n, E), the result (*input.shape, E). The row padding_idx collects no gradient.", NULL, nn_embedding, 0, LS_CALLABLE, NULL},
    {F "pad", "(input, pad, mode=\"constant\", value=None)", "input with a border of value around it",
     "pad is (before, after) of the last dim, then of the one before it, …; negative numbers cut off. value=None is 0. The only mode is \"constant\".", NULL, nn_pad, 0, LS_CALLABLE, NULL},
    {F "pairwise_distance torch.pairwise_distance", "(x1, x2, p=2.0, eps=1e-06, keepdim=False)", "p-norms of x1 - x2 + eps along the last dim",
     "x1 and x2 are (N, D) or (D), or broadcast; the result is (N), or (N, 1) with keepdim.", NULL, nn_pairwise_distance, 0, LS_CALLABLE, NULL},
    {F "dropout", "(input, p=0.5, training=True, inplace=False)", "input itself, when training is False or p is 0", "The result is input. Other calls raise NotImplementedError.", NULL,
     nn_dropout, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
