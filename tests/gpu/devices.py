#!/usr/bin/env python3
"""Devices in the language.

    devices.py --lsv PATH [--build DIR] [--record]

Without a GPU: every line of devices.json gives what PyTorch gave without a driver (value or error; `--record`, run
by a Python that has PyTorch, writes the file anew), and `--device cpu` maps cuda to the CPU and says so once.
With the CUDA shim of the build (cushim13), where it was built: every expression of OPERATIONS on tensors of the GPU lies
there and equals the CPU's, what mixes devices is PyTorch's error, gradients and changes in place come out
right, and a GPU that fails loses only what was on it.
Needs Python's standard library only. Ends with `N passed, M failed`."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "devices.json")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf")
passed = failed = 0


def check(ok, what, *details):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED", what, *(f"\n    {d}" for d in details))


def lsv(args, code, shim=None, env=(), options=()):
    """(standard output, standard error, status) of a program."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LSV_", "CUSHIM_", "CUDA_"))}
    clean.update(env)
    with tempfile.TemporaryDirectory() as folder:
        clean["LSV_CUDA_LIBDIR"] = shim or folder       # an empty folder: no CUDA here, whatever the machine has
        clean["XDG_CACHE_HOME"] = folder
        path = os.path.join(folder, "program.lsv")
        with open(path, "w", encoding="utf-8") as f:
            f.write(code)
        p = subprocess.run([args.lsv, *options, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=120, env=clean, cwd=folder)
    return p.stdout, p.stderr, p.returncode


def outcome(out, err, status):
    """The value that was shown, or the error's line."""
    if status == 0:
        return out.strip("\n")
    lines = [line for line in err.split("\n") if re.match(r"[A-Za-z]*Error: ", line)]
    return lines[0] if lines else "?" + err


# ---- without a GPU ----

def record():
    import torch
    table = []
    with open(TABLE, encoding="utf-8") as f:
        cases = [(c.get("before", ""), c["code"]) for c in json.load(f)]
    for before, code in cases:
        names = {"torch": torch}
        torch.set_default_device(None)
        try:
            exec(before, names)
            value = eval(code, names)
            result = "" if value is None else repr(value)
        except Exception as e:
            result = f"{type(e).__name__}: {e}".split("\n")[0]
        torch.set_default_device(None)
        table.append({**({"before": before} if before else {}), "code": code, "result": result})
    write(table)


def write(table):
    with open(TABLE, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(" " + json.dumps(c, ensure_ascii=False) for c in table) + "\n]\n")


def without_gpu(args):
    with open(TABLE, encoding="utf-8") as f:
        table = json.load(f)
    for c in table:
        got = outcome(*lsv(args, "import torch\n" + c.get("before", "") + "\n" + c["code"]))
        check(got == c["result"], c["code"], f"want {c['result']}", f"got  {got}")


NOTE = "cuda is mapped to the CPU"


def mapped(args):
    program = ("import torch\ndevice = torch.device('cuda')\nx = torch.ones(2, device=device)\ny = x.cuda().to('cuda:0')\n"
               "z = torch.nn.Parameter(torch.ones(2).to(device))\n(z * y).sum().backward()\n"
               "print(x, y is x, z.grad, torch.cuda.is_available(), x.is_cuda, x.device)\ntorch.cuda.synchronize()\nprint(device)\n")
    want = "tensor([1., 1.]) True tensor([1., 1.]) False False cpu\ncuda\n"
    for what, env, options in (("--device cpu", (), ("--device", "cpu")), ("--device=cpu", (), ("--device=cpu",)),
                               ("LSV_DEVICE=cpu", {"LSV_DEVICE": "cpu"}, ())):
        out, err, status = lsv(args, program, env=env, options=options)
        check(status == 0 and out == want, what, out, err)
        check(err.count(NOTE) == 1, f"{what} says once that cuda is mapped", err)
    out, err, status = lsv(args, "import torch\n%device cpu\ntorch.ones(2).cuda()")
    check(status == 0 and out.endswith("tensor([1., 1.])\n"), "%device cpu", out, err)
    out, err, status = lsv(args, "1", options=("--device", "gpu"))
    check(status == 2 and "--device" in err and out == "", "--device gpu without one", out, err)
    out, err, status = lsv(args, "1", env={"LSV_DEVICE": "gpu"})
    check(status == 2 and "LSV_DEVICE" in err, "LSV_DEVICE=gpu without one", out, err)
    out, err, status = lsv(args, "1", options=("--device", "tpu"))
    check(status == 2 and "tpu" in err, "--device with another name", out, err)
    out, err, status = lsv(args, "%device")
    check(status == 0 and out.startswith("device: auto (no GPU: ") and len(out.split("\n")) == 2, "%device names what is missing", out, err)
    out, err, status = lsv(args, "import numpy as np\nA = np.ones((40, 40)) @ np.ones((40, 40))\n%device explain")
    check(status == 0 and "gemm" in out and "cpu" in out, "%device explain names the operation and the backend", out, err)
    out, err, status = lsv(args, "import torch\ntorch.ones(2).cuda()")
    check("--device cpu" in err, "the error without a GPU names --device cpu", err)


# ---- on the shim ----

# a, b: M x N; s: M x M, positive definite; v: N; w: M; i: indices; m: mask; t: (2, N, M); p: positive
INPUTS = """torch.manual_seed(3)
a = torch.randn(M, N, dtype=torch.float64)
b = torch.randn(M, N, dtype=torch.float64)
s = a @ a.T + M * torch.eye(M, dtype=torch.float64)
v = torch.randn(N, dtype=torch.float64)
w = torch.randn(M, dtype=torch.float64)
i = torch.tensor([2, 0, 1])
m = a > 0
t = torch.randn(2, N, M, dtype=torch.float64)
p = torch.rand(M, N, dtype=torch.float64) + 0.5
n = torch.tensor([[1, 2], [3, 4]])
f = torch.tensor([1.5, -2.5, 3.5])
h = f.half()
g = f.bfloat16()
"""
NAMES = "a b s v w i m t p n f h g".split()
MOVE = "".join(f"{x} = {x}.cuda()\n" for x in NAMES)

UNARY = ("neg abs sqrt rsqrt square reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh asinh atan floor ceil trunc round "
         "sigmoid relu erf sign isnan isinf isfinite signbit frac deg2rad").split()
BINARY = "add sub mul div pow maximum minimum fmod remainder atan2 hypot lt le gt ge eq ne logical_and logical_or".split()
REDUCE = "sum mean prod amax amin std var argmax argmin logsumexp cumsum cumprod norm any all count_nonzero median".split()

OPERATIONS = (
    [f"torch.{f}(p)" for f in UNARY] + [f"torch.{f}(p, p + 0.5)" for f in BINARY] + [f"torch.{f}(a, v)" for f in ("add", "mul", "sub")] +
    [f"torch.{f}(a, {'dim=1' if f in ('logsumexp', 'cumsum', 'cumprod', 'median') else ''})".replace(", )", ")") for f in REDUCE] +
    [f"a.{f}(1)" for f in ("sum", "mean", "amax", "argmin", "std", "cumsum")] + """
a + b; a - 1; 2 * a; a / b; a // 0.7; a % 0.5; p ** 2; 2 ** a; a @ v; a.T @ a; a @ b.T; t @ w; t @ t.mT; -a; abs(a); ~m; m & (b > 0); m | m; a > b; a == a; a != b
1 / p; 1 - a; a + torch.tensor(2.0, dtype=torch.float64); torch.tensor(2.0) * a; a + 1; i * 2; n + n; n @ n; n / 2; n // 2; f + f; f @ f; h + h; g + 1; h.float(); g.double()
a[0]; a[1:3]; a[:, 1]; a[..., None]; a[::2, ::2]; a[0, 1]; a[-1]; a[i]; a[[0, 2]]; a[m]; a[:, i]; a[torch.tensor([1, 3])]; a[i, i]; t[:, i]; t[1, :, 0]; a[a[:, 0] > 0]; n[n > 1]; (a + b)[1:3]; (a * b)[i]; (a - b).T.contiguous(); (a + 1)[m]
a.T; a.mT; a.t(); a.reshape(N, M); a.view(M * N); a.flatten(); a.ravel(); a.unsqueeze(0); a.unsqueeze(-1).squeeze(); a.expand(2, M, N); a.permute(1, 0); t.permute(2, 0, 1)
t.transpose(0, 2); t.movedim(0, 1); a.contiguous(); a.T.contiguous(); a.clone(); a.detach(); a.repeat(2, 1); a.tile(2); a.flip(0); a.roll(1, 0); a.narrow(0, 1, 2); a.select(0, 1)
a.diagonal(); a.tril(); a.triu(); a.trace(); torch.diag(v); torch.diag(s); torch.diag_embed(a); torch.cat([a, b]); torch.stack([a, b]); torch.vstack([a, b]); torch.hstack([a, b])
torch.cat([a, b], dim=1); torch.outer(v, w); torch.dot(v, v); torch.mv(a, v); torch.mm(a, b.T); torch.bmm(t, t.mT); torch.matmul(a, v); torch.einsum('ij,kj->ik', a, b); torch.kron(n, n)
torch.tensordot(a, b, 2); torch.inner(v, v); torch.cross(v[:3], v[:3] + 1, dim=0); torch.addmm(s, a, b.T); torch.where(m, a, b); torch.where(m, a, 0.0); torch.clamp(a, -0.5, 0.5); a.clamp(min=0)
torch.lerp(a, b, 0.3); torch.addcmul(a, a, b); torch.sort(v); torch.argsort(v); torch.topk(v, 2); torch.unique(n); torch.max(a); torch.min(a, dim=0); torch.max(a, b); torch.gather(a, 0, i[None])
torch.index_select(a, 0, i); torch.take(a, i); torch.masked_select(a, m); a.masked_fill(m, 0.0); torch.nonzero(m); torch.searchsorted(torch.sort(v)[0], v); torch.bincount(i); torch.allclose(a, a)
torch.equal(a, b); torch.isclose(a, b); torch.softmax(a, 1); torch.log_softmax(a, 1); torch.meshgrid(v, w, indexing='ij'); torch.split(a, 2); torch.chunk(a, 2); torch.unbind(a)
torch.linalg.svdvals(a); torch.linalg.norm(a); torch.linalg.norm(a, 2); torch.linalg.cond(s); torch.linalg.matrix_rank(a); torch.linalg.inv(s); torch.linalg.det(s); torch.linalg.slogdet(s)
torch.linalg.solve(s, w); torch.linalg.solve(s, a); torch.linalg.lstsq(a, w).solution; torch.linalg.pinv(a); torch.linalg.eigvalsh(s); torch.linalg.cholesky(s); torch.linalg.qr(a).R.abs()
(lambda r: r.U @ torch.diag(r.S) @ r.Vh)(torch.linalg.svd(a, full_matrices=False)); (lambda q: q[0] @ q[1])(torch.linalg.qr(a)); (lambda e: e.eigenvectors @ torch.diag(e.eigenvalues) @ e.eigenvectors.T)(torch.linalg.eigh(s))
torch.linalg.matrix_power(s, 3); torch.linalg.multi_dot([a.T, s, a]); torch.linalg.vector_norm(a, 1); torch.norm(a); torch.dist(a, b); torch.cdist(a, b); torch.trace(s); torch.det(s)
(lambda r: r[0] @ torch.diag(r[1]) @ r[2])(svd(a)); (lambda r: r[0] @ torch.diag(r[1]) @ r[2].T)(torch.svd(a)); rank(a); (lambda r: r[0] @ r[1])(lora(a, 2)); (lambda r: r[0] @ r[1])(aggregate([(a, b.T), (b, a.T)]))
svdgrad(a, 1.0, w, v); torch.zeros_like(a); torch.ones_like(a); torch.full_like(a, 3.0); a.new_zeros(2); a.new_ones(2, 2); a.new_tensor([1.0, 2.0]); a.to(torch.float32); a.float(); a.to(b); a.double(); a.int(); a.bool()
torch.zeros_like(a, device=a.device) + a; a.to(a.device, torch.float32); a.copy_(b); a.add_(1); a.sub_(b); a.mul_(2); a.div_(p); a.zero_(); a.fill_(2); a.clamp_(min=0); a.exp_(); p.sqrt_(); a.t_(); v.unsqueeze_(0); a.neg_()
a.masked_fill_(m, 1.0); a.tril_(); s.fill_diagonal_(0.0); torch.nn.functional.mse_loss(a, b); torch.nn.functional.relu(a); torch.nn.functional.linear(a, b); torch.nn.functional.normalize(a); torch.cov(a); torch.corrcoef(a)
torch.quantile(v, 0.5); torch.histc(v) if False else v; torch.nan_to_num(a); torch.logdet(s); torch.linalg.vecdot(a, b); torch.aminmax(a); torch.var_mean(a); torch.cummax(v, 0); torch.diff(v); torch.rot90(a); a.tolist(); a.sum().item(); v[0].item()
float(v[0]); int(i[0]); bool(v[0] > 0); len(a); a.shape; a.dtype; a.numel(); list(v.shape); sum([v, v]); max(v) == v.max(); [float(x) for x in v]; f'{v[0]:.3f}'; a.mean().sqrt(); torch.sum(a * b) / torch.norm(a); sum(x for x in v); (a + b).sort().values; torch.cat([a + b, a]); torch.where(m, a + b, a * b); torch.linalg.svdvals(a + b); torch.linalg.solve(s + s, a + b); (a @ b.T).trace(); (a * 2).tril(); (a @ v)[0].item(); (a + b).reshape(N, M) @ w.unsqueeze(1).expand(M, 2); torch.linalg.norm(a @ v); rank(a + b); (a + a).mean(0).std()
""".replace("\n", ";").strip("; ").split("; "))
OPERATIONS = [e.strip() for part in OPERATIONS for e in part.split(";") if e.strip()]


def numbers(text):
    return [float(x) for x in NUMBER.findall(text)]


def same(x, y):
    """Equal text between equal numbers."""
    if NUMBER.sub("#", x).split() != NUMBER.sub("#", y).split():
        return False
    a, b = numbers(x), numbers(y)
    return len(a) == len(b) and all(p == q or (p != p and q != q) or abs(p - q) <= 1e-4 * max(1, abs(p)) for p, q in zip(a, b))


def run_all(args, expressions, sizes, move, shim, env=()):
    """The shown value of each expression, every one on inputs of its own."""
    cells = [f"import torch\nM, N = {sizes}"]
    for k, e in enumerate(expressions):
        cells.append(f"{INPUTS}{move}print('@{k}')\n{e}")
    out, err, _ = lsv(args, "\n# %%\n".join(cells), shim=shim, env=env, options=("--keep-going",))
    shown = {}
    for part in out.split("@")[1:]:
        number, _, text = part.partition("\n")
        shown[int(number)] = text.strip("\n")
    return [shown.get(k, "") for k in range(len(expressions))], err


def on_the_gpu(args, shim, sizes, env=()):
    host, host_err = run_all(args, OPERATIONS, sizes, "", shim, {"LSV_DEVICE": "cpu"})
    gpu, gpu_err = run_all(args, OPERATIONS, sizes, MOVE, shim, env)
    check(not host_err, "the expressions run on the CPU", host_err[:2000])
    for e, x, y in zip(OPERATIONS, host, gpu):
        plain = re.sub(r",\s*device='cuda:0'", "", y)
        tensors = len(re.findall(r"tensor\(", y))
        check(x and same(x, plain), f"{e} is on the GPU what it is on the CPU", f"cpu {x!r}", f"gpu {y!r}")
        check(y.count("device='cuda:0'") == tensors, f"{e} stays on the GPU", y)
    if gpu_err:
        print(gpu_err[:3000])


PROGRAMS = json.loads(r"""[
["x = torch.ones(2, 3).cuda()\nx", "tensor([[1., 1., 1.],\n        [1., 1., 1.]], device='cuda:0')"],
["torch.ones(2, dtype=torch.float64, device='cuda')", "tensor([1., 1.], device='cuda:0', dtype=torch.float64)"],
["torch.ones(2, device='cuda', requires_grad=True)", "tensor([1., 1.], device='cuda:0', requires_grad=True)"],
["torch.zeros(0, 3, device='cuda')", "tensor([], device='cuda:0', size=(0, 3))"],
["torch.nn.Parameter(torch.ones(2).cuda())", "Parameter containing:\ntensor([1., 1.], device='cuda:0', requires_grad=True)"],
["torch.arange(40, device='cuda')", "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,\n        36, 37, 38, 39], device='cuda:0')"],
["str(torch.ones(2).cuda()[0])", "\"tensor(1., device='cuda:0')\""],
["print(f'{torch.ones(2).cuda()[0]}')", "1.0"],
["x = torch.ones(2).cuda()\n(x.device, x.is_cuda, x.is_cpu, x.get_device(), x.cpu().device, x.cpu())", "(device(type='cuda', index=0), True, False, 0, device(type='cpu'), tensor([1., 1.]))"],
["x = torch.ones(2).cuda()\nx.cuda() is x and x.to('cuda') is x and x.to(torch.device('cuda', 0)) is x and x.to(x) is x", "True"],
["x = torch.ones(2).cuda()\nx.to(x, copy=True) is x", "False"],
["x = torch.ones(2)\ny = x.cuda()\ny[0] = 5\n(x, y)", "(tensor([1., 1.]), tensor([5., 1.], device='cuda:0'))"],
["x = torch.zeros(2, 2).cuda()\ny = x[0]\ny += 1\nx[:, 1] = torch.tensor([7., 8.])\nx", "tensor([[1., 7.],\n        [0., 8.]], device='cuda:0')"],
["x = torch.zeros(3).cuda()\nx[torch.tensor([0, 2])] = 1\nx[torch.tensor([1]).cuda()] = 2\nx", "tensor([1., 2., 1.], device='cuda:0')"],
["x = torch.arange(4.).cuda()\nx[1:3] *= 10\nx -= 1\nx", "tensor([-1.,  9., 19.,  2.], device='cuda:0')"],
["torch.ones(2).cuda().numpy()", "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."],
["import numpy as np\nnp.array(torch.ones(2).cuda())", "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."],
["import numpy as np\nnp.linalg.norm(torch.ones(2).cuda())", "TypeError: can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."],
["torch.ones(2).cuda().numpy(force=True)", "array([1., 1.], dtype=float32)"],
["torch.ones(2).cuda() + torch.ones(2)", "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"],
["torch.ones(2) * torch.ones(2).cuda()", "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"],
["torch.maximum(torch.ones(2), torch.ones(2).cuda())", "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"],
["x = torch.ones(2)\nx += torch.ones(2).cuda()", "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"],
["torch.ones(2, 2).cuda() @ torch.ones(2, 2)", "RuntimeError: Expected all tensors to be on the same device, but got mat2 is on cpu, different from other tensors on cuda:0 (when checking argument in method wrapper_CUDA_mm)"],
["torch.cat([torch.ones(2).cuda(), torch.ones(2)])", "RuntimeError: Expected all tensors to be on the same device, but got tensors is on cpu, different from other tensors on cuda:0 (when checking argument in method wrapper_CUDA_cat)"],
["torch.ones(2)[torch.tensor([0]).cuda()]", "RuntimeError: indices should be either on cpu or on the same device as the indexed tensor (cpu)"],
["i = torch.tensor([1, 2]).cuda()\n(i * 2.5, 1 + i, i / 2, i.to(torch.int32) * 2)", "(tensor([2.5000, 5.0000], device='cuda:0'), tensor([2, 3], device='cuda:0'), tensor([0.5000, 1.0000], device='cuda:0'), tensor([2, 4], device='cuda:0', dtype=torch.int32))"],
["torch.ones(2).cuda() + torch.tensor(1.)", "tensor([2., 2.], device='cuda:0')"],
["torch.ones(2).cuda() + torch.tensor(1.).cuda()", "tensor([2., 2.], device='cuda:0')"],
["torch.set_default_device('cuda')\n(torch.zeros(2), torch.tensor([1, 2]).device, torch.get_default_device(), torch.from_numpy(np.ones(1)).device)", "(tensor([0., 0.], device='cuda:0'), device(type='cuda', index=0), device(type='cuda', index=0), device(type='cpu'))"],
["torch.set_default_device('cuda')\ntorch.set_default_device(None)\n(torch.zeros(2), torch.get_default_device())", "(tensor([0., 0.]), device(type='cpu'))"],
["torch.zeros(2, device='cuda:3')", "RuntimeError: CUDA error: invalid device ordinal"],
["(torch.cuda.is_available(), torch.cuda.device_count(), torch.cuda.current_device())", "(True, 1, 0)"],
["w = torch.ones(3, device='cuda', requires_grad=True)\n(w * w).sum().backward()\nw.grad", "tensor([2., 2., 2.], device='cuda:0')"],
["w = torch.ones(3, requires_grad=True)\n(w.cuda() * 3).sum().backward()\nw.grad", "tensor([3., 3., 3.])"],
["w = torch.ones(3, requires_grad=True)\nw.cuda()", "tensor([1., 1., 1.], device='cuda:0', grad_fn=<ToCopyBackward0>)"],
["w = torch.nn.Parameter(torch.ones(2, 2).cuda())\nfor k in range(3):\n    loss = ((w @ w).sum() - 1) ** 2\n    loss.backward()\n    with_grad = w.grad.clone()\n    w.data -= 0.001 * w.grad\n    w.grad.zero_()\n(w.is_cuda, w.grad, with_grad.device)", "(True, tensor([[0., 0.],\n        [0., 0.]], device='cuda:0'), device(type='cuda', index=0))"],
["w = torch.ones(2, 2).cuda().requires_grad_()\nw[torch.tensor([0, 0])].sum().backward()\nw.grad", "tensor([[2., 2.],\n        [0., 0.]], device='cuda:0')"],
["w = torch.ones(2).cuda().requires_grad_()\ny = w * 2\ny.mul_(3)\ny.sum().backward()\nw.grad", "tensor([6., 6.], device='cuda:0')"],
["a = torch.arange(6.).reshape(3, 2).cuda().requires_grad_()\nx = torch.ones(2).cuda()\n(torch.where(a > 1, a, a * 0) @ x).sum().backward()\na.grad", "tensor([[0., 0.],\n        [1., 1.],\n        [1., 1.]], device='cuda:0')"],
["w = torch.ones(3, device='cuda', requires_grad=True)\ntorch.autograd.grad((w ** 3).sum(), w)", "(tensor([3., 3., 3.], device='cuda:0'),)"],
["w = torch.ones(2).cuda()\nw.grad = torch.ones(2)", "RuntimeError: attempting to assign a gradient with device type 'cpu' to a tensor with device type 'cuda'. Please ensure that the gradient and the tensor are on the same device"],
["x = torch.ones(2).cuda()\ny = torch.zeros(2)\ny.copy_(x)\nx.copy_(torch.tensor([3., 4.]))\n(x, y)", "(tensor([3., 4.], device='cuda:0'), tensor([1., 1.]))"],
["xs = [10, 20, 30]\nxs[torch.tensor(1).cuda()]", "20"],
["list(torch.arange(2).cuda())", "[tensor(0, device='cuda:0'), tensor(1, device='cuda:0')]"],
["x = torch.ones(2).cuda()\nif x.sum() > 1: print('yes')", "yes"],
["torch.tensor(torch.ones(2).cuda()).device", "device(type='cuda', index=0)"],
["torch.tensor([torch.tensor(1.).cuda(), 2.0])", "tensor([1., 2.])"],
["x = torch.ones(2).cuda()\nsave('x.npy', x.cpu())\nload('x.npy')", "array([1., 1.], dtype=float32)"],
["(torch.ones(2).cuda().type(), torch.typename(torch.ones(2).double().cuda()), torch.ones(2).type())", "('torch.cuda.FloatTensor', 'torch.cuda.DoubleTensor', 'torch.FloatTensor')"],
["torch.ones(2).cuda().pin_memory()", "RuntimeError: cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned"],
["torch.ones(2).pin_memory()", "tensor([1., 1.])"],
["torch.backends.cuda.matmul.allow_tf32 = True\n(torch.get_float32_matmul_precision(), torch.backends.cuda.matmul.allow_tf32)", "('high', True)"],
["torch.backends.cudnn.benchmark = True\ntorch.backends.cudnn.benchmark", "True"],
["start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)\nstart.record()\nx = torch.ones(300, 300).cuda() @ torch.ones(300, 300).cuda()\nend.record()\ntorch.cuda.synchronize()\nstart.elapsed_time(end) > 0", "True"],
["p = torch.cuda.get_device_properties(0)\n(p.name == torch.cuda.get_device_name(), (p.major, p.minor) == torch.cuda.get_device_capability(), p.total_memory > 0, p.multi_processor_count > 0)", "(True, True, True, True)"],
["x = torch.ones(500, 500, device='cuda') + 1\n(torch.cuda.memory_allocated() >= 1000000, torch.cuda.max_memory_allocated() >= torch.cuda.memory_allocated(), len(torch.cuda.mem_get_info()), torch.cuda.is_initialized())", "(True, True, 2, True)"],
["torch.manual_seed(0)\ntorch.randn(3, 4, device='cuda')", "tensor([[-0.9247, -0.4253, -2.6438,  0.1452],\n        [-0.1209, -0.5797, -0.6229, -0.3284],\n        [-1.0745, -0.3631, -1.6711,  2.2655]], device='cuda:0')"],
["torch.manual_seed(0)\ntorch.rand(6, device='cuda')", "tensor([0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967], device='cuda:0')"],
["torch.cuda.manual_seed(7)\nx = torch.randn(3, device='cuda', dtype=torch.float64)\ntorch.cuda.manual_seed_all(7)\ny = torch.zeros(3, device='cuda', dtype=torch.float64).normal_()\n(torch.equal(x, y), x.device)", "(True, device(type='cuda', index=0))"],
["torch.manual_seed(1)\nx = torch.randint(0, 1 << 40, (9,), device='cuda')\ny = torch.randint(3, 9, (1000,), device='cuda')\n(int(x.max()) > 1 << 36, int(y.min()), int(y.max()))", "(True, 3, 8)"],
["torch.randn(2, device='cuda', generator=torch.Generator())", "RuntimeError: Expected a 'cuda' device type for generator but found 'cpu'"]
]""")


def programs(args, shim):
    for code, want in PROGRAMS:
        got = outcome(*lsv(args, "import torch\nimport numpy as np\n" + code, shim=shim))
        check(got == want, code, f"want {want}", f"got  {got}")


def failures(args, shim):
    """A GPU that fails for good: what was only there is named, the rest goes on."""
    program = ("import torch\n# %%\nkept = torch.ones(300, 300)\ngone = torch.ones(300, 300).cuda() * 2\nboth = torch.ones(3).cuda()\n"
               "pair = [gone]\n# %%\nfor k in range(20): gone = gone @ torch.eye(300).cuda()\nprint(gone[0, 0].item())\n"
               "# %%\nprint(kept.sum(), (both + 1).cpu())\n# %%\ngone\n# %%\nx = torch.ones(300, 300, device='cuda') @ torch.ones(300, 300, device='cuda')\n"
               "print(x.sum().cpu(), x.device, torch.cuda.is_available())\n")
    out, err, status = lsv(args, program, shim=shim, options=("--keep-going",))
    check(status == 0 and out.startswith("2.0\ntensor(90000.)") and out.endswith("tensor(27000000.) cuda:0 True\n"), "without a fault", out, err)
    lost = 0
    for k in range(1, 40, 3):
        out, err, _ = lsv(args, program, shim=shim, env={"CUSHIM_FAULT": f"{k}:719"}, options=("--keep-going",))
        check("tensor(90000.) tensor([2., 2., 2.])" in out, f"the session goes on after operation {k} of the GPU failed", out, err)
        check(out.endswith("tensor(27000000.) cuda:0 False\n"), f"... with the CPU, {k}", out, err)
        check(err.count("lsv: the GPU failed (") == 1, f"... which is said once, {k}", err)
        named = "lsv: the GPU failed and these variables are lost: gone, pair" in err
        check(named == ("only copy of this array" in err), f"... with the names of lost variables, {k}", err)
        lost += named
    check(lost > 5, "most faults lose something", str(lost))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--build", default="build")
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    if args.record:
        return record()
    args.lsv = os.path.abspath(args.lsv)
    without_gpu(args)
    mapped(args)
    shim = os.path.abspath(os.path.join(args.build, "cushim13"))
    if os.path.isdir(shim):
        programs(args, shim)
        on_the_gpu(args, shim, (4, 3), {"LSV_DEVICE": "gpu"})
        on_the_gpu(args, shim, (110, 100))      # large enough not to be done on the host
        failures(args, shim)
    else:
        print("no CUDA shim in", args.build, "- tensors on a GPU are not tested")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
