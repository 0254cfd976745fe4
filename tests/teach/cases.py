#!/usr/bin/env python3
"""walkthrough() against cases worked out with SymPy, and against random matrices.

The recorded cases (cases.json) need Python alone: exact strings are compared as numbers to 25 digits, and those in at
most one square root as expressions. The random matrices need SymPy or python-flint; without them that
part is skipped with a message. Ends with `N passed, M failed`."""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 60
LIMIT = 0.1  # seconds of processor time for one walk
HERE = os.path.dirname(os.path.abspath(__file__))
passed = failed = 0


def check(ok, *what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", *what)


# ---- exact expressions: a sum of rationals times products of square roots of positive integers ----

class Nested(Exception):
    """Not of that form: a root of a sum, or a variable."""


class Surd:
    """{radicand: coefficient} with square-free radicands."""

    def __init__(self, terms):
        self.terms = {d: c for d, c in terms.items() if c}

    @staticmethod
    def rational(q):
        return Surd({1: Fraction(q)})

    def __add__(self, o):
        t = dict(self.terms)
        for d, c in o.terms.items():
            t[d] = t.get(d, 0) + c
        return Surd(t)

    def __neg__(self):
        return Surd({d: -c for d, c in self.terms.items()})

    def __sub__(self, o):
        return self + -o

    def __mul__(self, o):
        r = Surd({})
        for d, c in self.terms.items():
            for e, k in o.terms.items():
                r = r + Surd.root(Fraction(d * e)) * Surd.rational(c * k) if d != 1 and e != 1 else r + Surd({d * e: c * k})
        return r

    def __truediv__(self, o):
        if set(o.terms) - {1}:
            raise Nested
        return self * Surd.rational(1 / o.terms[1])

    @staticmethod
    def root(q):
        if isinstance(q, Surd):
            if set(q.terms) - {1}:
                raise Nested
            q = q.terms.get(1, Fraction(0))
        n, square, p = q.numerator * q.denominator, 1, 2
        while p * p <= n and p < 100000:
            while n % (p * p) == 0:
                n //= p * p
                square *= p
            p += 1
        return Surd({n: Fraction(square, q.denominator)})


class Number:
    """The same expressions as decimals."""

    def __init__(self, x):
        self.x = Decimal(x)

    rational = staticmethod(lambda q: Number(Decimal(Fraction(q).numerator) / Decimal(Fraction(q).denominator)))
    __add__ = lambda s, o: Number(s.x + o.x)
    __sub__ = lambda s, o: Number(s.x - o.x)
    __mul__ = lambda s, o: Number(s.x * o.x)
    __truediv__ = lambda s, o: Number(s.x / o.x)
    __neg__ = lambda s: Number(-s.x)
    root = staticmethod(lambda a: Number(a.x.sqrt()))


def parse(text, kind, variable=None):
    """SymPy's notation (sqrt(229), **) and lsv's (√229, 2√5, λ²) alike."""
    for up, n in zip("²³⁴⁵⁶⁷", range(2, 8)):
        text = text.replace(up, "**%d" % n)
    text = text.replace("lambda", "λ").replace(" ", "")
    tokens = re.findall(r"\d+|\*\*|sqrt|[-+*/()√λ]", text)
    at = 0

    def peek():
        return tokens[at] if at < len(tokens) else None

    def take():
        nonlocal at
        at += 1
        return tokens[at - 1]

    def factor():
        t = take()
        if t == "(":
            x = expression()
            take()
        elif t in ("√", "sqrt"):
            x = kind.root(factor())
        elif t == "-":
            return -factor()
        elif t == "λ":
            if variable is None:
                raise Nested
            x = kind(variable)
        else:
            x = kind.rational(int(t))
        while peek() == "**":
            take()
            n, base = int(take()), x
            for _ in range(n - 1):
                x = x * base
        return x

    def term():
        x = factor()
        while peek() not in (None, "+", "-", ")"):
            if peek() == "*":
                take()
                x = x * factor()
            elif peek() == "/":
                take()
                x = x / factor()
            else:
                x = x * factor()
        return x

    def expression():
        x = term()
        while peek() in ("+", "-"):
            x = x + term() if take() == "+" else x - term()
        return x

    result = expression()
    if at != len(tokens):
        raise ValueError(text)
    return result


def close(a, b, digits=25):
    a, b = Decimal(a), Decimal(b)
    return abs(a - b) <= Decimal(10) ** -digits * max(1, abs(a), abs(b))


def same_exact(mine, other, variable=None):
    """As numbers to 25 digits, and as expressions where at most simple roots occur."""
    if not close(parse(mine, Number, variable).x, parse(other, Number, variable).x):
        return False
    try:
        return not (parse(mine, Surd) - parse(other, Surd)).terms
    except Nested:
        return True


# ---- talking to lsv ----

def run(lsv, program):
    r = subprocess.run([lsv, "-"], input=program, capture_output=True, text=True)
    if r.returncode:
        raise SystemExit("lsv failed: " + r.stderr)
    return r.stdout


ALL = "rank side eigenvalues singular_values charpoly multiplicity w w_norm2 Ww Ww_norm2 completion terms unique U_unique V_unique terms_unique exact".split()
ARRAYS = "gram eigenvalues_num singular_values_num U S V".split()


def walks(lsv, matrices, keys=ALL, arrays=ARRAYS):
    """One dictionary per matrix (nested lists of texts)."""
    lines = ["import time"]
    for m in matrices:
        lines.append("t = time.process_time()")
        lines.append("d = walkthrough(%s, show=False)" % json.dumps(m))
        lines.append("t = time.process_time() - t")
        for k in keys:
            lines.append("print(repr(d[%r]))" % k)
        for k in arrays:
            lines.append("print(repr(d[%r].tolist()))" % k)
        lines.append("print(t)")
    out = run(lsv, "\n".join(lines) + "\n").splitlines()
    size = len(keys) + len(arrays) + 1
    result = []
    for i in range(len(matrices)):
        part = out[i * size:(i + 1) * size]
        d = {k: eval(v) for k, v in zip(keys + arrays + ["seconds"], part)}
        result.append(d)
    return result


# ---- recorded cases ----

def check_case(c, d):
    name = c["id"]
    n = min(c["m"], c["n"])
    check(d["side"] == c["side"], name, "side")
    check(d["rank"] == c["rank"], name, "rank")
    check(d["seconds"] < LIMIT, name, "took", d["seconds"])
    check(d["exact"], name, "exact")
    gram = [[float(Fraction(x)) for x in row] for row in c["gram"]]
    check(all(abs(a - b) < 1e-14 * max(1, abs(b)) for r, s in zip(d["gram"], gram) for a, b in zip(r, s)), name, "gram")
    poly = c["charpoly_WtW"] if c["side"] == "WtW" else c["charpoly_WWt"]
    check([Fraction(str(x)) for x in d["charpoly"]] == [Fraction(x) for x in poly], name, "charpoly")
    thin = c["thin_unique_up_to_signs"]
    check(d["U_unique"] == c["U_unique_up_to_signs"], name, "U_unique")
    check(d["V_unique"] == c["V_unique_up_to_signs"], name, "V_unique")
    check(d["terms_unique"] == thin, name, "terms_unique")
    check(d["unique"] == (c["U_unique_up_to_signs"] and c["V_unique_up_to_signs"]), name, "unique")
    check(len(d["eigenvalues"]) == n, name, "count")
    for i, e in enumerate(c["eigen"]):
        check(close(d["eigenvalues_num"][i], e["lambda_num"], 14), name, "λ", i)
        check(close(d["singular_values_num"][i], e["sigma_num"], 14), name, "σ", i)
        check(d["multiplicity"][i] == e["multiplicity"], name, "multiplicity", i)
        if e["lambda_exact"].startswith("root"):
            root, of = d["eigenvalues"][i].split(" of ")
            mine = e["lambda_exact"].split(" of ")
            check(root == mine[0], name, "λ name", root)
            for x in (-3, 2, 7, 11):
                check(parse(of, Number, x).x == parse(mine[1], Number, x).x, name, "χ of λ", of)
            x = Decimal(e["lambda_num"])
            w = [parse(t, Number, x).x for t in d["w"][i]]
            want = [parse(t, Number, x).x for t in e["v_direction_poly"]]
            top = max(range(n), key=lambda k: abs(want[k]))
            check(all(close(a * want[top], b * w[top], 20) for a, b in zip(w, want)), name, "w", d["w"][i])
            continue
        check(same_exact(d["eigenvalues"][i], e["lambda_exact"]), name, d["eigenvalues"][i], e["lambda_exact"])
        check(same_exact(d["singular_values"][i], e["sigma_exact"]), name, d["singular_values"][i], e["sigma_exact"])
        check(close(parse(d["eigenvalues"][i], Number).x, e["lambda_num"]), name, "λ digits")
        check(close(parse(d["singular_values"][i], Number).x, e["sigma_num"]), name, "σ digits")
        check(all(same_exact(a, b) for a, b in zip(d["w"][i], e["w"])), name, d["w"][i], e["w"])
        check(same_exact(d["w_norm2"][i], e["w_norm2"]), name, "w_norm2", d["w_norm2"][i])
        if "Ww" in e:
            check(all(same_exact(a, b) for a, b in zip(d["Ww"][i], e["Ww"])), name, d["Ww"][i], e["Ww"])
            check(same_exact(d["Ww_norm2"][i], e["Ww_norm2"]), name, "Ww_norm2", d["Ww_norm2"][i])
        if "rank1_term" in e:
            check(all(same_exact(a, b) for r, s in zip(d["terms"][i], e["rank1_term"]) for a, b in zip(r, s)), name, "term", i)
    check([[str(x) for x in v] for v in d["completion"]] == c["completion"], name, "completion", d["completion"])
    for key in ("U", "V"):
        if key + "_num" in c:
            check(all(close(a, b, 14) for r, s in zip(d[key], c[key + "_num"]) for a, b in zip(r, s)), name, key)


# ---- random matrices ----

def oracle():
    try:
        import sympy
        return "SymPy", sympy
    except ImportError:
        return None, None


def check_random(lsv, count, seed):
    name, sympy = oracle()
    if not sympy:
        print("skipped: the random matrices need SymPy (pip install sympy)")
        return
    draw = random.Random(seed)
    matrices = []
    for _ in range(count):
        m, n, top = draw.randint(1, 4), draw.randint(1, 4), draw.choice((2, 5, 20, 99))
        matrices.append([[draw.randint(-top, top) for _ in range(n)] for _ in range(m)])
    x = sympy.symbols("x")
    slowest = 0
    for m, d in zip(matrices, walks(lsv, matrices, ["rank", "charpoly", "eigenvalues", "multiplicity", "terms"], ["eigenvalues_num", "U", "S", "V"])):
        W = sympy.Matrix(m)
        G = W.T * W if W.rows >= W.cols else W * W.T
        p = sympy.Poly(G.charpoly(x).as_expr(), x)
        check([int(c) for c in p.all_coeffs()] == d["charpoly"], m, "charpoly")
        check(W.rank() == d["rank"], m, "rank")
        factors = sympy.factor_list(p.as_expr(), x)[1]
        want = {}
        for f, k in factors:
            q = sympy.Poly(f, x)
            want[tuple(int(c) for c in q.all_coeffs())] = k
        got = {}
        for text, k in zip(d["eigenvalues"], d["multiplicity"]):
            if text.startswith("root"):
                of = sympy.Poly(sympy.sympify(text.split(" of ")[1].replace("λ", "*x").replace("²", "**2").replace("³", "**3").replace("⁴", "**4").replace("- *x", "- x").replace("+ *x", "+ x").lstrip("*")), x)
                key = tuple(int(c) for c in of.all_coeffs())
            else:
                value = parse(text, Surd).terms
                if set(value) <= {1}:
                    key = (1, -int(value.get(1, 0)))
                else:
                    (r,) = set(value) - {1}
                    a, b = value.get(1, Fraction(0)), value[r]
                    key = (1, int(-2 * a), int(a * a - b * b * r))
            got[key] = k
        check(got == want, m, "factors", got, want)
        total = [[Fraction(0)] * W.cols for _ in range(W.rows)]
        exact = all(not t.startswith("root") for t in d["eigenvalues"])
        if exact:
            for t in d["terms"]:
                for i in range(W.rows):
                    for j in range(W.cols):
                        total[i][j] = total[i][j] + parse(t[i][j], Surd) if isinstance(total[i][j], Surd) else parse(t[i][j], Surd)
            ok = all((total[i][j] - Surd.rational(m[i][j])).terms == {} if isinstance(total[i][j], Surd) else m[i][j] == 0 for i in range(W.rows) for j in range(W.cols))
            check(ok, m, "the terms do not add up to W")
        U, S, V = d["U"], d["S"], d["V"]
        for i in range(W.rows):
            for j in range(W.cols):
                s = sum(U[i][k] * S[k][k] * V[j][k] for k in range(min(W.rows, W.cols)))
                if abs(s - m[i][j]) > 1e-11:
                    check(False, m, "UΣVᵀ")
        slowest = max(slowest, d["seconds"])
    check(slowest < LIMIT, "the slowest took", slowest)
    print("%d random matrices against %s; the slowest took %.1f ms" % (count, name, 1000 * slowest))


def main():
    global LIMIT
    a = argparse.ArgumentParser()
    a.add_argument("--lsv", default="./lsv")
    a.add_argument("--random", type=int, default=200)
    a.add_argument("--seed", type=int, default=7)
    a.add_argument("--sanitized", action="store_true", help="a slow build: no limit on the time")
    o = a.parse_args()
    if o.sanitized:
        LIMIT = 60
    with open(os.path.join(HERE, "cases.json")) as f:
        cases = json.load(f)["cases"]
    for c, d in zip(cases, walks(o.lsv, [c["W"] for c in cases])):
        check_case(c, d)
    check_random(o.lsv, o.random, o.seed)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
