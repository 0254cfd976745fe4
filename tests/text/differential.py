#!/usr/bin/env python3
"""Compare lsv's array texts with those of real NumPy and real PyTorch.

    differential.py [--seed N] [--count N] [--library numpy|torch|both] [--driver PATH] [--show N]

Random arrays of all dtypes, ranks and memory orders under random print options go through
text_driver (lsv) and through the libraries; every differing byte counts.  The last line is
"N passed, M failed"; the exit status is 1 when something failed.  Without NumPy (PyTorch)
its part is skipped, and says so.
"""
import argparse
import os
import struct
import subprocess
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
BOOL, INT32, INT64, FLOAT16, BFLOAT16, FLOAT32, FLOAT64 = range(7)
NAMES = ["bool", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pending = 0

    def send(self, request):
        self.process.stdin.write(request)

    def answer(self):
        self.process.stdin.flush()
        head = self.process.stdout.read(5)
        if len(head) < 5:
            raise SystemExit("text_driver ended early")
        status, n = struct.unpack("<BI", head)
        text = self.process.stdout.read(n)
        return status, text

    def ask(self, request):
        self.send(request)
        return self.answer()


def short(s):
    s = s.encode()
    return bytes([len(s)]) + s


class Score:
    def __init__(self, show):
        self.passed = self.failed = 0
        self.show = show

    def compare(self, want, got, describe):
        status, text = got
        if status == 0 and text == want:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= self.show:
            print("---- difference %d: %s" % (self.failed, describe()[-1500:]))
            at = next((i for i, (a, b) in enumerate(zip(want, text)) if a != b), min(len(want), len(text)))
            for name, s in (("want", want), ("got ", text)):
                print("%s: %s%r" % (name, "..." if at > 200 else "", s[max(0, at - 200):at + 200].decode(errors="replace")))
            if status:
                print("status %d" % status)


# ---- values ----

class Values:
    """Random numbers of the kinds that printing treats differently."""

    def __init__(self, np, rng):
        self.np, self.rng = np, rng

    def floats(self, n, dtype):
        np, rng = self.np, self.rng
        kind = rng.integers(15)
        if kind == 0:
            x = rng.integers(-9, 10, n).astype("f8")
        elif kind == 1:
            x = rng.integers(-10 ** int(rng.integers(1, 19)), 10 ** 18, n) / 10.0 ** int(rng.integers(0, 18))
        elif kind == 2:
            x = np.round(rng.normal(0, 10.0 ** rng.integers(-3, 4), n), int(rng.integers(0, 5)))
        elif kind == 3:
            x = rng.normal(0, 1, n)
        elif kind == 4:
            x = rng.normal(0, 1, n) * 10.0 ** rng.uniform(-9, 9, n)
        elif kind == 5:
            x = 10.0 ** rng.uniform(-320, 308, n) * rng.choice([-1, 1], n)
        elif kind == 6:
            x = rng.integers(0, 2 ** 63, n).view("f8") * rng.choice([-1, 1], n)
        elif kind == 7:                                   # exact ties of decimal rounding
            x = rng.integers(-4000, 4000, n) / 2.0 ** rng.integers(0, 12)
        elif kind == 8:
            x = 10.0 ** rng.integers(-12, 12, n) * rng.choice([-1, 1, 1], n)
        elif kind == 9:                                   # neighbours of powers of ten and of two
            x = np.where(rng.random(n) < .5, 10.0 ** rng.integers(-8, 17, n), 2.0 ** rng.integers(-40, 60, n))
            x = np.nextafter(x, rng.choice([-np.inf, np.inf], n)) if rng.random() < .7 else x
        elif kind == 10:
            x = rng.random(n)
        elif kind == 11:
            x = np.full(n, float(rng.normal()))
        elif kind == 12:
            x = rng.uniform(.9, 1.1, n) * 10.0 ** rng.integers(-6, 10)
        elif kind == 13:
            x = 1 - 10.0 ** -rng.uniform(1, 17, n)
        else:
            x = rng.integers(0, 30, n) * 0.1
        with np.errstate(all="ignore"):
            x = x.astype(dtype)
        extra = rng.integers(12)
        if n and extra < 5:
            count = int(rng.integers(1, 3))
            pick = {0: [np.nan], 1: [np.inf, -np.inf, np.nan], 2: [-0.0, 0.0], 3: [np.inf],
                    4: [-np.inf, -0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max]}[int(extra)]
            x[rng.integers(0, n, count)] = rng.choice(pick, count)
        if n and rng.integers(60) == 0:
            x[:] = rng.choice([np.nan, np.inf, -np.inf, 0, -0.0], n)
        return x

    def array(self, dtype, shape):
        np, rng = self.np, self.rng
        n = int(np.prod(shape, dtype="i8"))
        if dtype == BOOL:
            x = rng.random(n) < rng.choice([0, .5, .5, 1])
        elif dtype in (INT32, INT64):
            bits = 31 if dtype == INT32 else 63
            top = 2 ** int(rng.integers(1, bits + 1))
            low = -top if rng.random() < .5 else 0
            x = rng.integers(low, top, n, dtype="i8", endpoint=False) if top < 2 ** 63 else rng.integers(-2 ** 63, 2 ** 63 - 1, n)
            x = x.astype(NAMES[dtype])
        elif dtype == BFLOAT16:
            x = self.floats(n, "f4")
        else:
            x = self.floats(n, NAMES[dtype])
        return x.reshape(shape)

    def shape(self):
        rng = self.rng
        kind = rng.integers(20)
        if kind == 0:
            return ()
        if kind < 7:
            return (int(rng.integers(1, 30)),)
        if kind < 13:
            return tuple(int(k) for k in rng.integers(1, 8, 2))
        if kind < 15:
            return tuple(int(k) for k in rng.integers(1, 5, 3))
        if kind == 15:
            return tuple(int(k) for k in rng.integers(1, 3, rng.integers(4, 9)))
        if kind == 16:
            return tuple(int(k) for k in rng.integers(0, 3, rng.integers(1, 9)))
        if kind == 17:
            return (int(rng.integers(1, 3)), int(rng.integers(8, 40)))
        if kind == 18:
            return (int(rng.integers(8, 20)), int(rng.integers(8, 14)))
        return (0,) if rng.random() < .3 else (int(rng.integers(1, 3)), int(rng.integers(1, 12)), int(rng.integers(1, 4)))


def pack_array(kind, dtype, x, flags=0, device=0, layout=0, raw=None):
    head = bytes([kind, dtype, x.ndim, flags, device, layout]) + struct.pack("<%dq" % x.ndim, *x.shape)
    return head + (x.tobytes() if raw is None else raw)


# ---- NumPy ----

MODES = ["maxprec", "maxprec_equal", "unique", "fixed"]
# lsv prints as NumPy 2.0 to 2.2 do; later ones know that as legacy="2.2".
LEGACY = {0: False, 113: "1.13", 121: "1.21", 125: "1.25", 201: "2.1", 202: "2.2"}
LEGACY_OF_2_0 = {202: False, 113: "1.13", 121: "1.21", 125: "1.25"}


def numpy_options(rng):
    o = dict(precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False, nanstr="nan",
             infstr="inf", sign="-", floatmode="maxprec", legacy=202)
    if rng.random() < .3:
        return o
    for _ in range(int(rng.integers(1, 5))):
        key = rng.choice(list(o))
        o[key] = {"precision": lambda: int(rng.choice([0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 17, 18, 20, 25, 60, 400])),
                  "threshold": lambda: int(rng.choice([0, 1, 5, 10, 20, 100, 10 ** 9])),
                  "edgeitems": lambda: int(rng.choice([0, 1, 1, 2, 2, 3, 4, 5])),
                  "linewidth": lambda: int(rng.choice([1, 5, 10, 20, 30, 40, 60, 75, 80, 100, 120, 200])),
                  "suppress": lambda: True,
                  "nanstr": lambda: str(rng.choice(["nan", "NA", "not a number", "n", "∅"])),
                  "infstr": lambda: str(rng.choice(["inf", "Inf", "infinity", "∞", "i"])),
                  "sign": lambda: str(rng.choice(["-", "+", " "])),
                  "floatmode": lambda: str(rng.choice(MODES)),
                  "legacy": lambda: int(rng.choice(list(LEGACY)))}[key]()
    if o["legacy"] == 113:
        o["sign"] = "-"                                   # as np.set_printoptions does
    return o


def pack_numpy_options(o):
    return (struct.pack("<4qB", o["precision"], o["threshold"], o["edgeitems"], o["linewidth"], o["suppress"])
            + short(o["nanstr"]) + short(o["infstr"])
            + struct.pack("<cBq", o["sign"].encode(), MODES.index(o["floatmode"]), o["legacy"]))


def formatter_word(x):
    x = float(x)
    return "<%.2f\n %.1f>" % (x, x) if x > 2 else "%.3f" % x


def numpy_part(driver, score, seed, count):
    try:
        import numpy as np
    except ImportError:
        return 0
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng = np.random.default_rng(seed)
    version = tuple(int(n) for n in np.__version__.split(".")[:2])
    if version < (2, 0):
        return 0
    if version < (2, 3):
        LEGACY.clear()
        LEGACY.update(LEGACY_OF_2_0)
    values = Values(np, rng)
    dtypes = [BOOL, INT32, INT64, FLOAT16, FLOAT32, FLOAT32, FLOAT64, FLOAT64, FLOAT64]
    for _ in range(count):
        dtype = int(rng.choice(dtypes))
        x = values.array(dtype, values.shape())
        o = numpy_options(rng)
        layout = int(rng.integers(4))
        command = str(rng.choice(["s", "r", "r", "a"]))
        if 0 not in LEGACY and x.size == 0 and command == "r":
            continue                           # 2.3 and later wrap shape= and dtype= together, as lsv does
        extra, args = b"", {}
        if command == "a":
            args = dict(separator=str(rng.choice([" ", ", ", ",", ";  ", " | ", ",\t"])),
                        prefix=str(rng.choice(["", "array(", "x = "])), suffix=str(rng.choice(["", ")", " !"])))
            extra = b"".join(short(args[k]) for k in ("separator", "prefix", "suffix"))
            if rng.random() < .2 and o["legacy"] != 113:
                command = "F"
                args["formatter"] = {"all": formatter_word}
        request = command.encode() + pack_array(0, dtype, x, layout=layout) + pack_numpy_options(o) + extra
        with np.printoptions(**dict(o, legacy=LEGACY[o["legacy"]])):
            try:
                want = {"s": np.array_str, "r": np.array_repr}.get(command, lambda a: np.array2string(a, **args))(x)
            except (TypeError, ValueError):    # 1.13's layout does not go with "unique"
                continue
        score.compare(want.encode(), driver.ask(request),
                      lambda: "%s %r %r shape %r layout %d %r %r" % (command, NAMES[dtype], x.tolist(), x.shape, layout, o, args))
    scalars(driver, score, np, rng, values, count)
    return 1


def scalars(driver, score, np, rng, values, count):
    """str and repr of scalars, Python floats, format_float_positional and _scientific."""
    if 0 in LEGACY:
        np.set_printoptions(legacy="2.2")
    for _ in range(count // 20):
        dtype = int(rng.choice([BOOL, INT32, INT64, FLOAT16, FLOAT32, FLOAT64]))
        for x in values.array(dtype, (6,)):
            a = np.asarray(x)
            score.compare(str(x).encode(), driver.ask(b"c" + pack_array(0, dtype, a)), lambda: "str %r" % x)
            score.compare(repr(x).encode(), driver.ask(b"q" + pack_array(0, dtype, a)), lambda: "repr %r" % x)
        for x in values.floats(8, "f8"):
            score.compare(repr(float(x)).encode(), driver.ask(b"f" + struct.pack("<d", x)), lambda: "float %r" % x)
        f32 = bool(rng.integers(2))
        for x in values.floats(4, "f4" if f32 else "f8"):
            unique, sign = bool(rng.random() < .6), bool(rng.integers(2))
            fractional = bool(rng.integers(2))
            trim = str(rng.choice(["k", ".", "0", "-"]))
            precision = int(rng.choice([1, 2, 3, 5, 8, 12, 15, 16, 17, 20, 40, 900]))
            if unique and rng.random() < .4:
                precision = -1
            left, right, exp = (int(rng.choice([-1, -1, 0, 1, 3, 8])) for _ in range(3))
            none = {-1: None}
            head = struct.pack("<d4Bc", x, f32, unique, fractional, sign, trim.encode())
            what = lambda: "%r %r" % (x, (precision, unique, fractional, trim, sign, left, right, exp))
            want = np.format_float_positional(x, precision=none.get(precision, precision), unique=unique, fractional=fractional,
                                              trim=trim, sign=sign, pad_left=none.get(left, left), pad_right=none.get(right, right))
            score.compare(want.encode(), driver.ask(b"p" + head + struct.pack("<3q", precision, left, right)), what)
            want = np.format_float_scientific(x, precision=none.get(precision, precision), unique=unique, trim=trim, sign=sign,
                                              pad_left=none.get(left, left), exp_digits=none.get(exp, exp))
            score.compare(want.encode(), driver.ask(b"e" + head + struct.pack("<3q", precision, left, exp)), what)
    for _ in range(count // 20):               # printed arrays read back
        dtype = int(rng.choice([BOOL, INT32, INT64, FLOAT16, FLOAT32, FLOAT64]))
        x = values.array(dtype, values.shape())
        with np.printoptions(floatmode="unique", threshold=10 ** 9):
            text = np.array_repr(x).encode()
        want = bytes([0, dtype, x.ndim, 0]) + struct.pack("<%dq" % x.ndim, *x.shape) + x.tobytes()
        status, got = driver.ask(b"b" + struct.pack("<q", len(text)) + text)
        if dtype >= FLOAT16 and np.isnan(x).any():    # not every nan has the same bits
            same = got[:4 + 8 * x.ndim] == want[:4 + 8 * x.ndim] and np.array_equal(
                np.frombuffer(got[4 + 8 * x.ndim:], x.dtype), x.ravel(), equal_nan=True)
            got = want if same else got
        score.compare(want, (status, got), lambda: "read %r" % text)


# ---- PyTorch ----

def torch_part(driver, score, seed, count):
    try:
        import numpy as np
        import torch
    except ImportError:
        return 0
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    values = Values(np, rng)
    types = [getattr(torch, n) for n in NAMES]
    dtypes = [BOOL, INT32, INT64, FLOAT16, BFLOAT16, FLOAT32, FLOAT32, FLOAT32, FLOAT64]
    torch.set_printoptions(sci_mode=False)     # late versions measure the layout that sci_mode forces
    forced = [0, 1, -1] if "0.0000,     1" in repr(torch.tensor([1e-5, 1.0])) else [-1]
    for _ in range(count):
        dtype = int(rng.choice(dtypes))
        x = values.array(dtype, values.shape())
        a = torch.from_numpy(x.copy()).to(types[dtype])
        raw = a.view(torch.int16).numpy().tobytes() if dtype == BFLOAT16 else x.tobytes()
        o = dict(precision=4, threshold=1000, edgeitems=3, linewidth=80, sci_mode=-1)
        if rng.random() < .6:
            for _ in range(int(rng.integers(1, 4))):
                key = str(rng.choice(list(o)))
                o[key] = int(rng.choice({"precision": [0, 1, 2, 3, 5, 6, 8, 10, 17, 18, 20, 60, 350], "threshold": [0, 1, 5, 10, 50, 10 ** 9],
                                         "edgeitems": [0, 1, 1, 2, 2, 3, 5], "linewidth": [1, 10, 20, 30, 40, 60, 79, 80, 100, 200],
                                         "sci_mode": forced}[key]))
        flags, grad = 0, ""
        kind = rng.integers(6)
        if dtype >= FLOAT16 and kind == 0:
            a.requires_grad_(True)
            flags = 4
        elif dtype >= FLOAT16 and kind == 1:
            a = torch.nn.Parameter(a, requires_grad=bool(rng.integers(2)))
            flags = 8 | (4 if a.requires_grad else 0)
        elif dtype >= FLOAT16 and kind == 2:
            a = a.requires_grad_(True).clone()
            flags, grad = 4, type(a.grad_fn).__name__
        layout = int(rng.integers(4))
        request = (b"t" + pack_array(1, dtype, x, flags=flags, layout=layout, raw=raw)
                   + struct.pack("<5q", *(o[k] for k in ("precision", "threshold", "edgeitems", "linewidth", "sci_mode")))
                   + short(grad))
        torch.set_printoptions(**dict(o, sci_mode={-1: None, 0: False, 1: True}[o["sci_mode"]]))
        want = repr(a)
        score.compare(want.encode(), driver.ask(request),
                      lambda: "%r %r shape %r layout %d %r flags %d %r" % (NAMES[dtype], x.tolist(), x.shape, layout, o, flags, grad))
    return 1


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=20000, help="arrays per library")
    p.add_argument("--library", choices=["numpy", "torch", "both"], default="both")
    p.add_argument("--driver", default=os.path.join(HERE, "..", "..", "build", "tests", "text_driver"))
    p.add_argument("--show", type=int, default=10, help="differences to print")
    p.add_argument("--quick", action="store_true", help="a tenth of the arrays")
    args = p.parse_args()
    if args.quick:
        args.count //= 10
    score, skipped = Score(args.show), 0
    driver = Driver(args.driver)
    for name, part in (("numpy", numpy_part), ("torch", torch_part)):
        if args.library in (name, "both") and not part(driver, score, args.seed, args.count):
            print("%s is not installed: its %d arrays are skipped" % (name, args.count))
            skipped += args.count
    print("%d passed, %d failed%s" % (score.passed, score.failed, ", %d skipped" % skipped if skipped else ""))
    return score.failed != 0


if __name__ == "__main__":
    sys.exit(main())
