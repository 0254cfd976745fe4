#!/usr/bin/env python3
"""Checks the direction of includes: lib uses nothing above it, src/lang nothing of src/repl.
Every header also compiles alone. Ends with `N passed, M failed`."""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
MAY_USE = {"lib": ("lib",), "lang": ("lib", "lang"), "repl": ("lib", "lang", "repl")}


def room(path):
    """lib, lang or repl of a file of the tree."""
    parts = os.path.relpath(path, ROOT).split(os.sep)
    return "lib" if parts[0] == "lib" else parts[1]


def resolve(name, source):
    for folder in (os.path.dirname(source), os.path.join(ROOT, "lib"), os.path.join(ROOT, "src")):
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(path):
            return path
    return None


def main():
    passed = failed = 0
    files = [f for ext in ("c", "h", "inc") for top in ("lib", "src")
             for f in glob.glob(os.path.join(ROOT, top, "**", "*." + ext), recursive=True)]
    for source in sorted(files):
        with open(source, encoding="utf-8") as f:
            names = INCLUDE.findall(f.read())
        bad = []
        for name in names:
            path = resolve(name, source)
            if path is None:
                bad.append(f"{name} is not in the tree")
            elif room(path) not in MAY_USE[room(source)]:
                bad.append(f"{name} is above this room")
        if source.endswith(".h"):
            p = subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-Ilib", "-Isrc", "-x", "c", source],
                               cwd=ROOT, stderr=subprocess.PIPE, text=True)
            if p.returncode:
                bad.append("does not compile alone: " + p.stderr.split("\n")[0])
        for what in bad:
            print(f"{os.path.relpath(source, ROOT)}: {what}")
        passed += not bad
        failed += bool(bad)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
