#!/usr/bin/env python3
"""Notebooks: run, saved, replayed; the text forms; what a replay takes for explained and what for a difference.
Ends with `N passed, M failed`."""
import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile

from terminal import Checks, Terminal

try:
    import nbformat
except ImportError:
    nbformat = None

check = Checks()


def run(lsv, *args, text="", cwd=None, env=None):
    return subprocess.run([lsv, *args], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, cwd=cwd,
                          env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})))


def code(source, *outputs, count=1):
    return {"cell_type": "code", "execution_count": count, "metadata": {}, "source": source.splitlines(keepends=True), "outputs": list(outputs)}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text.splitlines(keepends=True)}


def result(text, count=1, **more):
    return {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": {"text/plain": text.splitlines(keepends=True), **more}}


def error(name, value="", traceback=()):
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": list(traceback)}


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 2}


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(content if isinstance(content, str) else json.dumps(content))
    return path


def running(lsv, folder):
    path = write(folder, "a.ipynb", notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "# a title\n1/0"}, code("import numpy as np\nx = 2"), code("print('hi')\nx * 21"), code("np.eye(2)\n"), code(""),
        {"cell_type": "raw", "metadata": {}, "source": "1/0"}, code("_ , Out[2]")))
    p = run(lsv, path)
    check("code cells run and show what they give", p.stdout == "hi\nOut[2]: 42\nOut[3]:\narray([[1., 0.],\n       [0., 1.]])\nOut[4]:\n(array([[1., 0.],\n       [0., 1.]]), 42)\n"
          .replace("Out[4]:\n", "Out[4]:\n") and p.returncode == 0, p.stdout + p.stderr)
    path = write(folder, "e.ipynb", notebook(code("a = 1"), code("b = 2\nc = b / 0"), code("print('after')")))
    p = run(lsv, path)
    check("an error stops, and names cell and line", p.returncode == 1 and p.stdout == "" and re.search(r"e\.ipynb, cell 2:2", p.stderr), p.stdout + p.stderr)
    p = run(lsv, "--keep-going", path)
    check("--keep-going goes on", p.returncode == 1 and p.stdout == "after\n", p.stdout)
    v3 = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": ["print(3)"], "prompt_number": 1, "language": "python",
          "outputs": [{"output_type": "stream", "stream": "stdout", "text": "3\n"}]}]}]}
    path = write(folder, "v3.ipynb", v3)
    check("format 3", run(lsv, path).stdout == "3\n" and run(lsv, "--replay", path).returncode == 0)
    for name, text, words in (("cut", '{"cells": [', "ends in the middle"), ("list", "[]", "no list of \"cells\""), ("bad", '{"cells": [}]}', "line 1, column"), ("empty", "", "ends in the middle"),
                              ("odd", '{"cells": [1, null, {"cell_type": 3, "source": {}}, {"cell_type": "code", "outputs": [1, {"output_type": "stream"}], "source": [1, "print(1)"]}]}', "cell 1 has no source"),
                              ("number", '{"cells": [{"cell_type": "code", "source": ["1"]}, {"cell_type": "code", "source": 5, "outputs": 7}]}', "cell 2 has no source"),
                              ("loose", '{"cells": [{"cell_type": "code", "outputs": [1, {"output_type": "stream"}], "source": [1, "print(1)"]}]}', None)):
        p = run(lsv, write(folder, name + ".ipynb", text))
        check(f"a bad file: {name}", (p.returncode == 2 and words in p.stderr) if words else p.stdout == "1\n", p.stdout + p.stderr)
    check("a missing file", run(lsv, os.path.join(folder, "none.ipynb")).returncode == 2)
    path = write(folder, "m.md", "# Title\n\n```python\nx = 6\nx * 7\n```\n\n```\n42\n```\n\ntext\n\n```bash\nfalse\n```\n\n````lsv\ns = '```'\ns\n````\n")
    p = run(lsv, path)
    check("Markdown's blocks run", p.stdout == "Out[1]: 42\nOut[2]: '```'\n", p.stdout + p.stderr)
    check("Markdown replays", run(lsv, "--replay", path).returncode == 0)
    p = run(lsv, "--replay", write(folder, "m2.md", "```python\n6 * 7\n```\n\n```\n43\n```\n"))
    check("and differs", p.returncode == 1 and "expected  43" in p.stdout and "got       42" in p.stdout, p.stdout)


SESSION = """import numpy as np
W = np.arange(4).reshape(2, 2)
W
print("a\\tb", "λ", '"q"')
W[0, 0] = 9
undo
W[0, 0]
1/0
for i in range(2):
    print(i)

"one"; "two"
"""


def saving(lsv, folder):
    p = run(lsv, "-i", "--plain", "--test", text=SESSION + "%save s.ipynb\n%save s.md\n%save s.lsv\n%save part.ipynb 1-3 5\n%save -f s.lsv\n%save nowhere/s.ipynb\n%save\n", cwd=folder)
    check("%save says what it wrote", "8 cells written to s.ipynb" in p.stdout and p.stdout.count("8 cells written") == 4, p.stdout[-400:])
    check("errors of %save", "No such file or directory: 'nowhere/s.ipynb'" in p.stderr and "%save wants a file" in p.stderr, p.stderr)
    with open(os.path.join(folder, "s.ipynb")) as f:
        text = f.read()
    nb = json.loads(text)
    check("nbformat 4.5", (nb["nbformat"], nb["nbformat_minor"]) == (4, 5))
    check("ids are there and differ", len({c["id"] for c in nb["cells"]}) == len(nb["cells"]) == 8 and all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", c["id"]) for c in nb["cells"]), nb)
    check("laid out as Jupyter does", text == json.dumps(nb, indent=1, sort_keys=True, ensure_ascii=False) + "\n", text)
    if nbformat:
        nbformat.validate(nbformat.reads(text, 4))
        check("nbformat accepts it", True)
    sources = ["".join(c["source"]) for c in nb["cells"]]
    check("what undo took back is left out", "W[0, 0] = 9" not in sources and "undo" not in sources and "W[0, 0]" in sources, sources)
    by_source = {s: c for s, c in zip(sources, nb["cells"])}
    check("a value", by_source["W"]["outputs"][0]["output_type"] == "execute_result" and by_source["W"]["outputs"][0]["execution_count"] == by_source["W"]["execution_count"] == 3)
    check("a stream", "".join(by_source['print("a\\tb", "λ", \'"q"\')']["outputs"][0]["text"]) == 'a\tb λ "q"\n', nb)
    failure = by_source["1/0"]["outputs"][0]
    check("an error", failure["output_type"] == "error" and failure["ename"] == "ZeroDivisionError" and failure["evalue"] == "division by zero" and failure["traceback"], failure)
    check("a block", sources[-2] == "for i in range(2):\n    print(i)", sources)
    p = run(lsv, "--replay", os.path.join(folder, "s.ipynb"))
    check("a saved session replays", p.returncode == 0 and "8 cells, 8 the same." in p.stdout, p.stdout)
    p = run(lsv, "--replay", os.path.join(folder, "s.md"))
    check("also from Markdown", p.returncode == 0 and "DIFFERENT" not in p.stdout, p.stdout)
    p = run(lsv, os.path.join(folder, "s.lsv"))
    check("a saved program runs through", p.returncode == 0 and "array([[0, 1],\n       [2, 3]])" in p.stdout and p.stdout.endswith("0\n1\n'two'\n"), p.stdout + p.stderr)
    with open(os.path.join(folder, "s.lsv")) as f:
        check("the failed cell is a comment in it", "# ZeroDivisionError: division by zero\n# 1/0\n" in f.read())
    p = run(lsv, "-e", "6 * 7\n# %%\n_ + 1\n# %%\n_1, _2, Out[1], In[1]")
    check("a program may speak of its cells", p.stdout == "42\n43\n(42, 43, 42, '6 * 7')\n", p.stdout + p.stderr)
    with open(os.path.join(folder, "part.ipynb")) as f:
        check("ranges", ["".join(c["source"]) for c in json.load(f)["cells"]] == [SESSION.split("\n")[i] for i in (0, 1, 2, 4)])
    p = run(lsv, "-e", "1\n%save s.lsv", cwd=folder)
    check("a script does not write over a file", p.returncode == 1 and "%save -f" in p.stderr, p.stderr)
    with Terminal([lsv, "--plain"], cwd=folder) as t:
        t.prompt()
        t.run("5")
        t.send("%save s.md\r")
        t.wait_for(r"Overwrite \(y/\[N\]\)\?")
        t.send("\r")
        t.wait_for("Nothing written")
        t.prompt()
        t.run("%save new.md")
        check("its own file is written again without asking", "written to new.md" in t.run("%save new.md"), t.text())
    long = "print('x' * 5_000_000)\n%save long.ipynb\n"
    run(lsv, "-i", "--plain", "--test", text=long, cwd=folder)
    size = os.path.getsize(os.path.join(folder, "long.ipynb"))
    check("outputs kept are bounded", 3_000_000 < size < 4_500_000, size)
    bad = b"print('\xff\xfe')\n%save bytes.ipynb\n"
    subprocess.run([lsv, "-i", "--plain", "--test"], input=bad, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "bytes.ipynb"), "rb") as f:
        check("bytes that are no UTF-8 do not spoil the file", json.loads(f.read().decode("utf-8")))


def replay(lsv, folder, *cells, options=()):
    path = write(folder, "r.ipynb", notebook(*cells))
    p = run(lsv, "--replay", path, *options)
    return p.returncode, p.stdout + p.stderr


def same(lsv, folder, name, *cells, words="", options=()):
    status, text = replay(lsv, folder, *cells, options=options)
    check(name, status == 0 and words in text and "DIFFERENT" not in text, text)


def different(lsv, folder, name, *cells, words="", options=()):
    status, text = replay(lsv, folder, *cells, options=options)
    check(name, status == 1 and words in text and "DIFFERENT" in text, text)


def replaying(lsv, folder):
    s, d = (lambda *a, **k: same(lsv, folder, *a, **k)), (lambda *a, **k: different(lsv, folder, *a, **k))
    imports = code("import numpy as np, torch, time")
    s("the same", imports, code("print(1)\n2", stream("1\n"), result("2")), words="2 cells, 2 the same. No difference")
    d("another value", code("6 * 7", result("43")), words="expected  43\n    got       42")
    d("a missing output", code("x = 1", result("1")), words="got       (nothing)")
    d("an output too many", code("print(5)"), words="expected  (nothing)\n    got       5")
    d("numbers are told", code("print('a', 1.5, 'b', 2.5)", stream("a 1.5 b 2.25\n")), words="numbers   1 of 2 differ, furthest apart 2.25 and 2.5: by 0.25, relative 0.1")
    d("only the lines that differ are shown", code("for i in range(100): print(i)", stream("".join(f"{i + (i == 50)}\n" for i in range(100)))), words="from output line 51 on:\n    expected  51\n    got       50\n")
    d("close is not the same", code("print(1.0000001)", stream("1.0\n")), words="hint      --tol 1e-07 takes them as equal")
    s("but within a tolerance", code("print(1.0000001)", stream("1.0\n")), options=("--tol", "1e-6"), words="1 the same to 1e-06")
    d("beyond the tolerance", code("print(1.001)", stream("1.0\n")), options=("--tol", "1e-6"))
    d("words are never within a tolerance", code("print('b 1')", stream("a 1\n")), options=("--tol", "0.5"))
    d("nor is another shape", imports, code("np.zeros(3)", result("array([0., 0.])")), options=("--tol", "0.5"))
    s("an array's padding goes with its numbers", imports, code("np.array([1.5, -2])", result("array([ 1.5000001, -2.       ])")), options=("--tol", "1e-6"))
    d("nan is no number near 1", code("print(float('nan'))", stream("1.0\n")), options=("--tol", "0.9"))
    s("the same error", code("1/0", error("ZeroDivisionError", "other words")))
    d("another error", code("1/0", error("ValueError", "x")), words="expected  ValueError: x\n    got       ZeroDivisionError: division by zero")
    d("an error where there was none", code("1/0"), words="expected  no error")
    d("no error where there was one", code("x = 1", error("KeyError", "'a'")), words="got       no error")
    d("the cells after an error run", code("1/0", error("ZeroDivisionError")), code("5", result("6")), words="got       5")
    s("standard error is not compared", code("x = 1", stream("a warning\n", "stderr")))
    s("a cell that was never run", {**code("5"), "execution_count": None}, words="1 with nothing stored")
    s("a picture is not compared", code("x = 1", {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA", "text/plain": "<Figure size 640x480 with 1 Axes>"}}))
    # what the file itself explains
    s("random without a seed", imports, code("W = np.random.rand(2, 2)\nW", result("array([[0.1, 0.2],\n       [0.3, 0.4]])")), words="random without a seed (np.random.rand, cell 2, line 1); words and shapes are the same")
    d("but not another shape", imports, code("W = np.random.rand(2, 2)\nW", result("array([[0.1, 0.2, 0.5],\n       [0.3, 0.4, 0.6]])")), words="shapes or words differ too")
    s("through names, functions and cells", imports, code("def f(n):\n    return torch.randn(n)"), code("a = f(3)"), code("b = [a + 1]\nc = b[0]"), code("c", result("tensor([1., 2., 3.])")),
      words="torch.randn, cell 2, line 2")
    d("with a seed it counts", imports, code("np.random.seed(0)\nnp.random.rand()", result("0.5")), words="got       0.5488135039273248")
    d("torch's seed is not NumPy's", imports, code("torch.manual_seed(0)"), code("torch.rand(1)", result("tensor([0.5])")), words="tensor([0.4963])")
    d("a shape of something random counts", imports, code("x = np.random.rand(3)\nx.shape", result("(4,)")))
    d("what does not depend on it counts", imports, code("x = np.random.rand(3)"), code("6 * 7", result("41")))
    d("a name bound anew counts", imports, code("x = np.random.rand()"), code("x = 1"), code("x", result("2")))
    s("what is printed may depend on it", imports, code("if np.random.rand() < 2:\n    print('small')", stream("large\n")), words="words depend on it")
    s("loops and in-place changes", imports, code("L = []\nfor i in range(2):\n    L.append(np.random.rand())\nX = np.zeros(2)\nX[0] = L[0]"), code("X", result("array([0.1, 0. ])")))
    s("a generator without a seed", imports, code("r = np.random.default_rng()"), code("r.random()", result("0.5")))
    d("a generator with one", imports, code("r = np.random.default_rng(1)"), code("r.random()", result("0.5")))
    s("the clock", imports, code("t = time.time()\nprint(f'{time.time() - t:.3f} s')", stream("12.345 s\n")), words="depends on the clock (time.time")
    s("%time", code("%time 5", stream("CPU times: user 3 ms, sys: 0 ns, total: 3 ms\nWall time: 2.5 s\n"), result("5")), words="depends on the clock (%time")
    s("%%timeit", code("%%timeit -n 1 -r 1\n5", stream("10 ns ± 0 ns per loop (mean ± std. dev. of 1 run, 1 loop each)\n")), words="%%timeit")
    s("addresses", code("def f(x): pass\nprint(f)", stream("<function f at 0x7f0000000000>\n")), words="addresses of objects")
    s("IPython's way with functions", code("def f(x): pass\nf", result("<function __main__.f(x)>")), words="how functions are shown")
    s("IPython's line breaks", code("[[1, 2], [3, 4]]", result("[[1, 2],\n [3, 4]]")), words="line breaks")
    s("NumPy 1's scalars", imports, code("np.float64(1.5)", result("1.5")), words="NumPy 1")
    s("the GPU", imports, code("torch.ones(2)", result("tensor([1., 1.], device='cuda:0')")), words="the GPU it ran on")
    # exit statuses and usage
    check("--replay without a file", run(lsv, "--replay").returncode == 2)
    check("--tol that is none", run(lsv, "--replay", "x", "--tol", "much").returncode == 2)
    path = write(folder, "v.ipynb", notebook(code("1", result("1"))))
    check("--verbose lists what agrees", "cell 1 (In [1]): the same" in run(lsv, "--replay", path, "--verbose").stdout)
    check("nothing on the way but the report", run(lsv, "--replay", write(folder, "q.ipynb", notebook(code("print('noise')", stream("noise\n"))))).stdout.count("noise") == 0)


TEXT = """# About

Some words.

In [1]:
import numpy as np

x = 3

def f(a):
    return a + 1


# a comment that belongs to the code
print(f(x))
print("one: two")

4
one: two


### A heading

More words.

In [2]:
print("shape:", np.zeros((2, 2)).shape)
np.eye(2)

shape: (2, 2)


array([[1., 0.],
       [0., 1.]])

# Another heading

In [ ]:
y = 5

In [4]:
for i in range(200):
    print(i, end=" ")

"""


def text_form(lsv, folder):
    text = TEXT + (" ".join(str(i) for i in range(400)) + " ")[:1000][:len(" ".join(str(i) for i in range(200)))]
    path = write(folder, "t.txt", text)
    p = run(lsv, "--replay", path, "--verbose")
    check("cells, outputs and Markdown are told apart", p.returncode == 0 and p.stdout.count(": the same") == 3 and "nothing stored" in p.stdout, p.stdout)
    p = run(lsv, "--replay", write(folder, "t2.txt", text.replace("one: two\n\n\n", "one: three\n\n\n")))
    check("a difference", p.returncode == 1 and "cell 1 (In [1]), line 5: DIFFERENT" in p.stdout and "expected  one: three" in p.stdout, p.stdout)
    timed = "In [1]:\n%%time\nx = 5\n\nx * 2\n\nCPU times: user 1 s, sys: 0 ns, total: 1 s\nWall time: 2 s\n\n\n10\n\n\nIn [2]:\n%%script echo off\nx = 6\n\nx\n\nIn [3]:\nx\n\n5\n"
    p = run(lsv, "--replay", write(folder, "t8.txt", timed))
    check("cell magics", p.returncode == 1 and "3 cells, 1 the same, 1 with differences that the file explains, 1 DIFFERENT" in p.stdout and "got       off" in p.stdout, p.stdout)
    failing = "In [1]:\nx = 1\nprint(x)\n1/0\n\n1\n\n\n---------------------------------------------------------------------------\nZeroDivisionError                         Traceback (most recent call last)\n----> 3 1/0\n\nZeroDivisionError: division by zero\n"
    p = run(lsv, "--replay", write(folder, "t9.txt", failing), "--verbose")
    check("a traceback", p.returncode == 0 and "the same" in p.stdout, p.stdout)
    big = "In [1]:\nimport numpy as np\nnp.arange(900)\n\n" + run(lsv, "-e", "import numpy as np\nnp.arange(900)").stdout[:1000]
    p = run(lsv, "--replay", write(folder, "t3.txt", big))
    check("an output that was cut", p.returncode == 0 and "the file holds the first 1000 characters" in p.stdout, p.stdout)
    p = run(lsv, "--replay", write(folder, "t4.txt", big.replace("100,", "101,")))
    check("but not one that differs before", p.returncode == 1, p.stdout)
    transcript = "In [1]: x = [1,\n   ...:      2]\n\nIn [2]: x\nOut[2]: [1, 2]\n\nIn [3]: for i in x:\n   ...:     print(i)\n   ...: \n1\n2\n\nIn [4]: 1/0\n"
    p = run(lsv, "--replay", write(folder, "t5.txt", transcript.replace("In [4]: 1/0\n", "")), "--verbose")
    check("a prompt's transcript", p.returncode == 0 and p.stdout.count(": the same") == 3, p.stdout)
    p = run(lsv, "--replay", write(folder, "t6.txt", transcript))
    check("and its differences", p.returncode == 1 and "ZeroDivisionError" in p.stdout, p.stdout)
    p = run(lsv, "--replay", write(folder, "t7.txt", "no cells at all\n"))
    check("prose", p.returncode == 0 and "no code cells" in p.stdout, p.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--seeds", help="a folder of notebooks as text; those that begin with 000, 001, 002 must replay")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    for group in (running, saving, replaying, text_form):
        with tempfile.TemporaryDirectory() as folder:
            check.group(group.__name__, group, lsv, os.path.realpath(folder))
    for name in sorted(os.listdir(args.seeds)) if args.seeds else []:
        p = run(lsv, "--replay", os.path.join(args.seeds, name))
        check(f"seed {name}", p.returncode == 0 and "DIFFERENT" not in p.stdout, p.stdout)
    print(f"{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
