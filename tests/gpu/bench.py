#!/usr/bin/env python3
"""bench.py --lsv PATH [--sizes 1024,2048,…] [--budget S] [--test-cuda PATH] [--contract PATH]: a GPU machine's figures, as markdown.

Times matmul, svd, rank, lora, aggregate and svdgrad of n x n matrices: lsv on the CPU, lsv on the GPU with the matrices there
already and with matrices of the host, and PyTorch on the same GPU where it is importable; then how exact the GPU's answers are,
beside the CPU's. Every series is a process of its own that measures one size after another until the
time it was given is up. Standard library only; PyTorch is used when it is there. Ends with `N passed, M failed`:
a series that crashes or whose answers are not the CPU's has failed.
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# One size of one operation, in the language (and, where PyTorch has the operation, in Python). `there` moves a matrix.
SETUP = """
import time
import torch
import numpy as np
def there(x):
    return {move}
def wait():
    {sync}
def best(f, rounds):
    f()
    wait()
    least = 1e9
    for i in range(rounds):
        t = time.perf_counter()
        f()
        wait()
        least = min(least, time.perf_counter() - t)
    return least
"""
OPERATIONS = {
    "matmul": ("A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))", "A @ A"),
    "svd": ("A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))", "torch.linalg.svd(A, full_matrices=False)"),
    "rank": ("A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))", "torch.linalg.matrix_rank(A)"),
    "lora": ("A = there(torch.randn({n}, 64, dtype=torch.{dtype}) @ torch.randn(64, {n}, dtype=torch.{dtype}) "
             "+ 0.01 * torch.randn({n}, {n}, dtype=torch.{dtype}))", "lora(A, 64)"),
    "aggregate": ("C = [(there(torch.randn({n}, 16, dtype=torch.{dtype})), there(torch.randn(16, {n}, dtype=torch.{dtype}))) "
                  "for i in range(8)]", "aggregate(C, r=16)"),
    "svdgrad": ("A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))\nphi = there(torch.randn({n}, dtype=torch.{dtype}))\n"
                "psi = there(torch.randn({n}, dtype=torch.{dtype}))", "svdgrad(A, 1.0, phi, psi)"),
}
PEERS = {"matmul": "A @ A", "svd": "torch.linalg.svd(A, full_matrices=False)", "rank": "torch.linalg.matrix_rank(A)",
         "lora": "torch.svd_lowrank(A, q=64, niter=2)"}
GROWTH = {"matmul": 8, "svd": 8, "rank": 8, "lora": 4.5, "aggregate": 2.5, "svdgrad": 8}


class Run:
    def __init__(self, args):
        self.args, self.start = args, time.time()
        self.passed = self.failed = 0
        self.rows = {}

    def left(self):
        return self.args.budget - (time.time() - self.start)

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}", flush=True)


def program(operation, n, dtype, call, move, sync, rounds):
    make = OPERATIONS[operation][0].format(n=n, dtype=dtype)
    return SETUP.format(move=move, sync=sync) + make + f"\nprint('seconds', best(lambda: {call}, {rounds}))\n"


def execute(command, text, device, limit):
    env = dict(os.environ, LSV_DEVICE=device)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"lsv_gpu_bench_{os.getpid()}.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    try:
        p = subprocess.run([*command, path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=max(limit, 1), env=env)
        return p.returncode, p.stdout, p.stderr
    except subprocess.TimeoutExpired:
        return "timeout", "", ""
    finally:
        os.unlink(path)


def series(run, operation, dtype, name, command, call, move, sync, device):
    """Seconds by size, as far as the time lasts."""
    share = run.args.share
    spent, last = time.time(), None
    for n in run.args.sizes:
        used = time.time() - spent
        expect = last * GROWTH[operation] * 3 if last else 0
        if used + expect > share or run.left() < 5:
            break
        rounds = 1 if last and last > 1 else 3
        code, out, err = execute(command, program(operation, n, dtype, call, move, sync, rounds), device, share - used + 5)
        if code == "timeout":
            break
        found = re.search(r"^seconds ([0-9.e+-]+)$", out, re.M)
        run.check(code == 0 and bool(found), f"{operation} {n} {dtype} {name}: {(err or out).strip()[-300:]}")
        if not found:
            break
        last = float(found.group(1))
        run.rows[(operation, dtype, n, name)] = last
        if "running on the CPU" in err:
            run.rows[(operation, dtype, n, name + " note")] = err.strip().splitlines()[0]


def text_of(seconds):
    if seconds is None:
        return ""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def table(run, columns):
    print("\n| operation | n | " + " | ".join(columns) + " | PyTorch / lsv |")
    print("|---" * (len(columns) + 3) + "|")
    for operation in OPERATIONS:
        for dtype in run.args.dtypes:
            for n in run.args.sizes:
                cells = [run.rows.get((operation, dtype, n, c)) for c in columns]
                if not any(cells):
                    continue
                ours, theirs = cells[1] if len(cells) > 1 else None, run.rows.get((operation, dtype, n, "PyTorch there"))
                ratio = f"{theirs / ours:.2f}" if ours and theirs else ""
                print(f"| {operation} {dtype} | {n} | " + " | ".join(text_of(c) for c in cells) + f" | {ratio} |")
    print(flush=True)


ACCURACY = """
import torch
torch.manual_seed(3)
n = {n}
A = torch.randn(n, n, dtype=torch.{dtype})
G = A.cuda()
eps = {eps}
def scaled(x):
    return float(torch.linalg.norm(x.cpu())) / eps
U, S, Vh = torch.linalg.svd(G, full_matrices=False)
s0 = torch.linalg.svdvals(A)
print('matmul', scaled(G @ G - (A @ A).cuda()) / float(torch.linalg.norm(A @ A)))
print('svd_residual', scaled((U * S) @ Vh - G) / float(torch.linalg.norm(A)))
print('svd_left', scaled(U.T @ U - torch.eye(n, dtype=torch.{dtype}).cuda()) / n)
print('svd_values', float((S.cpu() - s0).abs().max()) / float(s0[0]) / eps)
X = torch.linalg.solve(G, G @ G)
print('solve', scaled(X - G) / float(torch.linalg.norm(A)) / n)
Q, R = torch.linalg.qr(G)
print('qr', scaled(Q @ R - G) / float(torch.linalg.norm(A)))
"""


def accuracy(run):
    """Errors in units of the last place, which a backward stable method keeps to a few times sqrt(n)."""
    print("\n| n | dtype | matmul | svd residual | svd orthogonality | singular values | solve | qr |\n|---|---|---|---|---|---|---|---|")
    for dtype, eps in (("float64", 2.0 ** -52), ("float32", 2.0 ** -23)):
        for n in [s for s in run.args.sizes if s <= 2048][:3]:
            code, out, err = execute([run.args.lsv], ACCURACY.format(n=n, dtype=dtype, eps=eps), "gpu", 120)
            values = dict(line.split() for line in out.splitlines() if len(line.split()) == 2)
            good = code == 0 and len(values) == 6 and all(float(v) < 20 * n for v in values.values())
            run.check(good, f"accuracy {n} {dtype}: {values} {(err or '').strip()[-300:]}")
            print(f"| {n} | {dtype} | " + " | ".join(f"{float(v):.2g} eps" for v in values.values()) + " |", flush=True)


def at_prompt(run):
    """Ctrl-C in a large SVD at the prompt: the seconds until the next prompt."""
    n = 8192 if 8192 in run.args.sizes else max(run.args.sizes)
    ready, patience = re.compile(rb"In \[\d+\]: (\x1b\[[0-9;?]*[a-zA-Z]|\r)*$"), 60
    pid, fd = pty.fork()
    if pid == 0:  # the shim's factorisations take so long; a real GPU knows nothing of it
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", LSV_DEVICE="gpu", CUSHIM_SLOW="3000")
        os.execv(run.args.lsv, [run.args.lsv])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    seen = b""

    def until_prompt():
        nonlocal seen
        end = time.monotonic() + patience
        while not ready.search(seen):
            if time.monotonic() > end:
                raise TimeoutError(f"no prompt; the terminal shows {seen[-200:]!r}")
            if select.select([fd], [], [], 0.5)[0]:
                seen += os.read(fd, 1 << 16)
        text, seen = seen, b""
        return text

    try:
        until_prompt()
        for line in ("import torch", f"A = torch.randn({n}, {n}, dtype=torch.float64).cuda()", "float((A @ A)[0, 0]) < 1e9"):
            os.write(fd, line.encode() + b"\n")
            until_prompt()
        os.write(fd, b"S = torch.linalg.svd(A)\n")
        time.sleep(0.5)
        while select.select([fd], [], [], 0)[0]:
            seen += os.read(fd, 1 << 16)
        if ready.search(seen):
            print(f"Ctrl-C: the SVD of {n} was done before it could be stopped")
            return
        seen = b""
        start = time.monotonic()
        os.write(fd, b"\x03")
        text = until_prompt()
        took = time.monotonic() - start
        print(f"Ctrl-C in svd {n} at the prompt: the next prompt after {took * 1e3:.0f} ms", flush=True)
        run.check(b"KeyboardInterrupt" in text, f"Ctrl-C: {text[-200:]!r}")
        run.check(took < (0.2 if n >= 8192 else 1.0), f"Ctrl-C took {took:.2f} s")
    except (OSError, TimeoutError) as e:
        run.check(False, f"Ctrl-C at the prompt: {e}")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def interrupt(run):
    """SIGINT in a large SVD ends the script at once."""
    n = 8192 if 8192 in run.args.sizes else max(run.args.sizes)
    text = f"import torch\nA = torch.randn({n}, {n}, dtype=torch.float64).cuda()\nprint('ready', flush=True)\ntorch.linalg.svd(A)\nprint('done')\n"
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"lsv_gpu_interrupt_{os.getpid()}.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    p = subprocess.Popen([run.args.lsv, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, LSV_DEVICE="gpu"))
    try:
        p.stdout.readline()
        time.sleep(0.5)
        if p.poll() is not None:
            print(f"interrupt: the SVD of {n} was done before it could be stopped")
            return
        t = time.time()
        p.send_signal(signal.SIGINT)
        p.wait(timeout=60)
        took = time.time() - t
        print(f"interrupt in svd {n}: ended after {took * 1e3:.0f} ms with status {p.returncode}")
        run.check(took < 1.0 or n < 8192, f"interrupt took {took:.2f} s")
    finally:
        p.kill()
        os.unlink(path)


# ---- what is promised: matmul at cuBLAS's own rate, svd against PyTorch's default, lora against svd_lowrank at equal error ----

GOAL_HEAD = SETUP.replace("{move}", "x.cuda()").replace("{sync}", "torch.cuda.synchronize()")
MATMUL = GOAL_HEAD + """
A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))
def many():
    for i in range(10):
        C = A @ A
print('seconds', best(many, 3) / 10)
"""
# after a small one, which pays for what is made once; the second call counts where there is time for one
SVD = GOAL_HEAD + """
warm = torch.linalg.svd(there(torch.randn(200, 200, dtype=torch.{dtype})), full_matrices=False)
A = there(torch.randn({n}, {n}, dtype=torch.{dtype}))
for i in range(2):
    wait()
    t = time.perf_counter()
    R = torch.linalg.svd(A, full_matrices=False)
    wait()
    print('seconds', time.perf_counter() - t, flush=True)
"""
SPECTRA = {"64 strong directions and noise": "torch.randn({n}, 64, dtype=D) @ torch.randn(64, {n}, dtype=D) + 0.1 * torch.randn({n}, {n}, dtype=D)",
           "decaying as 1/i": "torch.randn({n}, {n}, dtype=D) / (1 + torch.arange({n}, dtype=D))"}
LORA = GOAL_HEAD + """
D = torch.{dtype}
torch.manual_seed(1)
A = there({matrix})
norm = float(torch.linalg.norm(A))
B, C = lora(A, 64)
print('seconds', best(lambda: lora(A, 64), 3))
print('error', float(torch.linalg.norm(A - B @ C)) / norm)
"""
LOWRANK = GOAL_HEAD + """
D = torch.{dtype}
torch.manual_seed(1)
A = there({matrix})
norm = float(torch.linalg.norm(A))
for niter in (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
    U, S, V = torch.svd_lowrank(A, q=64, niter=niter)
    error = float(torch.linalg.norm(A - (U * S) @ V.T)) / norm
    if error <= {error} * 1.001 or niter == 64:
        print('niter', niter, 'error', error, 'seconds', best(lambda: torch.svd_lowrank(A, q=64, niter=niter), 3))
        break
"""


def goal(run, what, ours, theirs, least, note=""):
    """A line of the table; where the size is one that was promised for, a test too."""
    if not ours or not theirs:
        run.check(False, f"{what}: not measured (ours {ours}, theirs {theirs})")
        return
    print(f"| {what} | {text_of(ours)} | {text_of(theirs)} | {theirs / ours:.2f} | {least} | {note} |", flush=True)
    if max(run.args.sizes) >= 2048:
        run.check(theirs / ours >= least, f"{what}: {theirs / ours:.2f} times as fast, {least} promised")


def last_number(name, text):
    found = re.findall(name + r" ([0-9.e+-]+)", text)
    return float(found[-1]) if found else None


def goals(run, torch):
    print("\n| promised | lsv | the other | times as fast | at least | |\n|---|---|---|---|---|---|", flush=True)

    def limit():  # for any one of them
        return max(20, run.left() / 4)

    mine, other = ([run.args.lsv], "gpu"), ([sys.executable], "gpu")
    for key in sorted(k for k in run.rows if k[3] == "cuBLAS"):
        _, dtype, n, _ = key
        code, out, err = execute(mine[0], MATMUL.format(n=n, dtype=dtype), mine[1], limit())
        goal(run, f"matmul {dtype} {n}, against cuBLAS", last_number("seconds", out), run.rows[key], 0.95, (err or "").strip()[-80:])
    if not torch:
        print("no PyTorch with CUDA here: svd and lora are not compared", flush=True)
        return
    big = [n for n in (2048, 4096, 8192) if n in run.args.sizes] or [max(run.args.sizes)]
    for n in big[-1:]:
        for dtype in run.args.dtypes:
            for name, matrix in SPECTRA.items():
                matrix = matrix.format(n=n)
                code, out, err = execute(mine[0], LORA.format(n=n, dtype=dtype, matrix=matrix), mine[1], limit())
                ours, error = last_number("seconds", out), last_number("error", out)
                if error is None:
                    run.check(False, f"lora {n} {dtype}: {(err or out).strip()[-300:]}")
                    continue
                code, out, err = execute(other[0], LOWRANK.format(n=n, dtype=dtype, matrix=matrix, error=error), other[1], limit())
                reached = last_number("error", out)
                note = f"error {error:.4g}; theirs {reached:.4g}, niter {last_number('niter', out):.0f}" if reached else (err or "").strip()[-80:]
                goal(run, f"lora r = 64, {dtype} {n}, {name}", ours, last_number("seconds", out), 5, note)
    for n in big:
        for dtype in reversed(run.args.dtypes):
            code, out, err = execute(mine[0], SVD.format(n=n, dtype=dtype), mine[1], limit())
            ours = last_number("seconds", out)
            most = limit()
            code, out, err = execute(other[0], SVD.format(n=n, dtype=dtype), other[1], most)
            stopped = code == "timeout"
            goal(run, f"svd {dtype} {n}", ours, most if stopped else last_number("seconds", out), 3, "theirs was stopped" if stopped else "")


def suites(run):
    """The contract and the functional suite, on the real libraries."""
    for path, arguments in ((run.args.contract, ["256"]), (run.args.test_cuda, ["all"])):
        if not path:
            continue
        p = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print(p.stdout.strip(), flush=True)
        for dtype, n, seconds in re.findall(r"^cublas (\w+) (\d+) ([0-9.]+) seconds$", p.stdout, re.M):
            run.rows[("matmul", dtype, int(n), "cuBLAS")] = float(seconds)
        run.check(p.returncode == 0 and "gpu: " not in p.stdout.replace("gpu: up", ""), f"{os.path.basename(path)}: {p.stderr.strip()[-400:]}")
    script = os.path.join(HERE, "suite.py")
    if os.path.exists(script) and not run.args.no_suite:
        p = subprocess.run([sys.executable, script, "--lsv", run.args.lsv, "--quick"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        print("\n".join(p.stdout.strip().splitlines()[-3:]), flush=True)
        run.check(p.returncode == 0, "the functional suite")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--sizes", default="1024,2048,4096,8192,16384")
    parser.add_argument("--dtypes", default="float64,float32")
    parser.add_argument("--budget", type=float, default=540)
    parser.add_argument("--contract")
    parser.add_argument("--test-cuda")
    parser.add_argument("--no-suite", action="store_true")
    parser.add_argument("--json", help="the figures, for a program")
    args = parser.parse_args()
    args.lsv = os.path.abspath(args.lsv)
    args.sizes = [int(n) for n in args.sizes.split(",")]
    args.dtypes = args.dtypes.split(",")
    run = Run(args)
    suites(run)
    accuracy(run)
    at_prompt(run)
    interrupt(run)
    peers = subprocess.run([sys.executable, "-c", "import torch; assert torch.cuda.is_available(); print(torch.__version__)"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    torch = peers.stdout.strip() if peers.returncode == 0 else None
    print(f"PyTorch on this GPU: {torch or 'none'}", flush=True)
    plan = [("lsv CPU", [args.lsv], "x", "pass", "cpu"), ("lsv there", [args.lsv], "x.cuda()", "torch.cuda.synchronize()", "gpu"),
            ("lsv from host", [args.lsv], "x.numpy()", "pass", "gpu")]
    if torch:
        plan.append(("PyTorch there", [sys.executable], "x.cuda()", "torch.cuda.synchronize()", "gpu"))
    goals(run, torch)
    args.share = max(1.0, run.left() / (len(plan) * len(OPERATIONS) * len(args.dtypes)))
    for operation, (_, call) in OPERATIONS.items():
        for dtype in args.dtypes:
            for name, command, move, sync, device in plan:
                ours = PEERS.get(operation) if name.startswith("PyTorch") else call
                if name == "lsv from host":
                    ours = ours.replace("torch.linalg", "np.linalg").replace("matrix_rank", "matrix_rank")
                if ours:
                    series(run, operation, dtype, name, command, ours, move, sync, device)
    table(run, [p[0] for p in plan])
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump([[*key, value] for key, value in run.rows.items()], f)
    print(f"{time.time() - run.start:.0f} s\n{run.passed} passed, {run.failed} failed")
    return run.failed > 0


if __name__ == "__main__":
    sys.exit(main())
