#!/usr/bin/env python3
"""The functional suite and the conformance corpus a second time, on the GPU.

    suite.py --lsv PATH [--build DIR] [--shim DIR | --real] [--quick] [CORPUS ...]

1. Every program of the corpora runs with LSV_DEVICE=gpu and must print what it prints on the CPU, numbers to a tolerance.
2. Its torch programs run once more with all new tensors on the GPU (torch.set_default_device): the
   same output but for device='cuda:0'.
3. The language tests and the gradient tests run with LSV_DEVICE=gpu.

The GPU is the CUDA shim of the build (DIR/cushim13), or with --real the machine's own. --quick: a part of 1 and 2, for
every test run. Needs Python's standard library only. Ends with `N passed, M failed`."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "conformance"))
import check as conformance  # noqa: E402

RTOL, ATOL = 2e-4, 2e-4      # of printed numbers: float32 on another library
SUFFIX = re.compile(r",\s*device='cuda:0'")
# What lies on the host by its nature, speaks of devices itself, or draws other numbers on the GPU, as in PyTorch.
HOST_ONLY = re.compile(r"rand|seed|numpy|\bnp\b|jax|jnp|\.cpu\(|device|torch\.Tensor\(|(Float|Double|Long|Bool)Tensor")


def environment(args):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LSV_", "CUSHIM_"))}
    if not args.real:
        env["LSV_CUDA_LIBDIR"] = args.shim
    return env


def close(got, want):
    """Equal text, white space aside, between numbers that are close."""
    a, b = conformance.NUMBER.split(got), conformance.NUMBER.split(want)
    if len(a) != len(b):
        return False
    for i, (x, y) in enumerate(zip(a, b)):
        if i % 2 == 0:
            if "".join(x.split()) != "".join(y.split()):
                return False
        elif x != y:
            p, q = float(x), float(y)
            if not (p == q or (p != p and q != q) or abs(p - q) <= ATOL + RTOL * abs(q)):
                return False
    return True


def execute(lsv, folder, path, env, options=()):
    p = subprocess.run([lsv, *options, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       cwd=folder, timeout=300, env=env)
    return p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"), p.returncode


def compare(what, host, gpu, loose):
    """None, or the lines that say what differs."""
    if gpu[2] != host[2]:
        return [what, f"exit status {gpu[2]}, on the CPU {host[2]}", gpu[1].strip()[-300:]]
    if close(gpu[0], host[0]):
        return None
    if loose and not conformance.differing(gpu[0].encode(), host[0].encode(), loose):
        return None
    for x, y in zip(conformance.pieces(host[0]), conformance.pieces(gpu[0])):
        if not close(y, x):
            return [what, "cpu: " + x[:300], "gpu: " + y[:300]]
    return [what, "more lines on one side"]


def forced(args, path):
    """The program on both backends."""
    folder, name = os.path.split(os.path.abspath(path))
    env = environment(args)
    host = execute(args.lsv, folder, name, dict(env, LSV_DEVICE="cpu"))
    gpu = execute(args.lsv, folder, name, dict(env, LSV_DEVICE="gpu"))
    rules = conformance.read_loose(path[:-4] + ".loose")  # of what Python printed
    if rules and gpu[2] == host[2] and not conformance.differing(gpu[0].encode(), conformance.read(path[:-4] + ".out"), rules):
        return None
    return compare(f"LSV_DEVICE=gpu {path}", host, gpu, rules)


def resident(args, path):
    """The program with its tensors on the GPU."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    folder, name = os.path.split(os.path.abspath(path))
    env = environment(args)
    host = execute(args.lsv, folder, name, dict(env, LSV_DEVICE="cpu"))
    with tempfile.TemporaryDirectory() as temporary:
        moved = os.path.join(temporary, name)
        with open(moved, "w", encoding="utf-8") as f:
            f.write("import torch\ntorch.set_default_device('cuda')\n# %%\n" + text)
        gpu = execute(args.lsv, folder, moved, dict(env, LSV_DEVICE="gpu"))
    gpu = (SUFFIX.sub("", gpu[0]), *gpu[1:])
    return compare(f"tensors on the GPU: {path}", host, gpu, conformance.read_loose(path[:-4] + ".loose"))


def uses_torch(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return "torch" in text and not HOST_ONLY.search(text)


def other_suites(args):
    """(passed, failed) of the suites that take the device from the environment."""
    env = dict(environment(args), LSV_DEVICE="gpu")
    passed = failed = 0
    for script in ("lang/run.py", "grad/check.py"):
        p = subprocess.run([sys.executable, os.path.join(TESTS, script), "--lsv", args.lsv], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        total = re.findall(r"(\d+) passed, (\d+) failed", p.stdout)
        good, bad = map(int, total[-1]) if total else (0, 1)
        if bad:
            print(f"{script} with LSV_DEVICE=gpu:\n{p.stdout[-3000:]}")
        passed, failed = passed + good, failed + bad
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--build", default="build")
    parser.add_argument("--shim")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("corpora", nargs="*")
    args = parser.parse_args()
    args.lsv = os.path.abspath(args.lsv)
    args.shim = os.path.abspath(args.shim or os.path.join(args.build, "cushim13"))
    if not args.real and not os.path.isdir(args.shim):
        print("no CUDA shim in", args.shim)
        print("0 passed, 0 failed")
        return 0
    programs = [p for p in conformance.find(args.corpora or [os.path.join(TESTS, "conformance")]) if os.path.exists(p[:-4] + ".out")]
    tensors = [p for p in programs if uses_torch(p)]
    if args.quick:
        linear = [p for p in programs if re.search(r"/(linalg|autograd|seeds)/", p)]
        programs, tensors = linear[::2] + programs[::7], tensors[::2]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = [pool.submit(forced, args, p) for p in programs] + [pool.submit(resident, args, p) for p in tensors]
        for job in jobs:
            wrong = job.result()
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print("FAIL", "\n     ".join(wrong))
    if not args.quick:
        good, bad = other_suites(args)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
