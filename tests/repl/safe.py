#!/usr/bin/env python3
"""--safe and --max-mem: what a stranger's program must not get. Ends with `N passed, M failed`."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from terminal import Checks, Terminal

check = Checks()
REFUSED = "outside the folder that --safe allows"


def run(lsv, code, folder, *options, safe=True, env=None):
    return subprocess.run([lsv, *(["--safe"] if safe else []), *options, "--keep-going", "-e", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, errors="replace", timeout=120, cwd=folder, env=dict(os.environ, **(env or {})))


def files(lsv, outer):
    folder = os.path.join(outer, "in")
    os.makedirs(os.path.join(folder, "sub"))
    os.makedirs(os.path.join(outer, "inside"))     # begins as the folder's name does
    make = "import numpy as np\nnp.save('secret.npy', np.arange(3))\nnp.savetxt('secret.csv', np.arange(3))\nsave('secret.safetensors', {'a': np.arange(3.)})\nnp.savez('secret.npz', a=np.ones(2))"
    for place in (outer, os.path.join(outer, "inside")):
        check("test data", run(lsv, make, place, safe=False).returncode == 0)
    os.symlink(os.path.join(outer, "secret.npy"), os.path.join(folder, "link.npy"))
    os.symlink(outer, os.path.join(folder, "up"))
    os.symlink(os.path.join(outer, "new.npy"), os.path.join(folder, "dangling.npy"))
    reads = [f"{function}('{path}')" for function, path in
             [("np.load", "../secret.npy"), ("np.load", f"{outer}/secret.npy"), ("np.load", "link.npy"), ("np.load", "up/secret.npy"), ("np.load", "sub/../../secret.npy"),
              ("np.load", "../inside/secret.npy"), ("np.load", "../secret.npz"), ("load", "../secret.safetensors"), ("np.loadtxt", "../secret.csv"), ("np.genfromtxt", "../secret.csv"),
              ("load", "/etc/passwd.csv"), ("np.load", "nowhere/../../secret.npy")]]
    reads += ["%run ../prog.lsv", "%load ../prog.lsv", "%ls ..", "%ls /", "%cd ..", "%cd up", "%cd ~", "from safetensors.numpy import load_file\nload_file('../secret.safetensors')"]
    with open(os.path.join(outer, "prog.lsv"), "w") as f:
        f.write("print('ran')\n")
    for code in reads:
        p = run(lsv, "import numpy as np\n# %%\n" + code, folder)
        check(f"refused: {code}", "PermissionError" in p.stderr and REFUSED in p.stderr and p.returncode == 1 and not p.stdout, p.stdout + p.stderr)
    writes = ["np.save('../new.npy', x)", "np.save('up/new.npy', x)", f"np.savez('{outer}/new.npz', x)", "np.savetxt('../new.csv', x)", "save('../new.safetensors', {'a': x})", "%save ../new.ipynb",
              "%save up/new.md", "np.save('/tmp/lsv-safe-test.npy', x)", "np.save('dangling.npy', x)"]
    for code in writes:
        p = run(lsv, "import numpy as np\nx = np.ones(2)\n# %%\n" + code, folder)
        made = [n for n in os.listdir(outer) if n.startswith("new")] + [n for n in os.listdir("/tmp") if n.startswith("lsv-safe-test")]
        check(f"not written: {code}", ("PermissionError" in p.stderr or code.startswith("np.save('dangling")) and not made, p.stderr + str(made))
    p = run(lsv, "import numpy as np\nx = np.arange(3)\nnp.save('a.npy', x)\nnp.save('sub/b.npy', x)\nprint(np.load('sub/../a.npy'), np.load(f'{1 and \"\"}a.npy'))\n"
            "%cd sub\nprint(np.load('b.npy'), np.load('../a.npy'))\n%save c.md", folder)
    check("below the folder all works", p.returncode == 0 and p.stdout.count("[0 1 2]") == 4 and os.path.exists(os.path.join(folder, "sub", "c.md")), p.stdout + p.stderr)
    p = subprocess.run([lsv, "--safe", "../prog.lsv"], cwd=folder, stdout=subprocess.PIPE, text=True)
    check("the file on the command line may be elsewhere", p.stdout == "ran\n", p.stdout)


def shell(lsv, outer):
    for code in ("!echo leaked", "!!echo leaked", "%sx echo leaked", "%env HOME", "%env", "%env A=b"):
        p = run(lsv, code, outer)
        check(f"refused: {code}", "--safe does not allow" in p.stderr and "leaked" not in p.stdout and outer not in p.stdout, p.stdout + p.stderr)
    p = run(lsv, "!echo on", outer, safe=False)
    check("without --safe it runs", p.stdout == "on\n", p.stdout)
    state = os.path.join(outer, "state")
    with Terminal([lsv, "--safe"], cwd=outer, env={"XDG_STATE_HOME": state}) as t:
        t.prompt()
        check("the prompt works", "Out[1]: 2" in t.run("1 + 1"), t.text())
        check("and refuses", "--safe does not allow a shell command" in t.run("!ls"), t.text())
        check("and goes on", "Out[3]: 5" in t.run("5"), t.text())
    check("no history is written", not os.path.exists(os.path.join(state, "lsv", "history")), state)


def memory(lsv, outer):
    fill = "import numpy as np\nx = np.ones(1000)\n# %%\nbig = np.ones(100_000_000)\n# %%\nprint(x.sum())"
    p = run(lsv, fill, outer, "--max-mem", "64M", safe=False)
    check("an array beyond the bound", "MemoryError" in p.stderr and p.stdout == "1000.0\n" and p.returncode == 1, p.stdout + p.stderr)
    p = run(lsv, "s = 'x'\nwhile True:\n    s = s + s\n# %%\nprint('on')", outer, "--max-mem=64M", safe=False)
    check("a text that grows", "MemoryError" in p.stderr and p.stdout == "on\n", p.stdout[-100:] + p.stderr[-300:])
    p = run(lsv, "l = []\nwhile True:\n    l.append([0] * 1000)\n# %%\nprint('on')", outer, "--max-mem", "64M", safe=False)
    check("a list that grows", "MemoryError" in p.stderr and p.stdout == "on\n", p.stdout[-100:] + p.stderr[-300:])
    p = run(lsv, "import numpy as np\nx = np.ones(1 << 28)\n# %%\nprint('on')", outer)
    check("--safe bounds it by itself", "MemoryError" in p.stderr and p.stdout == "on\n", p.stdout + p.stderr)
    p = run(lsv, "import numpy as np\nfor i in range(40):\n    x = np.ones(1_000_000) * i\nprint(x.sum())", outer, "--max-mem", "64M")
    check("what is given back can be used again", p.stdout == "39000000.0\n" and p.returncode == 0, p.stdout + p.stderr)
    p = run(lsv, "import numpy as np\nnp.random.seed(0)\nprint(rank(np.random.rand(200, 200)))", outer, "--max-mem", "64M")
    check("linear algebra works within it", p.stdout == "200\n", p.stdout + p.stderr)
    for bad in ("nonsense", "-5", "1K", "5Q", ""):
        p = run(lsv, "1", outer, "--max-mem", bad)
        check(f"--max-mem {bad!r}", p.returncode == 2 and "--max-mem wants a size" in p.stderr, p.stderr)
    p = run(lsv, "def f(n): return f(n + 1)\nf(0)\n# %%\nprint('on')", outer)
    check("recursion is bounded", "RecursionError" in p.stderr and p.stdout == "on\n", p.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    for group in (files, shell, memory):
        with tempfile.TemporaryDirectory() as folder:
            check.group(group.__name__, group, lsv, os.path.realpath(folder))
    print(f"{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
