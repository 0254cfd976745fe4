#!/usr/bin/env python3
"""The walk's text and its exports: columns, ASCII, Markdown, LaTeX, notebook, SVG.

Tools that are not installed (pandoc, pdflatex, nbformat, rsvg-convert) are skipped with a message. Ends with
`N passed, M failed`."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import xml.dom.minidom

passed = failed = 0


def check(ok, *what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", *what)


MATRICES = {
    "seed": "[4, 0; 3, -5; 0, 2]", "wide": "[3, 2, 2; 2, 3, -2]", "rank1": "[2, -1, 2; 4, -2, 4; 4, -2, 4]", "repeated": "[3, 4; -4, 3]",
    "decimals": "[0.5, 1.25; -2, 0.75]", "cubic": "[1, 1, 0; 0, 1, 1; 0, 0, 1]", "quartic": "[2, 1, 0, 0; 0, 1, 3, 0; 1, 0, 0, 1; 0, 2, 0, 1]",
    "zero": "[0, 0, 0; 0, 0, 0]", "one": "[-7]", "diagonal": "[2, 0; 0, -5]", "column": "[1; -2; 2]", "hadamard": "[1, 1, 1, 1; 1, -1, 1, -1; 1, 1, -1, -1; 1, -1, -1, 1]",
    "surd3": "[1, 2, 3; 4, 5, 6; 7, 8, 9]", "blocks": "[1, 2, 0, 0; 3, 4, 0, 0; 0, 0, 1, 1; 0, 0, 0, 1]", "long": "[99, 1, -7, 3; 5, 77, 21, 9; -12, 34, -98, 6; 5, 4, 3, 2]",
    "near": "[1, 0; 0, 1.0001]", "digits": "[0.123, 4.567; 8.901, -2.345; 6.789, 0.012]", "thirds": '[["1", "1/2", "1/3"], ["1/2", "1/3", "1/4"], ["1/3", "1/4", "1/5"]]',
    "five": "[1, 2, 3, 4, 5; 2, 3, 4, 5, 7; 3, 1, 4, 1, 5; 9, 2, 6, 5, 3; 5, 8, 9, 7, 9]", "numeric": "arange(81).reshape(9, 9) / 7", "third": "[1/3, 2; 3, 4]", "tall": "[1, 0; 0, 1; 1, 1; 2, -1; 0, 3; 1, 4]",
}


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def run(lsv, program, **env):
    e = dict(os.environ, LANG="C.UTF-8", LC_ALL="C.UTF-8")
    e.update(env)
    r = subprocess.run([lsv, "-"], input=program, capture_output=True, text=True, env=e)
    check(r.returncode == 0, program, r.stderr[:500])
    return r.stdout


def texts(lsv):
    for name, W in MATRICES.items():
        for style in ("both", "exact", "decimals"):
            out = run(lsv, "d = walkthrough(%s, style=%r)\n" % (W, style))
            wide = [x for x in out.split("\n") if width(x) > 80]
            check(out and not wide, name, style, "too wide:", wide[:1])
        out = run(lsv, "d = walkthrough(%s)\n" % W, LC_ALL="C")
        check(out.isascii(), name, "not ASCII:", [x for x in out.split("\n") if not x.isascii()][:1])
        wide = [x for x in out.split("\n") if len(x) > 80]
        check(not wide, name, "ASCII too wide:", wide[:1])


LINES = {  # what must be there, exactly so
    "seed": ["      (1,2)  4×0 + 3×(-5) + 0×2     = 0 - 15 + 0  = -15", "  χ(λ) = (λ - 25)(λ - 29) - 15×15", "       = λ² - 54λ + 500",
             "  λ₁ = 27 + √229 ≈ 42.1327      λ₂ = 27 - √229 ≈ 11.8673", "  σ₁ = √(27 + √229) ≈ 6.4910      σ₂ = √(27 - √229) ≈ 3.4449      rank 2",
             "  The nested root does not simplify: 27² - 229 = 500 is not a square.", "         σ₁σ₂ = √500 = 10√5 ≈ 22.3607 ✓",
             "     y = 1:  from (2)  x = (2 - √229)/15 ≈ -0.8755   → w₁ = (2 - √229, 15)", "     ‖w₁‖² = (2 - √229)² + 15² = 458 - 4√229 ≈ 397.4690,  ‖w₁‖ ≈ 19.9366",
             "     ‖Ww₁‖² = λ₁‖w₁‖² = (27 + √229)(458 - 4√229) = 11450 + 350√229", "     u₃ = (-3, 4, 10)/(5√5) ≈ (-0.2683, 0.3578, 0.8944)",
             "  σ₁u₁v₁ᵀ = 1/458 ⎢ 687 + 69√229  -1145 - 55√229 ⎥ ≈ ⎢  3.7798  -4.3173 ⎥", "  sum      = 1/458 ⎢ 1374  -2290 ⎥ = ⎢ 3  -5 ⎥ = W, exactly ✓",
             "  It keeps λ₁/(λ₁ + λ₂) = 42.1327/54 = 78.02 % of the squared entries.", "  Check  ‖W₁‖F² + ‖W - W₁‖F² = λ₁ + λ₂ = 54 ✓"],
    "rank1": ["  χ(λ) = λ² (λ - 81)", "  λ₁ = 81      λ₂ = λ₃ = 0   (a double root)", "  σ₁ = √81 = 9      σ₂ = σ₃ = 0      rank 1",
              "     v₁ = (2/3, -1/3, 2/3) ≈ (0.6667, -0.3333, 0.6667)", "     v₃ = (-4, 2, 5)/(3√5) ≈ (-0.5963, 0.2981, 0.7454)", "     u₂ = (-2, 1, 0)/√5 ≈ (-0.8944, 0.4472, 0.0000)",
              "  One term, so the rank-1 form IS W: 1×(3 + 3) = 6 numbers instead of 9."],
    "repeated": ["  λ₁ = λ₂ = 25   (a double root)", "  σ₁ = σ₂ = √25 = 5      rank 2", "     0 = 0, twice: x and y are both FREE, any vector is an eigenvector."],
    "cubic": ["     λ      0   1   2   3   4", "     χ(λ)  -1   1  -1  -1   7", "     one root in (0,1), (1,2) and (3,4)", "  λ₁ ≈ 3.2470    λ₂ ≈ 1.5550    λ₃ ≈ 0.1981"],
}


def transcripts(lsv):
    for name, lines in LINES.items():
        out = run(lsv, "d = walkthrough(%s)\n" % MATRICES[name]).split("\n")
        for line in lines:
            check(line in out, name, "lacks:", line)
    check("NOT UNIQUE" in run(lsv, "d = walkthrough([3, 4; -4, 3])\n"), "repeated: NOT UNIQUE")
    check("1.00010" in run(lsv, "d = walkthrough([1, 0; 0, 1.0001])\n") or "1.0001" in run(lsv, "d = walkthrough([1, 0; 0, 1.0001])\n"), "near: told apart")


def exports(lsv):
    tools = {t: shutil.which(t) for t in ("pandoc", "pdflatex", "rsvg-convert")}
    try:
        import nbformat
    except ImportError:
        nbformat = None
    for t, where in list(tools.items()) + [("nbformat", nbformat)]:
        if not where:
            print("skipped: no", t)
    with tempfile.TemporaryDirectory() as folder:
        for name, W in MATRICES.items():
            path = os.path.join(folder, name)
            run(lsv, "d = walkthrough(%s, show=False)\n" % W + "".join("d = walkthrough(%s, show=False, save=%r)\n" % (W, path + e) for e in (".md", ".tex", ".ipynb", ".svg", ".txt")))
            notebook = json.load(open(path + ".ipynb"))
            check(notebook["nbformat"] == 4 and len(notebook["cells"]) > 3, name, "notebook")
            xml.dom.minidom.parse(path + ".svg")
            if nbformat:
                try:
                    nbformat.validate(nbformat.read(path + ".ipynb", as_version=4))
                    check(True)
                except Exception as e:
                    check(False, name, "notebook:", e)
            if tools["pandoc"]:
                r = subprocess.run(["pandoc", "-f", "markdown", "-t", "html", "--mathml", path + ".md"], capture_output=True, text=True)
                check(r.returncode == 0 and "[WARNING]" not in r.stderr and "<math" in r.stdout, name, "pandoc:", r.stderr[:300])
            if tools["pdflatex"]:
                r = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name + ".tex"], cwd=folder, capture_output=True, text=True, errors="replace")
                check(r.returncode == 0, name, "pdflatex:", [x for x in r.stdout.split("\n") if x.startswith("!")][:2], r.stdout[-300:])
            if tools["rsvg-convert"]:
                r = subprocess.run(["rsvg-convert", "-o", path + ".png", path + ".svg"], capture_output=True, text=True)
                check(r.returncode == 0, name, "svg:", r.stderr[:200])


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lsv", default="./lsv")
    o = a.parse_args()
    texts(o.lsv)
    transcripts(o.lsv)
    exports(o.lsv)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
