#!/usr/bin/env python3
"""Magics, In and Out, undo: through pipes, and at the prompt in a pseudo-terminal with both line readers, at 80 and
40 columns, in UTF-8 and in the C locale. Ends with `N passed, M failed`."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from terminal import Terminal

passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {detail}")


class Prompt:
    """A session of the plain reader on a pipe: cells in, what each gave out."""

    def __init__(self, lsv, folder, *options, env=None):
        self.lsv, self.folder, self.options = lsv, folder, options
        self.env = dict({k: v for k, v in os.environ.items() if k not in ("COLUMNS",)}, HOME=folder, LC_ALL="C.UTF-8", **(env or {}))

    def run(self, *cells):
        """The output of each cell; errors come last, in .err."""
        text = "\n".join(cells) + "\n"
        p = subprocess.run([self.lsv, "-i", "--plain", "--test", *self.options], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, errors="replace", timeout=120, cwd=self.folder, env=self.env)
        self.err, self.status = p.stderr, p.returncode
        return [re.sub(r"\n+\Z", "\n", re.sub(r"^(?:\s*\.\.\.: )+", "", part)) for part in re.split(r"^In \[\d+\]: ", p.stdout, flags=re.M)[1:]]


DURATION = r"[\d.e+]+ (?:s|ms|μs|us|ns)"


def timing(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("%time 6*7", "%time x = 3", "x", "%timeit -n 10 -r 2 6*7", "%timeit -n1 -r1 y = 5", "y", "%timeit -q -o -n 5 -r 3 6*7", "_.loops, _.repeat, _.best <= _.average <= _.worst",
                "%timeit -n 2.5 1", "%time", "%time 1/0")
    head = rf"CPU times: user {DURATION}, sys: {DURATION}, total: {DURATION}\nWall time: {DURATION}\n"
    check("%time shows the value after the times", re.fullmatch(head + r"Out\[1\]: 42\n", out[0]), out[0])
    check("%time of a statement", re.fullmatch(head, out[1]), out[1])
    check("%time keeps what the statement assigns", out[2] == "Out[3]: 3\n", out[2])
    check("%timeit's text", re.search(rf"^{DURATION} ± {DURATION} per loop \(mean ± std\. dev\. of 2 runs, 10 loops each\)\n\Z", out[3], re.M), out[3])
    check("one run, one loop", "of 1 run, 1 loop each)" in out[4], out[4])
    check("%timeit leaves no variables", out[5] == "\n" or out[5] == "", out[5])
    check("-q -o", re.fullmatch(rf"Out\[7\]: <TimeitResult : {DURATION} ± {DURATION} per loop \(mean ± std\. dev\. of 3 runs, 5 loops each\)>\n", out[6]), out[6])
    check("the figures of -o", out[7] == "Out[8]: (5, 3, True)\n", out[7])
    check("a wrong count", "-n wants a count" in p.err, p.err)
    check("%time alone", "%time wants a statement" in p.err, p.err)
    check("an error still shows the times", re.match(head, out[10]) and "ZeroDivisionError" in p.err, out[10])
    p = subprocess.run([lsv, "-e", "%%timeit -n 3 -r 2 a = [3, 1, 2]\nsorted(a)"], stdout=subprocess.PIPE, text=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    check("%%timeit with a setup; C locale", re.fullmatch(r"[\d.e+]+ (?:us|ns|ms|s) \+- [\d.e+]+ (?:us|ns|ms|s) per loop \(mean \+- std\. dev\. of 2 runs, 3 loops each\)", p.stdout.strip().split("\n")[-1]), p.stdout)
    p = subprocess.run([lsv, "-e", "%timeit 1+1"], stdout=subprocess.PIPE, text=True)
    loops = re.search(r"of 7 runs, ([\d,]+) loops each", p.stdout)
    check("loops are a power of ten with commas", loops and re.fullmatch(r"10{1,9}", loops[1].replace(",", "")) and ("," in loops[1] or len(loops[1]) < 4), p.stdout)


def variables(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("%who", "b = [1, 2]; a = 3; import numpy as np; W = np.zeros((3, 4)); s = 'x'; f = lambda q: q", "%who", "%who_ls", "%who int str", "%who dict", "%whos", "_x = 1; %who",
                "%reset -f", "%who")
    check("%who of nothing", out[0] == "Interactive namespace is empty.\n", out[0])
    check("%who sorts", out[2] == "W\t a\t b\t f\t np\t s\t \n", repr(out[2]))
    check("%who_ls is a list", out[3] == "Out[4]: ['W', 'a', 'b', 'f', 'np', 's']\n", out[3])
    check("%who TYPE", out[4] == "a\t s\t \n", repr(out[4]))
    check("%who TYPE of none", out[5] == "No variables match your requested type.\n", out[5])
    head, *rows = out[6].strip("\n").split("\n")
    check("%whos' columns", head.split() == ["Name", "Kind", "Shape", "Dtype", "Bytes", "Device", "Value"], head)
    check("%whos' array", rows[0].split()[:8] == ["W", "ndarray", "(3,", "4)", "float64", "96", "B", "cpu"], rows[0])
    check("%whos' function", "<lambda>(q)" in rows[3], rows[3])
    check("hidden names stay hidden", "_x" not in out[7], out[7])
    check("%reset -f", out[9] == "Interactive namespace is empty.\n", out[9])
    cells = ["import numpy as np, torch", "big = np.arange(100000.); big[3] = np.nan", "t = torch.ones(5, 2)", "λ = 'x' * 300", "%whos"]
    for columns in (80, 40):
        text = Prompt(lsv, folder, env={"COLUMNS": str(columns)}).run(*cells)[4]
        check(f"%whos fits {columns} columns", all(len(line) < columns for line in text.split("\n")), text)
        check(f"%whos at {columns} columns names all", all(re.search(rf"^{name} ", text, re.M) for name in ("big", "t", "λ", "np", "torch")), text)
    text = Prompt(lsv, folder, env={"COLUMNS": "100"}).run(*cells)[4]
    check("ranges and NaNs", re.search(r"0 … 1e\+05, 1 nan", text) and "781 KiB" in text, text)


def names(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("10", "_ + 5", "_, __", "_1, _2", "Out[2]", "In[1], _i2, _i", "Out", "len(In)", "_ = 7", "99", "_")
    check("_", out[1] == "Out[2]: 15\n", out[1])
    check("_ and __", out[2] == "Out[3]: (15, 10)\n", out[2])
    check("_1, _2", out[3] == "Out[4]: (10, 15)\n", out[3])
    check("Out[2]", out[4] == "Out[5]: 15\n", out[4])
    check("In[1], _i2, _i", out[5] == "Out[6]: ('10', '_ + 5', 'Out[2]')\n", out[5])
    check("Out is a dictionary", out[6].startswith("Out[7]: {1: 10, 2: 15, 3: (15, 10)"), out[6])
    check("In counts from 1", out[7] == "Out[8]: 9\n", out[7])
    check("_ of the program's own is left alone", out[10] == "Out[11]: 7\n", out[10])


def cells(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("1 + 1", "x = 5", "for i in range(2):", "    x += i", "", "%history", "%history -n 1-2", "%history -n -o 1", "%history -g *x*=*", "%history -l 2", "%history 99", "%history -z")
    check("%history", out[3] == "1 + 1\nx = 5\nfor i in range(2):\n    x += i\n", repr(out[3]))
    check("%history -n RANGE", out[4] == "   1: 1 + 1\n   2: x = 5\n", repr(out[4]))
    check("%history -n -o", out[5] == "   1: 1 + 1\n2\n", repr(out[5]))
    check("%history -g", "x = 5" in out[6] and "1 + 1" not in out[6], repr(out[6]))
    check("%history -l", out[7] == "%history -n -o 1\n%history -g *x*=*\n", repr(out[7]))
    check("%history of no cell", out[8] == "\n" or out[8] == "", repr(out[8]))
    check("a wrong option is named", "option -z not recognized" in p.err, p.err)


def files(lsv, folder):
    os.makedirs(os.path.join(folder, "a b"), exist_ok=True)
    with open(os.path.join(folder, "prog.lsv"), "w") as f:
        f.write("print(argv)\nz = 5\n")
    with open(os.path.join(folder, "bad.lsv"), "w") as f:
        f.write("w = 1\n1/0\n")
    p = Prompt(lsv, folder)
    out = p.run("%pwd", "%cd a b", "%cd -", "%cd ~", "%cd nowhere", "%run prog.lsv 'one two' three", "z", "%run bad.lsv", "w", "%run none.lsv", "%ls", "%ls -l prog.lsv", "%load prog.lsv",
                "%env LSV_T=a b", "%env LSV_T", "%env NO_SUCH_NAME", "%run", "argv")
    real = os.path.realpath(folder)
    check("%pwd", out[0] == f"Out[1]: '{real}'\n", out[0])
    check("%cd with a blank", out[1] == os.path.join(real, "a b") + "\n", out[1])
    check("%cd -", out[2] == real + "\n", out[2])
    check("%cd ~", out[3] == real + "\n", out[3])
    check("%cd nowhere", "No such file or directory: 'nowhere'" in p.err, p.err)
    check("%run with arguments", out[5] == "['one two', 'three']\n", out[5])
    check("%run's variables", out[6] == "Out[7]: 5\n", out[6])
    check("%run's error ends the cell", "ZeroDivisionError" in p.err and "bad.lsv" in p.err and out[8] == "Out[9]: 1\n", p.err)
    check("%run of nothing there", "none.lsv" in p.err and "FileNotFoundError" in p.err, p.err)
    check("%ls marks folders", "a b/" in out[10] and "prog.lsv" in out[10], out[10])
    check("%ls -l", re.search(r"^ +\d+  \d{4}-\d\d-\d\d \d\d:\d\d  prog\.lsv\n", out[11]), out[11])
    check("%load without an editor shows and runs", out[12].startswith("print(argv)\nz = 5\n"), out[12])
    check("%env NAME=VALUE", out[13] == "env: LSV_T=a b\n" and out[14] == "Out[15]: 'a b'\n", out[13] + out[14])
    check("%env of no name", "does not have key: NO_SUCH_NAME" in p.err, p.err)
    check("%run without a file", "%run wants a file" in p.err, p.err)
    check("argv is gone after %run", "NameError" in p.err, p.err)


def shell(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("n = 3", "!echo $n {n + 1} $HOME $$", "!!printf 'a\\nb\\n'", "%sx echo q", "!exit 4", "_exit_code", "!cat; echo done")
    check("! expands names and expressions", re.fullmatch(rf"3 4 {re.escape(folder)} \$\n", out[1]), out[1])
    check("!! gives lines", out[2] == "Out[3]: ['a', 'b']\n", out[2])
    check("%sx", out[3] == "Out[4]: ['q']\n", out[3])
    check("_exit_code", out[5] == "Out[6]: 4\n", out[5])


def settings(lsv, folder):
    p = Prompt(lsv, folder)
    out = p.run("import numpy as np, torch", "x = 1/3", "%precision 3", "x", "[x, (x, 1)]", "np.array([x])", "%precision %.2e", "x", "%precision", "x", "%precision %s",
                "%format short", "x", "torch.tensor([x, 0.5])", "%format .2f", "x", "np.array([x, 1e-6])", "%format", "np.array([x])", "%format %d",
                "%config numpy.precision=2", "np.array([x])", "%config numpy.precision", "%config InteractiveShell.ast_node_interactivity='all'", "x; 2", "%config numpy.precison=3",
                "%config torch.sci_mode=7", "%device cpu", "%device nowhere")
    check("%precision 3", out[2] == "Out[3]: '%.3f'\n" and out[3] == "Out[4]: 0.333\n", out[2] + out[3])
    check("%precision inside containers", out[4] == "Out[5]: [0.333, (0.333, 1)]\n", out[4])
    check("%precision sets ndarrays too", out[5] == "Out[6]: array([0.333])\n", out[5])
    check("%precision FORMAT", out[7] == "Out[8]: 3.33e-01\n", out[7])
    check("%precision alone", out[8] == "Out[9]: '%r'\n" and out[9] == "Out[10]: 0.3333333333333333\n", out[8] + out[9])
    check("%precision refuses what is no float format", "Precision must be int or format string" in p.err, p.err)
    check("%format short", out[12] == "Out[13]: 0.33333\n" and "[0.3333, 0.5000]" in out[13], out[12] + out[13])
    check("%format .2f", out[15] == "Out[16]: 0.33\n" and out[16] == "Out[17]: array([0.33, 0.  ])\n", out[15] + out[16])
    check("%format alone", out[18] == "Out[19]: array([0.33333333])\n", out[18])
    check("%format refuses", "no format for floats" in p.err, p.err)
    check("%config sets", out[21] == "Out[22]: array([0.33])\n" and out[22] == "numpy.precision=2\n", out[21] + out[22])
    check("%config ast_node_interactivity", out[24] == "Out[25]: 0.3333333333333333\nOut[25]: 2\n", out[24])
    check("%config suggests", "did you mean numpy.precision?" in p.err, p.err)
    check("%config checks", "torch.sci_mode is a number from -1 to 1" in p.err, p.err)
    check("%device", out[27].startswith("device: cpu"), out[27])
    check("%device of no name", "nowhere" in p.err, p.err)
    out = p.run("%config", "%lsmagic", "%magic", "%timit 1", "%%tme\n1\n", "%hsitory", "%histo")
    check("%config lists", all(name in out[0] for name in ("numpy.linewidth", "torch.threshold", "InteractiveShell.ast_node_interactivity='last_expr'")), out[0])
    check("%lsmagic lists", all(name in out[1] for name in ("%timeit", "%whos", "%%script", "%save")), out[1])
    check("%magic says what each does", "%timeit [-n LOOPS]" in out[2], out[2])
    check("an unknown magic suggests the nearest", "did you mean %timeit?" in p.err and "did you mean %history?" in p.err, p.err)
    check("an unknown cell magic too", "did you mean %%time?" in p.err, p.err)


def undo(lsv, folder):
    def state(*cells):
        p = Prompt(lsv, folder)
        out = p.run("import numpy as np, torch", *cells)
        return out[1:], p.err

    out, err = state("x = 1", "x = 2; y = 3", "undo", "x", "'y' in globals() if False else x", "undo", "undo", "undo", "x")
    check("undo", out[2] == "back to before cell 3: y, x\n" and out[3] == "Out[5]: 1\n", out)
    check("undo again goes back one more", "back to before cell 2" in "".join(out[5:]), out)
    check("what undo takes away is gone", "NameError" in err, err)
    out, err = state("W = np.zeros((2, 2)); V = W[0]; L = [1, [2]]; D = {'a': W, 'b': L}", "W[0, 0] = 5; V[1] = 6; L[1].append(3); D['c'] = 1; del D['b']", "undo", "W, V, L, D", "V[0] = 9", "W[0, 0]")
    check("arrays, views, lists and dictionaries come back", out[3] == "Out[5]:\n(array([[0., 0.],\n       [0., 0.]]), array([0., 0.]), [1, [2]], {'a': array([[0., 0.],\n       [0., 0.]]), 'b': [1, [2]]})\n", out[3])
    check("and still share their memory", out[5] == "Out[7]: np.float64(9.0)\n", out[5])
    out, err = state("W = np.zeros(3)", "def f(a):", "    a[0] = 7", "", "f(W)", "undo", "W", "g = lambda a: a.fill(4)", "g(W)", "undo", "W")
    check("what a function changed comes back", out[4] == "Out[6]: array([0., 0., 0.])\n", out)
    check("what a lambda changed comes back", out[8] == "Out[10]: array([0., 0., 0.])\n", out)
    out, err = state("np.random.seed(0)", "a = np.random.rand()", "undo", "np.random.rand()", "r = np.random.default_rng(1)", "r.random()", "undo", "r.random()")
    check("random streams come back", out[3] == "Out[5]: 0.5488135039273248\n" and out[5] == out[7].replace("[9]", "[7]"), out)
    out, err = state("t = torch.ones(3, requires_grad=True)", "(t * 2).sum().backward()", "t.grad", "undo", "undo", "t.grad is None", "it = iter([1, 2, 3])", "next(it)", "undo", "next(it)")
    check("gradients come back", out[5] == "Out[7]: True\n", out)
    check("iterators come back", out[9] == "Out[11]: 1\n", out)
    out, err = state("def counter():", "    n = 0", "    def step():", "        nonlocal n", "        n += 1", "        return n", "    return step", "", "c = counter()", "c(), c()", "undo", "c()")
    check("captured variables come back", out[4] == "Out[6]: 1\n", out)
    out, err = state("x = 1", "%reset -f", "undo", "x", "1/0", "undo", "x")
    check("%reset can be taken back", out[3] == "Out[5]: 1\n", out)
    check("a failed cell can be taken back", out[6] == "Out[8]: 1\n", out)
    out, err = state("undo = 5", "undo", "%undo", "x = 1", "%undo", "undo")
    check("a variable called undo is a variable", out[1] == "Out[3]: 5\n", out)
    check("%undo works all the same", "back to before cell 5: x" in out[4] and out[5] == "Out[7]: 5\n", out)
    out, err = state("big = np.zeros(60_000_000)", "big[0] = 1", "undo", "big[0]")
    check("what is too large is named, not lost silently", "too large to be kept" in err and "big" in err and out[3] == "Out[5]: np.float64(1.0)\n", (out, err))
    p = subprocess.run([lsv, "-e", "x = 1\n%undo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check("undo in a script says no", p.returncode == 1 and "at the prompt" in p.stderr, p.stderr)
    p = Prompt(lsv, folder)
    p.run("undo")
    check("undo of nothing", "there is no cell to take back" in p.err, p.err)


def terminal(lsv, folder):
    for reader in ([], ["--plain"]):
        for columns, locale in ((80, "C.UTF-8"), (40, "C")):
            name = f"{'plain' if reader else 'readline'} {columns} {locale}"
            with Terminal([lsv, *reader], columns=columns, locale=locale, cwd=folder) as t:
                t.prompt()
                t.run("import numpy as np")
                t.run("W = np.arange(6).reshape(2, 3)")
                text = t.run("%whos")
                check(f"{name}: %whos", re.search(r"^W +ndarray +\(2, 3\)", text, re.M) and all(len(line) <= columns for line in text.split("\n")), text)
                check(f"{name}: %whos is ASCII in C", locale != "C" or text.isascii(), text)
                t.run("W[0, 0] = 9")
                text = t.run("undo")
                check(f"{name}: undo", "back to before cell 4: W" in text, text)
                text = t.run("W[0, 0]")
                check(f"{name}: undone", re.search(r"Out\[6\]:\s+np.int64\(0\)", text), text)
                t.send("%reset\r")
                t.wait_for(r"\(y/\[n\]\)\?")
                t.send("n\r")
                t.wait_for("Nothing done")
                t.prompt()
                check(f"{name}: %reset asks, n keeps", "W" in t.run("%who"), t.text())
                t.send("%reset\r")
                t.wait_for(r"\(y/\[n\]\)\?(?![\s\S]*Nothing)")
                t.send("y\r")
                t.settle()
                text = t.run("%who")
                check(f"{name}: %reset asks, y deletes", "namespace is empty" in text, text)
                text = t.run("!echo from the shell")
                check(f"{name}: !", "from the shell" in text, text)
                if not reader:
                    with open(os.path.join(folder, "cell.lsv"), "w") as f:
                        f.write("q = 40 + 2\n")
                    t.send("%load cell.lsv\r")
                    t.wait_for(r"q = 40 \+ 2")
                    t.send("\r")
                    t.settle()
                    text = t.run("q")
                    check(f"{name}: %load waits in the next cell", "42" in text, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("groups", nargs="*")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    groups = (timing, variables, names, cells, files, shell, settings, undo, terminal)
    for group in groups:
        if args.groups and group.__name__ not in args.groups:
            continue
        with tempfile.TemporaryDirectory() as folder:
            group(lsv, os.path.realpath(folder))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
