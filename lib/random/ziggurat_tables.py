#!/usr/bin/env python3
"""Writes ziggurat_tables.inc: the layers of the 256-level ziggurats for exp(-x*x/2) and exp(-x).

Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables" (2000). A density f is
covered by 255 boxes and a base strip, all of area v. r is where the base strip's box ends and its
tail begins: v = r f(r) + (area of the tail). From x[255] = r downwards each layer's edge is where
x[i+1] (f(x[i]) - f(x[i+1])) = v, so x[i] = f^-1(f(x[i+1]) + v / x[i+1]); layer 0, the base strip,
is given the width v / f(r) of a box of its area.

For a draw of m uniform bits j in layer i the candidate is j * w[i], accepted at once when
j < k[i]; f[i] is the density at the edge: w = x / 2^m, k = 2^m x[i-1] / x[i] to the nearest.

NumPy's streams depend on every bit of its tables, so the arithmetic here is theirs: the normal
layers step down in double precision, each operation rounded correctly (errors pile up, so v has to
be the very double below); the exponential ones were computed with more digits, and their 53-bit k
are twice the 52-bit ones, cut off."""
from decimal import Decimal as D, getcontext
import math
import struct

getcontext().prec = 60


class Double:
    """Arithmetic in double precision, exp and log rounded correctly."""

    number = float

    @staticmethod
    def exp(x):
        return float(D(x).exp())

    @staticmethod
    def log(x):
        return float(D(x).ln())


class Exact:
    """Arithmetic with 60 digits."""

    number = D

    @staticmethod
    def exp(x):
        return x.exp()

    @staticmethod
    def log(x):
        return x.ln()


def normal(a):
    return (lambda x: a.exp(-x * x / 2)), (lambda y: a.number(D(-2 * a.log(y)).sqrt()))


def exponential(a):
    return (lambda x: a.exp(-x)), (lambda y: -a.log(y))


def tables(shape, a, r, v, double_bits, float_bits):
    f, inverse = shape(a)
    x, y = [a.number(0)] * 256, [a.number(1)] * 256
    x[255], y[255] = r, f(r)
    for i in range(254, 0, -1):
        x[i] = inverse(v / x[i + 1] + y[i + 1])
        y[i] = f(x[i])
        if a is Double and i == 38:
            y[i] = math.nextafter(y[i], 1)  # the one place where their exp was off by an ulp
    x[0] = v / y[255]
    ratio = [r / x[0], a.number(0)] + [x[i - 1] / x[i] for i in range(2, 256)]
    out = {}
    for suffix, bits in (("double", double_bits), ("float", float_bits)):
        # The exponential float32 tables went through nine decimal digits.
        digits = (lambda t: float("%.8e" % t)) if a is Exact and bits == 23 else float
        out["k_" + suffix] = [2 * int(q * 2**52) if bits == 53 else round(q * 2**bits) for q in ratio]
        out["w_" + suffix] = [digits(float(e / 2**bits)) for e in x]
        out["f_" + suffix] = [digits(float(e)) for e in y]
    return out


def float_literal(x):
    x = struct.unpack("f", struct.pack("f", x))[0]
    return x.hex().replace("0000000p", "p") + "f"


def write_table(out, name, values):
    if "_k_" in name:
        kind, text = ("uint64_t", "0x%016xu") if "double" in name else ("uint32_t", "0x%08xu")
        cells = [text % v for v in values]
    elif "double" in name:
        kind, cells = "double", [v.hex() for v in values]
    else:
        kind, cells = "float", [float_literal(v) for v in values]
    out.write("static const %s %s[256] = {\n" % (kind, name))
    line = "   "
    for c in cells:
        if len(line) + len(c) + 2 > 110:
            out.write(line + "\n")
            line = "   "
        line += " " + c + ","
    out.write(line + "\n};\n\n")


NORMAL_R, NORMAL_V = 3.6541528853610088, 0.004928673233974652
EXPONENTIAL_R = D("7.6971174701310497140446280481")


def main():
    exponential_v = (EXPONENTIAL_R + 1) * (-EXPONENTIAL_R).exp()
    with open("ziggurat_tables.inc", "w") as out:
        out.write("/* Written by ziggurat_tables.py, which says what they are. */\n\n")
        for name, result in (
            ("normal", tables(normal, Double, NORMAL_R, NORMAL_V, 52, 23)),
            ("exponential", tables(exponential, Exact, EXPONENTIAL_R, exponential_v, 53, 23)),
        ):
            r = D(NORMAL_R) if name == "normal" else EXPONENTIAL_R
            out.write("#define %s_R %.20f\n#define %s_R_INVERSE %.20f\n\n" % (name.upper(), r, name.upper(), 1 / r))
            for table, values in result.items():
                write_table(out, name + "_" + table, values)


if __name__ == "__main__":
    main()
