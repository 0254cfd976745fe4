#!/usr/bin/env python3
"""Runs every test of the project and adds up.

    run.py --build DIR --lsv PATH [--conformance DIR] [--sanitized] [SUITE ...]

A suite is a command that ends with the line `N passed, M failed`; suites() names them, and without SUITE all run. Python's
standard library is enough, but for the screen model of the prompt's suites (python3-pyte).
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOTAL = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed", re.M)


def suites(args):
    """(name, command) of every suite that this tree has."""
    build, lsv = args.build, args.lsv
    for test in sorted(glob.glob(os.path.join(build, "unit", "test_*"))):
        if os.access(test, os.X_OK) and not test.endswith(".d"):
            yield "unit", [test]
    scripts = {"headers": ["headers.py"], "lang": ["lang/run.py", "--lsv", lsv],
               "cli": ["repl/cli.py", "--lsv", lsv], "interrupts": ["repl/interrupts.py", "--lsv", lsv],
               "progress": ["repl/progress.py", "--lsv", lsv], "threads": ["threads.py"], "repl": ["repl/prompt.py", "--lsv", lsv],
               "editing": ["repl/editing.py", "--lsv", lsv],
               "magics": ["repl/magics.py", "--lsv", lsv], "notebook": ["repl/notebook.py", "--lsv", lsv], "safe": ["repl/safe.py", "--lsv", lsv],
               "plots": ["repl/plots.py", "--lsv", lsv],
               "doc": ["doc/check.py", "--build", build, "--lsv", lsv], "grad": ["grad/check.py", "--lsv", lsv],
               "files": ["files/check.py", "--lsv", lsv], "lora adapters": ["lora/adapters.py", "--lsv", lsv], "devices": ["gpu/devices.py", "--lsv", lsv, "--build", build],
               "gpu": ["gpu/suite.py", "--lsv", lsv, "--build", build, "--quick"]}
    scripts.update({f"teach {part}": [f"teach/{part}.py", "--lsv", lsv] for part in ("cases", "checker", "dialogue", "export")})
    scripts["lora commands"] = ["lora/commands.py", "--lsv", lsv]
    if args.sanitized:
        scripts["interrupts"] += ["--sanitized", "--rounds", "24"]
        scripts["lora commands"] += ["--kills", "2"]
        scripts["teach cases"] += ["--sanitized", "--random", "50"]
        scripts["teach checker"] += ["--right", "100"]
    for name, command in scripts.items():
        path = os.path.join(HERE, command[0])
        if os.path.exists(path):
            yield name, [args.oracle if name in ("files", "lora adapters") else sys.executable, path, *command[1:]]
    corpus = os.path.join(HERE, "conformance")
    check = os.path.join(corpus, "check.py")
    slow = ["--timeout", "120"] if args.sanitized else []
    for folder in [corpus] + ([args.conformance] if args.conformance else []):
        yield "conformance", [sys.executable, check, "--lsv", lsv, *slow, folder]
    few = ["--quick"] if args.sanitized else []
    seeds = sorted(glob.glob(os.path.join(HERE, "files", "data", "*")))
    for name, program, inputs in (("fault", "fault", [corpus]), ("fuzz", "mutate", [corpus]), ("fuzz files", "files", seeds)):
        path = os.path.join(build, "tests", program)
        if os.path.exists(path):
            yield name, [path, *few, *inputs]
    shim, fault = os.path.join(build, "cushim13"), os.path.join(build, "tests", "fault")
    if os.path.isdir(shim) and os.path.exists(fault):
        yield "fault gpu", ["env", "LSV_CUDA_LIBDIR=" + os.path.abspath(shim), fault, "--gpu", *few]
    for name in ("text", "random"):
        driver = os.path.join(build, "tests", name + "_driver")
        script = os.path.join(HERE, name, "differential.py")
        if os.path.exists(driver) and os.path.exists(script):
            yield name, [args.oracle, script, "--driver", driver, *few]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--lsv", default="./lsv")
    parser.add_argument("--conformance", help="another corpus to run")
    parser.add_argument("--sanitized", action="store_true", help="a slow build: fewer rounds")
    parser.add_argument("--oracle", default=os.environ.get("ORACLE") or sys.executable,
                        help="a Python with NumPy 2 and PyTorch 2, for the differential tests (or ORACLE=)")
    parser.add_argument("suites", nargs="*")
    args = parser.parse_args()
    args.lsv = os.path.abspath(args.lsv)
    passed = failed = 0
    for name, command in suites(args):
        if args.suites and name not in args.suites and name.split()[0] not in args.suites:
            continue
        start = time.time()
        p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace")
        totals = TOTAL.findall(p.stdout)
        good, bad = (int(n) for n in totals[-1]) if totals else (0, 0)
        if p.returncode != 0 and bad == 0:      # crashed, leaked, or never came to its end
            bad = 1
        what = os.path.basename(command[0]) if name == "unit" else " ".join(
            os.path.relpath(c) if os.path.exists(c) else c for c in command[-1:] if name == "conformance")
        print(f"{name:12} {what:28} {good:6} passed {bad:4} failed  {time.time() - start:6.1f} s", flush=True)
        if bad:
            lines = p.stdout.rstrip().split("\n")
            print("\n".join("    " + line for line in lines[-60:]), flush=True)
        passed += good
        failed += bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
