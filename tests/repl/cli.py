#!/usr/bin/env python3
"""The command line: options, pipes, exit statuses, files. Ends with `N passed, M failed`."""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name} {detail}")


def run(lsv, *args, text="", env=None, **options):
    environment = dict(os.environ, **(env or {}))
    return subprocess.run([lsv, *args], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=60, env=environment, **options)


def expect(name, p, out=None, status=0, err=None):
    check(name, p.returncode == status and (out is None or p.stdout == out) and (err is None or re.search(err, p.stderr)),
          f"status {p.returncode}, out {p.stdout[:200]!r}, err {p.stderr[-300:]!r}")


def options(lsv, folder):
    expect("-e", run(lsv, "-e", "1+1"), "2\n")
    expect("-e, several lines", run(lsv, "-e", "x = 2\nfor i in range(2):\n    x *= 3\nx"), "18\n")
    expect("--version", run(lsv, "--version"), None)
    check("--version names itself", run(lsv, "--version").stdout.startswith("lsv "))
    check("--help", "--keep-going" in run(lsv, "--help").stdout)
    expect("unknown option", run(lsv, "--nonsense"), "", 2, "--nonsense")
    expect("-e without code", run(lsv, "-e"), "", 2, "-e")
    expect("missing file", run(lsv, os.path.join(folder, "none.lsv")), "", 2, "cannot read")
    expect("a folder", run(lsv, folder), "", 2, "cannot read")


def pipes(lsv, folder):
    expect("standard input", run(lsv, text="x = 3\nx * 2\n"), "6\n")
    expect("standard input by -", run(lsv, "-", text="print('hi')\n"), "hi\n")
    expect("empty input", run(lsv, text=""), "")
    expect("only comments", run(lsv, text="# nothing\n"), "")
    p = run(lsv, text="import numpy as np\nnp.eye(2)\n")
    expect("no colour, no prompt on a pipe", p, "array([[1., 0.],\n       [0., 1.]])\n")
    check("no escapes", "\x1b" not in p.stdout + p.stderr)
    script = os.path.join(folder, "many.lsv")
    with open(script, "w") as f:
        f.write("for i in range(1000000):\n    print(i)\n")
    p = subprocess.Popen(f"'{lsv}' '{script}' | head -n 2", shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = p.communicate(timeout=60)
    check("a closed pipe ends it quietly", out == "0\n1\n" and err == "", repr(err[-200:]))
    p = subprocess.Popen([lsv, "-e", "import time\nprint('early', flush=True)\ntime.sleep(5)"], stdout=subprocess.PIPE, text=True)
    start = time.time()
    line = p.stdout.readline()
    check("flush=True does not wait", line == "early\n" and time.time() - start < 4)
    p.kill()
    p.communicate()
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w") as full:
            p = subprocess.run([lsv, "-e", "print('x' * 100000)"], stdout=full, stderr=subprocess.PIPE, text=True)
        check("a full disk is an error", p.returncode == 1 and "standard output" in p.stderr, p.stderr)


def statuses(lsv, folder):
    expect("error", run(lsv, "-e", "print(1)\n1/0"), "1\n", 1, "ZeroDivisionError")
    expect("syntax error runs nothing", run(lsv, "-e", "print(1)\n# %%\nx = ("), "", 2, "SyntaxError")
    cells = "1\n# %%\n1/0\n# %%\n'after'\n"
    path = os.path.join(folder, "cells.lsv")
    with open(path, "w") as f:
        f.write(cells)
    expect("a failing cell stops the script", run(lsv, path), "1\n", 1, "ZeroDivisionError")
    expect("--keep-going", run(lsv, "--keep-going", path), "1\n'after'\n", 1, "ZeroDivisionError")
    p = run(lsv, path)
    check("the error names file and line", "cells.lsv" in p.stderr and re.search(r"\b3\b", p.stderr), p.stderr)
    expect("variables survive", run(lsv, "--keep-going", "-e", "x = 1\n# %%\nx = 2; y = 1/0; x = 3\n# %%\nx"), "2\n", 1)
    p = subprocess.Popen([lsv, "-e", "print('go', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    check("interrupted", p.returncode == 130 and "KeyboardInterrupt" in err, f"{p.returncode} {err!r}")


def files(lsv, folder):
    path = os.path.join(folder, "args.lsv")
    with open(path, "w") as f:
        f.write("argv\n")
    expect("args", run(lsv, path, "a", "b c"), "['a', 'b c']\n")
    with open(path, "wb") as f:
        f.write(b"\xef\xbb\xbfprint('bom')\r\nprint('crlf')\r\n")
    expect("byte order mark, CRLF", run(lsv, path), "bom\ncrlf\n")
    with open(path, "wb") as f:
        f.write(b"print('no end of line')")
    expect("no final line end", run(lsv, path), "no end of line\n")
    with open(path, "wb") as f:
        f.write(b"x = '\xff'\nprint(1)\n")
    p = run(lsv, path)
    check("bytes that are not UTF-8", p.returncode in (0, 2), p.stderr)
    with open(path, "wb") as f:
        f.write(b"x = 1\0\nprint(1)\n")
    p = run(lsv, path)
    check("a NUL byte is a syntax error", p.returncode == 2 and "SyntaxError" in p.stderr, p.stderr)
    with open(path, "w") as f:
        f.write("print('from a script')\nz = 5\n")
    p = run(lsv, "-e", f"%run {path}\nz")
    expect("%run", p, "from a script\n5\n")


def colour(lsv, folder):
    p = run(lsv, "-e", "1/0", env={"NO_COLOR": "1"})
    check("NO_COLOR", "\x1b" not in p.stderr)
    p = run(lsv, "-e", "x = [1,\n2\n1/0", env={"LANG": "C", "LC_ALL": "C"})
    check("a C locale gets ASCII", p.stderr.isascii(), p.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    with tempfile.TemporaryDirectory() as folder:
        for group in (options, pipes, statuses, files, colour):
            group(lsv, folder)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
