#!/usr/bin/env python3
"""Language tests: programs with what they print beside the line that prints it.

    # expect: TEXT          the next line of standard output
    # expect error: TEXT    a part of standard error (exit status 1, or 2 for a SyntaxError)

A test is tests/lang/NAME.lsv. The examples are run too: their output must be what
tests/examples/NAME.out holds. Ends with `N passed, M failed`."""
import argparse
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPECT = re.compile(r"#\s*expect:\s?(.*)$")
ERROR = re.compile(r"#\s*expect error:\s?(.*)$")


def run(lsv, path):
    return subprocess.run([lsv, os.path.basename(path)], cwd=os.path.dirname(path), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                          env=dict(os.environ, LC_ALL="C.UTF-8", COLUMNS="80"))


def check_program(lsv, path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    want = [m.group(1).rstrip() for m in map(EXPECT.search, lines) if m]
    errors = [m.group(1).rstrip() for m in map(ERROR.search, lines) if m]
    p = run(lsv, path)
    got = [line.rstrip() for line in p.stdout.split("\n")]
    if got and got[-1] == "":
        got.pop()
    wrong = [f"want: {w}\n      got:  {g}" for w, g in zip(want, got) if w != g]
    if len(want) != len(got):
        wrong.append(f"{len(want)} lines expected, {len(got)} printed: {got[len(want):len(want) + 3]}")
    wrong += [f"standard error lacks: {e}" for e in errors if e not in p.stderr]
    status = 0 if not errors else 2 if any("SyntaxError" in e or "IndentationError" in e for e in errors) else 1
    if p.returncode != status:
        wrong.append(f"exit status {p.returncode}, want {status}: {p.stderr.strip()[-300:]}")
    return wrong


def check_example(lsv, path):
    out = os.path.join(ROOT, "tests", "examples", os.path.basename(path)[:-4] + ".out")
    p = run(lsv, path)
    if p.returncode:
        return [f"exit status {p.returncode}: {p.stderr.strip()[-300:]}"]
    if not os.path.exists(out):
        return [f"{os.path.relpath(out, ROOT)} is missing"]
    with open(out, encoding="utf-8") as f:
        want = f.read().split("\n")
    return [f"line {i + 1}: want {w!r}, got {g!r}" for i, (w, g) in enumerate(zip(want, p.stdout.split("\n"))) if w != g] or (
        [] if len(want) == len(p.stdout.split("\n")) else ["another number of lines"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    passed = failed = 0
    tests = [(p, check_program) for p in sorted(glob.glob(os.path.join(HERE, "*.lsv")))]
    tests += [(p, check_example) for p in sorted(glob.glob(os.path.join(ROOT, "examples", "*.lsv")))]
    for path, check in tests:
        wrong = check(lsv, path)
        passed += not wrong
        failed += bool(wrong)
        if wrong:
            print(f"FAIL {os.path.relpath(path, ROOT)}")
            for line in wrong[:6]:
                print("      " + line)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
