#!/usr/bin/env python3
"""`lsv lora` on small models, which are made here: each subcommand, what it prints, what it refuses, and what is left after
a kill at a random moment.

    commands.py --lsv PATH [--kills N] [--seed N] [NAME ...]

Needs Python's standard library only. A full disk and a folder that may not be written are tested where a file system can
be mounted (by root), else passed over.
"""
import argparse
import json
import math
import os
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {what} {str(detail)[:1500]}", flush=True)


# ---- numbers and files ----

def bf16(x):
    u = struct.unpack("<I", struct.pack("<f", x))[0]
    return (u + 0x7FFF + (u >> 16 & 1)) >> 16


def widen(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


PACK = {"F64": lambda x: struct.pack(f"<{len(x)}d", *x), "F32": lambda x: struct.pack(f"<{len(x)}f", *x),
        "F16": lambda x: struct.pack(f"<{len(x)}e", *x), "BF16": lambda x: struct.pack(f"<{len(x)}H", *map(bf16, x)),
        "I64": lambda x: struct.pack(f"<{len(x)}q", *x)}
READ = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "BF16": "H"}


def size_of(shape):
    return math.prod(shape)


def write_safetensors(path, tensors, metadata=None):
    """tensors: name -> (dtype, shape, list of numbers, or bytes)"""
    at, header, blobs = 0, {}, []
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, x) in tensors.items():
        blob = x if isinstance(x, bytes) else PACK[dtype](x)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__", None)
    out = {}
    for name, e in header.items():
        a, b = e["data_offsets"]
        raw = data[8 + n + a:8 + n + b]
        x = list(struct.unpack(f"<{size_of(e['shape'])}{READ[e['dtype']]}", raw))
        out[name] = (e["dtype"], tuple(e["shape"]), [widen(v) for v in x] if e["dtype"] == "BF16" else x)
    return out


def read_model(folder):
    out = {}
    for f in sorted(os.listdir(folder)):
        if f.endswith(".safetensors"):
            out.update(read_safetensors(os.path.join(folder, f)))
    return out


def product(b, a, m, r, n):
    out = [0.0] * (m * n)
    for i in range(m):
        for k in range(r):
            x = b[i * r + k]
            row = a[k * n:(k + 1) * n]
            if x:
                at = i * n
                for j in range(n):
                    out[at + j] += x * row[j]
    return out


def norm(x):
    return math.sqrt(math.fsum(v * v for v in x))


def gauss(rng, n, scale):
    return [rng.gauss(0, scale) for _ in range(n)]


def make_model(folder, rng, layers=3, d=48, ff=80, dtype="F32", rank=4, shards=2):
    """base and tuned in `folder`; returns name -> the exact update (before rounding)."""
    base, tuned, updates = {}, {}, {}

    def put(name, shape, delta):
        w = gauss(rng, size_of(shape), 0.05)
        if dtype == "BF16":
            w = [widen(bf16(v)) for v in w]
        base[name] = (dtype, shape, w)
        tuned[name] = (dtype, shape, [u + v for u, v in zip(w, delta)] if delta else w)

    put("model.embed_tokens.weight", (64, d), None)
    for i in range(layers):
        for name, m, n in (("self_attn.q_proj", d, d), ("self_attn.k_proj", d, d), ("mlp.up_proj", ff, d), ("mlp.down_proj", d, ff)):
            full = f"model.layers.{i}.{name}"
            delta = None
            if name != "self_attn.k_proj":
                delta = product(gauss(rng, m * rank, 0.1), gauss(rng, rank * n, 0.1), m, rank, n)
                updates[full] = delta
            put(full + ".weight", (m, n), delta)
        put(f"model.layers.{i}.input_layernorm.weight", (d,), [0.01] * d if i == 0 else None)
    put("lm_head.weight", (64, d), None)
    for side, tensors in (("base", base), ("tuned", tuned)):
        os.makedirs(os.path.join(folder, side), exist_ok=True)
        names = list(tensors)
        where = {}
        for k in range(shards):
            file = f"model-{k + 1:05d}-of-{shards:05d}.safetensors"
            part = names[len(names) * k // shards:len(names) * (k + 1) // shards]
            write_safetensors(os.path.join(folder, side, file), {n: tensors[n] for n in part}, {"format": "pt"})
            where.update({n: file for n in part})
        with open(os.path.join(folder, side, "model.safetensors.index.json"), "w") as f:
            json.dump({"metadata": {"total_size": 0}, "weight_map": where}, f)
        with open(os.path.join(folder, side, "config.json"), "w") as f:
            json.dump({"hidden_size": d}, f)
    return updates


# ---- running ----

class Tool:
    def __init__(self, lsv, folder):
        self.lsv, self.folder = lsv, folder

    def run(self, *args, timeout=120):
        return subprocess.run([self.lsv, "lora", *args], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout)

    def json(self, *args):
        p = self.run(*args, "--json")
        if p.returncode:
            check(f"{' '.join(args)} succeeds", False, p.stderr)
            return {"layers": [], "error": math.nan}
        try:
            return json.loads(p.stdout)
        except ValueError as e:
            check(f"{' '.join(args)} prints JSON", False, f"{e}: {p.stdout[:400]}")
            return {"layers": [], "error": math.nan}

    def refused(self, what, args, *words, status=1, left=None):
        """One message that holds the words; nothing new in place of `left`."""
        before = snapshot(os.path.join(self.folder, left)) if left else None
        p = self.run(*args)
        lines = p.stderr.strip().split("\n")
        message = [line for line in lines if line.startswith("lsv lora")]
        good = p.returncode == status and all(w in p.stderr for w in words) and not re.search(r"Traceback|assert|Sanitizer", p.stderr)
        check(f"{what}: refused", good, f"status {p.returncode}, wanted {words}\n{p.stderr}")
        check(f"{what}: one error", sum(" note: " not in m for m in message if re.match(r"lsv lora( \w+)?: ", m)) == 1, p.stderr)
        if left:
            check(f"{what}: what was there stays", snapshot(os.path.join(self.folder, left)) == before)


def snapshot(path):
    if not os.path.exists(path):
        return None
    if os.path.isfile(path):
        with open(path, "rb") as f:
            return f.read()
    return {f: snapshot(os.path.join(path, f)) for f in sorted(os.listdir(path))}


def by_name(report):
    return {layer["name"]: layer for layer in report["layers"]}


def remove(folder, *names):
    for n in names:
        path = os.path.join(folder, n)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)


# ---- the tests ----

def test_extract(t, rng):
    updates = make_model(t.folder, rng)
    r = t.json("extract", "base", "tuned", "-o", "a", "-r", "4")
    layers = by_name(r)
    check("extract: the updates are found", {n for n, x in layers.items() if x["state"] == "done"} == set(updates), layers.keys())
    check("extract: rank", all(layers[n]["rank"] == 4 for n in updates))
    check("extract: error", all(layers[n]["error"] < 1e-5 for n in updates), [layers[n]["error"] for n in updates])
    check("extract: unchanged ones are named", layers["model.layers.0.self_attn.k_proj"]["state"] == "unchanged")
    check("extract: a norm that differs is said", layers["model.layers.0.input_layernorm.weight"]["state"] == "dropped")
    check("extract: the whole", abs(r["norm"] - math.sqrt(sum(norm(d) ** 2 for d in updates.values()) + 48 * 1e-4)) < 1e-5 * r["norm"], r["norm"])
    files = read_safetensors(os.path.join(t.folder, "a", "adapter_model.safetensors"))
    config = json.load(open(os.path.join(t.folder, "a", "adapter_config.json")))
    check("extract: PEFT's names", set(files) == {f"base_model.model.{n}.lora_{x}.weight" for n in updates for x in "AB"}, sorted(files)[:3])
    check("extract: PEFT's configuration", config["r"] == 4 and config["lora_alpha"] == 4 and sorted(config["target_modules"]) == sorted(updates) and
          config["peft_type"] == "LORA" and config["base_model_name_or_path"] == "base", config)
    for n, d in updates.items():
        (_, (m, k), b), (_, (_, c), a) = (files[f"base_model.model.{n}.lora_{x}.weight"] for x in "BA")
        got = product(b, a, m, k, c)
        check(f"extract: B A is the update of {n}", norm([x - y for x, y in zip(got, d)]) < 1e-5 * norm(d))
    check("extract: no folder of work is left", not os.path.exists(os.path.join(t.folder, "a.partial")))
    v = t.json("verify", "base", "tuned", "a")
    check("verify: the same errors", all(abs(by_name(v)[n + ".weight"]["error"] - layers[n]["error"]) < 2e-6 for n in updates))
    check("verify: what is missing counts", abs(v["error"] - r["error"]) < 1e-6 and by_name(v)["model.layers.0.input_layernorm.weight"]["state"] == "dropped")
    p = t.run("verify", "base", "tuned", "a", "--max-error", "1e-9", "-q")
    check("verify: status 3 above --max-error", p.returncode == 3 and "at most" in p.stderr, p.stderr)
    check("verify: status 0 below it", t.run("verify", "base", "tuned", "a", "--max-error", "0.5", "-q").returncode == 0)
    again = t.json("extract", "base", "tuned", "-o", "b", "-r", "4")
    check("extract: the same bits again", snapshot(os.path.join(t.folder, "a")) == snapshot(os.path.join(t.folder, "b")), again["seconds"])
    other = t.json("extract", "base", "tuned", "-o", "c", "-r", "4", "--seed", "5")
    check("extract: another seed, the same update", abs(other["error"] - r["error"]) < 1e-6)
    # files instead of folders, one shard
    r = t.json("extract", "base/model.safetensors.index.json", "tuned/model.safetensors.index.json", "-o", "d", "-r", "4")
    check("extract: from the index", r["error"] == again["error"])


def test_rules(t, rng):
    make_model(t.folder, rng, layers=2, dtype="BF16", rank=3)
    r = by_name(t.json("extract", "base", "tuned", "-o", "n", "--noise-floor", "--dtype", "f32"))
    ranks = {x["rank"] for x in r.values() if x["state"] == "done"}
    check("noise floor: the rank that was put in", ranks == {3}, ranks)
    check("noise floor: the error is the rounding's", all(x["error"] < 1.1 * x["rounding"] for x in r.values() if x["state"] == "done"))
    for rule, test in ((("--tol", "0.8"), lambda x: x["error"] <= 0.8 and x["rank"] < 3), (("--energy", "0.5"), lambda x: x["error"] <= math.sqrt(0.5) + 1e-3),
                       (("--ratio", "0.99999"), lambda x: x["rank"] == 1), (("--max-rank", "2"), lambda x: x["rank"] == 2),
                       (("--tol", "1e-9", "-r", "5"), lambda x: x["rank"] == 5), (("-r", "1000"), lambda x: 40 <= x["rank"] <= 48)):
        remove(t.folder, "n")
        r = t.json("extract", "base", "tuned", "-o", "n", *rule)
        done = [x for x in r["layers"] if x["state"] == "done"]
        check(f"rule {' '.join(rule)}", len(done) == 6 and all(map(test, done)), [(x["rank"], x["error"]) for x in done])
    remove(t.folder, "n")
    t.refused("a rule that leaves nothing", ("extract", "base", "tuned", "-o", "n", "--tol", "1", "-q"), "nothing to write")
    full = t.json("extract", "base", "tuned", "-o", "n", "-r", "3", "--dtype", "f32")
    for budget in (3000, 5000, 1 << 20):
        remove(t.folder, "n")
        r = t.json("extract", "base", "tuned", "-o", "n", "--budget", str(budget))
        size = sum(size_of(s) * {"F32": 4, "BF16": 2}[d] for d, s, _ in read_safetensors(os.path.join(t.folder, "n", "adapter_model.safetensors")).values())
        check(f"budget {budget}: kept", size <= budget and r["bytes_written"] == size, size)
        check(f"budget {budget}: used", size > budget - 400 or budget == 1 << 20, size)
        check(f"budget {budget}: error", r["error"] >= full["error"] * 0.9 or budget == 1 << 20, (r["error"], full["error"]))
    for split, dtype in (("left", "f32"), ("right", "f16"), ("sqrt", "bf16")):
        remove(t.folder, "n")
        r = t.json("extract", "base", "tuned", "-o", "n", "-r", "3", "--split", split, "--dtype", dtype)
        v = t.json("verify", "base", "tuned", "n")
        check(f"split {split}, {dtype}: verified", abs(v["error"] - r["error"]) < 1e-5, (v["error"], r["error"]))
        x = read_safetensors(os.path.join(t.folder, "n", "adapter_model.safetensors"))
        b = next(v for k, v in x.items() if ".lora_B" in k)
        check(f"split {split}, {dtype}: type", b[0] == {"f32": "F32", "f16": "F16", "bf16": "BF16"}[dtype])
        if split != "sqrt":
            m, k = b[1]
            columns = [norm(b[2][j::k]) for j in range(k)]
            check(f"split {split}: where the values are", all(abs(c - 1) < 1e-3 for c in columns) == (split == "right"), columns)
    remove(t.folder, "n")
    r = t.json("extract", "base", "tuned", "-o", "n", "-r", "2", "--target", "q_proj", "--exclude", r"model\.layers\.1\..*")
    check("targets and excludes", [x["name"] for x in r["layers"] if x["state"] == "done"] == ["model.layers.0.self_attn.q_proj"])
    remove(t.folder, "n")
    r = t.json("extract", "base", "tuned", "-o", "n", "-r", "3", "--save-rest")
    kept = [x["name"] for x in r["layers"] if x["state"] == "kept"]
    check("save-rest: kept", kept == ["model.layers.0.input_layernorm.weight"], kept)
    x = read_safetensors(os.path.join(t.folder, "n", "adapter_model.safetensors"))
    check("save-rest: in the file", any("input_layernorm" in n for n in x))
    p = t.run("apply", "base", "n", "-o", "m", "-q")
    check("save-rest: applied", read_model(os.path.join(t.folder, "m"))["model.layers.0.input_layernorm.weight"] ==
          read_model(os.path.join(t.folder, "tuned"))["model.layers.0.input_layernorm.weight"], p.stderr)


def test_adapters(t, rng):
    updates = make_model(t.folder, rng, layers=2)
    t.json("extract", "base", "tuned", "-o", "a", "-r", "4")
    t.json("extract", "base", "tuned", "-o", "b", "-r", "2", "--target", "q_proj")
    # resize
    r = by_name(t.json("resize", "a", "-o", "small", "-r", "2"))
    check("resize: ranks", all(x["rank"] == 2 and x["rank_before"] == 4 for x in r.values()) and set(r) == set(updates))
    b = by_name(t.json("extract", "base", "tuned", "-o", "two", "-r", "2"))
    check("resize: as extracted at that rank", all(abs(r[n]["error"] - b[n]["error"]) < 1e-4 for n in updates), [(r[n]["error"], b[n]["error"]) for n in updates])
    r = t.json("resize", "a", "-o", "same")
    check("resize: without a rule, nothing is lost", r["error"] < 1e-6 and all(x["rank"] == 4 for x in r["layers"]), r["error"])
    r = t.json("resize", "a", "-o", "tol", "--tol", "0.5", "--dtype", "bf16")
    check("resize: by a tolerance", all(x["error"] <= 0.51 for x in r["layers"]))
    # merge
    r = t.json("merge", "a", "-o", "one", "-w", "1")
    d = t.json("diff", "a", "one")
    check("merge: one of weight 1 is itself", all(x["norm"] < 1e-6 * norm(updates[x["name"]]) for x in d["layers"]), [x["norm"] for x in d["layers"]])
    r = t.json("merge", "a", "b", "-o", "sum", "-w", "1,-1")
    m = by_name(r)
    check("merge: a module that one lacks", m["model.layers.0.mlp.up_proj"]["rank_before"] == 4 and m["model.layers.0.self_attn.q_proj"]["rank_before"] == 6)
    check("merge: exact", r["error"] < 1e-6, r["error"])
    r = t.json("merge", "a", "b", "-o", "many", "--ranks", "same")
    check("merge: an output for each rank", sorted(os.listdir(os.path.join(t.folder, "many"))) == ["rank-2", "rank-4"])
    t.json("merge", "a", "b", "-o", "alone", "-r", "2")
    check("merge: each as if it were alone", snapshot(os.path.join(t.folder, "many", "rank-2")) == snapshot(os.path.join(t.folder, "alone")))
    t.refused("merge: weights", ("merge", "a", "b", "-o", "w", "-w", "1,2,3"), "--weights", "more numbers")
    # convert
    for fmt, out in (("kohya", "k.safetensors"), ("diffusers", "d.safetensors")):
        t.json("convert", "a", "-o", out, "--format", fmt)
        i = t.json("info", out)
        check(f"convert: to {fmt}", i["format"] == fmt and len(i["layers"]) == len(updates))
    t.json("convert", "k.safetensors", "-o", "back", "--format", "peft", "--base", "base")
    d = t.json("diff", "a", "back")
    check("convert: and back", len(d["layers"]) == len(updates) and all(x["norm"] < 1e-6 for x in d["layers"]))
    # info
    i = t.json("info", "a")
    check("info: modules", all(x["rank"] == 4 and x["scale"] == 1 and abs(x["norm"] - norm(updates[x["name"]])) < 1e-5 * x["norm"] for x in i["layers"]))
    check("info: settings", i["settings"]["peft_type"] == "LORA" and i["format"] == "peft")
    # apply
    r = t.json("apply", "base", "a", "-o", "merged")
    merged, tuned, base = (read_model(os.path.join(t.folder, f)) for f in ("merged", "tuned", "base"))
    check("apply: all tensors", list(merged) == list(base) and all(merged[n][:2] == base[n][:2] for n in base))
    check("apply: base + adapter is tuned", all(max(abs(x - y) for x, y in zip(merged[n + ".weight"][2], tuned[n + ".weight"][2])) < 1e-6 for n in updates))
    same = [n for n in base if n[:-7] not in updates]
    check("apply: the others are copied", all(merged[n] == base[n] for n in same))
    for f in os.listdir(os.path.join(t.folder, "base")):
        a, b = (open(os.path.join(t.folder, s, f), "rb").read() for s in ("base", "merged"))
        n = struct.unpack("<Q", a[:8])[0] if f.endswith(".safetensors") else len(a)
        check(f"apply: {f} has base's header", a[:8 + n] == b[:8 + n] and len(a) == len(b))
    t.json("apply", "base", "a", "-o", "back2", "--weight", "-1")
    t.json("apply", "back2", "a", "-o", "again")
    again = read_model(os.path.join(t.folder, "again"))
    check("apply: minus one and one", all(max(abs(x - y) for x, y in zip(again[n][2], base[n][2])) < 1e-6 for n in base))
    write_safetensors(os.path.join(t.folder, "other.safetensors"), {"x.weight": ("F32", (2, 2), [1, 2, 3, 4])})
    t.refused("apply: to another model", ("apply", "other.safetensors", "a", "-o", "no"), "is not in", "adapter of this model")
    # diff
    d = t.json("diff", "base", "tuned")
    check("diff: models", {x["name"][:-7] for x in d["layers"] if x["state"] == "done"} == set(updates) | {"model.layers.0.input_layernorm"})
    check("diff: norms", all(abs(x["norm"] - norm(updates[x["name"][:-7]])) < 1e-5 * x["norm"] for x in d["layers"] if x["name"][:-7] in updates))
    t.refused("diff: a model and an adapter", ("diff", "base", "a"), "is an adapter, and")


def test_layouts(t, rng):
    """Transposed weights, embeddings, convolutions, mixed types."""
    def pair(name, shape, delta, dtype="F32"):
        w = gauss(rng, size_of(shape), 0.05)
        return {name: (dtype, shape, w)}, {name: (dtype, shape, [x + y for x, y in zip(w, delta)])}
    base, tuned = {}, {}
    for name, shape, m, n in (("h.0.attn.c_attn.weight", (20, 60), 20, 60), ("wte.weight", (70, 20), 70, 20), ("conv.weight", (24, 8, 3, 3), 24, 72)):
        b, u = pair(name, shape, product(gauss(rng, m * 2, 0.2), gauss(rng, 2 * n, 0.2), m, 2, n))
        base.update(b)
        tuned.update(u)
    write_safetensors(os.path.join(t.folder, "b.safetensors"), base)
    write_safetensors(os.path.join(t.folder, "t.safetensors"), tuned)
    r = t.json("extract", "b.safetensors", "t.safetensors", "-o", "a", "-r", "2", "--fan-in-fan-out", "--embeddings", "--conv")
    check("layouts: all factored", [x["state"] for x in r["layers"]] == ["done"] * 3 and r["error"] < 1e-5, r)
    x = read_safetensors(os.path.join(t.folder, "a", "adapter_model.safetensors"))
    check("layouts: PEFT's shapes", {k.split("model.model.")[1]: v[1] for k, v in x.items()} == {
        "h.0.attn.c_attn.lora_A.weight": (2, 20), "h.0.attn.c_attn.lora_B.weight": (60, 2), "wte.lora_embedding_A": (2, 70), "wte.lora_embedding_B": (20, 2),
        "conv.lora_A.weight": (2, 8, 3, 3), "conv.lora_B.weight": (24, 2, 1, 1)}, {k: v[1] for k, v in x.items()})
    v = t.json("verify", "b.safetensors", "t.safetensors", "a")
    check("layouts: verified", v["error"] < 1e-5, v)
    t.json("apply", "b.safetensors", "a", "-o", "m.safetensors")
    m = read_safetensors(os.path.join(t.folder, "m.safetensors"))
    check("layouts: applied", all(max(abs(p - q) for p, q in zip(m[n][2], tuned[n][2])) < 1e-5 for n in tuned))
    r = t.json("extract", "b.safetensors", "t.safetensors", "-o", "plain", "-r", "2")
    check("layouts: without the options, said", {x["name"]: x["state"] for x in r["layers"]} == {"h.0.attn.c_attn": "done", "wte.weight": "dropped", "conv.weight": "dropped"})
    for types in (("BF16", "F32"), ("F16", "F16"), ("F64", "F64"), ("F32", "F16")):
        remove(t.folder, "a")
        b, u = pair("x.weight", (40, 30), product(gauss(rng, 80, 0.2), gauss(rng, 60, 0.2), 40, 2, 30), types[0])
        u = {"x.weight": (types[1],) + u["x.weight"][1:]}
        if types[0] == "BF16":
            u["x.weight"] = (types[1], (40, 30), [y - x + widen(bf16(x)) for x, y in zip(b["x.weight"][2], u["x.weight"][2])])
        write_safetensors(os.path.join(t.folder, "b1.safetensors"), b)
        write_safetensors(os.path.join(t.folder, "t1.safetensors"), u)
        r = t.json("extract", "b1.safetensors", "t1.safetensors", "-o", "a", "-r", "2", "--dtype", "f32")
        check(f"types {types}: error", r["error"] < {"F32": 1e-5, "F64": 1e-6, "F16": 5e-3}[types[1]], r["error"])
        v = t.json("verify", "b1.safetensors", "t1.safetensors", "a")
        check(f"types {types}: verified", abs(v["error"] - r["error"]) < 1e-6)


def test_refusals(t, rng):
    make_model(t.folder, rng, layers=1)
    t.json("extract", "base", "tuned", "-o", "good", "-r", "2")
    extract = ("extract", "base", "tuned", "-r", "2")
    t.refused("OUT is there", extract + ("-o", "good"), "good is there already", "--force", left="good")
    p = t.run(*extract, "-o", "good", "--force", "-q")
    check("--force replaces", p.returncode == 0, p.stderr)
    write_safetensors(os.path.join(t.folder, "shape.safetensors"), {"x.weight": ("F32", (4, 4), [0] * 16)})
    write_safetensors(os.path.join(t.folder, "shape2.safetensors"), {"x.weight": ("F32", (4, 5), [0] * 20)})
    t.refused("other shapes", ("extract", "shape.safetensors", "shape2.safetensors", "-o", "x"), "'x.weight'", "(4, 4)", "(4, 5)")
    for bad, text in ((math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")):
        x = [float(i) for i in range(16)]
        x[9] = bad
        write_safetensors(os.path.join(t.folder, "bad.safetensors"), {"x.weight": ("F32", (4, 4), x)})
        t.refused(f"{text} in tuned", ("extract", "shape.safetensors", "bad.safetensors", "-o", "x"), "bad.safetensors", "'x.weight'", f"{text} at [2, 1]")
        t.refused(f"{text} in base", ("extract", "bad.safetensors", "shape.safetensors", "-o", "x"), "bad.safetensors", "'x.weight'", f"{text} at [2, 1]")
    check("refused: nothing is left", not [f for f in os.listdir(t.folder) if f.startswith("x")], os.listdir(t.folder))
    # shards
    shutil.copytree(os.path.join(t.folder, "tuned"), os.path.join(t.folder, "cut"))
    shard = os.path.join(t.folder, "cut", "model-00002-of-00002.safetensors")
    whole = open(shard, "rb").read()
    for n in (len(whole) - 1, len(whole) // 2, 100, 4, 0):
        with open(shard, "wb") as f:
            f.write(whole[:n])
        t.refused(f"a shard cut to {n} bytes", ("extract", "base", "cut", "-o", "x"), "model-00002-of-00002.safetensors", "cut short")
    os.unlink(shard)
    t.refused("a missing shard", ("extract", "base", "cut", "-o", "x"), "No such file", "model-00002-of-00002.safetensors", "named by")
    os.makedirs(os.path.join(t.folder, "pickle"))
    open(os.path.join(t.folder, "pickle", "pytorch_model.bin"), "wb").close()
    t.refused("a pickle", ("extract", "pickle", "tuned", "-o", "x"), "pickle", "safe_serialization")
    os.makedirs(os.path.join(t.folder, "empty"))
    t.refused("an empty folder", ("extract", "empty", "tuned", "-o", "x"), "empty", "no .safetensors")
    t.refused("no such model", ("extract", "nowhere", "tuned", "-o", "x"), "No such file", "nowhere")
    t.refused("the same model twice", ("extract", "base", "base", "-o", "x", "-q"), "nothing to write")
    check("refused: nothing is left of those either", not [f for f in os.listdir(t.folder) if f.startswith("x")], os.listdir(t.folder))
    t.refused("a target that is not there", extract + ("-o", "x", "--target", "zzz"), "no weight", "targets")
    t.refused("a pattern that is none", extract + ("-o", "x", "--target", "("), "(")
    t.refused("f16 that does not hold it", ("extract", "shape.safetensors", "big.safetensors", "-o", "x", "--dtype", "f16"), "float16") if big(t) else None
    # where nothing can be written
    t.refused("a folder that is not there", extract + ("-o", "no/such/x"), "No such file")
    t.refused("a place that may not be written", extract + ("-o", "/proc/x"), "/proc/x")
    # usage
    for args, words in ((("extract", "base"), ("usage: lsv lora extract",)), (("extract", "base", "tuned"), ("-o OUT",)), (("nonsense",), ("no subcommand",)),
                        (extract + ("-o", "x", "--nonsense"), ("unknown option --nonsense",)), (extract + ("-o", "x", "--tol", "abc"), ("a number",)),
                        (extract + ("-o", "x", "--dtype", "int8"), ("one of: f32 f16",)), (("extract", "base", "tuned", "-o", "x", "-r"), ("wants a value",)),
                        (extract + ("-o", "x", "--budget", "12X"), ("a size",)), (("convert", "good", "-o", "x"), ("--format",))):
        t.refused("usage: " + " ".join(args[-2:]), args, *words, status=2)
    for command in ("extract", "resize", "merge", "apply", "info", "verify", "diff", "convert"):
        p = t.run(command, "--help")
        check(f"{command} --help", p.returncode == 0 and p.stdout.startswith(f"usage: lsv lora {command}") and "Examples:" in p.stdout and max(map(len, p.stdout.split("\n"))) < 100)
    p = t.run(*extract, "-o", "x", "--json", "--tol", "-1")
    check("an error as JSON", p.returncode == 1 and "tol" in json.loads(p.stdout)["error"], p.stdout)


def big(t):
    write_safetensors(os.path.join(t.folder, "big.safetensors"), {"x.weight": ("F32", (4, 4), [1e12] * 16)})
    return True


def test_dry_run(t, rng):
    make_model(t.folder, rng, layers=1)
    before = sorted(os.listdir(t.folder))
    e = t.json("extract", "base", "tuned", "-r", "4", "--dry-run")
    check("dry run: what would be done", e["layers"] == 4 and e["bytes"] > 0 and e["memory"] > 0 and e["seconds"] > 0 and e["flops_per_second"] > 1e6, e)
    p = t.run("extract", "base", "tuned", "-r", "4", "-n")
    check("dry run: as text", p.returncode == 0 and "GFLOP/s" in p.stdout and "memory" in p.stdout, p.stdout)
    check("dry run: nothing is written", sorted(os.listdir(t.folder)) == before)
    t.json("extract", "base", "tuned", "-r", "4", "-o", "a")
    for args in (("resize", "a", "-r", "2"), ("merge", "a", "a"), ("apply", "base", "a"), ("convert", "a", "--format", "kohya")):
        e = t.json(*args, "--dry-run")
        check(f"dry run: {args[0]}", e.get("layers") in (3, 4) and e.get("memory", 0) > 0, e)


def test_progress(t, rng):
    make_model(t.folder, rng, layers=6, d=64, ff=160)
    p = t.run("extract", "base", "tuned", "-o", "a", "-r", "4")
    lines = [line for line in p.stderr.split("\n") if line.startswith("extract ")]
    check("progress: a line per layer on a pipe", len(lines) == 32 and lines[0].startswith("extract 1/32 ") and "rank 4, error " in p.stderr, p.stderr[:300])
    table = p.stdout.split("\n")
    check("progress: a table at the end", table[0].split() == ["layer", "shape", "rank", "error", "rounding", "|dW|/|W|"] and "18 factored" in p.stdout and "error of the whole" in p.stdout, p.stdout[:300])
    check("quiet", t.run("extract", "base", "tuned", "-o", "a", "-r", "4", "-f", "-q").stdout == "")
    make_model(t.folder, rng, layers=16, d=128, ff=256)
    master, slave = pty.openpty()
    p = subprocess.Popen([t.lsv, "lora", "extract", "base", "tuned", "-o", "b", "--tol", "1e-6", "--threads", "1"], cwd=t.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        try:
            piece = os.read(master, 4096) if ready else b""
        except OSError:
            piece = b""
        if not piece:
            break
        seen += piece
    p.stdout.read()
    p.wait()
    os.close(master)
    text = seen.decode(errors="replace")
    check("progress: a bar on a terminal", p.returncode == 0 and re.search(r"extract \[#*\.*\] +\d+% \d+/82", text), text[:400])
    check("progress: rate and time left", re.search(r"B/s +[\d.:]+ ?s? left", text), text[-600:])
    check("progress: the bar goes away", text.rstrip("\n").endswith("\033[K") or "note:" in text.split("\033[K")[-1], repr(text[-200:]))
    check("progress: no line is longer than the terminal", all(len(x) < 80 for x in re.split(r"\r|\n|\033\[K", text) if not x.startswith("lsv lora: note")))


def wait_and_kill(command, folder, delay, sig=signal.SIGKILL):
    p = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(delay)
    start = time.time()
    p.send_signal(sig)
    _, err = p.communicate()
    return p.returncode, time.time() - start, err.decode(errors="replace")


def kills(t, rng, what, args, out, wanted, count):
    """Kill at random moments until `count` kills were survived, and one of them in the middle of the work; each run goes on
    from the last."""
    command = [t.lsv, "lora", *args, "-o", out, "-q"]
    start = time.time()
    remove(t.folder, out, out + ".partial")
    subprocess.run(command, cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    whole = time.time() - start
    killed = completed = resumed = 0
    remove(t.folder, out)
    while killed < count or (resumed + completed == 0 and killed < 30 * count):
        code, _, err = wait_and_kill(command, t.folder, rng.uniform(0, whole * 1.05))
        path = os.path.join(t.folder, out)
        if code == -signal.SIGKILL:
            killed += 1
            resumed += os.path.exists(path + ".partial")
            if os.path.exists(path) and snapshot(path) != wanted:
                check(f"{what}: after a kill, OUT is what it should be or not there", False)
                return
            if killed % 4 or not os.path.exists(path + ".partial"):   # most of the time, killed again and again
                continue
            subprocess.run(command, cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if os.path.exists(path):
            completed += 1
            if snapshot(path) != wanted:
                check(f"{what}: resumed, the same bits", False)
                return
        remove(t.folder, out)   # and once more, from the start or from what is left
    check(f"{what}: {killed} kills, {resumed} of them left work to go on from, {completed} runs came to an end", resumed + completed > 0)
    remove(t.folder, out)
    p = subprocess.run(command, cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    check(f"{what}: the last run", p.returncode == 0 and snapshot(os.path.join(t.folder, out)) == wanted, p.stderr)
    check(f"{what}: nothing else is left", not os.path.exists(os.path.join(t.folder, out + ".partial")))


def test_kills(t, rng, count=8):
    make_model(t.folder, rng, layers=8, d=96, ff=160)
    extract = ("extract", "base", "tuned", "-r", "8", "--save-rest")
    t.json(*extract, "-o", "wanted")
    kills(t, rng, "extract", extract, "x", snapshot(os.path.join(t.folder, "wanted")), count)
    t.json("extract", "base", "tuned", "-r", "12", "--seed", "1", "-o", "other")
    t.json("extract", "base", "tuned", "-r", "8", "-o", "wanted2")
    merge = ("merge", "wanted2", "other", "-w", "0.25,2", "--ranks", "4,8,16")
    t.json(*merge, "-o", "merged")
    kills(t, rng, "merge", merge, "m", snapshot(os.path.join(t.folder, "merged")), count)
    apply = ("apply", "base", "wanted2")
    t.json(*apply, "-o", "applied")
    kills(t, rng, "apply", apply, "y", snapshot(os.path.join(t.folder, "applied")), max(2, count // 4))
    budget = ("extract", "base", "tuned", "--budget", "100k")
    t.json(*budget, "-o", "cheap")
    kills(t, rng, "extract --budget", budget, "z", snapshot(os.path.join(t.folder, "cheap")), max(2, count // 4))


def test_resume(t, rng):
    make_model(t.folder, rng, layers=40, d=96, ff=160)
    command = [t.lsv, "lora", "extract", "base", "tuned", "-r", "8", "-o", "x"]
    out = os.path.join(t.folder, "x")
    code = None
    for delay in (0.3, 0.2, 0.15, 0.1, 0.5, 0.8, 1.2, 2.0):    # until one hits the middle
        remove(t.folder, "x", "x.partial")
        code, took, err = wait_and_kill(command, t.folder, delay, signal.SIGINT)
        if code == 130 and "x.partial" in err:
            break
    check("Ctrl-C: status 130", code == 130, (code, err[-300:]))
    check("Ctrl-C: soon", took < 0.6, took)
    check("Ctrl-C: says how to go on", "x.partial" in err and "goes on" in err, err[-300:])
    check("Ctrl-C: no OUT", not os.path.exists(out))
    t.refused("resume: other options", ("extract", "base", "tuned", "-r", "9", "-o", "x"), "begun as another job", "--restart")
    shard = os.path.join(t.folder, "tuned", "model-00001-of-00002.safetensors")
    keep = os.stat(shard)
    os.utime(shard, (1, 1))
    t.refused("resume: a changed source", ("extract", "base", "tuned", "-r", "8", "-o", "x"), "begun as another job", "model-00001-of-00002")
    os.utime(shard, ns=(keep.st_atime_ns, keep.st_mtime_ns))
    r = t.json("extract", "base", "tuned", "-r", "8", "-o", "x")
    check("resume: goes on", any(x.get("resumed") for x in r["layers"]) and len([x for x in r["layers"] if x["state"] == "done"]) == 120)
    t.json("extract", "base", "tuned", "-r", "8", "-o", "y")
    check("resume: the same bits", snapshot(out) == snapshot(os.path.join(t.folder, "y")))
    # a log that is damaged anywhere: what is before it counts
    for cut in (0, 1, 1000, 0.3, 0.9):
        remove(t.folder, "x")
        p = subprocess.Popen(command, cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = os.path.join(t.folder, "x.partial", "layers")
        for _ in range(2000):
            if os.path.exists(log) and os.path.getsize(log) > 100000:
                break
            time.sleep(0.002)
        p.kill()
        p.wait()
        if os.path.exists(log):
            size = os.path.getsize(log)
            at = int(cut * size) if isinstance(cut, float) else cut
            with open(log, "r+b") as f:
                f.seek(min(at, size - 8))
                f.write(b"\xff" * 8)
        t.run("extract", "base", "tuned", "-r", "8", "-o", "x", "-q")
        check(f"resume: from a log that is damaged at {cut}", snapshot(out) == snapshot(os.path.join(t.folder, "y")))
    # two at once
    remove(t.folder, "x")
    first = subprocess.Popen(command, cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not os.path.exists(os.path.join(t.folder, "x.partial", "layers")) and first.poll() is None:
        time.sleep(0.002)
    time.sleep(0.02)
    second = t.run("extract", "base", "tuned", "-r", "8", "-o", "x", "-q")
    first.wait()
    check("two at once: the second is told", second.returncode == 1 and ("another process" in second.stderr or "there already" in second.stderr), second.stderr)
    check("two at once: the first is not disturbed", snapshot(out) == snapshot(os.path.join(t.folder, "y")))


def test_disk(t, rng):
    make_model(t.folder, rng, layers=3)
    small = os.path.join(t.folder, "small")
    os.makedirs(small)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "none", small], stderr=subprocess.DEVNULL).returncode:
        print("a full disk: passed over (no file system can be mounted here)")
        return
    try:
        t.refused("full disk: extract", ("extract", "base", "tuned", "-r", "16", "-o", "small/x"), "No space left", "make room")
        check("full disk: no OUT", not os.path.exists(os.path.join(small, "x")))
        subprocess.run(["mount", "-o", "remount,size=4m", small], check=True)
        r = t.json("extract", "base", "tuned", "-r", "16", "-o", "small/x")
        check("full disk: goes on when there is room", any(x.get("resumed") for x in r["layers"]))
        subprocess.run(["mount", "-o", "remount,size=100k", small], check=False)
        t.refused("full disk: apply", ("apply", "base", "small/x", "-o", "small/m"), "No space left", left="small/x")
        check("full disk: apply leaves no OUT", not os.path.exists(os.path.join(small, "m")))
        remove(small, "m.partial")
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
        t.refused("read-only: extract", ("extract", "base", "tuned", "-r", "2", "-o", "small/y"), "Read-only file system", left="small/x")
        t.refused("read-only: with --force", ("extract", "base", "tuned", "-r", "2", "-o", "small/x", "-f"), "Read-only file system", left="small/x")
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def test_manual(t, _):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc")
    for name in ("", "extract", "resize", "merge", "apply", "info", "verify", "diff", "convert"):
        p = t.run(*([name] if name else []), "--man")
        path = os.path.join(root, f"lsv-lora{'-' if name else ''}{name}.1")
        check(f"{os.path.basename(path)} is current", os.path.exists(path) and open(path).read() == p.stdout, "make man")
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-Tlint", "-Wstyle"], input=p.stdout, stdout=subprocess.PIPE, text=True)
            said = [line for line in lint.stdout.split("\n") if line and "referenced manual not found" not in line]   # not installed yet
            check(f"{os.path.basename(path)}: mandoc has nothing to say", not said, said)


TESTS = {name[5:]: f for name, f in list(globals().items()) if name.startswith("test_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", required=True)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    for name, test in TESTS.items():
        if args.names and name not in args.names:
            continue
        folder = tempfile.mkdtemp(prefix=f"lsv-lora-{name}-")
        rng = random.Random(args.seed)
        start = time.time()
        try:
            tool = Tool(os.path.abspath(args.lsv), folder)
            test(tool, rng, args.kills) if name == "kills" else test(tool, rng)
        except Exception as e:  # a test that cannot go on has failed
            import traceback
            check(f"{name} goes through", False, traceback.format_exc()[-1200:])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {time.time() - start:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
