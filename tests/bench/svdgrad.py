#!/usr/bin/env python3
"""svdgrad beside torch autograd through torch.linalg.svd, on the same matrices in one run.

    svdgrad.py --lsv PATH [--sizes 512,1024,2048] [--rounds 5]

The sides take turns; a round of a side is the median of five (lsv) or one (torch) in a warm process, and the medians of the
rounds are compared; needs torch and NumPy. G is compared with signs aligned.
The targets are the ratios of the last column; "missed" is said where one is, and the exit status is 1 then.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

TARGET = {512: 6, 1024: 12, 2048: 20}


def torch_side(torch, A, xi, phi, psi, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        P = A.clone().requires_grad_(True)
        U, S, V = torch.linalg.svd(P)
        (xi * S[0] + phi @ U[:, 0] + psi @ V[0]).backward()
        times.append(time.perf_counter() - start)
    return P.grad, U.detach()[:, 0], sorted(times)[rounds // 2]


def lsv_side(lsv, folder, n, rounds):
    """Reads with np.load; where there is none, from the recipe of the same random numbers."""
    program = f"""
import numpy as np
import time
r = np.random.RandomState({n})
A = r.standard_normal(({n}, {n}))
phi = r.standard_normal({n})
psi = r.standard_normal({n})
times = []
for k in range({rounds} + 1):
    start = time.perf_counter()
    G = svdgrad(A, 1.3, phi, psi)
    times.append(time.perf_counter() - start)
G, d = svdgrad(A, 1.3, phi, psi, info=True)
print(sorted(times[1:])[{rounds} // 2])
print(d['method'], d['bound_relative'], d['products'])
x = r.standard_normal({n})
print((G @ x).tolist())
print((x @ G).tolist())
print(d['u'].tolist())
"""
    path = os.path.join(folder, "bench.lsv")
    with open(path, "w") as f:
        f.write(program)
    p = subprocess.run([lsv, path], capture_output=True, text=True)
    if p.returncode:
        sys.exit(p.stderr)
    return p.stdout.strip().split("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--sizes", default="512,1024,2048")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    try:
        import numpy as np
        import torch
    except ImportError:
        print("svdgrad: no torch here, nothing to compare with")
        return 0
    missed = 0
    print(f"{'size':>6} {'torch':>10} {'lsv':>10} {'ratio':>7} {'target':>7}  difference of G")
    with tempfile.TemporaryDirectory() as folder:
        for n in (int(s) for s in args.sizes.split(",")):
            r = np.random.RandomState(n)
            A, phi, psi = (torch.tensor(r.standard_normal(s)) for s in ((n, n), n, n))
            x = torch.tensor(r.standard_normal(n))
            slow, fast = [], []
            for _ in range(args.rounds):    # alternating, so that a slow spell of the machine meets both
                G, u, seconds = torch_side(torch, A, 1.3, phi, psi, 1)
                slow.append(seconds)
                time.sleep(0.5)             # until torch's threads have stopped looking for more work
                lines = lsv_side(os.path.abspath(args.lsv), folder, n, 5)
                fast.append(float(lines[0]))
            slow, fast = statistics.median(slow), statistics.median(fast)
            left, right, mine = (torch.tensor(eval(t), dtype=torch.float64) for t in lines[2:5])
            if u @ mine < 0:                # the part of phi and psi turns with the sign of the triplet
                _, S, V = torch.linalg.svd(A)
                G = 2 * 1.3 * torch.outer(u, V[0]) - G
            off = max(float((left - G @ x).norm() / (G @ x).norm()), float((right - G.T @ x).norm() / (G.T @ x).norm()))
            ratio, target = slow / fast, TARGET.get(n, 0)
            bad = ratio < target or off > 1e-11
            missed += bad
            print(f"{n:>6} {slow * 1e3:>8.1f}ms {fast * 1e3:>8.1f}ms {ratio:>6.1f}x {target:>6}x  {off:.1e}  {lines[1]}{'  missed' if bad else ''}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
