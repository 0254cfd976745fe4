#!/usr/bin/env python3
"""The jobs of lib/base under the thread sanitizer, in a build of its own: test_job.c with the sources it needs.
Where the compiler has no thread sanitizer there is nothing to run. Ends with `N passed, M failed`."""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ["tests/unit/test_job.c"] + [f"lib/base/{name}.c" for name in
                                       ("alloc", "hold", "interrupt", "job", "progress", "status")]
FLAGS = ["-std=c17", "-O1", "-g", "-pthread", "-fsanitize=thread", "-D_GNU_SOURCE", "-Ilib", "-Itests/unit"]


def runs(program, **more):
    """Its output; None where it cannot run here (some kernels lay out memory in ways the sanitizer does not take)."""
    p = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return None if "unexpected memory mapping" in p.stdout else p.stdout


def main():
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "test_job")
        trial = subprocess.run(compiler + ["-fsanitize=thread", "-x", "c", "-", "-o", program], text=True,
                               input="int main(void) { return 0; }", stderr=subprocess.DEVNULL)
        if trial.returncode or runs(program) is None:
            print("no thread sanitizer here\n0 passed, 0 failed")
            return
        built = subprocess.run(compiler + FLAGS + SOURCES + ["-o", program], cwd=ROOT, stderr=subprocess.STDOUT,
                               stdout=subprocess.PIPE, text=True)
        if built.returncode:
            print(built.stdout + "0 passed, 1 failed")
            sys.exit(1)
        text = runs(program, env={**os.environ, "TSAN_OPTIONS": "exitcode=0 history_size=4"})
    races = len(re.findall(r"WARNING: ThreadSanitizer", text))
    total = re.search(r"^(\d+) passed, (\d+) failed", text, re.M)
    passed, failed = (int(total[1]), int(total[2])) if total else (0, 1)
    if races or failed:
        print(text[:6000])
    print(f"{passed + (races == 0)} passed, {failed + races} failed")
    sys.exit(1 if failed + races else 0)


if __name__ == "__main__":
    main()
