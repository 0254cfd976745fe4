#!/usr/bin/env python3
"""Every stream against NumPy and PyTorch, draw for draw.

    differential.py [--driver build/tests/random_driver] [--seeds N]

For each seed the same long mixed run of
calls is made here and there and compared with == (float32 normals of PyTorch may differ by one
unit in the last place: its own builds do). Ends with "N passed, M failed"."""
import argparse
import random
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("NumPy is not installed: the recorded draws of tests/conformance serve\n0 passed, 0 failed")
    sys.exit(0)
try:
    import torch
except ImportError:
    torch = None


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().strip()
        return line if line.startswith("error") else [float(x) for x in line.split()]


class Score:
    def __init__(self, driver):
        self.driver, self.passed, self.failed = driver, 0, 0

    def check(self, what, command, want, ulps=0):
        got = self.driver(command)
        want = np.asarray(want).ravel()
        if isinstance(got, str) or len(got) != len(want):
            good = False
        elif ulps and want.dtype == np.float32:
            a, b = np.array(got, np.float32), want
            good = bool(np.all(np.abs(a - b) <= ulps * np.spacing(np.abs(b))))
        else:
            # through the text: integers beyond 2**53 are rounded alike on both sides
            good = bool(np.all(np.array(got) == want.astype(np.float64)))
        if good:
            self.passed += 1
            return
        self.failed += 1
        where = ""
        if not isinstance(got, str) and len(got) == len(want):
            bad = np.nonzero(np.array(got) != want.astype(np.float64))[0]
            where = " %d differ, first at %d: %.17g, want %.17g" % (len(bad), bad[0], got[bad[0]], want[bad[0]])
        print("%s: %s%s" % (what, command[:100], where or " gave " + str(got)[:100]))

    def error(self, what, command, call):
        try:
            call()
            want = "no error"
        except Exception as e:
            want = "error " + str(e).splitlines()[0]
        got = self.driver(command)
        if got == want:
            self.passed += 1
        else:
            self.failed += 1
            print("%s: %s\n  got  %s\n  want %s" % (what, command, got, want))


def dims_text(dims):
    return ",".join(map(str, dims))


def some_dims(r):
    n = r.choice([1, 2, 3, 7, 15, 16, 17, 50, 100, 311, 624, 625, 1000])
    return r.choice([(n,), (n,), (n, 2), (2, n), (3, 1, n)])


def some_range(r):
    kind = r.randrange(9)
    if kind == 0:
        return 0, 1
    if kind == 1:
        return r.randrange(-50, 50), r.randrange(51, 300)
    if kind == 2:
        return 0, 2 ** r.randrange(1, 62)
    if kind == 3:
        return 0, 2 ** r.randrange(1, 62) + 1
    if kind == 4:
        return -(2**63), 2**63 - 1
    if kind == 5:
        return 0, 2**32
    if kind == 6:
        return -5, 2**32 - 5
    if kind == 7:
        return 0, 2**32 + 1
    return r.randrange(-(10**12), 0), r.randrange(1, 10**12)


def some_chances(r, n):
    p = np.array([r.choice([0.0, r.random(), r.random()]) for _ in range(n)])
    p[0] += 0.1
    return p / p.sum()


def floats_text(p):
    return " ".join("%.17g" % x for x in p)


def numpy_step(score, r, kind, g):
    """One random call of a RandomState or Generator."""
    legacy = kind == "legacy"
    dims = some_dims(r)
    d = dims_text(dims)
    what = r.randrange(13)
    if what == 0:
        score.check(kind, "uniform float64 0 1 " + d, g.random_sample(dims) if legacy else g.random(dims))
    elif what == 1:
        low = r.uniform(-5, 5)
        high = low + r.random() * 10
        score.check(kind, "uniform float64 %.17g %.17g %s" % (low, high, d), g.uniform(low, high, dims))
    elif what == 2:
        score.check(kind, "normal float64 0 1 " + d, g.standard_normal(dims))
    elif what == 3:
        mean, std = r.uniform(-5, 5), r.random() * 10
        score.check(kind, "normal float64 %.17g %.17g %s" % (mean, std, d), g.normal(mean, std, dims))
    elif what == 4 or what == 5:
        low, high = some_range(r)
        draw = g.randint if legacy else g.integers
        score.check(kind, "integers int64 %d %d %s" % (low, high, d), draw(low, high, dims))
    elif what == 6:
        low, high = r.randrange(-(2**31), 0), r.randrange(1, 2**31)
        draw = g.randint if legacy else g.integers
        if r.random() < 0.3:
            low, high = 0, 2
            score.check(kind, "integers bool 0 2 " + d, draw(0, 2, dims, dtype=bool))
        score.check(kind, "integers int32 %d %d %s" % (low, high, d), draw(low, high, dims, dtype=np.int32))
    elif what == 7:
        n = r.choice([0, 1, 2, 10, 100, 1000])
        score.check(kind, "permutation %d" % n, g.permutation(n))
    elif what == 8:
        x = np.arange(int(np.prod(dims))).reshape(dims)
        g.shuffle(x)
        score.check(kind, "shuffle " + d, x)
    elif what == 9:
        n = r.choice([1, 5, 100, 10001, 40000])
        replace, order = r.randrange(2), 1 if legacy else r.randrange(2)
        count = r.choice([1, n, n // 2, n // 40, n // 30, n // 60]) if not replace else r.randrange(1, 300)
        args = {} if legacy else {"shuffle": bool(order)}
        want = g.choice(n, count, replace=bool(replace), **args)
        score.check(kind, "choice %d %d %d %d" % (n, replace, order, count), want)
    elif what == 10:
        n = r.choice([1, 2, 10, 40])
        p = some_chances(r, n)
        replace = r.randrange(2)
        count = r.randrange(1, 100) if replace else r.randrange(1, 1 + int((p > 0).sum()))
        want = g.choice(n, count, replace=bool(replace), p=p)
        score.check(kind, "choice %d %d 1 %d %s" % (n, replace, count, floats_text(p)), want)
    elif what == 11:
        scale = r.random() * 4
        score.check(kind, "exponential %.17g %s" % (scale, d), g.exponential(scale, dims))
    elif legacy:
        score.check(kind, "gauss", g.standard_normal())
    elif r.random() < 0.5:
        score.check(kind, "uniform float32 0 1 " + d, g.random(dims, dtype=np.float32))
    else:
        score.check(kind, "normal float32 0 1 " + d, g.standard_normal(dims, dtype=np.float32))


def numpy_long(score, kind, make, seed):
    """Long runs of one function each, from a fresh stream."""
    for command, draw in (
        ("uniform float64 0 1 20001", lambda g: g.random(20001)),
        ("normal float64 0 1 100001", lambda g: g.standard_normal(100001)),
        ("exponential 1 20001", lambda g: g.exponential(1, 20001)),
        ("integers int64 0 10 5000", lambda g: getattr(g, "integers", getattr(g, "randint", None))(0, 10, 5000)),
        ("permutation 5000", lambda g: g.permutation(5000)),
        ("choice 5000 0 1 2500", lambda g: g.choice(5000, 2500, replace=False)),
    ):
        score.driver("seed %s %d" % (kind, seed))
        score.check(kind, command, draw(make(seed)))
    if kind == "pcg":
        score.driver("seed pcg %d" % seed)
        g = make(seed)
        score.check(kind, "normal float32 0 1 100001", g.standard_normal(100001, dtype=np.float32))
        score.check(kind, "uniform float32 0 1 5001", g.random(5001, dtype=np.float32))


def numpy_streams(score, seeds, steps):
    for kind, make in (("legacy", np.random.RandomState), ("pcg", np.random.default_rng)):
        for k in range(seeds):
            r = random.Random(1000 + k)
            seed = [0, 42, 1, 12345, 2**32 - 1][k] if k < 5 else r.getrandbits(32 if kind == "legacy" else 64)
            numpy_long(score, kind, make, seed)
            score.driver("seed %s %d" % (kind, seed))
            g = make(seed)
            for _ in range(steps):
                numpy_step(score, r, kind, g)
        for words in ([0], [1, 2, 3], [5, 6, 7, 8, 9, 10, 11], [2**32 - 1]):
            score.driver("words %s %s" % (kind, " ".join(map(str, words))))
            score.check(kind, "double", make(words).random())


def torch_step(score, r):
    dims = some_dims(r)
    d = dims_text(dims)
    what = r.randrange(11)
    double = r.random() < 0.4
    name, dtype = ("float64", torch.float64) if double else ("float32", torch.float32)
    if what <= 1:
        score.check("torch", "uniform %s 0 1 %s" % (name, d), torch.rand(dims, dtype=dtype).numpy())
    elif what == 2:
        low = r.uniform(-5, 5)
        high = low + r.random() * 10
        want = torch.empty(dims, dtype=dtype).uniform_(low, high).numpy()
        score.check("torch", "uniform %s %.17g %.17g %s" % (name, low, high, d), want)
    elif what <= 4:
        score.check("torch", "normal %s 0 1 %s" % (name, d), torch.randn(dims, dtype=dtype).numpy(), ulps=1)
    elif what == 5:
        mean, std = r.uniform(-5, 5), r.random() * 10
        want = torch.empty(dims, dtype=dtype).normal_(mean, std).numpy()
        score.check("torch", "normal %s %.17g %.17g %s" % (name, mean, std, d), want, ulps=1)
    elif what == 6:
        low, high = some_range(r)
        score.check("torch", "integers int64 %d %d %s" % (low, high, d), torch.randint(low, high, dims).numpy())
    elif what == 7:
        want = torch.randint(-3, 1000, dims, dtype=dtype).numpy()
        score.check("torch", "integers %s -3 1000 %s" % (name, d), want)
    elif what == 8:
        n = r.choice([0, 1, 2, 10, 1000])
        score.check("torch", "permutation %d" % n, torch.randperm(n).numpy())
    elif what == 9:
        n = r.choice([1, 2, 10, 40])
        p = some_chances(r, n) * 3
        replace = r.randrange(2)
        count = r.randrange(1, 100) if replace else r.randrange(1, 1 + int((p > 0).sum()))
        want = torch.multinomial(torch.tensor(p), count, replacement=bool(replace)).numpy()
        score.check("torch", "choice %d %d 1 %d %s" % (n, replace, count, floats_text(p)), want)
    else:
        scale = r.random() * 4 + 0.1
        want = torch.empty(dims, dtype=torch.float64).exponential_(1 / scale).numpy()
        got = score.driver("exponential %.17g %s" % (scale, d))
        score.passed, score.failed = (
            (score.passed + 1, score.failed) if np.allclose(got, want.ravel(), rtol=1e-15, atol=0) else (score.passed, score.failed + 1)
        )


def torch_streams(score, seeds, steps):
    for k in range(seeds):
        r = random.Random(2000 + k)
        seed = [0, 42, 1, 12345, 2**40 + 7][k] if k < 5 else r.getrandbits(63)
        for command, draw in (
            ("uniform float32 0 1 20001", lambda: torch.rand(20001)),
            ("uniform float64 0 1 20001", lambda: torch.rand(20001, dtype=torch.float64)),
            ("normal float32 0 1 100001", lambda: torch.randn(100001)),
            ("normal float64 0 1 20001", lambda: torch.randn(20001, dtype=torch.float64)),
            ("permutation 5000", lambda: torch.randperm(5000)),
        ):
            score.driver("seed torch %d" % seed)
            torch.manual_seed(seed)
            score.check("torch", command, draw().numpy(), ulps=1)
        score.driver("seed torch %d" % seed)
        torch.manual_seed(seed)
        score.check("torch", "state", torch.get_rng_state().numpy())
        for i in range(steps):
            torch_step(score, r)
            if i % 20 == 7:
                score.check("torch", "state", torch.get_rng_state().numpy())
                state = torch.get_rng_state()
                score.check("torch", "normal float64 0 1 3", torch.randn(3, dtype=torch.float64).numpy())
                score.driver("restore")
                torch.set_rng_state(state)
                score.check("torch", "normal float64 0 1 3", torch.randn(3, dtype=torch.float64).numpy())


def errors(score):
    g, s = np.random.default_rng(0), np.random.RandomState(0)
    for kind, a in (("legacy", s), ("pcg", g)):
        score.driver("seed %s 0" % kind)
        draw = a.randint if kind == "legacy" else a.integers
        score.error(kind, "integers int64 5 5 3", lambda: draw(5, 5, 3))
        score.error(kind, "integers int64 0 0 3", lambda: draw(0, 0, 3))
        score.error(kind, "integers int32 0 1099511627776 3", lambda: draw(0, 2**40, 3, dtype=np.int32))
        score.error(kind, "integers int32 -1099511627776 0 3", lambda: draw(-(2**40), 0, 3, dtype=np.int32))
        score.error(kind, "normal float64 0 -1 3", lambda: a.normal(0, -1, 3))
        score.error(kind, "exponential -1 3", lambda: a.exponential(-1, 3))
        score.error(kind, "uniform float64 0 inf 3", lambda: a.uniform(0, np.inf, 3))
        score.error(kind, "choice 0 1 1 1", lambda: a.choice(0, 1))
        score.error(kind, "choice 3 0 1 5", lambda: a.choice(3, 5, replace=False))
        score.error(kind, "choice 3 1 1 5 0.5 0.5", lambda: a.choice(3, 5, p=[0.5, 0.5]))
        score.error(kind, "choice 2 1 1 5 0.5 0.4", lambda: a.choice(2, 5, p=[0.5, 0.4]))
        score.error(kind, "choice 2 1 1 5 1.5 -0.5", lambda: a.choice(2, 5, p=[1.5, -0.5]))
        score.error(kind, "choice 2 1 1 5 1.5 nan", lambda: a.choice(2, 5, p=[1.5, np.nan]))
        score.error(kind, "choice 3 0 1 3 0.5 0.5 0", lambda: a.choice(3, 3, p=[0.5, 0.5, 0], replace=False))
    score.error("pcg", "uniform float64 2 1 3", lambda: g.uniform(2, 1, 3))
    if torch:
        score.driver("seed torch 0")
        score.error("torch", "integers int64 5 5 3", lambda: torch.randint(5, 5, (3,)))
        score.error("torch", "integers int32 0 1099511627776 3", lambda: torch.randint(0, 2**40, (3,), dtype=torch.int32))
        score.error("torch", "normal float32 0 -1 3", lambda: torch.empty(3).normal_(0, -1))
        score.error("torch", "uniform float32 2 1 3", lambda: torch.empty(3).uniform_(2, 1))
        score.error("torch", "uniform int64 0 1 3", lambda: torch.rand(3, dtype=torch.int64))
        score.error("torch", "normal int64 0 1 3", lambda: torch.randn(3, dtype=torch.int64))
        score.error("torch", "permutation -1", lambda: torch.randperm(-1))
        score.error("torch", "choice 2 0 1 3 0.5 0.5", lambda: torch.multinomial(torch.tensor([0.5, 0.5]), 3))
        score.error("torch", "choice 2 0 1 1 0.5 -0.5", lambda: torch.multinomial(torch.tensor([0.5, -0.5]), 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driver", default="build/tests/random_driver")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--quick", action="store_true", help="one seed")
    args = parser.parse_args()
    driver = Driver(args.driver)
    seeds = 1 if args.quick else args.seeds
    score = Score(driver)
    numpy_streams(score, seeds, 250)
    if torch:
        torch_streams(score, seeds, 250)
    errors(score)
    print("%d passed, %d failed" % (score.passed, score.failed))
    return score.failed != 0


if __name__ == "__main__":
    sys.exit(main())
