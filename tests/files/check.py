#!/usr/bin/env python3
"""Files between lsv and the packages that own the formats.

    check.py --lsv PATH [--record]

Recorded files (data/, written by NumPy and safetensors) are read by lsv and must give the recorded
values. Where NumPy is installed, files of every type and layout go both ways, bit for bit; the same
with safetensors. Malformed files must be refused with the file's name and a reason.
Ends with `N passed, M failed`."""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
try:
    import numpy as np
except ImportError:
    np = None
try:
    import safetensors.numpy as stn
except ImportError:
    stn = None
try:
    import torch
    import safetensors.torch as stt
except ImportError:
    torch = stt = None

passed = failed = 0


def check(ok, what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", what)


def run(lsv, program, folder):
    """Output lines, standard error, exit status of a program run in a folder."""
    path = os.path.join(folder, "program.lsv")
    with open(path, "w", encoding="utf-8") as f:
        f.write(program)
    p = subprocess.run([lsv, "program.lsv"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=300)
    return p.stdout.split("\n")[:-1], p.stderr, p.returncode


# ---- recorded files ----

SHOW = "print('{name}', k, a.dtype, list(a.shape), a.tolist())"


def describe(lsv, names, folder):
    lines = ["import numpy as np"]
    for name in names:
        if name.endswith(".npy"):
            lines += [f"k = ''; a = np.load({name!r})", SHOW.format(name=name)]
        elif name.endswith(".npz"):
            lines += [f"d = np.load({name!r})", "for k in d:", "    a = d[k]", "    " + SHOW.format(name=name)]
        elif name.endswith((".safetensors", ".index.json")):
            lines += [f"d = load({name!r})", "for k in d:", "    a = d[k]", "    " + SHOW.format(name=name)]
        else:
            lines += [f"k = ''; a = load({name!r})", SHOW.format(name=name)]
    return run(lsv, "\n".join(lines) + "\n", folder)


def recorded(lsv):
    with open(os.path.join(DATA, "expected.json"), encoding="utf-8") as f:
        expected = json.load(f)
    with tempfile.TemporaryDirectory() as folder:
        names = sorted(expected)
        for name in os.listdir(DATA):
            os.symlink(os.path.join(DATA, name), os.path.join(folder, name))
        for name in names:
            lines, err, status = describe(lsv, [name], folder)
            check(lines == expected[name], f"{name}: {lines} {err}, want {expected[name]}")


TYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


def sample(t, shape, seed=0):
    r = np.random.default_rng(seed)
    if t == "?":
        return np.asarray(r.integers(0, 2, shape)).astype("?")
    if t[0] in "iu":
        info = np.iinfo(t)
        return np.asarray(r.integers(info.min, min(info.max, 2**63 - 1), shape, dtype=t, endpoint=True))
    a = np.asarray(r.standard_normal(shape) * 100).astype(t)
    flat = a.reshape(-1)
    for i, x in enumerate([np.nan, np.inf, -np.inf, -0.0, np.finfo(t).tiny / 4]):
        if i < flat.size - 1:
            flat[i] = x
    return a


def expected_lines(name, arrays):
    names = {"int8": "int64", "int16": "int64", "uint8": "int64", "uint16": "int64", "uint32": "int64", "uint64": "int64"}
    prefix = "torch." if name.endswith((".safetensors", ".json")) else ""
    out = []
    for k, a in arrays:
        out.append(f"{name} {k} {prefix}{names.get(str(a.dtype), a.dtype)} {list(a.shape)} {a.tolist()}")
    return out


def record():
    """Writes data/ anew; needs NumPy and safetensors."""
    expected = {}

    def small(t, shape):
        if t == "?":
            return np.arange(np.prod(shape)).reshape(shape) % 3 == 0
        return (np.arange(np.prod(shape)).reshape(shape) * 3 - (0 if t[0] == "u" else 4)).astype(t)

    os.makedirs(DATA, exist_ok=True)
    for t in TYPES:
        for order in "<>":
            a = small(t, (2, 3)).astype(np.dtype(t).newbyteorder(order))
            name = f"{'bool' if t == '?' else t}-{'little' if order == '<' else 'big'}.npy"
            np.save(os.path.join(DATA, name), np.asfortranarray(a) if order == ">" else a)
            expected[name] = expected_lines(name, [("", a.astype(t))])
    for version in (1, 2, 3):
        a = small("f8", (2, 2, 2))
        name = f"version{version}.npy"
        with open(os.path.join(DATA, name), "wb") as f:
            np.lib.format.write_array(f, a, (version, 0))
        expected[name] = expected_lines(name, [("", a)])
    for name, a in (("scalar.npy", np.array(2.5)), ("empty.npy", np.zeros((0, 3)))):
        np.save(os.path.join(DATA, name), a)
        expected[name] = expected_lines(name, [("", a)])
    members = {"W": small("f4", (3, 2)), "n": np.array(7), "flags": small("?", (4,)), "turned": np.asfortranarray(small("i2", (2, 3)))}
    np.savez(os.path.join(DATA, "stored.npz"), **members)
    np.savez_compressed(os.path.join(DATA, "deflated.npz"), **members)
    for name in ("stored.npz", "deflated.npz"):
        expected[name] = expected_lines(name, members.items())
    tensors = {f"layer.{t}": small("?" if t == "bool" else t, (2, 3)) for t in ("bool", "i1", "i2", "i4", "i8", "u1", "f2", "f4", "f8")}
    stn.save_file(tensors, os.path.join(DATA, "types.safetensors"), metadata={"format": "np"})
    order = sorted(tensors, key=lambda k: read_header(os.path.join(DATA, "types.safetensors"))[k]["data_offsets"])
    expected["types.safetensors"] = expected_lines("types.safetensors", [(k, tensors[k]) for k in order])
    files = {"model-00001-of-00002.safetensors": {"a": small("f4", (2, 2))}, "model-00002-of-00002.safetensors": {"b": small("f2", (3,))}}
    for name, part in files.items():
        stn.save_file(part, os.path.join(DATA, name))
    index = {"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    with open(os.path.join(DATA, "model.safetensors.index.json"), "w", encoding="utf-8") as f:
        json.dump(index, f, indent=2)
    both = [(k, a) for part in files.values() for k, a in part.items()]
    expected["model.safetensors.index.json"] = expected_lines("model.safetensors.index.json", both)
    with open(os.path.join(DATA, "table.csv"), "w", encoding="utf-8") as f:
        f.write("rank,error\n1,0.5\n2,\n4,1e-3\n")
    expected["table.csv"] = ["table.csv  float64 [3, 2] [[1.0, 0.5], [2.0, nan], [4.0, 0.001]]"]
    with open(os.path.join(DATA, "expected.json"), "w", encoding="utf-8") as f:
        json.dump(expected, f, indent=1, sort_keys=True)


def read_header(path):
    with open(path, "rb") as f:
        n, = struct.unpack("<Q", f.read(8))
        return json.loads(f.read(n))


# ---- both ways ----

def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


WIDE = {"i1": "i8", "i2": "i8", "u1": "i8", "u2": "i8", "u4": "i8", "u8": "i8"}


def npy_both_ways(lsv):
    with tempfile.TemporaryDirectory() as folder:
        cases, program = [], ["import numpy as np"]
        for t in TYPES:
            for order in "<>":
                for shape in ((), (1,), (7,), (3, 4), (2, 3, 4), (0, 5), (4, 1), (2, 1, 1, 3)):
                    for fortran in (False, True):
                        a = sample(t, shape, len(cases)).astype(np.dtype(t).newbyteorder(order))
                        a = np.asfortranarray(a) if fortran else a
                        name = f"in{len(cases)}"
                        version = (1 + len(cases) % 3, 0)
                        with open(os.path.join(folder, name + ".npy"), "wb") as f:
                            np.lib.format.write_array(f, a, version)
                        program += [f"a = np.load('{name}.npy')", f"np.save('out{name}.npy', a)"]
                        cases.append((name, t, a))
        _, err, status = run(lsv, "\n".join(program) + "\n", folder)
        check(status == 0, f"npy: {err}")
        for name, t, a in cases:
            want = np.asarray(a.astype(WIDE.get(t, t)), order="F" if a.flags.fnc else "C")
            np.save(os.path.join(folder, "want.npy"), want)
            try:
                got = open(os.path.join(folder, f"out{name}.npy"), "rb").read()
            except OSError:
                got = b""
            check(got == open(os.path.join(folder, "want.npy"), "rb").read(), f"{name} {a.dtype} {a.shape} fortran={a.flags.fnc}")
        a = sample("f8", (5, 4))
        np.save(os.path.join(folder, "a.npy"), a)
        lines, err, _ = run(lsv, "import numpy as np\nr = np.load('a.npy', mmap_mode='r')\nc = np.load('a.npy', mmap_mode='c')\nc[0] = 7\n"
                                 "np.save('c', c); np.save('r', r)\nprint(np.load('a.npy')[0, 3] == 7)\nr[0] = 1\n", folder)
        check(lines == ["False"] and "read-only" in err, f"mmap_mode: {lines} {err}")
        check(same(np.load(os.path.join(folder, "r.npy")), a), "mmap_mode='r'")


def npz_both_ways(lsv):
    with tempfile.TemporaryDirectory() as folder:
        members = {t.replace("?", "bool"): sample(t, (3, 5)) for t in TYPES}
        members["zeros"] = np.zeros((200, 100))
        members["größe/β"] = np.asfortranarray(sample("f4", (3, 2)))
        for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
            save(os.path.join(folder, name + ".npz"), **members)
            _, err, status = run(lsv, f"import numpy as np\nd = np.load('{name}.npz')\nnp.savez('s-{name}.npz', **d)\nnp.savez_compressed('c-{name}', **d)\n"
                                      f"save('d-{name}.npz', d)\nnp.savez('p-{name}.npz', d['f8'], x=d['i4'])\n", folder)
            check(status == 0, f"npz {name}: {err}")
            for out in ("s", "c", "d"):
                path = os.path.join(folder, f"{out}-{name}.npz")
                if not os.path.exists(path):
                    check(False, path)
                    continue
                with zipfile.ZipFile(path) as z:
                    check(z.testzip() is None, f"{path}: sums")
                    kinds = {i.compress_type for i in z.infolist()}
                    check(kinds == ({zipfile.ZIP_DEFLATED} if out == "c" else {zipfile.ZIP_STORED}), f"{path}: compression {kinds}")
                got = np.load(path)
                check(got.files == list(members), f"{path}: {got.files}")
                for k, a in members.items():
                    check(same(got[k], a.astype(WIDE.get(k, a.dtype))), f"{path}: {k}")
            got = np.load(os.path.join(folder, f"p-{name}.npz"))
            check(sorted(got.files) == ["arr_0", "x"] and same(got["arr_0"], members["f8"]), f"npz {name}: unnamed")


def safetensors_both_ways(lsv):
    with tempfile.TemporaryDirectory() as folder:
        types = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
        tensors = {f"x.{i}.{t}": sample(t, shape, i) for t in types for i, shape in enumerate([(), (3,), (2, 3), (0, 2), (1, 2, 3, 4)])}
        path = os.path.join(folder, "in.safetensors")
        stn.save_file(tensors, path, metadata={"a": "b\n\"c\" β"})
        wide = {k: v.astype(WIDE.get(k.split(".")[2], v.dtype)) for k, v in tensors.items()}
        stn.save_file(wide, os.path.join(folder, "wide.safetensors"))
        _, err, status = run(lsv, "import numpy as np\nfrom safetensors.numpy import load_file, save_file\nd = load_file('in.safetensors')\nsave_file(d, 'out.safetensors')\n"
                                  "save('meta.safetensors', d, metadata={'a': 'b\\n\"c\" β'})\nnp.savez('out.npz', **d)\n", folder)
        check(status == 0, f"safetensors: {err}")
        def content(name):
            with open(os.path.join(folder, name), "rb") as f:
                return f.read()
        check(status == 0 and content("out.safetensors") == content("wide.safetensors"), "safetensors: the same bytes")
        if status == 0:
            got, back = np.load(os.path.join(folder, "out.npz")), stn.load_file(os.path.join(folder, "out.safetensors"))
            for k, a in wide.items():
                check(same(got[k], a) and same(back[k], a), f"safetensors: {k}")
            check(read_header(os.path.join(folder, "meta.safetensors"))["__metadata__"] == {"a": "b\n\"c\" β"}, "safetensors: metadata")
        if torch is None:
            return
        d = {"b": torch.randn(3, 4, dtype=torch.bfloat16), "h": torch.randn(5).half(), "f": torch.randn(2, 2), "i": torch.arange(3), "t": torch.tensor([True, False])}
        d["view"] = torch.randn(4, 3).T.contiguous()
        stt.save_file(d, os.path.join(folder, "t.safetensors"))
        lines, err, status = run(lsv, "import torch\nfrom safetensors.torch import load_file, save_file\nd = load_file('t.safetensors')\nsave_file(d, 'u.safetensors')\n"
                                      "print(d['b'].dtype, d['h'].dtype, d['b'].float().sum().item())\nd['f'] += 1\nprint(load_file('t.safetensors')['f'].equal(d['f']))\n", folder)
        check(status == 0 and lines[1:] == ["False"], f"safetensors.torch: {lines} {err}")
        check(status == 0 and content("u.safetensors") == content("t.safetensors"), "safetensors.torch: the same bytes")
        check(status == 0 and lines[0] == f"torch.bfloat16 torch.float16 {d['b'].float().sum().item()}", f"bfloat16: {lines}")


TEXTS = [("1 2 3\n4 5 6\n", ""), ("# head\n1,2\n\n3,4 # tail\n", "delimiter=','"), ("a b\n1 2\n3 4\n", "skiprows=1"), ("1 2 3\n4 5 6\n", "usecols=(2, 0)"),
         ("1 2 3\n4 5 6\n", "usecols=1"), ("1 2\n3 4\n5 6\n", "max_rows=2"), ("1 2\n3 4\n", "unpack=True"), ("1 2\n", "ndmin=2"), ("3\n", ""), ("1\n2\n", ""),
         ("1e400 -inf nan 1_0\n", ""), ("1.5 x\n", ""), ("1 2\n3\n", ""), ("1 2\n", "usecols=3"), ("1 2\n3 4\n", "dtype=int"), ("1.5 2\n", "dtype=int"), ("0.1 1e-7\n", "dtype=np.float32"),
         ("1;2\n3;4\n", "delimiter=';'"), ("% a\n1 2\n", "comments='%'"), ("1\t2\n3\t4\n", "delimiter='\\t'"), ("1,,2\n", "delimiter=','"), ("1, 2\r\n3, 4\r\n", "delimiter=','")]
GEN = [("1,,3\n4,x,6\n", "delimiter=','"), ("a,b\n1,2\n", "delimiter=',', skip_header=1"), ("1 2\n3 4\nfoo bar", "skip_footer=1"), ("1,2\n3,4\n", "delimiter=',', usecols=1"),
       ("1,,3", "delimiter=',', filling_values=0"), ("1,2,\n3,4,\n", "delimiter=','"), ("1,N,3", "delimiter=',', dtype=int"), ("1 2\n3 4\n5 6\n", "max_rows=2"), ("1 2\n3 4 5\n", "")]
FMTS = ["", "fmt='%d'", "fmt='%.4f', delimiter=','", "fmt=['%d', '%8.3e']", "fmt='%g -> %5.1f'", "header='a\\nb', footer='c', comments='! '", "newline='\\r\\n', fmt='%+.3G'", "fmt='%s'", "fmt='%10.5f'", "fmt='%-8d|'",
        "fmt=['%d']", "fmt='%d %d %d'"]


def texts_both_ways(lsv):
    def by_numpy(code):
        scope = {"np": np}
        try:
            exec(code, scope)
            return True
        except Exception as e:
            return f"{type(e).__name__}: {e}"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        import warnings
        warnings.simplefilter("ignore")
        for f, cases in (("loadtxt", TEXTS), ("genfromtxt", GEN)):
            for text, options in cases:
                with open("in.txt", "w", newline="", encoding="utf-8") as file:
                    file.write(text)
                for name in ("a.npy", "b.npy"):
                    if os.path.exists(name):
                        os.remove(name)
                code = f"import numpy as np\na = np.{f}('in.txt', {options})\nnp.save('FILE', a)\n"
                want = by_numpy(code.replace("FILE", "a.npy"))
                _, err, status = run(lsv, code.replace("FILE", "b.npy"), folder)
                if want is True:
                    check(status == 0 and same(np.load("a.npy"), np.load("b.npy")) if status == 0 else False, f"{f}({text!r}, {options}): {err}")
                else:
                    check(status == 1 and want.split("\n")[0] in err, f"{f}({text!r}, {options}): {err!r}, want {want}")
        for fmt in FMTS:
            for data in ("[[1, 2.5], [-3, 1e10]]", "[[1, 2], [3, 4]]", "[0.1, 1/3]"):
                code = f"import numpy as np\nnp.savetxt('FILE', np.array({data}), {fmt})\n"
                want = by_numpy(code.replace("FILE", "a.txt"))
                _, err, status = run(lsv, code.replace("FILE", "b.txt"), folder)
                if want is True:
                    check(status == 0 and open("a.txt", "rb").read() == open("b.txt", "rb").read(), f"savetxt({data}, {fmt}): {err}")
                else:
                    check(status == 1 and want.split(":")[0] in err, f"savetxt({data}, {fmt}): {err!r}, want {want}")
        os.chdir(HERE)


# ---- refusals ----

def npy_bytes(header, data=b"\0" * 8, version=1):
    h = header.encode("latin1")
    size = struct.pack("<H", len(h)) if version == 1 else struct.pack("<I", len(h))
    return b"\x93NUMPY" + bytes([version, 0]) + size + h + data


def st_bytes(header, data=b""):
    h = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(h)) + h + data


NPY = "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }"
ONE = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
REFUSED = [
    ("x.npy", b"", "ends before"), ("x.npy", b"hello, world", "no .npy file"), ("x.npy", npy_bytes(NPY % "<f8", b"1234"), "promises 8"),
    ("x.npy", npy_bytes(NPY % "|O"), "pickle"), ("x.npy", npy_bytes(NPY % "<c16"), "complex"), ("x.npy", npy_bytes(NPY % "<U3"), "strings"), ("x.npy", npy_bytes(NPY % "<M8[ns]"), "dates"),
    ("x.npy", npy_bytes("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}"), "structured"), ("x.npy", npy_bytes(NPY % "<f16"), "not supported"),
    ("x.npy", npy_bytes("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"), "beyond 64 bits"), ("x.npy", npy_bytes("{'descr': '<f8'}"), "no fortran_order"),
    ("x.npy", npy_bytes("{'descr': '<f8', 'shape': (-1,), 'fortran_order': False}"), "no integer"), ("x.npy", b"\x93NUMPY\x09\x00\x10\x00" + b" " * 16, "version 9.0"),
    ("x.npz", b"PK\5\6" + b"\0" * 10, "no zip archive"), ("x.npz", b"hello", "no zip archive"),
    ("x.safetensors", b"", "cut short"), ("x.safetensors", struct.pack("<Q", 10**9) + b"{}", "100000000"), ("x.safetensors", struct.pack("<Q", 100) + b"{}", "would need at least 108"),
    ("x.safetensors", st_bytes(ONE, b"123"), "cut short"), ("x.safetensors", st_bytes(ONE, b"12345"), "after the last tensor"), ("x.safetensors", st_bytes("[]"), "'{'"), ("x.safetensors", st_bytes("{"), "without an end"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', b"\0" * 8), "comes twice"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4), "a key twice"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4), "not known"), ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', b"\0" * 4), "integers"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', b"\0" * 4), "integers"), ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', b"\0" * 4), "needs 8 bytes"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', b"\0" * 4), "before it begins"), ("x.safetensors", st_bytes('{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}', b"\0"), "whole bytes"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}', b"\0" * 5), "a gap"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}', b"\0" * 6), "overlaps"),
    ("x.safetensors", st_bytes('{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}', b"\0" * 4), "64 bits"), ("x.safetensors", st_bytes('{"__metadata__":{"a":1}}'), "other than a string"),
    ("x.safetensors", st_bytes(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4), "UTF-8"), ("x.safetensors", st_bytes('{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}', b"\0" * 8), "C64"),
    ("x.safetensors", st_bytes('{"__metadata__":{"a":"","a":""}}'), "comes twice"), ("x.safetensors", st_bytes('{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', b"\0" * 4), "surrogate"),
    ("x.index.json", b'{"weight_map":{"a":"../x.safetensors"}}', "plain file name"), ("x.index.json", b'{"weight_map":{"a":"gone.safetensors"}}', "No such file"), ("x.index.json", b"{}", "without weight_map"),
    ("x.index.json", b'{"weight_map":{"a":"b","a":"b"}}', "comes twice"), ("x.pt", b"PK", "pickle"), ("x.what", b"", "not known"), ("x.csv", b"\0\1", "no text"),
]


def refusals(lsv):
    for name, content, reason in REFUSED:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content)
            _, err, status = run(lsv, f"load({name!r})\n", folder)
            check(status == 1 and reason in err and (name in err or "No such file" in err), f"{name} {content[:60]!r}: {err!r}, want {reason!r}")
    with tempfile.TemporaryDirectory() as folder:
        _, err, _ = run(lsv, "load('none.npy')\n", folder)
        check("FileNotFoundError: [Errno 2] No such file or directory: 'none.npy'" in err, err)
        _, err, _ = run(lsv, "save('no/where.npy', [1])\n", folder)
        check("FileNotFoundError" in err, err)
        os.makedirs(os.path.join(folder, "d.npy"))
        _, err, _ = run(lsv, "save('d.npy', [1])\n", folder)
        check("IsADirectoryError" in err, err)
        _, err, _ = run(lsv, "import torch\ntorch.load('m.pt')\n", folder)
        check("pickle" in err and "safetensors" in err, err)
        check(sorted(os.listdir(folder)) == ["d.npy", "program.lsv"], f"left behind: {os.listdir(folder)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--record", action="store_true", help="write data/ anew, with the NumPy and safetensors installed")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    if args.record:
        record()
    recorded(lsv)
    refusals(lsv)
    if np is not None:
        npy_both_ways(lsv)
        npz_both_ways(lsv)
        if int(np.__version__.split(".")[0]) >= 2:  # older ones word their refusals differently
            texts_both_ways(lsv)
    if np is not None and stn is not None:
        safetensors_both_ways(lsv)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
