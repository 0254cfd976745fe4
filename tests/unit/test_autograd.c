/* Every derivative against central differences in float64. The test walks the tables that autograd itself reads: the
   rows of builtins, the element-wise operations and the rules of the tape; a row without an example here, or a rule
   that no example reaches, is a failure. */
#include "check.h"
#include "base/alloc.h"
#include "lang/autograd/autograd.h"
#include "grad/svd_derivative.h"
#include <stdlib.h>

/* The checker, in the language. Inputs are drawn once; a name says what it is like. */
static const char driver[] =
    "import torch, numpy as np, jax, jax.numpy as jnp, math\n"
    "rng = np.random.default_rng(5)\n"
    "V = {'A': rng.standard_normal((3, 4)), 'B': rng.standard_normal((4, 3)), 'C': rng.standard_normal((3, 4)), 'S': rng.standard_normal((3, 3)) + 3 * np.eye(3),\n"
    "     'W': rng.standard_normal((3, 3)), 'T': rng.standard_normal((2, 3, 4)), 'K': rng.standard_normal((2, 3, 3)) + 3 * np.eye(3), 'u': rng.standard_normal(3),\n"
    "     'v': rng.standard_normal(4), 'p': 0.2 + 0.6 * rng.random(5), 'q': 0.3 + 0.5 * rng.random(5), 'g': 1.5 + rng.random(5), 's': rng.standard_normal(()) * np.ones(()),\n"
    "     'Z': np.array([[2.0, 0.0, 3.0], [1.5, 2.5, -1.0]]), 'O': rng.standard_normal((5, 2)), 'k': rng.standard_normal(3)}\n"
    "V['G'] = V['S'] @ V['S'].T\n"
    "def total(y):\n"
    "    if isinstance(y, (tuple, list)):\n"
    "        r = 0.0\n"
    "        for k, e in enumerate(y):\n"
    "            if e.dtype in (torch.float64, np.float64):\n"
    "                r = r + (1 + k) * total(e)\n"
    "        return r\n"
    "    n = y.numel() if isinstance(y, torch.Tensor) else np.size(y)\n"
    "    c = np.cos(1.0 + np.arange(n)).reshape(y.shape)\n"
    "    return (y * (torch.from_numpy(c) if isinstance(y, torch.Tensor) else c)).sum()\n"
    "def numeric(f, xs, k, wrap):\n"
    "    g, h = np.zeros(xs[k].shape), 1e-6\n"
    "    for i in range(xs[k].size):\n"
    "        r = []\n"
    "        for d in (h, -h):\n"
    "            m = [np.array(x) for x in xs]\n"
    "            flat = m[k].reshape(-1)\n"
    "            flat[i] = flat[i] + d\n"
    "            r.append(float(total(f(*[wrap(x) for x in m]))))\n"
    "        g.reshape(-1)[i] = (r[0] - r[1]) / (2 * h)\n"
    "    return g\n"
    "def gap(a, b):\n"
    "    if np.shape(a) != np.shape(b): return 1e9\n"
    "    d = np.abs(np.array(a) - b)\n"
    "    return float(np.max(d / np.maximum(1, np.abs(b)))) if d.size else 0.0\n"
    "def check_torch(f, names):\n"
    "    xs = [V[n] for n in names]\n"
    "    ts = [torch.from_numpy(x.copy()).requires_grad_() for x in xs]\n"
    "    total(f(*ts)).backward()\n"
    "    return max([gap(t.grad.numpy(), numeric(f, xs, k, torch.from_numpy)) for k, t in enumerate(ts)])\n"
    "def check_jax(f, names):\n"
    "    xs = [V[n] for n in names]\n"
    "    gs = jax.grad(lambda *a: total(f(*a)), argnums=tuple(range(len(xs))))(*xs)\n"
    "    return max([gap(g, numeric(f, xs, k, lambda x: x)) for k, g in enumerate(gs)])\n";

typedef struct example { const char *name, *inputs, *expression; } example; /* inputs: letters of V */

/* clang-format off */
static const example examples[] = {
    /* operators and subscripts have no row: the empty name */
    {"", "A C", "A + C"}, {"", "A v", "A - v"}, {"", "A C", "A * C"}, {"", "A s", "A * s"}, {"", "p q", "p / q"}, {"", "p q", "p ** q"}, {"", "p", "p ** 3"},
    {"", "p", "2 ** p"}, {"", "A", "-A"}, {"", "A", "1 - A"}, {"", "p", "1 / p"}, {"", "p q", "p % q"}, {"", "A B", "A @ B"}, {"", "A v", "A @ v"},
    {"", "u A", "u @ A"}, {"", "u k", "u @ k"}, {"", "T B", "T @ B"}, {"", "T v", "T @ v"}, {"", "u T", "u @ T"}, {"", "K T", "K @ T"}, {"", "S T", "S @ T"},
    {"", "A", "A[1]"}, {"", "A", "A[:, 2]"}, {"", "A", "A[::2, 1:3]"}, {"", "A", "A[1, 2]"}, {"", "A", "A[None, ..., 0]"}, {"", "A", "A[[0, 2, 0]]"},
    {"", "A", "A[A > 0]"}, {"", "T", "T[:, [0, 1, 1], [2, 3, 3]]"}, {"", "A", "[row for row in A][2]"},
    {"torch.heaviside", "p", "torch.heaviside(p, p.detach()) + p"}, {"np.heaviside", "p", "np.heaviside(p, 0.5) + p"}, {"np.round", "p", "np.round(p, 1) + p"}, {"torch.round", "p", "torch.round(p) + p"},
    {"torch.add", "A C", "torch.add(A, C, alpha=2.5)"}, {"torch.add", "A", "A.add(1)"}, {"torch.sub", "A v", "torch.sub(A, v, alpha=0.5)"}, {"torch.div", "p q", "torch.div(p, q)"},
    {"torch.div", "p q", "torch.div(p, q, rounding_mode='floor') + p * q"}, {"torch.pow", "p q", "torch.pow(p, q)"}, {"torch.pow", "p", "p.pow(2.5)"},
    {"np.float_power", "p q", "np.float_power(p, q)"}, {"torch.float_power", "p", "torch.float_power(p, 3)"}, {"pow", "p", "pow(p, 3)"}, {"torch.rsub", "A C", "torch.rsub(A, C, alpha=3)"},
    {"abs", "A", "abs(A)"}, {"np.fabs", "A", "np.fabs(A)"},
    {"np.clip", "A", "np.clip(A, -0.5, 0.7)"}, {"torch.clamp", "A", "A.clamp(-0.5, 0.7)"}, {"torch.clamp", "A", "A.clamp(min=0.1)"}, {"torch.clamp", "p q g", "torch.clamp(p, q, g)"},
    {"torch.clamp_min", "A", "A.clamp_min(0.1)"}, {"torch.clamp_max", "A", "A.clamp_max(0.1)"}, {"torch.clone", "A", "A.clone() * 2"}, {"ndarray.copy", "A", "A.copy() * A"}, {"np.copy", "A", "np.copy(A)"},
    {"tensor.contiguous", "A", "A.T.contiguous()"}, {"np.ascontiguousarray", "A", "np.ascontiguousarray(A.T)"}, {"tensor.to", "A", "A.to(torch.float64) * A"},
    {"tensor.float", "A", "A.double().float().double() * 0 + A.double()"}, {"tensor.double", "A", "A.double()"}, {"tensor.half", "A", "A.half().double() * 0 + A"},
    {"tensor.bfloat16", "A", "A.bfloat16().double() * 0 + A"}, {"tensor.type", "A", "A.type(torch.float64)"}, {"ndarray.astype", "A", "A.astype(float)"}, {"tensor.cpu", "A", "A.cpu()"},
    {"tensor.cuda", "A", "(A.cuda() if torch.cuda.is_available() else A).cpu()"},
    {"torch.frac", "p", "torch.frac(p)"}, {"np.array", "A", "np.array(A)"}, {"np.array", "u", "np.array([u[0], 1.5, u[2] * u[1]])"}, {"np.asarray", "u", "np.asarray([[u[0], u[1]], [0, u[0]]])"},
    {"torch.as_tensor", "A", "torch.as_tensor(A)"}, {"torch.nan_to_num", "A", "torch.nan_to_num(A)"}, {"np.nan_to_num", "A", "np.nan_to_num(A)"},
    {"torch.lerp", "A C s", "torch.lerp(A, C, s)"}, {"torch.addcmul", "A C v", "torch.addcmul(A, C, v, value=2)"}, {"torch.addcdiv", "p q g", "torch.addcdiv(p, q, g, value=3)"},

    {"torch.sum", "A", "A.sum()"}, {"torch.sum", "T", "T.sum((0, 2))"}, {"torch.sum", "A", "A.sum(1, keepdim=True) * A"}, {"np.sum", "T", "np.sum(T, axis=1)"}, {"np.sum", "A", "A.sum()"},
    {"torch.nansum", "A", "torch.nansum(A, 0)"}, {"np.nansum", "A", "np.nansum(A)"}, {"torch.mean", "A", "A.mean(-1)"}, {"torch.mean", "A", "A.mean()"}, {"np.mean", "T", "T.mean((0, 1))"},
    {"torch.prod", "A", "A.prod()"}, {"torch.prod", "Z", "Z.prod(1)"}, {"torch.prod", "Z", "Z.prod(0, keepdim=True)"}, {"np.prod", "T", "np.prod(T, axis=(0, 2))"},
    {"torch.var", "A", "A.var()"}, {"torch.var", "A", "A.var(1, unbiased=False)"}, {"np.var", "A", "np.var(A, axis=0, ddof=1)"}, {"np.var", "A", "np.var(A)"}, {"torch.std", "A", "A.std(0)"}, {"np.std", "A", "np.std(A)"},
    {"torch.amax", "A", "A.amax(1)"}, {"np.max", "A", "np.max(A, axis=0)"}, {"np.nanmax", "A", "np.nanmax(A)"}, {"torch.amin", "A", "A.amin((0, 1))"}, {"np.min", "A", "A.min()"}, {"np.nanmin", "A", "np.nanmin(A, 1)"},
    {"torch.logsumexp", "A", "A.logsumexp(1)"}, {"torch.logsumexp", "A", "torch.logsumexp(A, (0, 1))"}, {"torch.max", "A", "A.max()"}, {"torch.max", "A", "A.max(1)"}, {"torch.max", "A C", "torch.max(A, C)"},
    {"torch.max", "A", "A.max(0, keepdim=True)"}, {"torch.min", "A", "A.min()"}, {"torch.min", "A", "A.min(0)"}, {"torch.median", "A", "A.median()"}, {"torch.median", "A", "A.median(1)"},
    {"torch.kthvalue", "A", "torch.kthvalue(A, 2)"}, {"torch.cummax", "A", "torch.cummax(A, 1)"}, {"torch.cummin", "A", "torch.cummin(A, 0)"}, {"torch.sort", "A", "torch.sort(A, 1, descending=True)"},
    {"torch.topk", "A", "torch.topk(A, 2, 0)"}, {"torch.msort", "A", "torch.msort(A)"}, {"np.sort", "A", "np.sort(A, axis=1)"}, {"torch.cumsum", "A", "A.cumsum(1)"}, {"np.cumsum", "A", "np.cumsum(A, axis=0)"},
    {"np.cumsum", "u", "np.cumsum(u)"}, {"torch.cumprod", "A", "A.cumprod(1)"}, {"torch.cumprod", "Z", "Z.cumprod(1)"}, {"torch.cumprod", "Z", "Z.cumprod(0)"}, {"np.cumprod", "A", "np.cumprod(A, axis=1)"},
    {"torch.softmax", "A", "A.softmax(1)"}, {"torch.softmax", "A", "torch.softmax(A, 0)"}, {"torch.log_softmax", "A", "A.log_softmax(-1)"},
    {"torch.var_mean", "A", "torch.var_mean(A, 1)"}, {"torch.std_mean", "A", "torch.std_mean(A, 0)"}, {"torch.aminmax", "A", "torch.aminmax(A)"}, {"np.ptp", "A", "np.ptp(A, 0)"},
    {"np.median", "A", "np.median(A)"}, {"np.median", "A", "np.median(A, axis=1)"}, {"np.average", "A", "np.average(A, axis=0)"}, {"np.average", "A v", "np.average(A, axis=1, weights=v * v + 1)"},
    {"torch.diff", "A", "torch.diff(A)"}, {"torch.diff", "A", "torch.diff(A, 2, 0)"}, {"torch.diff", "A C", "torch.diff(A, prepend=C)"}, {"np.diff", "A", "np.diff(A, axis=0)"},

    {"torch.matmul", "T v", "torch.matmul(T, v)"}, {"np.matmul", "A B", "np.matmul(A, B)"}, {"torch.mm", "A B", "A.mm(B)"}, {"torch.mv", "A v", "A.mv(v)"}, {"torch.dot", "u k", "u.dot(k)"}, {"np.dot", "A v", "A.dot(v)"},
    {"np.dot", "A s", "np.dot(A, s)"}, {"torch.vdot", "u k", "torch.vdot(u, k)"}, {"np.vdot", "u k", "np.vdot(u, k)"}, {"torch.bmm", "K T", "K.bmm(T)"}, {"torch.outer", "u v", "torch.outer(u, v)"}, {"np.outer", "A u", "np.outer(A, u)"},
    {"torch.cross", "u k", "torch.linalg.cross(u, k)"}, {"np.cross", "u k", "np.cross(u, k)"}, {"torch.einsum", "A B", "torch.einsum('ij,jk->ik', A, B)"}, {"torch.einsum", "A", "torch.einsum('ij->j', A)"},
    {"torch.einsum", "S", "torch.einsum('ii', S)"}, {"torch.einsum", "S u", "torch.einsum('ii,i->i', S, u)"}, {"torch.einsum", "A B v", "torch.einsum('ij,jk,l->kl', A, B, v)"}, {"np.einsum", "A B", "np.einsum('ij,jk', A, B)"},
    {"torch.tensordot", "A C", "torch.tensordot(A, C)"}, {"torch.tensordot", "A B", "torch.tensordot(A, B, 1)"}, {"torch.tensordot", "T A", "torch.tensordot(T, A, ([1, 2], [0, 1]))"}, {"np.tensordot", "T A", "np.tensordot(T, A, axes=([2], [1]))"},
    {"torch.trace", "W", "W.trace()"}, {"np.trace", "A", "np.trace(A, offset=1)"}, {"torch.linalg.matrix_power", "W", "torch.linalg.matrix_power(W, 3)"}, {"np.linalg.matrix_power", "W", "np.linalg.matrix_power(W, 2)"},
    {"torch.linalg.multi_dot", "A B C", "torch.linalg.multi_dot([A, B, C])"}, {"np.linalg.multi_dot", "A B", "np.linalg.multi_dot([A, B])"}, {"torch.chain_matmul", "A B", "torch.chain_matmul(A, B)"},
    {"torch.inner", "A C", "torch.inner(A, C)"}, {"np.inner", "u k", "np.inner(u, k)"}, {"torch.kron", "A B", "torch.kron(A, B)"}, {"np.kron", "u k", "np.kron(u, k)"},
    {"torch.addmm", "W A B", "torch.addmm(W, A, B, beta=0.5, alpha=2)"}, {"torch.addr", "A u v", "torch.addr(A, u, v)"}, {"torch.linalg.vecdot", "A C", "torch.linalg.vecdot(A, C)"}, {"np.vecdot", "A C", "np.vecdot(A, C)"},
    {"torch.cov", "A", "torch.cov(A)"}, {"torch.corrcoef", "A", "torch.corrcoef(A)"}, {"torch.quantile", "A", "torch.quantile(A, 0.3)"}, {"torch.quantile", "A", "torch.quantile(A, 0.45, 1)"},
    {"torch.dist", "A C", "torch.dist(A, C)"}, {"torch.cdist", "A C", "torch.cdist(A, C)"}, {"torch.nn.functional.mse_loss", "A C", "torch.nn.functional.mse_loss(A, C)"},
    {"torch.nn.functional.l1_loss", "A C", "torch.nn.functional.l1_loss(A, C, reduction='sum')"}, {"torch.nn.functional.normalize", "A", "torch.nn.functional.normalize(A)"},
    {"torch.nn.functional.cosine_similarity", "A C", "torch.nn.functional.cosine_similarity(A, C)"}, {"torch.nn.functional.linear", "A C u", "torch.nn.functional.linear(A, C, u)"},
    {"torch.nn.functional.pad", "A", "torch.nn.functional.pad(A, (1, -1, 0, 2), value=3.0)"}, {"torch.nn.functional.leaky_relu", "A", "torch.nn.functional.leaky_relu(A, 0.2)"},
    {"torch.nn.functional.elu", "A", "torch.nn.functional.elu(A, 0.5)"}, {"torch.nn.functional.selu", "A", "torch.nn.functional.selu(A)"},
    {"torch.nn.functional.relu6", "A", "torch.nn.functional.relu6(A * 4)"}, {"torch.nn.functional.logsigmoid", "A", "torch.nn.functional.logsigmoid(A)"},
    {"torch.nn.functional.softsign", "A", "torch.nn.functional.softsign(A)"}, {"torch.nn.functional.softmin", "A", "torch.nn.functional.softmin(A, 1)"},
    {"torch.nn.functional.mish", "A", "torch.nn.functional.mish(A)"}, {"torch.nn.functional.silu", "A", "torch.nn.functional.silu(A)"},
    {"torch.nn.functional.gelu", "A", "torch.nn.functional.gelu(A)"}, {"torch.nn.functional.gelu", "A", "torch.nn.functional.gelu(A, approximate='tanh')"},
    {"torch.nn.functional.softplus", "A", "torch.nn.functional.softplus(A, 2.0)"}, {"torch.nn.functional.glu", "A", "torch.nn.functional.glu(torch.cat([A, A * A], 1))"},
    {"torch.nn.functional.smooth_l1_loss", "A C", "torch.nn.functional.smooth_l1_loss(A, C, beta=0.7)"},
    {"torch.nn.functional.huber_loss", "A C", "torch.nn.functional.huber_loss(A, C, 'sum', 0.7)"},
    {"torch.nn.functional.kl_div", "A C", "torch.nn.functional.kl_div(A, torch.sigmoid(C), reduction='batchmean')"},
    {"torch.nn.functional.binary_cross_entropy", "A C", "torch.nn.functional.binary_cross_entropy(torch.sigmoid(A), torch.sigmoid(C))"},
    {"torch.nn.functional.binary_cross_entropy_with_logits", "A C", "torch.nn.functional.binary_cross_entropy_with_logits(A, C, pos_weight=torch.tensor(2.0))"},
    {"torch.nn.functional.nll_loss", "A", "torch.nn.functional.nll_loss(A, torch.zeros(A.shape[0], dtype=torch.int64), reduction='sum')"},
    {"torch.nn.functional.cross_entropy", "A", "torch.nn.functional.cross_entropy(A, torch.zeros(A.shape[0], dtype=torch.int64), label_smoothing=0.1)"},
    {"torch.nn.functional.cross_entropy", "A C", "torch.nn.functional.cross_entropy(A, C, label_smoothing=0.1)"},
    {"torch.nn.functional.layer_norm", "A C", "torch.nn.functional.layer_norm(A, A.shape, C, C * C)"},
    {"torch.nn.functional.rms_norm", "A v", "torch.nn.functional.rms_norm(A, v.shape, v)"},
    {"torch.nn.functional.scaled_dot_product_attention", "A C", "torch.nn.functional.scaled_dot_product_attention(A, C, A * C, is_causal=True)"},
    {"torch.nn.functional.embedding", "A", "torch.nn.functional.embedding(torch.tensor([1, 0, 1]), A)"},
    {"torch.nn.functional.pairwise_distance", "A C", "torch.nn.functional.pairwise_distance(A, C, 3.0)"},

    {"torch.linalg.norm", "A", "torch.linalg.norm(A)"}, {"torch.linalg.norm", "A", "torch.linalg.norm(A, 2)"}, {"torch.linalg.norm", "A", "torch.linalg.norm(A, 'nuc')"}, {"torch.linalg.norm", "A", "torch.linalg.norm(A, 1)"},
    {"torch.linalg.norm", "A", "torch.linalg.norm(A, float('inf'))"}, {"torch.linalg.norm", "A", "torch.linalg.norm(A, -2)"}, {"torch.linalg.norm", "v", "torch.linalg.norm(v, 3)"}, {"torch.linalg.norm", "A", "torch.linalg.norm(A, dim=0)"},
    {"np.linalg.norm", "A", "np.linalg.norm(A)"}, {"np.linalg.norm", "A", "np.linalg.norm(A, 'nuc')"}, {"np.linalg.norm", "A", "np.linalg.norm(A, 2)"}, {"np.linalg.norm", "A", "np.linalg.norm(A, axis=1, keepdims=True)"},
    {"np.linalg.norm", "A", "np.linalg.norm(A, 1)"}, {"torch.norm", "A", "A.norm()"}, {"torch.norm", "A", "A.norm(1)"}, {"torch.norm", "A", "A.norm(dim=1)"}, {"torch.norm", "A", "A.norm(float('inf'))"}, {"torch.norm", "A", "A.norm(p=3)"},
    {"torch.linalg.vector_norm", "A", "torch.linalg.vector_norm(A, 3, 1)"}, {"np.linalg.vector_norm", "A", "np.linalg.vector_norm(A)"}, {"torch.linalg.matrix_norm", "T", "torch.linalg.matrix_norm(T)"},
    {"torch.linalg.matrix_norm", "T", "torch.linalg.matrix_norm(T, 'nuc')"}, {"np.linalg.matrix_norm", "A", "np.linalg.matrix_norm(A)"}, {"torch.linalg.cond", "A", "torch.linalg.cond(A)"}, {"torch.linalg.cond", "S", "torch.linalg.cond(S, 'fro')"},
    {"np.linalg.cond", "A", "np.linalg.cond(A)"}, {"torch.linalg.det", "S", "torch.linalg.det(S)"}, {"torch.linalg.det", "K", "torch.det(K)"}, {"torch.linalg.det", "A", "torch.det(A.T @ A * 0.1 + A[0, 0] * torch.eye(4, dtype=torch.float64))"},
    {"np.linalg.det", "S", "np.linalg.det(S)"}, {"torch.linalg.slogdet", "S", "torch.linalg.slogdet(S)[1]"}, {"torch.slogdet", "K", "torch.slogdet(K)[1]"}, {"np.linalg.slogdet", "S", "np.linalg.slogdet(S)[1]"}, {"torch.logdet", "G", "torch.logdet(G)"},

    {"torch.linalg.solve", "S u", "torch.linalg.solve(S, u)"}, {"torch.linalg.solve", "S A", "torch.linalg.solve(S, A)"}, {"torch.linalg.solve", "K T", "torch.linalg.solve(K, T)"}, {"torch.linalg.solve", "S B", "torch.linalg.solve(S, B, left=False)"},
    {"torch.linalg.solve", "S T", "torch.linalg.solve(S, T)"}, {"np.linalg.solve", "S A", "np.linalg.solve(S, A)"}, {"torch.linalg.solve_triangular", "S A", "torch.linalg.solve_triangular(S, A, upper=True)"},
    {"torch.linalg.solve_triangular", "S A", "torch.linalg.solve_triangular(S, A, upper=False, unitriangular=True)"}, {"torch.linalg.inv", "S", "torch.linalg.inv(S)"}, {"torch.linalg.inv", "K", "K.inverse()"}, {"np.linalg.inv", "S", "np.linalg.inv(S)"},
    {"torch.linalg.pinv", "A", "torch.linalg.pinv(A)"}, {"torch.linalg.pinv", "O", "torch.linalg.pinv(O)"}, {"torch.pinverse", "B", "B.pinverse()"}, {"np.linalg.pinv", "A", "np.linalg.pinv(A)"},
    {"torch.linalg.lstsq", "O p", "torch.linalg.lstsq(O, p[:, None])[0]"}, {"torch.linalg.lstsq", "B W v", "torch.linalg.lstsq(B, B @ W + v[:, None]).solution"}, {"np.linalg.lstsq", "O p", "np.linalg.lstsq(O, p, None)[0]"},
    {"torch.linalg.cholesky", "S", "torch.linalg.cholesky(S @ S.T)"}, {"torch.linalg.cholesky", "S", "torch.linalg.cholesky(S @ S.T, upper=True)"}, {"torch.cholesky", "S", "torch.cholesky(S @ S.T)"}, {"np.linalg.cholesky", "S", "np.linalg.cholesky(S @ S.T)"},
    {"torch.linalg.qr", "B", "torch.linalg.qr(B)"}, {"torch.linalg.qr", "S", "torch.linalg.qr(S)"}, {"torch.linalg.qr", "A", "torch.linalg.qr(A)"}, {"torch.linalg.qr", "A", "torch.linalg.qr(A)[0]"}, {"np.linalg.qr", "B", "np.linalg.qr(B)"},
    {"torch.linalg.eigh", "W", "(lambda w, v: (w, v * v))(*torch.linalg.eigh(W + W.T))"}, {"torch.linalg.eigh", "K", "(lambda w, v: v * v)(*torch.linalg.eigh(K + K.mT))"}, {"np.linalg.eigh", "W", "np.linalg.eigh(W + W.T)[1] ** 2"},
    {"torch.linalg.eigvalsh", "W", "torch.linalg.eigvalsh(W + W.T)"}, {"np.linalg.eigvalsh", "W", "np.linalg.eigvalsh(W + W.T)"},
    {"torch.linalg.svd", "A", "(lambda U, S, Vh: (U * U, S, U[:, :1] @ Vh[:1]))(*torch.linalg.svd(A, full_matrices=False))"},
    {"torch.linalg.svd", "O", "(lambda U, S, Vh: (S, U[:, 2:] @ U[:, 2:].T, Vh * Vh))(*torch.linalg.svd(O))"}, {"torch.linalg.svd", "A", "(lambda U, S, Vh: (Vh[3:].T @ Vh[3:], U * U))(*torch.linalg.svd(A))"},
    {"torch.linalg.svd", "T", "(lambda U, S, Vh: (U * U, S, Vh * Vh))(*torch.linalg.svd(T, full_matrices=False))"},
    {"torch.svd", "A", "(lambda U, S, V: (U * U, S, V * V))(*torch.svd(A))"}, {"np.linalg.svd", "A", "(lambda U, S, Vh: (U * U, S, Vh * Vh))(*np.linalg.svd(A, full_matrices=False))"},
    {"np.linalg.svd", "A", "np.linalg.svd(A, compute_uv=False)"}, {"svd", "A", "(lambda U, S, Vh: (U * U, S, Vh * Vh))(*svd(A))"},
    {"torch.linalg.svdvals", "A", "torch.linalg.svdvals(A)"}, {"np.linalg.svdvals", "A", "np.linalg.svdvals(A)"},

    {"ndarray.T", "A", "A.T"}, {"tensor.T", "A", "A.T"}, {"np.transpose", "T", "np.transpose(T, (2, 0, 1))"}, {"ndarray.transpose", "T", "T.transpose(1, 0, 2)"}, {"torch.permute", "T", "torch.permute(T, (1, 2, 0))"},
    {"tensor.permute", "T", "T.permute(2, 1, 0)"}, {"torch.movedim", "T", "torch.movedim(T, 0, 2)"}, {"np.moveaxis", "T", "np.moveaxis(T, 0, 2)"}, {"tensor.mT", "T", "T.mT"}, {"tensor.mH", "A", "A.mH"}, {"ndarray.mT", "T", "T.mT"},
    {"torch.transpose", "T", "T.transpose(0, 2)"}, {"np.swapaxes", "T", "np.swapaxes(T, 0, 1)"}, {"np.matrix_transpose", "A", "np.matrix_transpose(A)"}, {"torch.adjoint", "A", "A.adjoint()"}, {"torch.t", "A", "A.t()"},
    {"torch.reshape", "A", "torch.reshape(A, (2, 6))"}, {"tensor.reshape", "A", "A.T.reshape(2, -1)"}, {"tensor.reshape_as", "A T", "A.reshape_as(A) * T"}, {"np.reshape", "A", "np.reshape(A, (4, 3))"}, {"ndarray.reshape", "A", "A.T.reshape(6, 2)"},
    {"tensor.view", "A", "A.view(12)"}, {"tensor.view_as", "A", "A.view_as(A)"}, {"torch.flatten", "T", "T.flatten(1)"}, {"torch.ravel", "A", "A.T.ravel()"}, {"torch.unflatten", "A", "A.unflatten(1, (2, 2))"}, {"np.ravel", "A", "A.ravel()"},
    {"ndarray.flatten", "A", "A.flatten()"}, {"torch.squeeze", "u", "u[None].squeeze(0)"}, {"np.squeeze", "u", "np.squeeze(u[:, None])"}, {"torch.unsqueeze", "u", "u.unsqueeze(-1)"}, {"np.expand_dims", "u", "np.expand_dims(u, 0)"},
    {"torch.atleast_1d", "s", "torch.atleast_1d(s)"}, {"torch.atleast_2d", "u", "torch.atleast_2d(u)"}, {"np.atleast_1d", "s", "np.atleast_1d(s)"}, {"np.atleast_2d", "u", "np.atleast_2d(u)"}, {"np.atleast_3d", "u", "np.atleast_3d(u)"},
    {"tensor.expand", "u", "u.expand(2, 3)"}, {"tensor.expand_as", "v A", "v.expand_as(A)"}, {"torch.broadcast_to", "u", "torch.broadcast_to(u, (4, 3))"}, {"np.broadcast_to", "v", "np.broadcast_to(v, (2, 4))"},
    {"torch.meshgrid", "u v", "torch.meshgrid(u, v, indexing='ij')"}, {"np.meshgrid", "u v", "np.meshgrid(u, v)"}, {"torch.flip", "A", "torch.flip(A, (0, 1))"}, {"tensor.flip", "A", "A.flip(0)"}, {"torch.flipud", "A", "A.flipud()"},
    {"torch.fliplr", "A", "A.fliplr()"}, {"np.flip", "A", "np.flip(A, 1)"}, {"np.flipud", "A", "np.flipud(A)"}, {"np.fliplr", "A", "np.fliplr(A)"}, {"torch.rot90", "A", "torch.rot90(A)"}, {"np.rot90", "A", "np.rot90(A, 3)"},
    {"torch.roll", "A", "torch.roll(A, 1, 1)"}, {"np.roll", "A", "np.roll(A, 2)"}, {"torch.diagonal", "A", "A.diagonal(1)"}, {"torch.linalg.diagonal", "T", "torch.linalg.diagonal(T)"}, {"np.diagonal", "A", "np.diagonal(A)"},
    {"torch.diag", "A", "torch.diag(A)"}, {"torch.diag", "u", "torch.diag(u, 1)"}, {"torch.diagflat", "A", "torch.diagflat(A)"}, {"torch.diag_embed", "A", "torch.diag_embed(A)"}, {"np.diag", "u", "np.diag(u)"}, {"np.diagflat", "u", "np.diagflat(u)"},
    {"torch.tril", "A", "A.tril(-1)"}, {"np.tril", "A", "np.tril(A)"}, {"torch.triu", "T", "T.triu()"}, {"np.triu", "A", "np.triu(A, 1)"},
    {"torch.cat", "A C", "torch.cat([A, C, A], 1)"}, {"torch.vstack", "A v", "torch.vstack([A, v])"}, {"torch.hstack", "u k", "torch.hstack((u, k))"}, {"torch.column_stack", "A u", "torch.column_stack([A, u])"}, {"torch.dstack", "A C", "torch.dstack([A, C])"},
    {"np.concatenate", "A C", "np.concatenate([A, np.ones((1, 4)), C])"}, {"np.vstack", "A v", "np.vstack([A, v])"}, {"np.hstack", "A C", "np.hstack([A, C])"}, {"np.column_stack", "u k", "np.column_stack([u, k])"}, {"np.dstack", "A C", "np.dstack([A, C])"},
    {"np.append", "u k", "np.append(u, k)"}, {"np.block", "A W", "np.block([[A, W], [np.ones((2, 7))]])"}, {"torch.stack", "A C", "torch.stack([A, C], 1)"}, {"np.stack", "A C", "np.stack([A, C], -1)"},
    {"torch.split", "A", "torch.split(A, 2, 1)"}, {"torch.chunk", "A", "A.chunk(2, 0)"}, {"torch.tensor_split", "A", "torch.tensor_split(A, 2)"}, {"np.split", "A", "np.split(A, 2, 1)"}, {"np.array_split", "A", "np.array_split(A, 2)"},
    {"np.hsplit", "A", "np.hsplit(A, 2)"}, {"np.vsplit", "A", "np.vsplit(A, 3)"}, {"torch.unbind", "A", "A.unbind(1)"}, {"torch.narrow", "A", "A.narrow(1, 1, 2)"}, {"torch.select", "A", "A.select(1, 2)"},
    {"torch.tile", "A", "torch.tile(A, (2, 1))"}, {"tensor.tile", "u", "u.tile(2)"}, {"tensor.repeat", "u", "u.repeat(2, 2)"}, {"np.tile", "A", "np.tile(A, 2)"}, {"torch.repeat_interleave", "A", "A.repeat_interleave(2, 0)"},
    {"np.repeat", "A", "np.repeat(A, 2, axis=1)"}, {"np.pad", "A", "np.pad(A, 1)"}, {"np.delete", "A", "np.delete(A, 1, 0)"}, {"np.insert", "u", "np.insert(u, 1, 5.0)"},
    {"torch.where", "A C", "torch.where(A > 0, A, C)"}, {"torch.where", "A", "torch.where(A > 0, A, 2.0)"}, {"tensor.where", "A C", "A.where(A > C, C)"}, {"np.where", "A v", "np.where(A > 0.1, v, A)"},
    {"torch.masked_fill", "A", "A.masked_fill(A > 0, 1.5)"}, {"torch.masked_select", "A", "A.masked_select(A > 0)"}, {"torch.gather", "A", "A.gather(1, torch.tensor([[0, 0], [3, 1], [2, 2]]))"},
    {"torch.take_along_dim", "A", "torch.take_along_dim(A, torch.tensor([[0, 2, 2, 1]]), 0)"}, {"np.take_along_axis", "A", "np.take_along_axis(A, np.array([[0], [3], [1]]), 1)"},
    {"torch.index_select", "A", "A.index_select(1, torch.tensor([0, 2, 2]))"}, {"torch.take", "A", "A.take(torch.tensor([0, 5, 5]))"}, {"np.take", "A", "np.take(A, [1, 1, 3], axis=1)"},
    {"torch.scatter", "A C", "A.scatter(1, torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 3, 2]]), C)"}, {"np.real", "A", "np.real(A)"}, {"torch.real", "A", "torch.real(A)"},
    {"torch.index_add", "A C", "A.index_add(0, torch.tensor([2, 0, 2]), C, alpha=1.5)"}, {"torch.index_copy", "A C", "A.index_copy(1, torch.tensor([3, 0]), C[:, 1:3])"},
    {"torch.index_fill", "A", "A.index_fill(1, torch.tensor([0, 2]), 1.5)"}, {"torch.masked_scatter", "A C", "A.masked_scatter(A > 0, C)"},
    {"torch.scatter_add", "A C", "A.scatter_add(1, torch.tensor([[0, 1, 1, 3], [3, 3, 3, 0], [0, 1, 3, 2]]), C)"},
    {"torch.erfc", "A", "torch.erfc(A)"}, {"torch.lgamma", "p", "torch.lgamma(p + 0.5)"}, {"torch.erfinv", "A", "torch.erfinv(0.9 * torch.tanh(A))"},
};
/* clang-format on */
enum { NEXAMPLES = sizeof examples / sizeof *examples };

static ls_interp *in;
static char output[4096];
static size_t written;
static void write_out(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    if (n > sizeof output - 1 - written) n = sizeof output - 1 - written;
    memcpy(output + written, bytes, n);
    output[written += n] = 0;
}

static bool run_cell(const char *text) {
    ls_source *s = ls_source_new("test", text, strlen(text), 1);
    bool ok = s && ls_run_cell(in, s);
    if (s) ls_source_release(s);
    if (!ok) printf("%s: %s\n", in->error.type, in->error.message);
    return ok;
}

static bool check_one(const char *inputs, const char *expression, bool numpy) {
    char text[1200], params[64] = "", names[96] = "";
    const char *c;
    for (c = inputs; *c; c++) {
        char one[8];
        if (*c == ' ') continue;
        snprintf(one, sizeof one, "%s%c", params[0] ? ", " : "", *c);
        strcat(params, one);
        snprintf(one, sizeof one, "'%c',", *c);
        strcat(names, one);
    }
    snprintf(text, sizeof text, "%s(lambda %s: %s, [%s])", numpy ? "check_jax" : "check_torch", params, expression, names);
    ls_value v;
    if (!ls_eval_text(in, text, &v)) {
        printf("%s: %s: %s\n", expression, in->error.type, in->error.message);
        return false;
    }
    bool ok = v.tag == LS_FLOAT && v.f < 2e-7;
    if (!ok) printf("%s: off by %g\n", expression, v.tag == LS_FLOAT ? v.f : NAN);
    ls_drop(v);
    return ok;
}

static bool of_numpy(const example *e) {
    return strstr(e->expression, "np.") || strncmp(e->name, "np", 2) == 0 || strncmp(e->name, "nd", 2) == 0;
}

static void walk_rows(void) {
    for (const ls_grad_row *r = ls_grad_rows; r->names; r++) {
        char name[96];
        for (const char *at = r->names; *at;) {
            size_t n = strcspn(at, " ");
            snprintf(name, sizeof name, "%.*s", (int)n, at);
            at += n + (at[n] == ' ');
            if (!ls_builtin_find(name)) printf("no builtin %s\n", name);
            CHECK(ls_builtin_find(name) != NULL);
            if (!r->record) continue;
            int found = 0;
            for (int k = 0; k < NEXAMPLES; k++) found += strcmp(examples[k].name, name) == 0;
            if (!found) printf("no example for %s\n", name);
            CHECK(found > 0);
        }
    }
    for (int k = 0; k < NEXAMPLES; k++) CHECK(check_one(examples[k].inputs, examples[k].expression, of_numpy(&examples[k])));
}

/* The element-wise operations, by their own names. */
static void walk_operations(void) {
    static const char *const numpy1[] = {
#define X(OP, numpy, torch) numpy,
        LSV_UNARY_OPS(X)};
#undef X
    static const char *const torch1[] = {
#define X(OP, numpy, torch) torch,
        LSV_UNARY_OPS(X)};
#undef X
    static const char *const numpy2[] = {
#define X(OP, numpy, torch) numpy,
        LSV_BINARY_OPS(X)};
#undef X
    static const char *const torch2[] = {
#define X(OP, numpy, torch) torch,
        LSV_BINARY_OPS(X)};
#undef X
    char text[64];
    for (int k = 0; k < LSV_NUNARY; k++) {
        if (!lsv_grad_unary_name((lsv_unary_op)k)) continue;
        const char *x = k == LSV_FN_ARCCOSH ? "g" : "p";
        for (int t = 0; t < 2; t++) {
            const char *name = t ? torch1[k] : numpy1[k];
            if (!*name) continue;
            snprintf(text, sizeof text, "%s.%s(%s)", t ? "torch" : "np", name, x);
            CHECK(check_one(x, text, !t));
        }
    }
    for (int k = 0; k < LSV_NBINARY; k++) {
        if (!lsv_grad_binary_name((lsv_binary_op)k)) continue;
        for (int t = 0; t < 2; t++) {
            snprintf(text, sizeof text, "%s.%s(p, q)", t ? "torch" : "np", t ? torch2[k] : numpy2[k]);
            CHECK(check_one("p q", text, !t));
        }
    }
}

/* Every rule of the tape is reached by some builtin, operator or subscript above, or is listed here. */
static void walk_rules(void) {
    static const char *const elsewhere[] = {"SETITEM", "BROKEN"}; /* tests/lang/autograd.lsv */
    static const char *const by_code[] = {"UNARY", "UNARY_OUT", "UNARY_FREE", "ADD", "SUB", "MUL", "DIV", "POW", "BINARY", "VIEW", "INDEX", "ALONG", "MATMUL", "NORM", "EINSUM", "SVDVALS", "COPY"};
    static const char *const names[] = {
#define X(ENUM, name, saves) #ENUM,
        LSV_GRAD_RULES(X)};
#undef X
    for (int k = 0; k < LSV_GRAD_NRULES; k++) {
        bool reached = false;
        for (const ls_grad_row *r = ls_grad_rows; r->names; r++) reached |= r->record && r->record != ls_grad_op_binary && r->record != ls_grad_op_unary && r->rule == k;
        for (size_t j = 0; j < sizeof elsewhere / sizeof *elsewhere; j++) reached |= strcmp(elsewhere[j], names[k]) == 0;
        for (size_t j = 0; j < sizeof by_code / sizeof *by_code; j++) reached |= strcmp(by_code[j], names[k]) == 0;
        if (!reached) printf("no example for the rule %s\n", names[k]);
        CHECK(reached);
    }
}

/* Each allocation of a small program fails once, in turn: an error, and the session goes on. */
static void out_of_memory(void) {
    static const char program[] = "x = torch.ones(3, 3, requires_grad=True)\n"
                                  "y = x.T.reshape(9)[1:] * 2\n"
                                  "y[0] += 1\n"
                                  "z = torch.stack([x[0], x[:, 1]]).t()\n"
                                  "w = torch.linalg.svd(x + torch.eye(3), full_matrices=False)\n"
                                  "L = (y ** 2).sum() + torch.where(z > 0, z, 0.0).sum() + w[1].sum() + torch.linalg.cond(x + torch.eye(3))\n"
                                  "L.backward()\n"
                                  "g = jax.grad(lambda a: jnp.sum(a.T @ a))(np.ones((2, 2)))\n"
                                  "del x, y, z, w, L, g\n";
    CHECK(run_cell(program));
    long before = lsv_alloc_count();
    CHECK(run_cell(program));
    long total = lsv_alloc_count() - before;
    for (long k = 1; k <= total; k++) {
        ls_source *s = ls_source_new("test", program, strlen(program), 1);
        lsv_alloc_fail_at(k);
        bool ok = ls_run_cell(in, s);
        lsv_alloc_fail_at(0);
        ls_source_release(s);
        if (ok) continue; /* something could do without */
        if (strcmp(in->error.type, "MemoryError") != 0) printf("allocation %ld: %s: %s\n", k, in->error.type, in->error.message);
        CHECK(strcmp(in->error.type, "MemoryError") == 0);
    }
    CHECK(run_cell(program));
}

/* Graphs of any depth are walked and given back without recursion, and nothing stays behind. */
static void deep(void) {
    static const char chain[] = "s = torch.tensor(1.0, requires_grad=True)\n"
                                "t = s\n"
                                "for i in range(100000): t = (t + s).reshape(1).squeeze()\n"
                                "t.backward()\n"
                                "assert s.grad.item() == 100001\n"
                                "u = s\n"
                                "for i in range(100000): u = torch.flip(u[None], (0,))[0]\n"
                                "del s, t, u\n";
    CHECK(run_cell(chain));
    long live = lsv_alloc_live();
    CHECK(run_cell(chain));
    CHECK(lsv_alloc_live() <= live + 4);
}

int main(void) {
    in = ls_interp_new(&(ls_client){.write = write_out});
    if (!in || !run_cell(driver)) return 1;
    walk_rules();
    walk_operations();
    walk_rows();
    deep();
    out_of_memory();
    ls_interp_free(in);
    return check_done();
}
