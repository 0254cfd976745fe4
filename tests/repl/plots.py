#!/usr/bin/env python3
"""Plots: as text on a pipe, as files, as graphics in a pseudo-terminal, and through matplotlib's names.
Ends with `N passed, M failed`."""
import argparse
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
import xml.etree.ElementTree as ET
import zlib

passed = failed = 0
IMPORTS = "import numpy as np\nimport torch\nimport matplotlib.pyplot as plt\n# %%\n"


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name} {detail}")


def run(lsv, code, columns=80, locale="C.UTF-8", *args, cwd=None):
    env = {k: v for k, v in os.environ.items() if k not in ("LC_CTYPE", "LANG", "LSV_GRAPHICS")}
    env.update(LC_ALL=locale, COLUMNS=str(columns))
    return subprocess.run([lsv, *args, "-"], input=IMPORTS + code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          encoding="utf-8", timeout=120, env=env, cwd=cwd)


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


# ---- text ----

PLOTS = {
    "line": "plot([1, 4, 9, 16], title='squares', xlabel='n', ylabel='n squared')",
    "lines": "plot(np.arange(50), [np.sin(np.arange(50) / 5), np.cos(np.arange(50) / 5)], labels=['sine', 'cosine of the same'], title='waves')",
    "log": "plot(10.0 ** np.arange(-8, 8), logy=True, style='points', title='powers')",
    "columns": "plot(np.arange(6).reshape(3, 2), labels=['a', 'b'], title='columns')",
    "steps": "plot([1, 3, 2], style='steps', title='steps')",
    "stems": "plot([1, 3, -2], style='stems', title='stems')",
    "spectrum": "spectrum(np.outer([1., 2, 3], [1., 1]) + np.eye(3)[:, :2], title='spectrum of W')",
    "heatmap": "heatmap(np.arange(12).reshape(3, 4) - 5, title='a matrix')",
    "hist": "hist(np.arange(100) ** 2, title='a histogram')",
    "tensor": "plot(torch.tensor([1., 2.], requires_grad=True), title='a tensor')",
    "gaps": "plot([1, np.nan, 2, np.inf, 3, 4], title='gaps')",
    "large": "plot([1e300, -1e300, 3e299], title='large')",
}


def text_plots(lsv):
    for name, code in PLOTS.items():
        for columns in (80, 40):
            for locale in ("C.UTF-8", "C"):
                where = f"{name} at {columns} columns in {locale}"
                p = run(lsv, code, columns, locale)
                lines = p.stdout.split("\n")
                title = re.search(r"title='([^']*)'", code).group(1)
                check(where, p.returncode == 0 and p.stderr == "" and title in p.stdout, p.stderr[-300:])
                check(f"{where}: no wider", max(map(width, lines)) <= columns, max(lines, key=width))
                check(f"{where}: no trailing blanks, no escapes", "\x1b" not in p.stdout and all(l == l.rstrip() for l in lines))
                check(f"{where}: only ASCII" if locale == "C" else f"{where}: a frame", p.stdout.isascii() if locale == "C" else "┌" in p.stdout and "┘" in p.stdout)
    p = run(lsv, "plot([0, 1], size=(6, 1))\n# %%\nplot([0, 1], size=(6, 1));\n# %%\nf = plot([0, 1], size=(6, 1))\n# %%\nf")
    check("the echo draws, a semicolon and a name do not", p.stdout.count("┌") == 2, p.stdout)
    p = run(lsv, "for k in range(3): plot([0, k], size=(6, 1)).show()\nshow()")
    check("show draws", p.stdout.count("┌") == 4, p.stdout)
    p = run(lsv, "spectrum(np.diag([5., 3, 1e-20]))\n# %%\nspectrum(np.diag([5., 3, 2]), rank=1)\n# %%\nspectrum([3., 2, 1], tol=1.5)")
    check("spectrum marks the rank", "rank 2" in p.stdout and "rank 1" in p.stdout and "2 values kept" in p.stdout and "2 left out" in p.stdout, p.stdout)
    p = run(lsv, "f = plot([1, 2]); print(f, type(f).__name__); print(str(heatmap([[1]])))")
    check("print names a figure", p.stdout == "<Figure> Figure\n<Figure>\n", p.stdout)


ERRORS = [
    ("plot()", "TypeError: plot takes y, or x and y"),
    ("plot('a')", "TypeError: y: numbers are needed, not str"),
    ("plot([1, 2], [1, 2, 3])", "ValueError: x and y must have the same length, but x has 2 and y has 3"),
    ("plot(np.zeros((2, 2, 2)))", "ValueError: a vector or a matrix"),
    ("plot([0, -1], logy=True)", "ValueError: plot: a logarithmic y axis shows positive numbers only"),
    ("plot([1, 2], style='wavy')", "ValueError: plot: style is"),
    ("plot([1, 2], color='blurple')", "ValueError: 'blurple' is not a color lsv knows"),
    ("plot([1, 2], xlim=(1, 1))", "ValueError: xlim: the two ends are equal"),
    ("plot([1, 2], size=(0, 3))", "ValueError: size is a width and a height in inches"),
    ("spectrum([1, -1])", "ValueError: spectrum: singular values are not negative"),
    ("spectrum(np.eye(2), rank=3)", "ValueError: spectrum: rank must be 0 to 2, not 3"),
    ("spectrum([[1, np.nan], [0, 1]])", "LinAlgError: svd: the matrix contains nan"),
    ("heatmap([1, 2])", "ValueError: heatmap: a matrix is needed, not a vector"),
    ("heatmap(np.zeros((0, 2)))", "ValueError: a matrix of shape (0, 2) has nothing to show"),
    ("savefig('x.svg')", "RuntimeError: savefig: there is no figure yet"),
    ("plot([1]); savefig('x.gif')", "ValueError: savefig writes .svg, .pdf and .png"),
    ("plot([1]); savefig('/nonexistent/x.svg')", "FileNotFoundError: [Errno 2] No such file or directory: '/nonexistent/x.svg'"),
    ("plot([1]); savefig('x.png', dpi=1)", "ValueError: dpi must be 10 to 2400, not 1"),
    ("show(3)", "TypeError: show: a Figure is needed, not int"),
    ("plt.polar([1])", "AttributeError: module 'matplotlib.pyplot' has no attribute 'polar'"),
    ("plt.plot([1], wobble=2)", "AttributeError: Line2D.set() got an unexpected keyword argument 'wobble'"),
    ("plt.plot([1, 2], 'q')", "ValueError: 'q' is not a valid format string"),
]


def errors(lsv, cairo):
    for code, want in ERRORS:
        if "savefig" in code and "no figure" not in want and not cairo:
            continue
        p = run(lsv, code)
        check(f"error of {code}", p.returncode == 1 and want in p.stderr and p.stdout == "", f"{p.stdout!r} {p.stderr!r}")
    p = run(lsv, "x = 7\n# %%\nplot('a')\n# %%\nprint(x, plot([x]))", 80, "C.UTF-8", "--keep-going")
    check("the session goes on after an error", p.stdout == "7 <Figure>\n", p.stdout)


# ---- files ----

def png_pixels(data):
    """Width, height and rows of (r, g, b) of a PNG of 8 bits a channel."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, idat, wide, high, kind = 8, b"", 0, 0, 0
    while at < len(data):
        n, name = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        if name == b"IHDR":
            wide, high, depth, kind = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and kind in (2, 6)
        if name == b"IDAT":
            idat += body
        at += 12 + n
    step = 3 if kind == 2 else 4
    raw, rows, before = zlib.decompress(idat), [], bytearray(wide * step)
    for y in range(high):
        filt, row = raw[y * (wide * step + 1)], bytearray(raw[y * (wide * step + 1) + 1:(y + 1) * (wide * step + 1)])
        for i in range(len(row)):
            a, b, c = (row[i - step] if i >= step else 0), before[i], (before[i - step] if i >= step else 0)
            if filt == 1:
                row[i] = (row[i] + a) & 255
            elif filt == 2:
                row[i] = (row[i] + b) & 255
            elif filt == 3:
                row[i] = (row[i] + (a + b) // 2) & 255
            elif filt == 4:
                p = a + b - c
                row[i] = (row[i] + min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]) & 255
        rows.append([tuple(row[x * step:x * step + 3]) for x in range(wide)])
        before = row
    return wide, high, rows


def polylines(svg):
    """The stroked paths of the file that are lines: lists of points, by their stroke."""
    for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path"):
        d = e.get("d", "")
        if re.fullmatch(r"[ML0-9.\- ]+", d) and "L" in d:
            yield (e.get("style") or "") + (e.get("stroke") or ""), [tuple(map(float, p)) for p in re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", d)]


def files(lsv, folder):
    code = ("f = plot([0, 1, 4, 2], [0., 3, 1, 2], title='four points', xlabel='x')\nf.savefig('a.svg'); savefig('a.pdf'); savefig('a.png'); savefig('b.PNG', size=(4, 3), dpi=100)\n"
            "f.savefig('again.svg'); savefig('again.pdf'); savefig('again.png')\n"
            "heatmap([[0, 1], [2, np.nan]]); savefig('h.svg'); savefig('h.png', dpi=60); savefig('h.pdf')\n"
            "spectrum(np.diag([1, .1, 1e-18]) + 0.0); savefig('s.svg')\n"
            "hist([1, 2, 2, 3]); savefig('hist.svg')")
    p = run(lsv, code, cwd=folder)
    check("savefig prints nothing", p.returncode == 0 and p.stdout == "" and p.stderr == "", p.stderr)
    if p.returncode:
        return
    read = lambda name: open(os.path.join(folder, name), "rb").read()
    for ending in ("svg", "pdf", "png"):
        check(f"the same {ending} each time", read("a." + ending) == read("again." + ending))
    check("nothing is left beside the files", sorted(os.listdir(folder)) == sorted(
        ["a.svg", "a.pdf", "a.png", "b.PNG", "again.svg", "again.pdf", "again.png", "h.svg", "h.png", "h.pdf", "s.svg", "hist.svg"]), os.listdir(folder))
    check("no dates", not any(re.search(rb"20(2[4-9]|[3-9]\d)-?[01]\d", re.sub(rb"stream.*?endstream", b"", read(n), flags=re.S)) for n in ("a.svg", "a.pdf")))
    for name in ("a.svg", "h.svg", "s.svg", "hist.svg"):
        root = ET.fromstring(read(name))
        check(f"{name} is SVG", root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("viewBox") == "0 0 460.8 288" or float(root.get("viewBox").split()[2]) > 400)
    line = [points for _, points in polylines(read("a.svg").decode()) if len(points) == 4]
    check("the line is in the file", len(line) == 1, len(line))
    if line:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = line[0]
        near = lambda a, b: abs(a - b) < 0.02
        check("x in proportion", near((x2 - x0) / 4, x1 - x0) and near(x3 - x0, 2 * (x1 - x0)), line)
        check("y in proportion, upwards", y1 < y0 and near((y0 - y1) / 3, y0 - y2) and near(y0 - y3, 2 * (y0 - y2)), line)
    wide, high, rows = png_pixels(read("a.png"))
    check("a.png's size", (wide, high) == (960, 600))
    flat = [p for row in rows for p in row]
    check("a.png shows the line", 1500 < sum(p == (0, 114, 178) for p in flat) < 30000 and flat.count((255, 255, 255)) > 400000)
    check("b.PNG's size", png_pixels(read("b.PNG"))[:2] == (400, 300))
    wide, high, rows = png_pixels(read("h.png"))
    colours = {}
    for row in rows:
        for p in row:
            colours[p] = colours.get(p, 0) + 1
    large = [c for c, n in colours.items() if n > wide * high / 16 and c != (255, 255, 255)]
    check("h.png has four cells of four colours", len(large) == 4 and (225, 225, 225) in large, colours and large)
    for name in ("a.pdf", "h.pdf"):
        check(f"{name} is PDF", read(name)[:5] == b"%PDF-" and b"%%EOF" in read(name)[-16:])
        if shutil.which("pdftoppm"):
            q = subprocess.run(["pdftoppm", "-r", "40", "-png", name], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            check(f"{name} can be read", q.returncode == 0 and png_pixels(q.stdout)[0] == 256 and not q.stderr, q.stderr[-200:])
    many = run(lsv, "x = np.arange(300000) / 1000\nplot(x, np.sin(x)); savefig('many.svg'); savefig('many.pdf')", cwd=folder)
    check("a long line makes a small file", many.returncode == 0 and len(read("many.svg")) < 600000, len(read("many.svg")))
    with open(os.path.join(folder, "kept.svg"), "w") as f:
        f.write("old")
    os.chmod(folder, 0o500)
    if os.geteuid() != 0:
        q = run(lsv, "plot([1, 2]); savefig('kept.svg')", cwd=folder)
        check("a folder that cannot be written", q.returncode == 1 and "PermissionError" in q.stderr and read("kept.svg") == b"old", q.stderr)
    os.chmod(folder, 0o700)


# ---- matplotlib's names ----

def pyplot(lsv, folder, cairo):
    p = run(lsv, "plt.plot([1, 2, 3]); plt.title('first')\nprint('between')\n# %%\nprint('after')")
    check("the open figure is shown when its cell ends", p.stdout.index("between") < p.stdout.index("first") < p.stdout.index("after"), p.stdout)
    p = run(lsv, "plt.plot([1, 2]); plt.show()\nprint('between')\nplt.plot([2, 1]); plt.title('second')")
    check("show() shows at once, and once", p.stdout.count("┌") == 2 and p.stdout.index("┌") < p.stdout.index("between") < p.stdout.index("second"), p.stdout)
    p = run(lsv, "plt.figure(figsize=(6, 2)); plt.plot([1], 'o')\nplt.figure(figsize=(6, 1)); plt.plot([1], 'x')")
    check("a second figure() shows the first", p.stdout.count("┌") == 2, p.stdout)
    p = run(lsv, "fig, ax = plt.subplots(figsize=(6, 2))\nax.plot([1, 2], label='up'); ax.set_title('T'); ax.set_xlabel('X'); ax.set_ylabel('Y'); ax.legend(); ax.set_yscale('log')")
    check("subplots() gives a figure and its axes", all(w in p.stdout for w in ("T\n", "X\n", "Y\n", "up")), p.stdout + p.stderr)
    p = run(lsv, "n, edges, _ = plt.hist([1, 2, 2, 3], bins=2)\nprint(n, edges)\nplt.close()")
    check("hist gives counts and edges, close() shows nothing", p.stdout == "[1 3] [1. 2. 3.]\n" or p.stdout == "[1. 3.] [1. 2. 3.]\n", p.stdout)
    p = run(lsv, "plt.plot([1, 2]); plt.plot([2, 1]); plt.legend(['one', 'two']); plt.xlim(0, 3); plt.ylim([0, 5]); plt.grid(); plt.tight_layout(); plt.xticks([0, 1])\n"
                 "plt.axhline(1.5, ls='--'); plt.axvline(0.5, color='r')\nplt.scatter([1], [1]); plt.bar([0, 1], [1, 2])")
    check("what notebooks call is there", p.returncode == 0 and "one" in p.stdout and "two" in p.stdout, p.stderr)
    p = run(lsv, "im = plt.imshow(np.eye(3), cmap='gray'); plt.colorbar(im)")
    check("imshow", p.returncode == 0 and "┌" in p.stdout, p.stderr)
    p = run(lsv, "from matplotlib import pyplot\nimport matplotlib\nmatplotlib.use('Agg')\npyplot.plot([1, 2]); pyplot.close()")
    check("the other ways to import it", p.returncode == 0 and p.stdout == "", p.stderr)
    p = run(lsv, "plt.plot([1, 2]); undefined_name")
    check("an error shows no figure", p.returncode == 1 and p.stdout == "", p.stdout)
    p = run(lsv, "fig, (a, b) = plt.subplots(1, 2, figsize=(8, 2))\na.plot([1, 2]); a.set_title('left'); b.imshow(np.eye(2)); b.set_title('right'); fig.colorbar(None, ax=b); fig.suptitle('both')")
    check("subplots(1, 2): one below the other as text", p.stdout.index("both") < p.stdout.index("left") < p.stdout.index("right") and p.stdout.count("└") == 2, p.stdout + p.stderr)
    p = run(lsv, "fig, axs = plt.subplots(2, 2)\naxs[1][0].plot([1, 2]); axs[1][0].set_title('lower left'); plt.close()\n"
                 "plt.subplot(1, 2, 1); plt.plot([1], 'o'); plt.title('A'); plt.subplot(122); plt.plot([2], 'o'); plt.title('B')")
    check("subplot()", p.returncode == 0 and p.stdout.index("A\n") < p.stdout.index("B\n") and "lower" not in p.stdout, p.stdout + p.stderr)
    p = run(lsv, "fig, axs = plt.subplots(2, 3)\naxs[1, 0].set_title('lower left')\nfor ax, t in zip(axs[0], 'abc'): ax.set_title('upper ' + t)\n"
                 "for ax in axs.flat: ax.plot([1, 2])\n(_, _, _), (_, _, last) = axs; last.set_title('last')\nprint(axs.shape, axs[:, 0], axs[-1, ::2].shape, len(axs), axs.T.shape)")
    titles = ["upper a", "upper b", "upper c", "lower left", "last"]
    places = [p.stdout.find(t) for t in titles]
    check("subplots(2, 3): an array of axes", p.returncode == 0 and -1 < places[0] and places == sorted(places), p.stdout + p.stderr)
    check("its shape and parts", p.stdout.startswith("(2, 3) array([<Axes: >, <Axes: >], dtype=object) (2,) 2 (3, 2)\n"), p.stdout[:200])
    p = run(lsv, "fig, axs = plt.subplots(1, 2, squeeze=False)\nprint(axs.shape, axs)\nplt.close(); print(plt.subplots(3)[1].shape, plt.subplots()[1])")
    check("squeeze=False: two axes in any case", p.stdout == "(1, 2) array([[<Axes: >, <Axes: >]], dtype=object)\n(3,) <Axes: >\n", p.stdout + p.stderr)
    for wrong, message in (("axs[2, 0]", "index 2 is out of bounds for axis 0 with size 2"), ("axs['a']", "integers and slices, not by str"), ("axs[0, 0, 0]", "too many indices")):
        p = run(lsv, "fig, axs = plt.subplots(2, 2)\n" + wrong)
        check(f"error of {wrong}", p.returncode == 1 and "IndexError" in p.stderr and message in p.stderr, p.stderr)
    if cairo:
        p = run(lsv, "plt.rcParams['figure.figsize'] = (4, 2); plt.rc('font', size=9)\nplt.plot([1, 2]); plt.savefig('r.svg'); plt.close()\nplt.rcdefaults(); plt.plot([1, 2]); plt.savefig('s.svg'); plt.close()", cwd=folder)
        sizes = [open(os.path.join(folder, n)).read(400) for n in ("r.svg", "s.svg")] if p.returncode == 0 else ["", ""]
        check("rcParams: the size of new figures", re.search('width="288', sizes[0]) and re.search('width="46[01]', sizes[1]), p.stderr + sizes[0])
    p = run(lsv, "plt.figure(figsize=(6, 2)); plt.bar(['alpha', 'beta', 'max-x'], [3, 1, 2]); plt.bar(['beta', 'new'], [2, 2])")
    labels = p.stdout.rstrip("\n").split("\n")[-1].split()
    check("bars by name, each name once", labels == ["alpha", "beta", "max-x", "new"], p.stdout + p.stderr)
    p = run(lsv, "fig, ax = plt.subplots(); ax.imshow(np.eye(3)); ax.set_xticks(range(3), ['a', 2.5, '']); ax.set_yticks([0, 2]); ax.set_yticklabels(['top', 'end'])")
    check("ticks where they are placed, with their labels", p.stdout.rstrip("\n").split("\n")[-1].split() == ["a", "2.5"] and "top ┤" in p.stdout and "end ┤" in p.stdout and "0" not in p.stdout, p.stdout + p.stderr)
    p = run(lsv, "plt.plot([1, 2]); plt.xticks([]); plt.yticks(np.arange(0, 1000)); plt.ylim(0, 999); plt.show()")
    check("no ticks; more than an axis has room for", "┬" not in p.stdout and p.stdout.count("┤") > 10, p.stdout + p.stderr)
    if cairo:
        p = run(lsv, "plt.bar(['max', 'é€😀' * 20], [1, 2]); plt.savefig('n.svg'); plt.savefig('n.pdf'); plt.close()", cwd=folder)
        check("names in files", p.returncode == 0 and os.path.getsize(os.path.join(folder, "n.svg")) > 1000, p.stderr)
    for wrong, error in (("plt.xticks([1, 2], ['a'])", "does not match the number of labels (1)"), ("plt.yticks(labels=['a'])", "yticks(): Parameter 'labels'"),
                         ("plt.xticks([[1, 2]])", "a vector of them"), ("plt.bar(['a', 1], [1, 2])", "'str'"), ("plt.bar([str(i) for i in range(100)], [1] * 100)", "room for 96 names")):
        p = run(lsv, wrong)
        check(f"error of {wrong}", p.returncode == 1 and error in p.stderr, p.stderr)
    p = run(lsv, "plt.rcParams['figure.figsize'] = 5\nplt.plot([1])")
    check("a setting that makes no sense is named", p.returncode == 1 and "figure.figsize is a pair of numbers" in p.stderr, p.stderr)
    for wrong, message in (("plt.subplots(0, 2)", "1 to 8 rows and columns"), ("plt.subplot(1, 2, 3)", "num must be an integer with 1 <= num <= 2, not 3")):
        p = run(lsv, wrong)
        check(f"error of {wrong}", p.returncode == 1 and "ValueError" in p.stderr and message in p.stderr, p.stderr)
    if cairo:
        p = run(lsv, "plt.plot([1, 2]); plt.savefig('p.svg'); plt.show()", cwd=folder)
        check("plt.savefig", p.returncode == 0 and os.path.getsize(os.path.join(folder, "p.svg")) > 1000, p.stderr)


# ---- terminals ----

def terminal(lsv, code, *args, **env):
    """What lsv writes to a pseudo-terminal, as bytes."""
    pid, fd = pty.fork()
    if pid == 0:
        keep = {k: os.environ[k] for k in ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS") if k in os.environ}
        os.execve(lsv, [lsv, *args, "-e", code], {**keep, "LC_ALL": "C.UTF-8", **env})
    data, end = b"", time.time() + 60
    while time.time() < end:
        ready, _, _ = select.select([fd], [], [], 1)
        if ready:
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            data += part
    os.waitpid(pid, 0)
    os.close(fd)
    return data


def terminals(lsv, graphics):
    code = "plot([1, 4, 9], [3, 2, 1], title='T')"
    text = terminal(lsv, code, TERM="xterm-256color")
    check("a terminal without graphics shows characters", "┌".encode() in text and b"\x1b_G" not in text and b"\x1bP" not in text)
    check("in colour", b"\x1b[38;5;" in text and b"\x1b[0m" in text)
    check("in true colour where there is", b"\x1b[38;2;0;114;178m" in terminal(lsv, code, TERM="xterm-256color", COLORTERM="truecolor"))
    check("without colour where none is wanted", b"\x1b" not in terminal(lsv, code, TERM="xterm-256color", NO_COLOR="1"))
    check("a dumb terminal gets plain text", b"\x1b" not in terminal(lsv, code, TERM="dumb", LSV_GRAPHICS="sixel"))
    check("--test gets plain text", b"\x1b" not in terminal(lsv, code, "--test", TERM="xterm-kitty"))
    if not graphics:
        return
    kinds = {"kitty": b"\x1b_G", "sixel": b"\x1bP", "iterm2": b"\x1b]1337;File="}
    for name, env in {"kitty": {"TERM": "xterm-kitty"}, "sixel": {"TERM": "mlterm"}, "iterm2": {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}}.items():
        shown = terminal(lsv, code, **env)
        check(f"{name} by the terminal's name", kinds[name] in shown and "┌".encode() not in shown, shown[:60])
        forced = terminal(lsv, code, TERM="xterm-256color", LSV_GRAPHICS=name)
        check(f"{name} by LSV_GRAPHICS", kinds[name] in forced and len(forced) > 1000, forced[:60])
    check("LSV_GRAPHICS=none", "┌".encode() in terminal(lsv, code, TERM="xterm-kitty", LSV_GRAPHICS="none"))
    env = dict(os.environ, TERM="xterm-kitty", LSV_GRAPHICS="kitty", LC_ALL="C.UTF-8")
    p = subprocess.run([lsv, "-e", code], stdout=subprocess.PIPE, env=env, timeout=60)
    check("never graphics on a pipe", b"\x1b" not in p.stdout and "┌".encode() in p.stdout)


def start(lsv):
    """Nothing of this is linked: the libraries come with the first picture."""
    p = subprocess.run(["ldd", lsv], stdout=subprocess.PIPE, text=True) if shutil.which("ldd") else None
    check("cairo, chafa and libzip are not linked", p is None or not re.search(r"libcairo|libchafa|libzip", p.stdout), p and p.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    with tempfile.TemporaryDirectory() as folder:
        p = run(lsv, "plot([1]); savefig('probe.svg')", cwd=folder)
        cairo = "Cairo" not in p.stderr
        check("savefig, or why not", p.returncode == 0 if cairo else "apt-get install" in p.stderr, p.stderr)
    text_plots(lsv)
    errors(lsv, cairo)
    with tempfile.TemporaryDirectory() as folder:
        if cairo:
            files(lsv, folder)
    with tempfile.TemporaryDirectory() as folder:
        pyplot(lsv, folder, cairo)
    terminals(lsv, cairo and b"\x1bP" in terminal(lsv, "plot([1])", TERM="mlterm"))
    start(lsv)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
