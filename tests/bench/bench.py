#!/usr/bin/env python3
"""Benchmarks, side by side with Python + NumPy and Octave where they are installed.

    bench.py [--lsv ./lsv] [--python PYTHON] [--rounds N] [GROUP ...]

The jobs are programs that lsv and Python both run unchanged; each prints the seconds it took. Both sides run
alternately, the medians are compared. Groups: start, small, loops, matmul, svd, print, random.
NumPy should use the OpenBLAS that lsv uses (Debian's python3-numpy does): --python chooses the interpreter.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TIMED = """
import time
import numpy as np
np.random.seed(0)
{setup}
t = time.perf_counter()
{body}
print(time.perf_counter() - t)
"""


def loop(n, statement):
    return f"for i in range({n}):\n    {statement}"


def repeat(n, statement):
    """Runs statement once to warm up, then n times; prints seconds per run."""
    return f"""{statement}
t = time.perf_counter()
for i in range({n}):
    {statement}
print((time.perf_counter() - t) / {n})
"""


SMALL = "a = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]); b = a.T.copy()"

JOBS = {
    "small": [
        ("a @ b, 3x3, 200,000 times", SMALL, loop(200000, "c = a @ b"), 10),
        ("a + b, 3x3, 200,000 times", SMALL, loop(200000, "c = a + b"), 15),
        ("a[0:2, 1], 3x3, 200,000 times", SMALL, loop(200000, "c = a[0:2, 1]"), 5),
    ],
    "loops": [
        ("for, 10^6 times s = s + i * 0.5", "s = 0.0", loop(1000000, "s = s + i * 0.5"), 3),
        ("while, 10^6 times s = s + i * 0.5", "s = 0.0; i = 0", "while i < 1000000:\n    s = s + i * 0.5\n    i = i + 1", 3),
    ],
    "print": [
        ("print 1000x1000 in full", "np.set_printoptions(threshold=10000000)\na = np.random.randn(1000, 1000)", "s = str(a)", 20),
        ("print 10^7 summarised", "a = np.random.randn(10000000)", "s = str(a)", 1),
    ],
    "random": [
        ("np.random.rand(10^7)", "", "a = np.random.rand(10000000)", 1),
        ("np.random.randn(10^7)", "", "a = np.random.randn(10000000)", 1),
        ("default_rng().standard_normal(10^7)", "r = np.random.default_rng(0)", "a = r.standard_normal(10000000)", 1),
    ],
}


def linear_algebra():
    matmul, svd = [], []
    for dtype in ("float64", "float32"):
        for n in (256, 512, 1024, 2048):
            setup = f"a = np.random.randn({n}, {n}).astype(np.{dtype}); b = a.T.copy()"
            matmul.append((f"a @ b, {n}, {dtype}", setup, max(1, 2 * (2048 // n) ** 2), "c = a @ b", 0.95))
        for n in (64, 128, 256, 512, 1024, 2048):
            setup = f"a = np.random.randn({n}, {n}).astype(np.{dtype})"
            svd.append((f"svd(a), {n}, {dtype}", setup, max(1, (512 // n) ** 2), "u, s, v = np.linalg.svd(a)", 0.95))
    setup = "a = np.random.randn(20000, 64)"
    svd.append(("thin svd(a), 20000x64", setup, 4, "u, s, v = np.linalg.svd(a, full_matrices=False)", 0.95))
    for group, jobs in (("matmul", matmul), ("svd", svd)):
        JOBS[group] = [(name, setup, repeat(n, statement), target) for name, setup, n, statement, target in jobs]


def seconds(command):
    start = time.perf_counter()
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    if p.returncode:
        raise SystemExit(f"{' '.join(command)}: {p.stderr.strip()[-400:]}")
    lines = p.stdout.split()
    return wall, float(lines[-1]) if lines else wall


def report(name, ours, theirs, target, who):
    ratio = theirs / ours
    verdict = "" if target is None else f"  target {target:g}x {'ok' if ratio >= target else 'MISSED'}"
    print(f"{name:42} lsv {ours * 1e3:10.3f} ms   {who} {theirs * 1e3:10.3f} ms   {ratio:8.2f}x{verdict}", flush=True)


def compare(name, lsv, other, rounds, target, who, wall=False):
    pick = 0 if wall else 1
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds(lsv)[pick])
        theirs.append(seconds(other)[pick])
    report(name, statistics.median(ours), statistics.median(theirs), target, who)


def start_jobs(args):
    lsv = [args.lsv, "-e", "1+1"]
    if args.numpy:
        compare("start to end of 1+1", lsv, [args.python, "-c", "import numpy"], 11, 20, "import numpy", wall=True)
    octave = shutil.which("octave-cli")
    if octave:
        compare("start to end of 1+1", lsv, [octave, "--no-init-file", "--eval", "1+1"], 7, 20, "octave-cli", wall=True)
    # wait4's maximum counts this process's own pages before exec: ask the kernel about the program alone
    p = subprocess.Popen([args.lsv, "-e", "1+1\nimport time; time.sleep(1)"], stdout=subprocess.DEVNULL)
    time.sleep(0.6)
    with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    p.wait()
    print(f"{'resident memory of lsv -e 1+1':42} lsv {peak / 1024:10.1f} MB{'':39}  target 15 MB {'ok' if peak < 15 * 1024 else 'MISSED'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--python", default=os.environ.get("BENCH_PYTHON") or "/usr/bin/python3")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("groups", nargs="*")
    args = parser.parse_args()
    args.lsv = os.path.abspath(args.lsv)
    if not os.path.exists(args.python):
        args.python = sys.executable
    args.numpy = subprocess.run([args.python, "-c", "import numpy"], stderr=subprocess.DEVNULL).returncode == 0
    env = {k: os.environ.get(k) for k in ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS") if os.environ.get(k)}
    print(f"{args.rounds} rounds, medians; environment: {env or 'nothing set for OpenBLAS'}")
    if not args.numpy:
        print(f"{args.python} has no NumPy: nothing to compare with there")
    linear_algebra()
    if not args.groups or "start" in args.groups:
        start_jobs(args)
    with tempfile.TemporaryDirectory() as folder:
        for group, jobs in JOBS.items():
            if args.groups and group not in args.groups:
                continue
            for name, setup, body, target in jobs:
                path = os.path.join(folder, "job.lsv")
                with open(path, "w", encoding="utf-8") as f:
                    f.write(TIMED.format(setup=setup, body=body))
                if args.numpy:
                    compare(name, [args.lsv, path], [args.python, path], args.rounds, target, "python")
                else:
                    print(f"{name:42} lsv {seconds([args.lsv, path])[1] * 1e3:10.3f} ms")


if __name__ == "__main__":
    main()
