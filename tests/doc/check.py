#!/usr/bin/env python3
"""The documents tell the truth: doc/reference.md is what the records say, every example of a record prints
what it says, README's session too, and links lead somewhere. Ends with `N passed, M failed`."""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROMPT = re.compile(r"^In \[(\d+)\]: (.*)$")

passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name} {detail}")


def run(lsv, text):
    p = subprocess.run([lsv, "--keep-going", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=60, env=dict(os.environ, LC_ALL="C.UTF-8", COLUMNS="80", NO_COLOR="1"))
    return p.stdout


def reference(build):
    program = os.path.join(build, "tests", "reference")
    made = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    with open(os.path.join(ROOT, "doc", "reference.md"), encoding="utf-8") as f:
        check("doc/reference.md is current", f.read() == made, "run make reference")
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.*)$", made, re.M)}
    check("the reference's contents lead to its chapters", set(re.findall(r"^- \[.*\]\(#(.*)\)$", made, re.M)) == anchors)
    lines = subprocess.run([program, "--examples"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    records = [line.split("\t", 1) for line in lines if line]
    written = set(re.findall(r"^### `([\w.]+)", made, re.M))
    check("every record is in the reference", all(name in written for name, _ in records), [name for name, _ in records if name not in written])
    return records


SETUP = "import numpy as np; import torch; import math; import time; import itertools\n"
ENOUGH = 2      # examples of a record


def examples_in(text):
    """(input, expected output) of a text in the form of Python's prompt."""
    found = []
    for line in text.split("\n"):
        if line.startswith(">>> "):
            found.append([line[4:], ""])
        elif found and not found[-1][1] and re.match(r"\.\.\.( |$)", line):
            found[-1][0] += "\n" + line[4:]
        elif found:
            found[-1][1] += line + "\n"
    return found


def doctests(lsv, records):
    """Every record has its examples, and each prints what stands under it; those of a record are one program."""
    for name, text in records:
        text = text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\").rstrip("\n")
        examples = examples_in(text)
        check(f"{name} has {ENOUGH} examples", len(examples) >= ENOUGH)
        program = SETUP + "".join(f"# %%\n{source}\n# %%\nprint('--8<--')\n" for source, _ in examples)
        outputs = run(lsv, program).split("--8<--\n")
        for (source, want), got in zip(examples, outputs):
            check(f"example of {name}: {source}", got.rstrip("\n") == want.rstrip("\n"), f"\n  want {want!r}\n  got  {got!r}")


def sessions(lsv, path):
    """The sessions in a document: blocks with In [n]: prompts print what stands under them."""
    with open(path, encoding="utf-8") as f:
        blocks = re.findall(r"^```(?:text)?\n(In \[1\].*?)^```", f.read(), re.M | re.S)
    for block in blocks:
        cells, current = [], None
        for line in block.split("\n"):
            m = PROMPT.match(line)
            if m:
                current = [[m.group(2)], []]
                cells.append(current)
            elif current is not None and not current[1] and re.match(r"^ *\.\.\.: ?", line):
                current[0].append(re.sub(r"^ *\.\.\.: ?", "", line))
            elif current is not None:
                current[1].append(line)
        program = "".join("# %%\n" + "\n".join(c[0]) + "\n# %%\nprint('--8<--')\n" for c in cells)
        outputs = run(lsv, program).split("--8<--\n")
        for n, (cell, got) in enumerate(zip(cells, outputs + [""] * len(cells)), 1):
            want = re.sub(r"^Out\[\d+\]:[ \n]", "", "\n".join(cell[1]).strip("\n"))
            got = re.sub(r"^<stdin>:\d+\n.*\n", "", got)      # the prompt has shown the line already
            check(f"{os.path.basename(path)}: {cell[0][0]}", squeeze(got) == squeeze(want), f"\n  want {want!r}\n  got  {got!r}")


def squeeze(text):
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def links(path):
    with open(path, encoding="utf-8") as f:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", f.read()):
            check(f"{os.path.relpath(path, ROOT)}: link {target}", os.path.exists(os.path.join(os.path.dirname(path), target)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--lsv", default="./lsv")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    doctests(lsv, reference(args.build))
    for path in [os.path.join(ROOT, "README.md")] + sorted(glob.glob(os.path.join(ROOT, "doc", "*.md"))):
        links(path)
        sessions(lsv, path)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
