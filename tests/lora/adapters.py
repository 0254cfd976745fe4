#!/usr/bin/env python3
"""Adapters against PEFT: what PEFT wrote is read and written back byte by byte, an adapter applied to its base is what
merge_and_unload makes of it, and PEFT reads what is written here.

    adapters.py --lsv PATH

With torch and peft in this Python the cases are made anew and PEFT reads back; else the recorded ones in data/ serve. Needs
the standard library only. Ends with `N passed, M failed`.
"""
import argparse
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAILED:", what)
    return good


# ---- .safetensors with nothing but Python ----

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i"}


def numbers(kind, data):
    if kind == "BF16":
        return [struct.unpack("<f", struct.pack("<I", x << 16))[0] for x in struct.unpack("<%dH" % (len(data) // 2), data)]
    code = CODES[kind]
    return list(struct.unpack("<%d%s" % (len(data) // struct.calcsize(code), code), data))


def read(path):
    """{name: (type, shape, numbers)} and the metadata."""
    with open(path, "rb") as f:
        raw = f.read()
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    metadata = header.pop("__metadata__", {})
    out = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        out[name] = (t["dtype"], t["shape"], numbers(t["dtype"], raw[8 + n + a:8 + n + b]))
    return out, metadata


def write(path, tensors, metadata=None):
    """tensors: {name: (type, shape, numbers)}"""
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (kind, shape, values) in tensors.items():
        if kind == "BF16":
            body = b"".join(struct.pack("<f", x)[2:] for x in values)
        else:
            body = struct.pack("<%d%s" % (len(values), CODES[kind]), *values)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def away(x, y):
    """max |x - y| / max |y| of two tensors, infinite where they are not of one shape."""
    if x[1] != y[1]:
        return math.inf
    top = max((abs(v) for v in y[2]), default=0) or 1
    return max((abs(a - b) for a, b in zip(x[2], y[2])), default=0) / top


def farthest(xs, ys):
    """The largest distance of two sets of tensors, and where; infinite where names differ."""
    if set(xs) != set(ys):
        return math.inf, sorted(set(xs) ^ set(ys))
    return max(((away(xs[k], ys[k]), k) for k in xs), default=(0, None))


# ---- running ----

def run(lsv, text, expect=0):
    p = subprocess.run([lsv, "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    if p.returncode != expect:
        print(p.stdout)
    check(p.returncode == expect, "exit status %d of\n%s" % (p.returncode, text))
    return p.stdout


def same_file(a, b):
    with open(a, "rb") as f, open(b, "rb") as g:
        return f.read() == g.read()


FILES = ("adapter_model.safetensors", "adapter_config.json")
CLOSE = {"F64": 1e-13, "F32": 1e-6, "F16": 2e-3, "BF16": 1.6e-2}  # 16-bit: PEFT rounds the update and the sum


def one_case(lsv, name, folder, work):
    """An adapter of PEFT's and the model that PEFT merged: read, written back, applied, merged alone, resized, converted."""
    adapter = os.path.join(folder, "adapter")
    base, merged = read(os.path.join(folder, "base.safetensors"))[0], read(os.path.join(folder, "merged.safetensors"))[0]
    out = os.path.join(work, name)
    os.makedirs(out)
    run(lsv, f"""
import torch
a = load_adapter("{adapter}")
assert a.notes == []
save_adapter(a, "{out}/same")
save("{out}/applied.safetensors", apply_adapter(load("{folder}/base.safetensors"), a))
save("{out}/delta.safetensors", {{n: a.delta(n, torch.float64) for n in a}})
one = aggregate([a], [1.0])
save("{out}/one.safetensors", {{n: one.delta(n, torch.float64) for n in one}})
save_adapter(one, "{out}/merged")
again = load_adapter("{out}/merged")
save("{out}/again.safetensors", {{n: again.delta(n, torch.float64) for n in again}})
all = resize_adapter(a, tol=0)
save("{out}/all.safetensors", {{n: all.delta(n, torch.float64) for n in all}})
both = aggregate([a, one, a], [0.25, 1.5, -0.75])
save("{out}/both.safetensors", {{n: both.delta(n, torch.float64) for n in both}})
""")
    for f in FILES:
        check(same_file(os.path.join(adapter, f), os.path.join(out, "same", f)), f"{name}: {f} goes out as it came")
    kind = next(t[0] for n, t in base.items() if n.endswith("weight"))
    far, where = farthest(read(os.path.join(out, "applied.safetensors"))[0], merged)
    check(far <= CLOSE[kind], f"{name}: applied is merge_and_unload's: {far:.2g} at {where}")
    delta = read(os.path.join(out, "delta.safetensors"))[0]
    exact = 1e-13 if kind == "F64" else 1e-6
    for other in ("one", "again", "all", "both"):
        far, where = farthest(read(os.path.join(out, other + ".safetensors"))[0], delta)
        check(far <= exact, f"{name}: {other} is the adapter's own update: {far:.2g} at {where}")
    return out


def converted(lsv, name, folder, work):
    """To kohya's and diffusers' files and back."""
    adapter, out = os.path.join(folder, "adapter"), os.path.join(work, name)
    run(lsv, f"""
import torch
a = load_adapter("{adapter}")
save_adapter(a, "{out}/k.safetensors", format="kohya")
save_adapter(a, "{out}/d.safetensors", format="diffusers", prefix="")
k = load_adapter("{out}/k.safetensors", base="{folder}/base.safetensors")
d = load_adapter("{out}/d.safetensors")
save("{out}/k_delta.safetensors", {{n: k.delta(n, torch.float64) if not k.delta(n).shape != a.delta(n).shape else k.delta(n, torch.float64).T for n in k}})
assert list(k) == list(a) and list(d) == list(a)
for n in a:
    B, A = a[n]
    for other in [k, d]:
        assert (other[n][0] == B).all() and (other[n][1] == A).all() and other.scale(n) == a.scale(n) and other.rank(n) == a.rank(n)
save_adapter(k, "{out}/back", format="peft")
b = load_adapter("{out}/back")
assert b.config["base_model_name_or_path"] == a.config["base_model_name_or_path"]
for n in a:
    assert (a[n][0] == b[n][0]).all() and (a[n][1] == b[n][1]).all() and abs(a.scale(n) - b.scale(n)) <= 1e-15 * a.scale(n)
""")
    keys, metadata = read(os.path.join(out, "k.safetensors"))
    check(all(k.startswith("lora_unet_") and (k.endswith((".lora_up.weight", ".lora_down.weight", ".alpha"))) for k in keys), f"{name}: kohya's names")
    check("ss_network_dim" in metadata and "ss_network_alpha" in metadata, f"{name}: kohya's metadata")


def kohya_files(lsv, work):
    """Files as kohya's trainer and others write them, made here entry by entry."""
    def pair(out, rank, cols, kind="F32", seed=1.0, kernel=()):
        taps = math.prod(kernel)
        down = (kind, [rank, cols, *kernel], [((i * 7 + 3) % 11 - 5) * seed / 8 for i in range(rank * cols * taps)])
        up = (kind, [out, rank, *(1 for _ in kernel)], [((i * 5 + 1) % 9 - 4) * seed / 4 for i in range(out * rank)])
        return down, up

    def product(down, up, scale):
        rank, cols = down[1][0], math.prod(down[1][1:])
        return [scale * sum(up[2][o * rank + r] * down[2][r * cols + c] for r in range(rank)) for o in range(up[1][0]) for c in range(cols)]

    cases, expected = {}, {}
    for module, kind, rank, alpha, kernel in (("lora_unet_down_blocks_0_attn_to_q", "F16", 2, ("I64", 4), ()), ("lora_unet_mid_block_conv_in", "F32", 2, ("F32", 1.0), (3, 3)),
                                              ("lora_te_text_model_layers_1_fc1", "BF16", 3, None, ()), ("lora_te_text_model_layers_10_fc1", "F32", 1, ("BF16", 0.5), ())):
        down, up = pair(4, rank, 3, kind, 1.0, kernel)
        cases[module + ".lora_down.weight"], cases[module + ".lora_up.weight"] = down, up
        if alpha:
            cases[module + ".alpha"] = (alpha[0], [], [alpha[1]])
        expected[module] = product(down, up, alpha[1] / rank if alpha else 1)
    path = os.path.join(work, "kohya.safetensors")
    write(path, cases, {"ss_network_dim": "2", "ss_training_comment": "kept"})
    names = ["unet.down_blocks.0.attn.to_q", "unet.down_blocks.0.attn.to_k", "unet.mid_block.conv_in", "text_encoder.text_model.layers.1.fc1", "text_encoder.text_model.layers.10.fc1"]
    run(lsv, f"""
import torch
a = load_adapter("{path}")
assert a.format == "kohya" and a.metadata["ss_training_comment"] == "kept"
assert list(a)[1] == "lora_te_text_model_layers_10_fc1"
save("{work}/kohya_delta.safetensors", {{n: a.delta(n) for n in a}})
save_adapter(a, "{work}/kohya_again.safetensors")
b = load_adapter("{path}", base={names!r})
assert list(b) == ["text_encoder.text_model.layers.1.fc1", "text_encoder.text_model.layers.10.fc1", "unet.down_blocks.0.attn.to_q", "unet.mid_block.conv_in"]
save_adapter(b, "{work}/kohya_named.safetensors")
save_adapter(resize_adapter(b, 1), "{work}/kohya_small.safetensors", dtype=torch.float16)
save_adapter(b, "{work}/kohya_peft", format="peft")
p = load_adapter("{work}/kohya_peft")
for n in b:
    assert (p.delta(n) == b.delta(n)).all()
""")
    delta = read(os.path.join(work, "kohya_delta.safetensors"))[0]
    for module, values in expected.items():
        check(max(abs(x - y) for x, y in zip(delta[module][2], values)) <= 1e-6 * max(map(abs, values)), f"kohya: the update of {module}")
    for copy in ("kohya_again", "kohya_named"):
        again, metadata = read(os.path.join(work, copy + ".safetensors"))
        check(again == cases and metadata == {"ss_network_dim": "2", "ss_training_comment": "kept"}, f"kohya: {copy} is the same file")
    small, metadata = read(os.path.join(work, "kohya_small.safetensors"))
    check(set(small) == {k for m in expected for k in (m + ".lora_up.weight", m + ".lora_down.weight", m + ".alpha")}, "kohya: names of a resized file")
    check(all(t[0] == "F16" for t in small.values()) and metadata["ss_network_dim"] == "1" and metadata["ss_network_alpha"] == "1", "kohya: types and metadata of a resized file")
    # Tucker's third factor
    mid = ("F32", [2, 2, 3, 3], [((i * 3 + 2) % 7 - 3) / 4 for i in range(36)])
    down, up = ("F32", [2, 3, 1, 1], [1.0, 0.5, -1.0, 2.0, 0.25, 1.5]), ("F32", [4, 2, 1, 1], [1.0, -1.0, 0.5, 2.0, -0.5, 1.0, 0.0, 3.0])
    write(os.path.join(work, "mid.safetensors"), {"lora_unet_c.lora_down.weight": down, "lora_unet_c.lora_up.weight": up, "lora_unet_c.lora_mid.weight": mid, "lora_unet_c.alpha": ("F32", [], [1.0])})
    run(lsv, f'save("{work}/mid_delta.safetensors", {{"c": load_adapter("{work}/mid.safetensors").delta("lora_unet_c")}})')
    want = [0.5 * sum(up[2][o * 2 + p] * mid[2][(p * 2 + q) * 9 + t] * down[2][q * 3 + i] for p in range(2) for q in range(2)) for o in range(4) for i in range(3) for t in range(9)]
    got = read(os.path.join(work, "mid_delta.safetensors"))[0]["c"]
    check(got[1] == [4, 3, 3, 3] and max(abs(x - y) for x, y in zip(got[2], want)) < 1e-5, "kohya: three factors")
    # diffusers' metadata carry alpha
    write(os.path.join(work, "meta.safetensors"), {"transformer.x.lora_A.weight": ("F32", [2, 1], [1.0, 1.0]), "transformer.x.lora_B.weight": ("F32", [1, 2], [1.0, 1.0])},
          {"format": "pt", "lora_adapter_metadata": json.dumps({"transformer.r": 2, "transformer.lora_alpha": 8, "transformer.alpha_pattern": {"x": 6}})})
    out = run(lsv, f'a = load_adapter("{work}/meta.safetensors")\nprint((a.format, a.scale("transformer.x")))\nsave_adapter(a, "{work}/meta_again.safetensors")')
    check(out == "('diffusers', 3.0)\n", "diffusers: alpha from metadata: " + out)
    check(read(os.path.join(work, "meta.safetensors")) == read(os.path.join(work, "meta_again.safetensors")), "diffusers: metadata go out as they came")


def refusals(lsv, work, source):
    """What plain factors cannot say is refused by its name, and what to do is said."""
    adapter = os.path.join(source, "plain", "adapter")
    with open(os.path.join(adapter, FILES[1])) as f:
        config = json.load(f)
    tensors, _ = read(os.path.join(adapter, FILES[0]))
    first = "base_model.model.layers.0.q_proj"
    vector = ("F32", [8], [1.0] * 8)

    def refused(what, want, settings=None, more=None, without=(), raw=None):
        folder = os.path.join(work, "refused")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        with open(os.path.join(folder, FILES[1]), "w") as f:
            f.write(json.dumps({**config, **(settings or {})}) if raw is None else raw)
        write(os.path.join(folder, FILES[0]), {k: v for k, v in {**tensors, **(more or {})}.items() if k not in without})
        out = run(lsv, f'load_adapter("{folder}")', 1)
        check(all(w in out for w in want), f"{what}: {out}")

    refused("DoRA by its setting", ["adapter_config.json: byte", "use_dora", "merge_and_unload"], {"use_dora": True})
    refused("DoRA by its tensor", ["lora_magnitude_vector", "DoRA"], more={first + ".lora_magnitude_vector": vector})
    refused("a bias of the adapter's own", ["lora_B.bias", "lora_bias"], more={first + ".lora_B.bias": vector})
    refused("lora_bias", ["lora_bias"], {"lora_bias": True})
    refused("another type", ["LOHA", "peft_type"], {"peft_type": "LOHA"})
    refused("PiSSA", ["init_lora_weights", "path_initial_model_for_weight_conversion"], {"init_lora_weights": "pissa_niter_4"})
    refused("experts' parameters", ["target_parameters"], {"target_parameters": ["mlp.experts"]})
    refused("an unknown part", [first + ".lora_C.weight", "not known"], more={first + ".lora_C.weight": vector})
    refused("AdaLoRA", ["lora_E", "AdaLoRA"], more={first + ".lora_E": vector})
    refused("half a module", ["its other factor", "A"], without=(first + ".lora_A.weight",))
    refused("factors that do not multiply", [first + ".lora_A.weight", "(2, 6)", "do not multiply"], more={first + ".lora_A.weight": ("F32", [2, 6], [1.0] * 12)})
    refused("a flat factor", ["DeepSpeed"], more={first + ".lora_A.weight": vector})
    refused("whole numbers", ["I64"], more={first + ".lora_A.weight": ("I64", [3, 6], [1] * 18)})
    refused("two runs", ["'a'", "'b'"], more={"base_model.model.x.lora_A.a.weight": ("F32", [1, 2], [1.0] * 2), "base_model.model.x.lora_B.b.weight": ("F32", [2, 1], [1.0] * 2)})
    refused("a pattern that is none", ["alpha_pattern", "missing", "byte"], {"alpha_pattern": {"q(": 3}})
    refused("a pattern without end", ["match limit"], {"rank_pattern": {"(?:[a-z._0-9]|[a-z._0-9])*[A-Z]": 3}})
    refused("a rank that is none", ["r: no rank", "byte"], {"r": -1})
    refused("an alpha that is none", ["lora_alpha", "no finite number"], {"lora_alpha": "16"})
    refused("a key twice", ["comes twice"], raw='{"r": 8, "r": 4}')
    refused("no JSON", ["byte"], raw='{"r": 8,')
    folder = os.path.join(work, "pickle")
    os.makedirs(folder)
    shutil.copy(os.path.join(adapter, FILES[1]), folder)
    open(os.path.join(folder, "adapter_model.bin"), "wb").close()
    check("weights_only" in run(lsv, f'load_adapter("{folder}")', 1), "a pickle")
    shutil.copy(os.path.join(adapter, FILES[0]), os.path.join(work, "alone.safetensors"))
    check("adapter_config.json" in run(lsv, f'load_adapter("{work}/alone.safetensors")', 1), "a PEFT file alone")
    for key in ("lora_unet_x.dora_scale", "lora_unet_x.hada_w1_a", "lora_unet_x.lokr_w1", "lora_unet_x.diff", "lora_unet_x.diff_b", "lora_unet_x.oft_blocks", "lora_unet_x.foo"):
        write(os.path.join(work, "single.safetensors"), {"lora_unet_x.lora_down.weight": ("F32", [1, 2], [1.0] * 2), "lora_unet_x.lora_up.weight": ("F32", [2, 1], [1.0] * 2), key: vector})
        check(key in run(lsv, f'load_adapter("{work}/single.safetensors")', 1), key)
    plain = os.path.join(source, "plain")
    out = run(lsv, f'save_adapter(load_adapter("{adapter}"), "{work}/k.safetensors", format="kohya")\nk = load_adapter("{work}/k.safetensors")\nsave_adapter(k, "{work}/no", format="peft")', 1)
    check("underscores" in out and not os.path.exists(os.path.join(work, "no")), "flat names have no PEFT form: " + out)
    out = run(lsv, f'load_adapter("{work}/k.safetensors", base=["layers.0.q_proj"])', 1)
    check("none of the base's" in out, "a base without the module: " + out)
    out = run(lsv, f'load_adapter("{work}/k.safetensors", base=["q_proj", "layers.0.k_proj", "layers_0.k_proj"])', 1)
    check("more than one" in out, "a base with two of one form: " + out)
    out = run(lsv, f'save_adapter(load_adapter("{os.path.join(source, "saved", "adapter")}"), "{work}/t.safetensors", format="kohya")', 1)
    check("whole tensor" in out and not os.path.exists(os.path.join(work, "t.safetensors")), "a whole tensor has no kohya form: " + out)
    out = run(lsv, f'apply_adapter({{"layers.0.q_proj.weight": zeros((8, 6))}}, load_adapter("{adapter}"))', 1)
    check("KeyError" in out, "a base without the weight: " + out)
    out = run(lsv, f'a = load_adapter("{adapter}")\napply_adapter(zeros((9, 6)), a, "layers.0.q_proj")', 1)
    check("(8, 6)" in out and "(9, 6)" in out, "a base of another shape: " + out)
    return plain


def layouts(lsv, work, source):
    """The rank is the tensors' where the configuration says another; wrappers in names are taken off; layouts follow the base."""
    adapter = os.path.join(source, "plain", "adapter")
    with open(os.path.join(adapter, FILES[1])) as f:
        config = json.load(f)
    tensors, _ = read(os.path.join(adapter, FILES[0]))
    folder = os.path.join(work, "other")
    os.makedirs(folder)
    with open(os.path.join(folder, FILES[1]), "w") as f:
        json.dump({**config, "r": 5, "lora_alpha": 6}, f)
    write(os.path.join(folder, FILES[0]), {k.replace(".weight", ".default.weight").replace("base_model.model.", ""): v for k, v in tensors.items()})
    out = run(lsv, f'a = load_adapter("{folder}")\nlen(a.notes) >= 3, a.scale("q_proj"), a.rank("q_proj")')
    check("rank 5, the tensors have 3" in out and out.endswith("(True, 2.0, 3)\n"), "a rank that the configuration gives otherwise: " + out)
    turned = os.path.join(source, "turned")
    run(lsv, f"""
a = load_adapter("{turned}/adapter")
W = zeros((5, 7))
assert (apply_adapter(W, a, "wide") == a.delta("wide", float).numpy()).all()
assert abs(apply_adapter(W.T, a, "wide") - a.delta("wide").numpy().T).max() < 1e-6
""")
    # Modules that others lack, weights of any sign, several output ranks at once, rank 0
    run(lsv, f"""
import numpy as np
np.random.seed(0)
def pair(m, r, n): return np.random.randn(m, r), np.random.randn(r, n)
a = adapter({{"x": pair(9, 2, 8), "y": pair(5, 3, 6)}}, alpha={{"x": 5.0, "y": 1.0}})
b = adapter({{"y": pair(5, 1, 6), "z": pair(4, 2, 4)}}, alpha=3)
m = aggregate([a, b], [2.0, -0.5])
assert list(m) == ["x", "y", "z"]
assert np.allclose(m.delta("x"), 2 * a.delta("x"), rtol=1e-13, atol=1e-13)
assert np.allclose(m.delta("y"), 2 * a.delta("y") - 0.5 * b.delta("y"), rtol=1e-13, atol=1e-13)
assert np.allclose(m.delta("z"), -0.5 * b.delta("z"), rtol=1e-13, atol=1e-13)
ms, infos = aggregate([a, b], [1, 1], r=[1, 2, 4], info=True)
for k, r in zip(ms, [1, 2, 4]):
    U, S, Vh = svd(a.delta("y") + b.delta("y"))
    assert k.rank("y") == r and np.allclose(k.delta("y"), U[:, :r] * S[:r] @ Vh[:r], atol=1e-12)
assert abs(infos[0]["y"]["error"] - np.sqrt((S[1:] ** 2).sum() / (S ** 2).sum())) < 1e-12
t = aggregate([a, b], [1, 1], tol=0.5)
e = np.linalg.norm(t.delta("y") - a.delta("y") - b.delta("y")) / np.linalg.norm(a.delta("y") + b.delta("y"))
assert e <= 0.5 and t.rank("y") < 4
z = aggregate([a, a], [1.0, -1.0], tol=1e-9)
assert z.rank("x") == 0
""")
    out = run(lsv, f"""
a = adapter({{"x": (ones((3, 1)), ones((1, 2))), "none": (zeros((3, 0)), zeros((0, 2)))}})
save_adapter(a, "{work}/zero")
list(load_adapter("{work}/zero"))
""")
    check("rank 0" in out and out.endswith("['x']\n"), "modules of rank 0 are left out: " + out)
    with open(os.path.join(work, "zero", FILES[1])) as f:
        check(json.load(f)["rank_pattern"] == {"none": 0}, "rank 0 is in the pattern")
    # A folder is replaced in one piece, and what else it holds stays
    target = os.path.join(work, "kept")
    shutil.copytree(adapter, target)
    os.makedirs(os.path.join(target, "checkpoint"))
    for extra in ("README.md", "checkpoint/state"):
        with open(os.path.join(target, extra), "w") as f:
            f.write("mine")
    run(lsv, f'save_adapter(resize_adapter(load_adapter("{target}"), 1), "{target}")\nassert load_adapter("{target}").rank("q_proj") == 1')
    check(sorted(os.listdir(target)) == ["README.md", *sorted(FILES), "checkpoint"] or sorted(os.listdir(target)) == sorted(["README.md", "checkpoint", *FILES]), "other files stay: " + str(os.listdir(target)))
    check(os.path.exists(os.path.join(target, "checkpoint", "state")) and not [f for f in os.listdir(work) if f.startswith(".kept")], "folders move over, nothing is left beside")
    # bfloat16 is rounded once, to nearest even
    run(lsv, f"""
import torch
W = torch.tensor([[1.0, 1.0078125, -3.0]], dtype=torch.bfloat16)
a = adapter({{"x": (torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[0.00390625 + 2.0 ** -40, 0.00390625, 0.0]], dtype=torch.float64))}})
assert apply_adapter(W, a, "x").tolist() == [[1.0078125, 1.015625, -3.0]]
""")


def heads(lsv, work, source):
    """modules_to_save: the weighted mean where weights add up to 1, else refused."""
    saved = os.path.join(source, "saved", "adapter")
    run(lsv, f"""
import torch
a = load_adapter("{saved}")
B = {{n: 3 * t for n, t in a.tensors.items()}}
b = adapter({{n: (a[n][0], a[n][1]) for n in a}}, tensors=B)
m = aggregate([a, b], [0.25, 0.75])
for n, t in m.tensors.items():
    assert torch.allclose(t, 2.5 * a.tensors[n], rtol=1e-6)
save_adapter(m, "{work}/heads")
assert sorted(load_adapter("{work}/heads").tensors.keys()) == sorted(a.tensors.keys())
same = aggregate([a, a], [3.0, 4.0])
assert (same.tensors["score.weight"] == a.tensors["score.weight"]).all()
""")
    out = run(lsv, f'a = load_adapter("{saved}")\nb = adapter({{}}, tensors={{n: 3 * t for n, t in a.tensors.items()}})\naggregate([a, b], [1, 1])', 1)
    check("add up to 2" in out and "norm" in out or "score" in out, "tensors without a sum: " + out)


# ---- PEFT reads what was written here ----

def peft_reads(lsv, work, source):
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    import peft_cases
    for name, (build, dtype, _) in peft_cases.CASES.items():
        folder, out = os.path.join(source, name), os.path.join(work, name)
        base = read(os.path.join(folder, "base.safetensors"))[0]
        run(lsv, f"""
a = load_adapter("{folder}/adapter")
r = resize_adapter(a, 2)
save_adapter(r, "{out}/two")
r2 = load_adapter("{out}/two")
save("{out}/two_applied.safetensors", apply_adapter(load("{folder}/base.safetensors"), r2))
""")
        from safetensors.torch import load_file

        def fresh():
            model = build().to(dtype)
            model.load_state_dict(load_file(os.path.join(folder, "base.safetensors")))
            return model
        model = PeftModel.from_pretrained(fresh(), os.path.join(out, "two"), autocast_adapter_dtype=False)
        want = load_file(os.path.join(out, "two", FILES[0]))
        state = get_peft_model_state_dict(model, save_embedding_layers=False)
        missing = [k for k in want if k not in state and "base_layer" not in k]
        check(not missing and all(torch.equal(want[k].to(state[k].dtype), state[k]) for k in want if k in state), f"{name}: PEFT holds what was written {missing}")
        merged = {k: v.double() for k, v in model.merge_and_unload().state_dict().items()}
        ours = {k: v.double() for k, v in load_file(os.path.join(out, "two_applied.safetensors")).items()}
        kind = next(t[0] for n, t in base.items() if n.endswith("weight"))
        far = max(((merged[k] - ours[k]).abs().max() / merged[k].abs().max()).item() for k in merged)
        check(set(merged) == set(ours) and far <= CLOSE[kind], f"{name}: PEFT merges it to the same: {far:.2g}")


def peft_adds(lsv, work):
    """add_weighted_adapter's exact kind (cat) and ours."""
    import torch
    from peft import LoraConfig, get_peft_model
    import peft_cases
    torch.manual_seed(5)
    for build, targets in ((peft_cases.Layers, ["q_proj", "k_proj"]), (peft_cases.Convolutions, ["one", "two", "three"])):
        names, ranks, alphas, weights = ["a", "b", "c"], [1, 2, 4], [3, 5, 4], [0.5, 0.25, 1.5]
        model = None
        for n, r, alpha in zip(names, ranks, alphas):
            config = LoraConfig(r=r, lora_alpha=alpha, target_modules=targets, init_lora_weights=False)
            if model is None:
                model = get_peft_model(build(), config, adapter_name=n)
            else:
                model.add_adapter(n, config)
        out = os.path.join(work, "cat" + build.__name__)
        model.save_pretrained(out)
        model.add_weighted_adapter(names, weights, "sum", combination_type="cat")
        run(lsv, f'm = aggregate([load_adapter("{out}/" + n) for n in ["a", "b", "c"]], {weights})\nsave("{out}/sum.safetensors", {{n: m.delta(n) for n in m}})')
        ours = read(os.path.join(out, "sum.safetensors"))[0]
        for module, layer in model.base_model.model.named_modules():
            if hasattr(layer, "get_delta_weight") and "sum" in layer.lora_A:
                want = layer.get_delta_weight("sum").detach().double().flatten().tolist()
                got = ours[module][2]
                check(max(abs(x - y) for x, y in zip(got, want)) <= 2e-6 * max(map(abs, want)), f"cat of {module}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", required=True)
    parser.add_argument("--recorded", action="store_true", help="the recorded cases, also where PEFT is there")
    args = parser.parse_args()
    try:
        if args.recorded:
            raise ImportError
        sys.path.insert(0, HERE)
        sys.dont_write_bytecode = True
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import peft_cases
    except ImportError:
        peft_cases = None
    with tempfile.TemporaryDirectory() as work:
        source = DATA
        if peft_cases:
            source = os.path.join(work, "source")
            for name in peft_cases.CASES:
                peft_cases.make(name, os.path.join(source, name))
        for name in sorted(os.listdir(source)):
            one_case(args.lsv, name, os.path.join(source, name), work)
            if name in ("plain", "alpha", "rslora", "patterns", "patterns_rslora", "turned", "conv", "float64", "float16", "bfloat16"):
                converted(args.lsv, name, os.path.join(source, name), work)
        kohya_files(args.lsv, work)
        refusals(args.lsv, work, source)
        layouts(args.lsv, work, source)
        heads(args.lsv, work, source)
        if peft_cases:
            peft_reads(args.lsv, work, source)
            peft_adds(args.lsv, work)
    print(f"adapters: {'made by PEFT' if peft_cases else 'recorded'}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
