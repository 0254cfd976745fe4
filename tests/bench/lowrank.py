#!/usr/bin/env python3
"""Low-rank work side by side: lsv, NumPy, SciPy, PyTorch, scikit-learn, on the same matrices in the same run.

    lowrank.py [--lsv ./lsv] [--python PYTHON]... [--rounds N] [--unset] [--small] [JOB ...]

Every side runs the same setup (the random streams are the same), then its statement a few times; the rounds of
the sides alternate, medians are compared. Each side prints the leading singular values (or the answer) it found,
and the largest relative difference to lsv's is shown: times compare only at equal accuracy. A peer is run by the
first of the PYTHONs (default: /usr/bin/python3, this one, $BENCH_PYTHON) that has it.

--unset runs with OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE removed from the environment; run it once with and once
without. --small leaves out what takes minutes. A JOB is a group (lora, triplets, rank, aggregate, thin) or
a part of a job's name, as '4096, Gaussian' (default: all).
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

GAUSS = "W = np.random.randn({n}, {n})"
NOISY = "W = np.random.randn({n}, 16) @ np.random.randn(16, {n}) + 1e-3 * np.random.randn({n}, {n})"
# Known singular values: a diagonal between reflections.
POWER = """W = np.diag(np.arange(1, {n} + 1) ** -{p})
for i in range(3):
    u = np.random.randn({n}, 1)
    u = u / np.linalg.norm(u)
    W = W - 2 * u @ (u.T @ W)
    u = np.random.randn({n}, 1)
    u = u / np.linalg.norm(u)
    W = W - 2 * (W @ u) @ u.T"""

VALUES = "list(S[:16])"
DENSE = ("numpy svd", "numpy", "", "U, S, V = np.linalg.svd(W, full_matrices=False)", VALUES)
ARPACK = ("scipy svds", "scipy", "from scipy.sparse.linalg import svds", "U, S, V = svds(W, k=16, tol=0); S = S[::-1]", VALUES)
LOWRANK = ("torch svd_lowrank", "torch", "import torch; T = torch.from_numpy(W)",
           "U, S, V = torch.svd_lowrank(T, q=26, niter=8); S = S.numpy()", VALUES)
SKLEARN = ("sklearn randomized", "sklearn", "from sklearn.utils.extmath import randomized_svd",
           "U, S, V = randomized_svd(W, 16, random_state=0)", VALUES)
OURS = "U, S, V = svd(W, k=16)"
LORA = "B, A = lora(W, 16)"
LORA_VALUES = "list(np.sqrt((B ** 2).sum(axis=0)) ** 2)"

CLIENTS = """ranks = [1, 2, 4, 4, 8, 8, 8, 9, 16, 16]
clients = [(np.random.randn({n}, r), np.random.randn(r, {n})) for r in ranks]
weights = [0.1] * 10"""
FACTORED = """L = np.concatenate([w * B for w, (B, A) in zip(weights, clients)], axis=1)
R = np.concatenate([A for B, A in clients], axis=0)
Q1, T1 = np.linalg.qr(L)
Q2, T2 = np.linalg.qr(R.T)
U, S, V = np.linalg.svd(T1 @ T2.T)
B = (Q1 @ U[:, :16]) * np.sqrt(S[:16])
A = np.sqrt(S[:16])[:, np.newaxis] * (V[:16, :] @ Q2.T)"""
DENSE_SUM = """W = sum(w * (B @ A) for w, (B, A) in zip(weights, clients))
U, S, V = np.linalg.svd(W, full_matrices=False)"""


def jobs(small):
    """(group, name, setup, ours, our values, repeats, [(peer, target)])"""
    sizes = (512, 1024) if small else (512, 1024, 2048)
    for n in sizes:
        for kind, setup, target in (("Gaussian", GAUSS, {1024: 8, 2048: 10}), ("rank 16 + noise", NOISY, {1024: 50, 2048: 150})):
            yield "lora", f"lora(W, 16), {n}, {kind}", setup.format(n=n), LORA, LORA_VALUES, 5, [(DENSE, target.get(n)), (LOWRANK, None), (SKLEARN, None)]
    n = 1024 if small else 4096
    for kind, setup, target in (("rank 16 + noise", NOISY, 4), ("i^-0.5", POWER, 3), ("i^-1", POWER, 3), ("Gaussian", GAUSS, 4)):
        text = setup.format(n=n, p=str(float(kind[3:])) if kind.startswith("i^-") else "")
        yield "triplets", f"svd(W, k=16), {n}, {kind}", text, OURS, VALUES, 3, [(ARPACK, target), (LOWRANK, None), (SKLEARN, None)]
    n = 1024 if small else 2048
    for kind, setup, target in (("rank 16", "W = np.random.randn({n}, 16) @ np.random.randn(16, {n})", 60), ("full rank", GAUSS, 3)):
        peer = ("numpy matrix_rank", "numpy", "", "r = np.linalg.matrix_rank(W)", "[float(r)]")
        yield "rank", f"rank(W), {n}, {kind}", setup.format(n=n), "r = rank(W)", "[float(r)]", 3, [(peer, target)]
    n = 1024 if small else 4096
    factored = ("numpy, factored QR", "numpy", "", FACTORED, "list(S[:16])")
    dense = ("numpy, dense", "numpy", "", DENSE_SUM, "list(S[:16])")
    yield ("aggregate", f"aggregate, 10 clients, {n}", CLIENTS.format(n=n), "B, A = aggregate(clients, weights, r=16)", LORA_VALUES, 9,
           [(factored, 2), (dense, 1000)])
    thin = ("numpy svd", "numpy", "", "U, S, V = np.linalg.svd(W, full_matrices=False)", VALUES)
    yield "thin", "thin svd, 20000x64", "W = np.random.randn(20000, 64)", "U, S, V = svd(W)", VALUES, 9, [(thin, 3)]
    values = ("numpy, values only", "numpy", "", "S = np.linalg.svd(W, compute_uv=False)", VALUES)
    yield "thin", "values of 20000x64", "W = np.random.randn(20000, 64)", "S = np.linalg.svd(W, compute_uv=False)", VALUES, 9, [(values, None)]


PROGRAM = """import time
import numpy as np
np.random.seed(0)
{setup}
{prepare}
times = []
for repeat in range({repeats}):
    start = time.perf_counter()
{body}
    times.append(time.perf_counter() - start)
print(sorted(times)[{repeats} // 2])
for x in {values}:
    print(float(x))
"""


def program(setup, prepare, body, values, repeats):
    body = "\n".join("    " + line for line in body.split("\n"))
    return PROGRAM.format(setup=setup, prepare=prepare, body=body, values=values, repeats=repeats)


def run(command, text, folder, env):
    path = os.path.join(folder, "job.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    p = subprocess.run([*command, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    if p.returncode:
        raise SystemExit(f"{' '.join(command)}: {p.stderr.strip()[-600:]}")
    numbers = [float(x) for x in p.stdout.split()]
    return numbers[0], numbers[1:]


def difference(a, b):
    top = max(map(abs, a), default=1) or 1
    return max((abs(x - y) / top for x, y in zip(a, b)), default=0)


def find(module, pythons):
    for python in pythons:
        p = subprocess.run([python, "-c", f"import {module}, numpy"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if p.returncode == 0:
            return python
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--python", action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unset", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("jobs", nargs="*", metavar="JOB")
    args = parser.parse_args()
    pythons = args.python or [p for p in ("/usr/bin/python3", sys.executable, os.environ.get("BENCH_PYTHON")) if p and os.path.exists(p)]
    env = dict(os.environ)
    if args.unset:
        env.pop("OPENBLAS_CORETYPE", None)
        env.pop("OPENBLAS_L2_SIZE", None)
    has = {module: find(module, pythons) for module in ("numpy", "scipy", "torch", "sklearn")}
    print("peers:", ", ".join(f"{m} in {p}" if p else f"no {m}" for m, p in has.items()))
    print("environment:", {k: v for k, v in env.items() if k.startswith("OPENBLAS")} or "nothing set for OpenBLAS")
    missed, groups = 0, {group for group, *_ in jobs(args.small)}
    with tempfile.TemporaryDirectory() as folder:
        for group, name, setup, ours, values, repeats, peers in jobs(args.small):
            if args.jobs and not any(job == group if job in groups else job in name for job in args.jobs):
                continue
            mine, theirs, answers = [], {}, {}
            for r in range(args.rounds):
                t, answer = run([os.path.abspath(args.lsv)], program(setup, "", ours, values, repeats), folder, env)
                mine.append(t)
                for (peer, module, prepare, body, out), _ in peers:
                    if has[module] is None or (r > 0 and theirs[peer][0] > 5):
                        continue
                    slow = peer in ("numpy svd", "numpy matrix_rank", "numpy, dense") and "20000" not in name
                    t, answers[peer] = run([has[module]], program(setup, prepare, body, out, 1 if slow else repeats), folder, env)
                    theirs.setdefault(peer, []).append(t)
            t = statistics.median(mine)
            print(f"{name:36} lsv {t * 1e3:9.2f} ms", flush=True)
            for (peer, *_), target in peers:
                if peer not in theirs:
                    continue
                ratio = statistics.median(theirs[peer]) / t
                verdict = "" if target is None else f"  target {target}x {'ok' if ratio >= target else 'MISSED'}"
                missed += target is not None and ratio < target
                print(f"    {peer:24} {statistics.median(theirs[peer]) * 1e3:16.2f} ms  {ratio:8.1f}x  values differ by {difference(answer, answers[peer]):.0e}{verdict}",
                      flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
