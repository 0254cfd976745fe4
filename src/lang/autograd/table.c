/* Which rule belongs to which builtin. */
#include "lang/autograd/rows.h"

#define STRUCTURE(names_, shown_) \
    { names_, ls_grad_moved, 0, shown_, NULL }
#define PLAIN(names_) \
    { names_, NULL, 0, NULL, NULL }
#define REDUCE(names_, id, shown_) \
    { names_, ls_grad_op_reduce, LSV_GRAD_##id, shown_, NULL }
#define FORMULA(names_, shown_, text_) \
    { names_, ls_grad_op_formula, 0, shown_, "lambda torch, np, " text_ }

const ls_grad_row ls_grad_rows[] = {
    /* results that do not depend on the argument, or are meant to be constants */
    PLAIN("np.zeros_like np.ones_like np.empty_like np.full_like torch.zeros_like torch.ones_like "
          "torch.empty_like torch.full_like torch.rand_like torch.randn_like"),
    PLAIN("tensor.new_zeros tensor.new_empty tensor.new_ones tensor.new_tensor tensor.detach tensor.data "
          "tensor.item tensor.tolist tensor.numpy tensor.grad"),
    PLAIN("torch.tensor torch.Parameter torch.autograd.grad jax.grad jax.value_and_grad "
          "jax.lax.stop_gradient"),
    {"torch.heaviside np.heaviside np.round torch.round", ls_grad_op_first, LSV_GRAD_ZERO, "RoundBackward0",
     NULL},

    /* element-wise beyond the lists of operations */
    {"torch.add", ls_grad_op_binary, LSV_OP_ADD, NULL, NULL},
    {"torch.sub", ls_grad_op_binary, LSV_OP_SUB, NULL, NULL},
    {"torch.div", ls_grad_op_binary, LSV_OP_DIV, NULL, NULL},
    {"torch.pow np.float_power torch.float_power pow", ls_grad_op_binary, LSV_OP_POW, NULL, NULL},
    {"torch.rsub", ls_grad_op_rsub, 0, NULL, NULL},
    {"abs np.fabs", ls_grad_op_unary, LSV_FN_ABS, NULL, NULL},
    {"np.clip torch.clamp", ls_grad_op_clamp, LSV_GRAD_CLAMP, NULL, NULL},
    {"torch.clamp_min", ls_grad_op_clamp, LSV_GRAD_CLAMP, "ClampMinBackward0", NULL},
    {"torch.clamp_max", ls_grad_op_clamp, LSV_GRAD_CLAMP, "ClampMaxBackward0", NULL},
    {"torch.clone ndarray.copy np.copy", ls_grad_op_first, LSV_GRAD_COPY, "CloneBackward0", NULL},
    {"tensor.contiguous np.ascontiguousarray", ls_grad_op_first, LSV_GRAD_COPY, "CloneBackward0", NULL},
    {"tensor.to tensor.float tensor.double tensor.half tensor.bfloat16 tensor.type ndarray.astype tensor.cpu "
     "tensor.cuda",
     ls_grad_op_first, LSV_GRAD_COPY, "ToCopyBackward0", NULL},
    {"torch.frac", ls_grad_op_first, LSV_GRAD_COPY, "FracBackward0", NULL},
    {"np.array np.asarray torch.as_tensor", ls_grad_op_convert, 0, NULL, NULL},
    FORMULA("torch.nan_to_num", "NanToNumBackward0",
            "input, nan, posinf, neginf: torch.where(torch.isfinite(input), input, 0.0)"),
    FORMULA("np.nan_to_num", NULL, "x, copy, nan, posinf, neginf: np.where(np.isfinite(x), x, 0.0)"),
    FORMULA("torch.lerp", "LerpBackward0", "input, end, weight: input + weight * (end - input)"),
    FORMULA("torch.addcmul", "AddcmulBackward0", "input, a, b, value: input + value * a * b"),
    FORMULA("torch.addcdiv", "AddcdivBackward0", "input, a, b, value: input + value * a / b"),

    /* reductions */
    REDUCE("torch.sum np.sum", SUM, NULL),
    REDUCE("torch.nansum np.nansum", NANSUM, NULL),
    REDUCE("torch.mean np.mean", MEAN, NULL),
    REDUCE("torch.prod np.prod", PROD, NULL),
    REDUCE("torch.var np.var", VAR, NULL),
    REDUCE("torch.std np.std", STD, NULL),
    REDUCE("torch.amax np.max np.nanmax", EXTREME, "AmaxBackward0"),
    REDUCE("torch.amin np.min np.nanmin", EXTREME, "AminBackward0"),
    REDUCE("torch.logsumexp", LOGSUMEXP, NULL),
    {"torch.max torch.min torch.median", ls_grad_op_extreme, LSV_GRAD_EXTREME, NULL, NULL},
    {"torch.kthvalue", ls_grad_op_along, 0, "KthvalueBackward0", NULL},
    {"torch.cummax", ls_grad_op_along, 0, "CummaxBackward0", NULL},
    {"torch.cummin", ls_grad_op_along, 0, "CumminBackward0", NULL},
    {"torch.sort", ls_grad_op_along, 0, "SortBackward0", NULL},
    {"torch.topk", ls_grad_op_along, 0, "TopkBackward0", NULL},
    {"torch.msort np.sort", ls_grad_op_sort, 0, "SortBackward0", NULL},
    {"torch.cumsum np.cumsum", ls_grad_op_running, LSV_GRAD_CUMSUM, NULL, NULL},
    {"torch.cumprod np.cumprod", ls_grad_op_running, LSV_GRAD_CUMPROD, NULL, NULL},
    {"torch.softmax", ls_grad_op_softmax, LSV_GRAD_SOFTMAX, NULL, NULL},
    {"torch.log_softmax", ls_grad_op_softmax, LSV_GRAD_LOG_SOFTMAX, NULL, NULL},
    FORMULA("torch.var_mean", "VarMeanBackward0",
            "x, dim, unbiased, keepdim, correction, axis: (torch.var(x, dim, unbiased, keepdim, "
            "correction=correction), torch.mean(x, dim, keepdim))"),
    FORMULA("torch.std_mean", "StdMeanBackward0",
            "x, dim, unbiased, keepdim, correction, axis: (torch.std(x, dim, unbiased, keepdim, "
            "correction=correction), torch.mean(x, dim, keepdim))"),
    FORMULA("torch.aminmax", "AminmaxBackward0",
            "x, dim, keepdim: (torch.amin(x, dim, keepdim), torch.amax(x, dim, keepdim))"),
    FORMULA("torch.quantile", "SqueezeBackward4",
            "x, q, dim, keepdim: (lambda s, k, t: torch.narrow(s, k, int(t), 1).squeeze(k) * (1 - t + "
            "int(t)) + torch.narrow(s, k, min(int(t) + 1, s.shape[k] - 1), 1).squeeze(k) * (t - "
            "int(t)))(torch.sort(x.reshape(-1) if dim is None else x, 0 if dim is None else dim)[0], 0 if "
            "dim is None else dim, float(q) * ((x.numel() if dim is None else x.shape[dim]) - 1))"),
    FORMULA("np.ptp", NULL, "a, axis, out, keepdims, initial: np.max(a, axis) - np.min(a, axis)"),
    FORMULA("np.median", NULL,
            "a, axis, out, keepdims, initial: (lambda b, k: (lambda s, n: (np.take(s, (n - 1) // 2, k) + "
            "np.take(s, n // 2, k)) / 2)(np.sort(b, k), b.shape[k]))(a.reshape(-1) if axis is None else a, 0 "
            "if axis is None else axis)"),
    FORMULA("np.average", NULL,
            "a, axis, weights, returned, keepdims: np.mean(a, axis) if weights is None else (a * "
            "weights).sum(axis) / (weights + 0 * a).sum(axis)"),
    FORMULA("torch.diff", "SubBackward0",
            "x, n, dim, before=None, after=None: torch.diff(torch.cat([e for e in (before, x, after) if e is "
            "not None], dim), n, dim) if before is not None or after is not None else torch.narrow(x, dim, "
            "1, x.shape[dim] - 1) - torch.narrow(x, dim, 0, x.shape[dim] - 1) if n == 1 else "
            "torch.diff(torch.diff(x, 1, dim), n - 1, dim)"),
    FORMULA("np.diff", NULL,
            "a, n, axis, before=None, after=None: np.diff(np.concatenate([e for e in (before, a, after) if e "
            "is not None], axis), n, axis) if before is not None or after is not None else (lambda k, m: "
            "np.take(a, np.arange(1, m), k) - np.take(a, np.arange(m - 1), k))(axis, a.shape[axis]) if n == "
            "1 else np.diff(np.diff(a, 1, axis), n - 1, axis)"),

    /* products */
    {"torch.matmul np.matmul torch.mm torch.mv torch.dot np.dot torch.vdot np.vdot", ls_grad_op_matmul, 0,
     NULL, NULL},
    {"torch.bmm", ls_grad_op_matmul, 0, "BmmBackward0", NULL},
    {"torch.outer np.outer", ls_grad_op_two, LSV_GRAD_OUTER, "MulBackward0", NULL},
    {"torch.cross np.cross", ls_grad_op_cross, LSV_GRAD_CROSS, NULL, NULL},
    {"torch.einsum np.einsum", ls_grad_op_einsum, LSV_GRAD_EINSUM, NULL, NULL},
    {"torch.tensordot np.tensordot", ls_grad_op_tensordot, 0, NULL, NULL},
    {"torch.trace np.trace", ls_grad_op_trace, LSV_GRAD_TRACE, NULL, NULL},
    {"torch.linalg.matrix_power np.linalg.matrix_power torch.linalg.multi_dot np.linalg.multi_dot "
     "torch.chain_matmul",
     ls_grad_op_chain, 0, NULL, NULL},
    FORMULA("torch.inner", "ViewBackward0",
            "a, b, out: torch.tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else a * b"),
    FORMULA("np.inner", NULL,
            "a, b, out: np.tensordot(a, b, ([-1], [-1])) if np.ndim(a) and np.ndim(b) else a * b"),
    FORMULA("torch.kron", "UnsafeViewBackward0",
            "a, b, out: torch.outer(a, b).reshape(-1) if a.ndim == 1 and b.ndim == 1 else "
            "torch.einsum('ij,kl->ikjl', a, b).reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])"),
    FORMULA("np.kron", NULL,
            "a, b, out: np.outer(a, b).reshape(-1) if a.ndim == 1 and b.ndim == 1 else "
            "np.einsum('ij,kl->ikjl', a, b).reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])"),
    FORMULA("torch.addmm", "AddmmBackward0", "input, a, b, beta, alpha: beta * input + alpha * (a @ b)"),
    FORMULA("torch.addr", "AddrBackward0",
            "input, a, b, beta, alpha: beta * input + alpha * torch.outer(a, b)"),
    FORMULA("torch.linalg.vecdot", "SumBackward1", "x, y, dim: (x * y).sum(dim)"),
    FORMULA("np.vecdot", NULL, "x, y, axis: (x * y).sum(axis)"),
    FORMULA("torch.cov", "SqueezeBackward0",
            "x, c: (lambda d: d @ d.mT / (x.shape[-1] - c) if x.ndim == 2 else (d * d).sum() / (x.shape[-1] "
            "- c))(x - x.mean(-1, keepdim=True))"),
    FORMULA("torch.corrcoef", NULL,
            "x: (lambda c: c / torch.outer(c.diagonal(), c.diagonal()).sqrt())(torch.cov(x))"),
    FORMULA("torch.dist", "DistBackward0", "input, other, p: torch.linalg.vector_norm(input - other, p)"),
    FORMULA("torch.cdist", "CdistBackward0",
            "a, b, p: torch.linalg.vector_norm(a[..., :, None, :] - b[..., None, :, :], p, -1)"),
    FORMULA("torch.nn.functional.normalize", "DivBackward0",
            "x, p, dim, eps: x / torch.linalg.vector_norm(x, p, dim, keepdim=True).clamp(min=eps)"),
    FORMULA("torch.nn.functional.cosine_similarity", "SumBackward1",
            "x, y, dim, eps: (x * y).sum(dim) / (torch.linalg.vector_norm(x, 2, dim).clamp(min=eps) * "
            "torch.linalg.vector_norm(y, 2, dim).clamp(min=eps))"),
    FORMULA("torch.nn.functional.linear", "AddmmBackward0", "x, w, b: x @ w.T if b is None else x @ w.T + b"),

    /* norms and numbers about a matrix */
    {"torch.linalg.norm np.linalg.norm", ls_grad_op_norm, 0, NULL, NULL},
    {"torch.norm", ls_grad_op_norm, 1, NULL, NULL},
    {"torch.linalg.vector_norm np.linalg.vector_norm", ls_grad_op_norm, 2, NULL, NULL},
    {"torch.linalg.matrix_norm np.linalg.matrix_norm", ls_grad_op_norm, 3, NULL, NULL},
    FORMULA("torch.linalg.cond", "SqueezeBackward1",
            "A, p: (lambda s: s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., "
            "0])(torch.linalg.svdvals(A)) if p is None or p == 2 or p == -2 else torch.linalg.matrix_norm(A, "
            "p) * torch.linalg.matrix_norm(torch.linalg.inv(A), p)"),
    FORMULA("np.linalg.cond", NULL,
            "A, p: (lambda s: s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., "
            "0])(np.linalg.svdvals(A)) if p is None or p == 2 or p == -2 else np.linalg.norm(A, p) * "
            "np.linalg.norm(np.linalg.inv(A), p)"),
    {"torch.linalg.det np.linalg.det", ls_grad_op_first, LSV_GRAD_DET, NULL, NULL},
    {"torch.linalg.slogdet torch.slogdet np.linalg.slogdet", ls_grad_op_tuple, LSV_GRAD_SLOGDET, NULL, NULL},
    FORMULA("torch.logdet", "WhereBackward0", "A: torch.linalg.slogdet(A)[1]"),

    /* systems and factorisations */
    {"torch.linalg.solve np.linalg.solve", ls_grad_op_solve, LSV_GRAD_SOLVE, NULL, NULL},
    {"torch.linalg.solve_triangular", ls_grad_op_triangular, LSV_GRAD_TRIANGULAR, NULL, NULL},
    {"torch.linalg.inv np.linalg.inv", ls_grad_op_first, LSV_GRAD_INV, NULL, NULL},
    {"torch.linalg.pinv torch.pinverse np.linalg.pinv", ls_grad_op_first, LSV_GRAD_PINV, NULL, NULL},
    {"torch.linalg.lstsq np.linalg.lstsq", ls_grad_op_lstsq, LSV_GRAD_LSTSQ, NULL, NULL},
    {"torch.linalg.cholesky torch.cholesky np.linalg.cholesky", ls_grad_op_upper, LSV_GRAD_CHOLESKY, NULL,
     NULL},
    {"torch.linalg.qr np.linalg.qr", ls_grad_op_tuple, LSV_GRAD_QR, NULL, NULL},
    {"torch.linalg.eigh np.linalg.eigh", ls_grad_op_tuple, LSV_GRAD_EIGH, NULL, NULL},
    {"torch.linalg.eigvalsh np.linalg.eigvalsh", ls_grad_op_upper, LSV_GRAD_EIGVALSH, NULL, NULL},
    {"torch.linalg.svd torch.svd np.linalg.svd svd", ls_grad_op_svd, LSV_GRAD_SVD, NULL, NULL},
    {"torch.linalg.svdvals np.linalg.svdvals", ls_grad_op_first, LSV_GRAD_SVDVALS, NULL, NULL},

    /* what moves elements */
    STRUCTURE("ndarray.T tensor.T np.transpose ndarray.transpose torch.permute tensor.permute torch.movedim "
              "np.moveaxis",
              "PermuteBackward0"),
    STRUCTURE("tensor.mT tensor.mH ndarray.mT torch.transpose np.swapaxes np.matrix_transpose torch.adjoint",
              "TransposeBackward0"),
    STRUCTURE("torch.t", "TBackward0"),
    STRUCTURE("torch.reshape tensor.reshape tensor.reshape_as np.reshape ndarray.reshape",
              "ReshapeAliasBackward0"),
    STRUCTURE("tensor.view tensor.view_as torch.flatten torch.ravel torch.unflatten np.ravel ndarray.flatten",
              "ViewBackward0"),
    STRUCTURE("torch.squeeze np.squeeze", "SqueezeBackward0"),
    STRUCTURE("torch.unsqueeze np.expand_dims torch.atleast_1d torch.atleast_2d np.atleast_1d np.atleast_2d "
              "np.atleast_3d",
              "UnsqueezeBackward0"),
    STRUCTURE("tensor.expand tensor.expand_as torch.broadcast_to np.broadcast_to torch.meshgrid np.meshgrid",
              "ExpandBackward0"),
    STRUCTURE("torch.flip tensor.flip torch.flipud torch.fliplr np.flip np.flipud np.fliplr",
              "FlipBackward0"),
    STRUCTURE("torch.rot90 np.rot90", "Rot90Backward0"),
    STRUCTURE("torch.roll np.roll", "RollBackward0"),
    STRUCTURE("torch.diagonal torch.linalg.diagonal np.diagonal", "DiagonalBackward0"),
    STRUCTURE("torch.diag torch.diagflat torch.diag_embed np.diag np.diagflat", "DiagBackward0"),
    STRUCTURE("torch.tril np.tril", "TrilBackward0"),
    STRUCTURE("torch.triu np.triu", "TriuBackward0"),
    STRUCTURE("torch.cat torch.vstack torch.hstack torch.column_stack torch.dstack np.concatenate np.vstack "
              "np.hstack np.column_stack np.dstack np.append np.block",
              "CatBackward0"),
    STRUCTURE("torch.stack np.stack", "StackBackward0"),
    STRUCTURE("torch.split torch.chunk torch.tensor_split np.split np.array_split np.hsplit np.vsplit",
              "SplitBackward0"),
    STRUCTURE("torch.unbind", "UnbindBackward0"),
    STRUCTURE("torch.narrow", "SliceBackward0"),
    STRUCTURE("torch.select", "SelectBackward0"),
    STRUCTURE("torch.tile tensor.tile tensor.repeat np.tile", "RepeatBackward0"),
    STRUCTURE("torch.repeat_interleave np.repeat", "ViewBackward0"),
    STRUCTURE("np.pad np.delete np.insert", NULL),
    STRUCTURE("torch.nn.functional.pad", "ConstantPadNdBackward0"),
    STRUCTURE("torch.where tensor.where np.where", "WhereBackward0"),
    STRUCTURE("torch.masked_fill", "MaskedFillBackward0"),
    STRUCTURE("torch.masked_select", "MaskedSelectBackward0"),
    STRUCTURE("torch.gather torch.take_along_dim np.take_along_axis", "GatherBackward0"),
    STRUCTURE("torch.index_select", "IndexSelectBackward0"),
    STRUCTURE("torch.take np.take", "TakeBackward0"),
    STRUCTURE("torch.scatter", "ScatterBackward0"),
    STRUCTURE("torch.index_copy", "IndexCopyBackward0"),
    STRUCTURE("torch.index_fill", "IndexFillBackward0"),
    STRUCTURE("torch.masked_scatter", "MaskedScatterBackward0"),
    STRUCTURE("np.real torch.real", NULL),

    FORMULA("torch.erfc", "ErfcBackward0", "x: -torch.erf(x)"),
    FORMULA("torch.lgamma", "LgammaBackward0", "x: x * torch.digamma(x.detach())"),
    FORMULA("torch.erfinv", "ErfinvBackward0",
            "x: x * (0.886226925452758 * torch.exp(torch.erfinv(x.detach()) ** 2))"),

    /* sums at places: as products with, and sums over, which place each element goes to */
    FORMULA("torch.index_add", "IndexAddBackward0",
            "x, dim, index, source, alpha: x + (lambda n: alpha * torch.tensordot((torch.arange(n)[:, None] == "
            "index.reshape(-1)).to(x.dtype), source.reshape(-1) if x.ndim == 0 else source, ([1], [0 if x.ndim == 0 "
            "else dim])).movedim(0, 0 if x.ndim == 0 else dim).reshape(x.shape))(x.shape[dim] if x.ndim else 1)"),
    FORMULA("torch.scatter_add", "ScatterAddBackward0",
            "x, dim, index, src: x + (lambda n, at, s: (lambda r: torch.nn.functional.pad(r, [p for d in "
            "reversed(range(r.ndim)) for p in (0, (x.shape[d] if x.ndim else 1) - r.shape[d])]))(torch.where("
            "at.movedim(dim, -1).unsqueeze(-1) == torch.arange(n), s[tuple([slice(0, k) for k in "
            "at.shape])].movedim(dim, -1).unsqueeze(-1), 0.0).sum(-2).movedim(-1, dim)).reshape(x.shape))("
            "x.shape[dim] if x.ndim else 1, index if index.ndim else index.reshape(1), src if src.ndim else src.reshape(1))"),
    {.names = NULL}};
