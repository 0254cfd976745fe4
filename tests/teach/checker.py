#!/usr/bin/env python3
"""check(): the verdicts on known answers, 1,000 right answers in other forms, and injected slips.

The truths are computed here with Python's decimals, so nothing but the standard library is needed. Ends with
`N passed, M failed`."""
import argparse
import math
import random
import subprocess
import sys
from collections import Counter

passed = failed = 0


def check(ok, *what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", *what)


def run(lsv, program):
    r = subprocess.run([lsv, "-"], input=program, capture_output=True, text=True)
    if r.returncode:
        raise SystemExit("lsv failed: " + r.stderr[:2000])
    return r.stdout


def text(matrix, digits=None):
    def one(x):
        return str(x) if isinstance(x, int) else "%.*f" % (digits, x)
    if isinstance(matrix[0], list):
        return "; ".join(", ".join(one(x) for x in row) for row in matrix)
    return ", ".join(one(x) for x in matrix)


KNOWN = [  # (step, answer, what the verdict must say)
    ("WtW", "25, -15; -15, 29", "WᵀW: right (exact)"),
    ("WtW", "25, 15; 15, 25", "two slips: the minus of the off-diagonal entries was lost, and entry (2,2) was copied from (1,1)"),
    ("charmat", "-25, 15; 15, -25", "(2,2) you -25, right -29. Probable cause: (2,2) copied from (1,1)"),
    ("charmat", "λ - 25, 15; 15, λ - 29", "right (exact)"),
    ("charmat2", "-16, -12, 0; 12, -34, 10; 0, 10, -4", "(2,1) you 12, right -12. Probable cause: sign of entry (2,1): the matrix must stay symmetric"),
    ("chi", "1, -54, 950", "+ instead of - in ad - bc"),
    ("χ", "1, -54, 500", "right (exact)"),
    ("λ", "42.14, 11.86", "rounded too early: √916 ≈ 30.27 before the division by 2"),
    ("σ", "6.49, 3.44", "σ: right at 2 digits"),
    ("w1", "-0.875, 1", "right up to truncation at 3 digits (cut off, not rounded)"),
    ("w1", "0.875, 1", "wrong sign of component 1"),
    ("V", "-0.657, 0.752; 0.751, 0.659", "v1 close: off by up to 1.7 units of digit 3 (right -0.659, 0.752; your length 0.99782). Probable cause: rounded too early"),
    ("U", "0.576, 0.638; 0.817, -0.374; 0.2029, 0.677", "with 0.029 for 0.2029 in row 3 the length would be 1"),
    ("U", "0.576, 0.638; 0.817, -0.374; 0.2029, 0.677", "u1·u2 = 0.199, should be 0"),
    ("U", "0.576, 0.638; 0.817, -0.374; 0.029, 0.677", "not an eigenvector of WWᵀ"),
    ("term1", "-2.39, 2.74; -3.47, 3.96; -0.13, 0.15", "Your own factors give other numbers in 6 of 6 entries: (1,1) -2.456, you -2.39"),
    ("term2", "1.65, 1.49; -0.97, -0.85; 1.75, 1.53", "σ2u2v2ᵀ: wrong: (1,1) you 1.65, right 2.26"),
    ("sum", "-0.74, 4.23; -4.44, 3.11; 1.62, 1.68", "your terms add to [-0.74 4.23; -4.44 3.11; 1.62 1.68], not to W (largest difference 8.11)"),
]
FRESH = [  # right answers in other forms, other slips; each in a new walk
    ("λ", "27+√229, 27-√229", "λ: right (exact)"),
    ("λ", "11.8673, 42.1327", "right at 4 digits, but in the wrong order: put the largest first"),
    ("w1", "2-√229, 15", "right (exact)"),
    ("w1", "15, -2-√(229)", "right (exact)"),
    ("w1", "-0.8755, 1", "right at 4 digits (any nonzero multiple is an eigenvector)"),
    ("V", "0.6587, 0.7524; -0.7524, 0.6587", "v1 right at 4 digits (opposite sign to mine: allowed); v2 right at 4 digits"),
    ("WtW", "16, 12, 0; 12, 34, -10; 0, -10, 4", "wrong size: 3×3, should be 2×2. Probable cause: this is WWᵀ, not WᵀW"),
    ("WtW", "25, 15; 15, 29", "the minus of the off-diagonal entries was lost"),
    ("WtW", "25, -15; -15, 21", "sign of the product 2×2 in entry (2,2)"),
    ("WtW", "25, -15; -15, 25", "entry (2,2) copied from (1,1) (or: the product 2×2 is missing in entry (2,2))"),
    ("λ", "84.2655, 23.7345", "forgot to divide by 2a"),
    ("λ", "6.4910, 3.4449", "these are the singular values: you took the root already"),
    ("σ", "42.13, 11.87", "you gave λ: take the square root"),
    ("σ", "3.4449, 6.4910", "smallest first: put the largest first"),
    ("σ", "6.4910, 3.4449, 0", "wrong number: 3, should be 2: zeros of WWᵀ are not singular values of a 3×2 matrix"),
    ("V", "-0.8755, 1.1422; 1, 1", "length 1.3291 instead of 1: not normalised"),
    ("V", "0.7524, -0.6587; 0.6587, 0.7524", "it is v2: columns swapped or Vᵀ typed"),
    ("U", "-2.6349, 3.0095; -5.7381, -1.0365; 1.5048, 1.3174", "u1 wrong. Probable cause: Wv, not yet divided by σ"),
    ("term1", "-1.7357, 1.9825; -3.7798, 4.3173; 0.9912, -1.1322", "every sign opposite. Probable cause: u1 has the wrong sign for v1"),
    ("term1", "1.74, -1.98; 3.78, -4.32; -0.99, 1.13", "right at 2 digits"),
]


def known(lsv):
    start = "d = walkthrough([4, 0; 3, -5; 0, 2], show=False)\n"
    lines = [start] + ["print(check(%r, %r, show=False))\n" % (s, a) for s, a, _ in KNOWN]
    for (s, a, want), got in zip(KNOWN, run(lsv, "".join(lines)).splitlines()):
        check(want in got, s, a, got)
    lines = [start + "print(check(%r, %r, show=False))\n" % (s, a) for s, a, _ in FRESH]
    for (s, a, want), got in zip(FRESH, run(lsv, "".join(lines)).splitlines()):
        check(want in got, s, a, got)
    got = run(lsv, start + 'print(check("V", [0.6587, 0.7524; -0.7524, 0.6587], show=False))\nprint(check("U", [-0.4059, 0.8736; -0.8840, -0.3009; 0.2318, 0.3824], show=False))\n'
              'print(check("U", [0.4059, 0.8736; 0.8840, -0.3009; -0.2318, 0.3824], show=False))\n').splitlines()
    check("u1 has the wrong sign FOR YOUR v1" in got[1], got[1])
    check("u1 right at 4 digits; u2 right at 4 digits" in got[2], got[2])


# ---- random matrices: two and three columns ----

def transpose(a):
    return [list(r) for r in zip(*a)]


def product(a, b):
    return [[sum(x * y for x, y in zip(r, c)) for c in zip(*b)] for r in a]


def jacobi(g):
    """Eigenvalues, largest first, and orthonormal eigenvectors (as rows) of a symmetric matrix."""
    n = len(g)
    a = [list(map(float, r)) for r in g]
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(60):
        for p in range(n):
            for q in range(p + 1, n):
                if abs(a[p][q]) < 1e-300:
                    continue
                t = 0.5 * math.atan2(2 * a[p][q], a[q][q] - a[p][p])
                c, s = math.cos(t), math.sin(t)
                for k in range(n):
                    a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
                for k in range(n):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
                    v[k][p], v[k][q] = c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]
    order = sorted(range(n), key=lambda i: -a[i][i])
    return [a[i][i] for i in order], [[v[k][i] for k in range(n)] for i in order]


def draw_matrix(draw, n):
    while True:
        m = draw.choice((n, n + 1))
        W = [[draw.randint(-5, 5) for _ in range(n)] for _ in range(m)]
        G = product(transpose(W), W)
        lam, v = jacobi(G)
        off = [G[i][j] for i in range(n) for j in range(i)]
        apart = all(lam[i] - lam[i + 1] > 0.5 for i in range(n - 1)) and lam[-1] > 0.5
        if apart and all(off) and len({G[i][i] for i in range(n)}) == n and all(abs(x) > 0.05 for row in v for x in row):
            return W, G, lam, v


def charpoly(G):
    n = len(G)
    c, M = [1], [[int(i == j) for j in range(n)] for i in range(n)]
    for k in range(1, n + 1):
        GM = product(G, M)
        c.append(-sum(GM[i][i] for i in range(n)) // k)
        M = [[GM[i][j] + (c[-1] if i == j else 0) for j in range(n)] for i in range(n)]
    return c


def columns(vectors):
    return transpose(vectors)


def questions(draw, W, G, lam, v):
    """(kind, step, answer, what must be in the verdict, answers given before)"""
    n, d = len(G), draw.choice((3, 4, 5))
    sigma = [math.sqrt(x) for x in lam]
    signs = [draw.choice((1, -1)) for _ in range(n)]
    V = columns([[s * x for x in row] for s, row in zip(signs, v)])
    U = columns([[sum(w * x for w, x in zip(r, row)) * s / g for r in W] for s, g, row in zip(signs, sigma, v)])
    chi = charpoly(G)
    top = [max(row, key=abs) for row in v]
    w = [[x / t for x in row] for row, t in zip(v, top)]
    term = [[sigma[0] * U[i][0] * V[j][0] for j in range(n)] for i in range(len(W))]
    right = [("right", "WtW", text(G)), ("right", "chi", text(chi)), ("right", "λ", text(lam, d)), ("right", "σ", text(sigma, d)), ("right", "w1", text(w[0], d)),
             ("right", "V", text(V, d)), ("right", "U", text(U, d)), ("right", "term1", text(term, d))]
    for q in right:
        yield q + ("right", [])
    yield "right", "U", text(U, d), "right", [("V", text(V, d))]
    lost = [[G[i][j] if i == j else -G[i][j] for j in range(n)] for i in range(n)]
    yield "minus lost", "WtW", text(lost), "minus of the off-diagonal|sign", []
    copied = [list(r) for r in G]
    copied[1][1] = copied[0][0]
    yield "diagonal copied", "WtW", text(copied), "copied from", []
    if n == 2:
        yield "+ in ad-bc", "chi", text([1, chi[1], G[0][0] * G[1][1] + G[0][1] ** 2]), "+ instead of -", []
        yield "/2 forgotten", "λ", text([2 * x for x in lam], d), "forgot to divide", []
    else:
        yield "+ in ad-bc", "chi", text([1, chi[1], chi[2] + 2 * G[0][1] ** 2, chi[3]]), "+ instead of -|bc forgotten|missing|sign", []
        yield "sign of a coefficient", "chi", text([1, chi[1], chi[2], -chi[3]]), "sign", []
    yield "σ not rooted", "σ", text(lam, d), "take the square root", []
    yield "order", "σ", text(sigma[::-1], d), "largest first", []
    yield "order", "λ", text(lam[::-1], d), "wrong order", []
    flipped = list(w[0])
    q = draw.randrange(n)
    flipped[q] = -flipped[q]
    yield "component sign", "w1", text(flipped, d), "wrong sign of component|belongs to", []
    yield "wrong λ", "w1", text(w[1], d), "belongs to λ2", []
    yield "not normalised", "V", text(columns(w), d), "not normalised", []
    yield "columns swapped", "V", text(columns([v[1], v[0]] + v[2:]), d), "columns swapped", []
    opposite = [[-r[0]] + r[1:] for r in U]
    yield "U sign", "U", text(opposite, d), "wrong sign FOR YOUR", [("V", text(V, d))]
    yield "not / σ", "U", text([[x * s for x, s in zip(r, sigma)] for r in U], d), "not yet divided", []
    yield "/ λ", "U", text([[x / s for x, s in zip(r, sigma)] for r in U], max(d, 4)), "divided by λ", []
    yield "term sign", "term1", text([[-x for x in r] for r in term], d), "every sign opposite", []
    yield "σ missing", "term1", text([[x / sigma[0] for x in r] for r in term], max(d, 4)), "is missing", []


def verdicts(lsv, walks):
    """walks: (W, [question]) -> the verdict of each question, in order."""
    lines = []
    for W, asked in walks:
        for kind, step, answer, want, before in asked:
            lines.append("d = walkthrough(%s, show=False, exact=True)" % W)
            for s, a in before:
                lines.append("x = check(%r, %r, show=False)" % (s, a))
            lines.append("print(check(%r, %r, show=False))" % (step, answer))
    return run(lsv, "\n".join(lines) + "\n").splitlines()


def random_answers(lsv, count, seed):
    draw = random.Random(seed)
    asked, right, accepted, named, total = [], 0, 0, Counter(), Counter()
    while right < count:
        n = draw.choice((2, 3))
        W, G, lam, v = draw_matrix(draw, n)
        q = list(questions(draw, W, G, lam, v))
        right += sum(x[0] == "right" for x in q)
        asked.append((W, q))
    got = iter(verdicts(lsv, asked))
    for W, q in asked:
        for kind, step, answer, want, before in q:
            said = next(got)
            if kind == "right":
                ok = "wrong" not in said and "close" not in said and "right" in said
                accepted += ok
                check(ok, W, step, answer, said)
                continue
            total[kind, len(W[0])] += 1
            ok = any(x in said for x in want.split("|"))
            named[kind, len(W[0])] += ok
            check("right (exact)" not in said or kind == "order", W, kind, said)
    slips, found = sum(total.values()), sum(named.values())
    for kind in sorted(total):
        if named[kind] < 0.95 * total[kind]:
            print("  %s, %d columns: named %d of %d" % (kind[0], kind[1], named[kind], total[kind]))
    for n in (2, 3):
        a, b = sum(named[k] for k in named if k[1] == n), sum(total[k] for k in total if k[1] == n)
        check(a >= 0.95 * b, "slips named with", n, "columns:", a, "of", b)
    print("right answers accepted: %d of %d; slips named: %d of %d" % (accepted, right, found, slips))


NOTES = r"""
Example: $W = \begin{bmatrix} 1 & 2 \\ -2 & 1 \\ 2 & 0 \end{bmatrix}$

$$W^T W = \begin{bmatrix} 9 & 0 \\ 0 & 5 \end{bmatrix}$$

$$\lambda^2 - 14\lambda + 54$$

$$= 9, 5$$

$$\sigma_1 = \sqrt{9} = 3, \sigma_2 = \sqrt{5} = 2.24$$
"""


def notes(lsv):
    import os
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "notes.md")
        with open(path, "w") as f:
            f.write(NOTES)
        out = run(lsv, "print(check_notes(%r, show=False))\n" % path)
    for want in ("line   4  ✓ WᵀW: right (exact)", "line   6  ✗ χ(λ): wrong: (1,3) you 54, right 45", "line   8  ✓ λ: right (exact)", "line  10  ✓ σ: right at 2 digits", "4 values judged, 1 with a slip"):
        check(want in out, "notes:", want, "in", out)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lsv", default="./lsv")
    a.add_argument("--right", type=int, default=1000)
    a.add_argument("--seed", type=int, default=3)
    o = a.parse_args()
    known(o.lsv)
    notes(o.lsv)
    random_answers(o.lsv, o.right, o.seed)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
