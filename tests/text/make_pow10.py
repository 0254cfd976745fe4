#!/usr/bin/env python3
"""Write lib/text/pow10.inc: for every k the 128 leading bits of 10**k, rounded up.

    make_pow10.py > lib/text/pow10.inc

Entry k is ceil(10**k * 2**(127 - floor(log2(10**k)))), high half first.  Python's integers
make it exact; nothing is taken from elsewhere.
"""
FIRST, LAST = -324, 342


def entry(k):
    num, den = (10 ** k, 1) if k >= 0 else (1, 10 ** -k)
    log2 = num.bit_length() - den.bit_length()
    if (num >= den << log2) if log2 >= 0 else (num << -log2 >= den):
        pass
    else:
        log2 -= 1
    shift = 127 - log2
    num, den = (num << shift, den) if shift >= 0 else (num, den << -shift)
    value = -(-num // den)
    assert 2 ** 127 <= value < 2 ** 128
    assert log2 == (k * 1741647) >> 19, k      # the formula digits.h uses
    return "{0x%016xu, 0x%016xu}," % (value >> 64, value & (2 ** 64 - 1))


for q in range(-1150, 1100):                   # and the other one, floor(q * log10(2))
    want = len(str(2 ** q)) - 1 if q >= 0 else -len(str(2 ** -q)) + (0 if 2 ** -q == 1 else 0)
    assert (q * 1262611) >> 22 == want, q
print("/* Made by tests/text/make_pow10.py: leading 128 bits of 10**k, rounded up, k = %d … %d. */" % (FIRST, LAST))
row = [entry(k) for k in range(FIRST, LAST + 1)]
for i in range(0, len(row), 2):
    print(" ".join(row[i:i + 2]))
