#!/usr/bin/env python3
"""svdgrad, svd_vjp and normgrad in the language, against answers computed with 50 digits.

    check.py --lsv PATH [--verbose]

svdgrad_cases.json gives matrices, cotangents and gradients. Every method is run on every case, in float64 and
float32 (with A and the cotangents rounded to it, tolerances by its rounding unit), each call in a cell
of its own of one program. Python's standard library only. Ends "N passed, M failed".
"""
import argparse
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = ["auto", "numerical", "autograd", "svd", "bordered", "augmented", "kshift", "lstsq", "block", "mixed",
           "backward", "forward", "refined", "iterative", "krylov"]
EPS = {"float64": 2.0 ** -52, "float32": 2.0 ** -23}
ERRORS = {"E1": "nan or inf", "E3": "A = 0", "E4": "zero to working precision", "E5": "is repeated", "E7": "must have"}


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0] if abs(x) < 3.4e38 else math.copysign(math.inf, x)


def flat(G):
    return [x for row in G for x in row]


def relative(got, want):
    """Frobenius error, scaled by the largest entry so that nothing over- or underflows."""
    top = max((abs(x) for x in want), default=0)
    if top == 0:
        return max((abs(x) for x in got), default=0)
    off = math.sqrt(sum(((g - w) / top) ** 2 for g, w in zip(got, want)))
    return off / math.sqrt(sum((w / top) ** 2 for w in want))


def tolerance(case, method, dtype):
    eps = EPS[dtype]
    amplification = max(1, 1 / case["relgap"])
    tol = 16 * math.sqrt(case["m"] + case["n"]) * eps * amplification
    if dtype == "float32":      # the rounding of A to float32 alone moves the answer by this order
        tol *= 2
    if method == "numerical":
        tol = max(tol, 60 * (EPS["float64"] * amplification) ** (2 / 3))
    return tol


def program(jobs):
    lines = []
    for number, (case, method, dtype) in enumerate(jobs):
        m = f"torch.tensor({case['A']}, dtype=torch.{dtype})" if number % 2 else f"np.array({case['A']}, dtype=np.{dtype})"
        lines += ["# %%", f"print('job', {number})",
                  f"G, d = svdgrad({m}, {case['xi']!r}, {case['phi']}, {case['psi']}, method='{method}', index={case['i']}, "
                  f"u0={case.get('u')}, info=True)",
                  "print(np.array(G, dtype=np.float64).tolist())", "print([w[:2] for w in d['warnings']], d['bound'], d['sigma'])"]
    return "import numpy as np\nimport torch\n" + "\n".join(lines) + "\n"


def run(lsv, text):
    with tempfile.NamedTemporaryFile("w", suffix=".lsv", delete=False) as f:
        f.write(text)
    try:
        p = subprocess.run([lsv, "--keep-going", f.name], capture_output=True, text=True, timeout=600)
    finally:
        os.unlink(f.name)
    blocks = {}
    for part in p.stdout.split("job ")[1:]:
        number, _, rest = part.partition("\n")
        blocks[int(number)] = rest.strip().split("\n") if rest.strip() else []
    return blocks, p.stderr


def number(text):
    return eval(text, {"nan": math.nan, "inf": math.inf, "None": None})


class Tally:
    def __init__(self, verbose):
        self.passed = self.failed = 0
        self.verbose = verbose

    def note(self, ok, what):
        self.passed += ok
        self.failed += not ok
        if not ok or self.verbose:
            print(("ok   " if ok else "FAIL ") + what)


def gradients(lsv, cases, tally):
    jobs = [(c, method, dtype) for dtype in EPS for c in cases for method in METHODS
            if not (dtype == "float32" and not fits(c))]
    good = [j for j in jobs if not j[0]["expect"].startswith("E")]
    blocks, stderr = run(lsv, program(good))
    for number_, (case, method, dtype) in enumerate(good):
        block, name = blocks.get(number_, []), f"{case['name']} {method} {dtype}"
        if len(block) < 2:
            small = dtype == "float32" and case["relgap"] < 4 * max(case["m"], case["n"]) * EPS[dtype]
            tally.note(small, name + ": no answer" + (" (the gap is below float32)" if small else ""))
            continue
        G, (warnings, bound, sigma) = flat(number(block[0])), number("[" + block[1].replace("] ", "], ", 1).replace("] , ", "], ").replace(" ", ",").replace(",,", ",") + "]")
        if "grad" not in case:              # W2: any subgradient
            norm = math.sqrt(sum(x * x for x in G))
            tally.note("W2" in warnings and norm <= abs(case["xi"]) * (1 + 1e-6), name + f" |G| {norm:.3g}")
            continue
        error, tol = relative(G, flat(case["grad"])), tolerance(case, method, dtype)
        unsafe = "W3" in warnings and method in ("block", "mixed", "backward", "forward", "lstsq")
        want_w1 = dtype == "float64" and case["expect"] == "W1"
        ok = (error <= tol or unsafe) and (not want_w1 or "W1" in warnings)
        tally.note(ok, name + f": error {error:.2g}, allowed {tol:.2g}, {warnings}")


def fits(case):
    """Does the case mean anything in float32?"""
    values = flat(case["A"])
    top = max(abs(x) for x in values)
    return top == 0 or 1e-30 < top < 1e30


def errors(lsv, cases, tally):
    for case in [c for c in cases if c["expect"].startswith("E")]:
        for method in METHODS:
            blocks, stderr = run(lsv, program([(case, method, "float64")]))
            ok = not blocks.get(0) and ERRORS[case["expect"]] in stderr
            tally.note(ok, f"{case['name']} {method}: {stderr.strip().splitlines()[-1:]}")


def conversation(lsv, tally):
    """What is printed, what goes to standard error, and what is refused by the language."""
    start = "import numpy as np\nimport torch\nC = np.diag([1.0, 1 - 1e-9, 0.5])\none = np.ones(3)\n# %%\nprint('job', 0)\n"
    rows = [("svdgrad(C, 1.0, one, one);", "", "svdgrad: warning: W1"),
            ("svdgrad(C, 1.0, one, one, method='mixed', as_written=True);", "", "svdgrad: warning: W5"),
            ("svdgrad(np.eye(3), 1.0);", "", "svdgrad: warning: W2"),
            ("svdgrad(C, 1.0, one, one, report=True);", "diff to autograd", ""),
            ("print(svdgrad(torch.eye(2) + torch.ones(2, 2), 1.0, None, torch.ones(2)).dtype)", "torch.float32", ""),
            ("print(svdgrad(C, 1.0, one, one, info=True)[1]['why'])", "below", ""),
            ("print(svdgrad([[2, 0], [0, 1]], xi=None, phi=[0, 1]))", "0.666", ""),
            ("print(svdgrad(C, [1.0, 2], np.ones((3, 2)), None, method='bordered').shape)", "(3, 3)", ""),
            ("print(svdgrad(C, 1.0, one, u0=[-1.0, 0, 0])[0, 0])", "1.0", ""),
            ("svdgrad(C, 1.0, one, one, method='fd')", "", "methods: auto, numerical"),
            ("svdgrad(C, 1.0, one, one, method='svd', as_written=True)", "", "as_written is for"),
            ("svdgrad(C, 1.0, one, one, index=7)", "", "IndexError"),
            ("svdgrad(C, 1.0, one, np.ones((3, 2)))", "", "ValueError"),
            ("svdgrad(one, 1.0)", "", "a matrix is needed"),
            ("svdgrad(C, np.inf)", "", "xi contains nan or inf")]
    for line, out, err in rows:
        blocks, stderr = run(lsv, start + line + "\n")
        said = "\n".join(blocks.get(0, []))
        tally.note(out in said and err in stderr and bool(stderr) <= bool(err or "W1" in stderr), f"{line}: {said!r} {stderr.strip()[-160:]!r}")


def literal(x):
    return f"np.array({x})"


def derivatives(lsv, data, tally):
    """The first k triplets of svdgrad, and svd_vjp and normgrad where the language has them."""
    for case in data["vjp"]:
        keys = ", ".join(sorted(case))
        text = "import numpy as np\n# %%\nprint('job', 0)\n"
        for name in ("A", "N1", "N2", "X", "w", "d"):
            if name in case:
                text += f"{name} = {literal(case[name])}\n"
        text += ("k = %d\nU, S, Vh = svd(A)\nU1 = U[:, :k]\nV1 = Vh[:k].T\n"
                 "gU = ((N1 + N1.T) @ U1 + X @ V1) * d\ngV = ((N2 + N2.T) @ V1 + X.T @ U1) * d\n"
                 "u0 = U[:, 0]\n" % case["k"])
        # svdgrad fixes its own signs; this loss is even in each, but its cotangents are those of U1 and V1
        text += ("j = np.abs(U1).argmax(axis=0)\nsign = np.sign(np.array([U1[j[i], i] for i in range(k)]))\n"
                 "G = svdgrad(A, w, gU * sign, gV * sign)\nprint(G.tolist())\n")
        blocks, stderr = run(lsv, text)
        block = blocks.get(0, [])
        error = relative(flat(number(block[0])), flat(case["grad"])) if block else math.inf
        tally.note(error <= 10 * case.get("rtol", 1e-12), f"vjp {case.get('name', '?')} svdgrad: error {error:.2g} {stderr.strip()[-120:]} ({keys})")
    for case in data["norms"]:
        for kind, want in [(case["kind"], case["grad"])] if "kind" in case else []:
            text = f"import numpy as np\n# %%\nprint('job', 0)\nprint(normgrad({literal(case['A'])}, '{kind}').tolist())\n"
            blocks, stderr = run(lsv, text)
            block = blocks.get(0, [])
            error = relative(flat(number(block[0])), flat(want)) if block else math.inf
            tally.note(error <= 10 * case.get("rtol", 1e-12), f"norm {kind} {case.get('name', '')}: error {error:.2g} {stderr.strip()[-120:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    with open(os.path.join(HERE, "svdgrad_cases.json")) as f:
        data = json.load(f)
    tally = Tally(args.verbose)
    gradients(lsv, data["cases"], tally)
    errors(lsv, data["cases"], tally)
    derivatives(lsv, data, tally)
    conversation(lsv, tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
