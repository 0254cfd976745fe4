#!/usr/bin/env python3
"""kernels_ptx.py KERNELS.ptx > kernels_ptx.h: the device code as a C array, packed.

PTX is assembled by the driver, so one text serves all devices from compute capability 7.5 on. Comments go, and the version
line asks for what is used, not for what the compiler is: drivers of CUDA 12 then take it too (ptxas checks that).

Packed, the array is a run of pieces: a count and that many bytes as they are; a length and a distance, to be
copied from what is unpacked already; counts are in groups of 7 bits, low ones first. A length of 0 ends it.
"""
import re
import sys

VERSION = "7.7"  # __grid_constant__ parameters
LEAST = 8


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def pack(data):
    out, seen, i, start = bytearray(), {}, 0, 0
    while i < len(data):
        best, at = 0, 0
        for j in reversed(seen.get(data[i:i + LEAST], ())):
            n = LEAST
            while i + n < len(data) and data[j + n] == data[i + n] and n < 65535:
                n += 1
            if n > best:
                best, at = n, j
        step = max(best, 1)
        if best >= LEAST:
            out += varint(i - start) + data[start:i] + varint(best) + varint(i - at)
            start = i + best
        for k in range(i, i + step):
            places = seen.setdefault(data[k:k + LEAST], [])
            places.append(k)
            del places[:-24]
        i += step
    return bytes(out + varint(len(data) - start) + data[start:] + varint(0))


def unpack(packed):
    out, i = bytearray(), 0

    def number():
        nonlocal i
        n = shift = 0
        while True:
            byte = packed[i]
            i += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while True:
        n = number()
        out += packed[i:i + n]
        i += n
        n = number()
        if not n:
            return bytes(out)
        distance = number()
        for _ in range(n):
            out.append(out[-distance])


def main():
    lines = [re.sub(r"//.*", "", line).strip() for line in open(sys.argv[1], encoding="ascii")]
    text = "\n".join(line for line in lines if line) + "\n"
    text = re.sub(r"^\.version .*$", f".version {VERSION}", text, count=1, flags=re.M)
    if len(sys.argv) > 2:
        open(sys.argv[2], "w", encoding="ascii").write(text)
    packed = pack(text.encode())
    assert unpack(packed) == text.encode()
    packed += bytes(-len(packed) % 8)
    print("/* Made by `make ptx` from kernels.cu: the device code, packed (kernels_ptx.py says how), as little-endian words. */")
    print(f"#define LSV_KERNELS_PTX_BYTES {len(text)}")
    print("static const unsigned long long kernels_ptx[] = {")
    words = [f"0x{int.from_bytes(packed[i:i + 8], 'little'):x}" for i in range(0, len(packed), 8)]
    row = "   "
    for word in words:
        if len(row) + len(word) + 2 > 112:
            print(row)
            row = "   "
        row += f" {word},"
    print(row)
    print("};")


main()
