#!/usr/bin/env python3
"""Writes the outputs of the examples in src/lang/builtins/*/examples_*.inc.

    record.py --lsv PATH [--oracle PYTHON] [--check] [FILE.inc ...]

An entry is {"np.add", " >>> input\\n" …}: its inputs are run by lsv, each entry on its own, and what they print replaces what
stood under them. With --oracle the same inputs are run by real Python too, and a difference is reported (entries of lsv's own names are
skipped: those that Python does not know). --check writes nothing. Ends with `N passed, M failed`.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENTRY = re.compile(r'^\{"([^"]+)",\n((?: "(?:[^"\\]|\\.)*"\n?)+)\},', re.M)
STRING = re.compile(r'^ "((?:[^"\\]|\\.)*)"$', re.M)
SETUP = "import numpy as np; import torch; import math; import time; import itertools"


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), text)


def escape(line):
    return line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


def inputs_of(text):
    """The inputs of a text in the prompt's form."""
    inputs = []
    for line in text.split("\n"):
        if line.startswith(">>> "):
            inputs.append(line[4:])
        elif inputs and re.match(r"\.\.\.( |$)", line):
            inputs[-1] += "\n" + line[4:]
    return inputs


def run_lsv(lsv, inputs):
    program = SETUP + "\n" + "".join(f"# %%\n{source}\n# %%\nprint('--8<--')\n" for source in inputs)
    p = subprocess.run([lsv, "--keep-going", "-"], input=program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=60, env=dict(os.environ, LANG="C.UTF-8", NO_COLOR="1"))
    return p.stdout.split("--8<--\n")[:len(inputs)]


PYTHON = r"""
import sys, ast
SETUP
import warnings
warnings.filterwarnings("ignore")
np.set_printoptions(legacy="LEGACY") if "LEGACY" else None
clean = dict(globals())
for inputs in eval(sys.stdin.read()):
    space = dict(clean)
    for source in inputs:
        try:
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "e", "exec"), space)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "e", "eval"), space)
                if value is not None:
                    print(repr(value))
        except BaseException as e:
            print(f"!! {type(e).__name__}: {e}")
        print("--8<--")
    print("--9<--")
"""


def run_python(python, entries):
    """What real Python prints for each entry's inputs; one process for all of them."""
    p = subprocess.run([python, "-c", PYTHON.replace("SETUP", SETUP).replace("LEGACY", "2.2")], input=repr(entries),
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [entry.split("--8<--\n")[:-1] for entry in p.stdout.split("--9<--\n")]


def text_of(inputs, outputs):
    lines = []
    for source, output in zip(inputs, outputs):
        first, *rest = source.split("\n")
        lines += [">>> " + first] + ["... " + line for line in rest]
        lines += output.rstrip("\n").split("\n") if output.strip() else []
    return "".join(f' "{escape(line)}\\n"\n' for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--oracle", help="a Python with NumPy and PyTorch")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    lsv = os.path.abspath(args.lsv)
    passed = failed = 0
    for path in args.files or sorted(glob.glob(os.path.join(ROOT, "src/lang/builtins/*/examples_*.inc"))):
        with open(path, encoding="utf-8") as f:
            old = f.read()
        all_inputs = [inputs_of(unescape("".join(STRING.findall(m.group(2))))) for m in ENTRY.finditer(old)]
        peers = iter(run_python(args.oracle, all_inputs) if args.oracle else [])

        def again(match):
            nonlocal passed, failed
            name, body = match.group(1), match.group(2)
            inputs = inputs_of(unescape("".join(STRING.findall(body))))
            outputs = run_lsv(lsv, inputs)
            bad = len(inputs) < 2 or any("Error: " in o for o in outputs)
            if bad:
                print(f"{name}: {'fewer than two inputs' if len(inputs) < 2 else outputs}")
            if args.oracle:
                for source, ours, theirs in zip(inputs, outputs, next(peers)):
                    if ours.rstrip() != theirs.rstrip() and "!! " not in theirs:
                        bad = True
                        print(f"{name}: {source}\n  lsv    {ours!r}\n  python {theirs!r}")
                    elif "!! " in theirs and "NameError" not in theirs and "AttributeError" not in theirs:
                        print(f"{name}: {source}: python says {theirs.strip()}")
            failed, passed = failed + bad, passed + (not bad)
            return f'{{"{name}",\n{text_of(inputs, outputs)}}},'

        new = ENTRY.sub(again, old)
        if new != old and args.check:
            failed += 1
            print(f"{path} is not current")
        if new != old and not args.check:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
