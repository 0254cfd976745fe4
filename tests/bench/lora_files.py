#!/usr/bin/env python3
"""Time and memory of `lsv lora` on checkpoints of a billion parameters.

    lora_files.py [--lsv PATH] [--layers 5] [--rank 64] [--keep DIR] [--cold]

Makes two checkpoints with the shapes of a 7B model's layers (4096 x 4096 and 4096 x 11008, bfloat16, in shards): random
weights, and the same plus an update of rank 16, rounded. Runs extract, verify and apply on them, and prints a table: wall
time, the largest resident set without what is mapped from files (RssAnon, sampled), the time to read the files once, and
that of the floating-point work at the rate of a large matrix product measured here. --cold drops the files from the page
cache before the extraction (posix_fadvise). Needs NumPy, and 4.2 GB on the disk of $TMPDIR.
"""
import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = [("self_attn.q_proj", 4096, 4096), ("self_attn.k_proj", 4096, 4096), ("self_attn.v_proj", 4096, 4096),
          ("self_attn.o_proj", 4096, 4096), ("mlp.gate_proj", 11008, 4096), ("mlp.up_proj", 11008, 4096),
          ("mlp.down_proj", 4096, 11008)]


def bfloat(x):
    """float32 to bfloat16's bits, to nearest even."""
    u = x.view(np.uint32)
    return ((u + 0x7FFF + (u >> 16 & 1)) >> 16).astype(np.uint16)


def write(path, tensors):
    at, header = 0, {"__metadata__": {"format": "pt"}}
    for name, x in tensors:
        header[name] = {"dtype": "BF16", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, x in tensors:
            x.tofile(f)


def make(folder, layers, rank=16):
    rng = np.random.default_rng(0)
    pool = (rng.standard_normal(11008 * 4096 + (1 << 20), dtype=np.float32) * np.float32(0.02))
    for side in ("base", "tuned"):
        os.makedirs(os.path.join(folder, side))
    where = {}
    for i in range(layers):
        file = f"model-{i + 1:05d}-of-{layers:05d}.safetensors"
        base, tuned = [], []
        for k, (name, m, n) in enumerate(SHAPES):
            at = (i * len(SHAPES) + k) * 7919 % (1 << 20)
            w = bfloat(pool[at:at + m * n].reshape(m, n))
            b = rng.standard_normal((m, rank), dtype=np.float32) * np.float32(0.02)
            a = rng.standard_normal((rank, n), dtype=np.float32) * np.float32(0.01)
            t = bfloat((w.astype(np.uint32) << 16).view(np.float32) + b @ a)
            full = f"model.layers.{i}.{name}.weight"
            base.append((full, w))
            tuned.append((full, t))
            where[full] = file
        norm = np.full(4096, 0x3F80, np.uint16)
        for side in (base, tuned):
            side.append((f"model.layers.{i}.input_layernorm.weight", norm))
        where[f"model.layers.{i}.input_layernorm.weight"] = file
        write(os.path.join(folder, "base", file), base)
        write(os.path.join(folder, "tuned", file), tuned)
    for side in ("base", "tuned"):
        with open(os.path.join(folder, side, "model.safetensors.index.json"), "w") as f:
            json.dump({"metadata": {}, "weight_map": where}, f)


def files(folder):
    return [os.path.join(folder, s, f) for s in ("base", "tuned") for f in sorted(os.listdir(os.path.join(folder, s)))]


def read_once(paths):
    room = bytearray(1 << 24)
    start = time.time()
    for p in paths:
        with open(p, "rb", buffering=0) as f:
            while f.readinto(room):
                pass
    return time.time() - start


def drop(paths):
    for p in paths:
        fd = os.open(p, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def watched(command):
    """(seconds, largest RssAnon in bytes, the JSON it printed, processor seconds)"""
    most = 0
    before = os.times()
    start = time.time()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done = threading.Event()

    def sample():
        nonlocal most
        while not done.wait(0.02):
            try:
                with open(f"/proc/{p.pid}/status") as f:
                    for line in f:
                        if line.startswith("RssAnon"):
                            most = max(most, int(line.split()[1]) * 1024)
            except OSError:
                return
    thread = threading.Thread(target=sample)
    thread.start()
    out, err = p.communicate()
    wall = time.time() - start
    done.set()
    thread.join()
    after = os.times()
    if p.returncode:
        sys.exit(f"{' '.join(command)}\n{err.decode()[-2000:]}")
    return wall, most, json.loads(out), after.children_user + after.children_system - before.children_user - before.children_system


def gemm_rate(lsv):
    """Of float32 products, as lsv computes them: per second, and per second of one processor."""
    code = ("import time\nimport numpy as np\nn = 2048\na = np.random.randn(n, n).astype(np.float32)\nb = a @ a\n"
            "best = 1e9\nfor i in range(3):\n    t = time.time()\n    b = a @ a\n    best = min(best, time.time() - t)\nprint(2 * n**3 / best)\n")
    before = os.times()
    out = subprocess.run([lsv, "--test", "-"], input=code, stdout=subprocess.PIPE, text=True, check=True).stdout
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return float(out.split()[-1]), 4 * 2 * 2048**3 / cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default=os.path.join(HERE, "..", "..", "lsv"))
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--keep", help="a folder for the checkpoints, which are made there if they are not")
    parser.add_argument("--extract-only", action="store_true")
    parser.add_argument("--cold", action="store_true", help="also with the files out of the page cache")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    folder = args.keep or tempfile.mkdtemp(prefix="lsv-lora-")
    size = args.layers * sum(m * n for _, m, n in SHAPES) * 2 * 2
    if not os.path.exists(os.path.join(folder, "tuned", "model.safetensors.index.json")):
        os.makedirs(folder, exist_ok=True)
        if shutil.disk_usage(folder).free < size * 1.6:
            sys.exit(f"{folder}: {size * 1.6 / 1e9:.1f} GB of free space are needed")
        print(f"making {size / 1e9:.1f} GB of checkpoints in {folder}", file=sys.stderr)
        make(folder, args.layers)
    base, tuned, adapter, merged = (os.path.join(folder, f) for f in ("base", "tuned", "adapter", "merged"))
    rate, per_processor = gemm_rate(lsv)
    rows = []

    def row(what, command, paths, cold=False):
        if cold:
            drop(paths)
            reading = read_once(paths)
            drop(paths)
        else:
            read_once(paths)
            reading = read_once(paths)
        wall, most, report, cpu = watched([lsv, "lora", *command, "--json", "-q"])
        compute = report.get("flops", 0) / rate
        busy = report.get("flops", 0) / per_processor
        rows.append((what, wall, most / 1e9, reading, compute, wall / (reading + compute) if compute else None, report.get("error"), cpu,
                     cpu / (busy + reading) if busy else None))

    try:
        for cold in ([False, True] if args.cold else [False]):
            shutil.rmtree(adapter, ignore_errors=True)
            row(f"extract -r {args.rank}{', cold' if cold else ''}", ["extract", base, tuned, "-o", adapter, "-r", str(args.rank)], files(folder), cold)
        if not args.extract_only:
            row("verify", ["verify", base, tuned, adapter], files(folder))
            row("apply", ["apply", base, adapter, "-o", merged, "-f"], [f for f in files(folder) if "/base/" in f])
        print(f"{size / 4 / 1e9:.2f} billion parameters in {size / 1e9:.1f} GB; products at {rate / 1e9:.0f} GFLOP/s, "
              f"{per_processor / 1e9:.0f} GFLOP per second of one processor; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        print("| command | seconds | resident beyond the page cache | reading once | flops at that rate | ratio | processor seconds | ratio in them | error |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for what, wall, most, reading, compute, ratio, error, cpu, share in rows:
            print(f"| {what} | {wall:.1f} | {most:.2f} GB | {reading:.1f} s | {compute:.1f} s | {'%.2f' % ratio if ratio else '-'} | {cpu:.1f} | "
                  f"{'%.2f' % share if share else '-'} | {'%.4f' % error if error is not None else '-'} |")
    finally:
        for path in (adapter, merged):
            shutil.rmtree(path, ignore_errors=True)
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
