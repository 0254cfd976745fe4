#!/usr/bin/env python3
"""The progress line and tqdm's bars, in a real pseudo-terminal and on a pipe.

    progress.py --lsv PATH

Where tqdm itself can be imported, every bar is compared with what its format_meter makes of the same numbers.
Ends with `N passed, M failed`; standard library otherwise.
"""
import argparse
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

try:
    from tqdm.std import tqdm as reference
except ImportError:
    reference = None

passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAILED:", what)


def terminal(argv, columns=80, locale="C.UTF-8", feed=""):
    """What the program writes, as (seconds since the start, text) as it comes."""
    pid, fd = pty.fork()
    if pid == 0:
        time.sleep(0.05)  # until the window has its size
        os.environ.update(TERM="xterm", LC_ALL=locale)
        os.execv(argv[0], argv)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    start, out = time.monotonic(), []
    if feed:
        os.write(fd, feed.encode())
    while True:
        if not select.select([fd], [], [], 60)[0]:
            break
        try:
            data = os.read(fd, 1 << 16)
        except OSError:
            break
        if not data:
            break
        out.append((time.monotonic() - start, data.decode(errors="replace")))
    os.waitpid(pid, 0)
    os.close(fd)
    return out


def joined(out):
    return "".join(text for _, text in out)


def drawings(out):
    return re.findall(r"\r(\[\d[^\r\n]*)", joined(out))


def screen(text):
    """The lines that are left on the screen: carriage returns, line ends and the cursor going up are obeyed."""
    lines, row, column = [[]], 0, 0
    for part in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|[\r\n]|[^\r\n\x1b]+|\x1b", text):
        if part == "\n":
            row += 1
        elif part == "\r":
            column = 0
        elif part == "\x1b[A":
            row -= 1
        elif not part.startswith("\x1b"):
            lines += [[] for _ in range(row + 1 - len(lines))]
            lines[row] += " " * (column - len(lines[row]))
            lines[row][column:column + len(part)] = part
            column += len(part)
    return ["".join(line).rstrip() for line in lines]


def progress_line(lsv):
    out = terminal([lsv, "-e", "import time; time.sleep(0.6); print('short')"])
    check(not drawings(out), "nothing is drawn before a second has passed")
    for columns in (80, 40, 20):
        for _ in range(4): # a machine that stands still for a second draws nothing in it
            out = terminal([lsv, "-e", "import time\ntime.sleep(2.05)\nprint('done')"], columns)
            lines = drawings(out)
            if len(lines) >= 3:
                break
        first = min((t for t, text in out if "\r[" in text), default=0)
        check(3 <= len(lines) <= 13, f"{len(lines)} drawings in a second, at most ten or so wanted")
        check(first >= 0.95, f"the first drawing after {first:.2f} s")
        check(all(re.match(r"\[1\.\d s\]|\[2\.\d s\]", line) for line in lines), f"{lines}")
        check(all(len(line) < columns for line in lines), f"wider than {columns} columns: {lines}")
        check(screen(joined(out))[:1] == ["done"], f"the line goes before anything is printed: {screen(joined(out))}")
        check(all(ord(c) < 128 for c in "".join(lines)), "plain text")
    check(any("Ctrl-C" in line for line in drawings(terminal([lsv, "-e", "import time; time.sleep(1.3)"]))), "says how to stop it")
    out = terminal([lsv, "-e", "print('no end of line', end='', flush=True)\nimport time\ntime.sleep(1.6)"])
    check(not drawings(out), "what a program has begun on the line stays")
    out = terminal([lsv, "-e", "k = 0\nfor i in range(10 ** 12):\n    k += 1\n    if k % 1000 == 0 and time.time() > end: break"
                    .replace("k = 0", "import time\nend = time.time() + 1.6\nk = 0")])
    check(drawings(out), "loops in the language are long work too")


def library_tells(lsv):
    out = terminal([lsv, "-e", "import numpy as np\nM = np.random.default_rng(0).standard_normal((1000, 1000))\n"
                    "for k in range(8):\n    s = np.linalg.svd(M)"])
    check(any("svd 1000x1000" in line for line in drawings(out)), f"the call is named: {drawings(out)[-3:]}")
    out = terminal([lsv, "-e", "import numpy as np, time\nend = time.time() + 2.5\nD = np.random.default_rng(0).standard_normal((900, 700))\n"
                    "while time.time() < end: q = lora(D, 24)"])
    check(any("truncated svd" in line and "residual" in line for line in drawings(out)), f"iterations tell: {drawings(out)[-3:]}")


def note(lsv):
    out = joined(terminal([lsv, "--plain", "--no-history"], feed="import time; time.sleep(1.2)\n1 + 1\nexit\n"))
    check(len(re.findall(r"\r\[1\.\d s\]\r\n", out)) == 1, f"one note of the time: {out[-300:]!r}")
    out = joined(terminal([lsv, "--plain", "--test"], feed="import time; time.sleep(1.2)\nexit\n"))
    check("[1." not in out, "none with --test")


def pipes(lsv):
    for code in ("import time; time.sleep(1.3)", "from tqdm import tqdm\nimport time\nfor i in tqdm(range(3)): time.sleep(0.4)"):
        p = subprocess.run([lsv, "-e", code], capture_output=True, env={**os.environ, "TERM": "xterm"})
        check(p.stdout == b"" and p.stderr == b"", f"nothing on a pipe: {p.stdout + p.stderr!r}")


KNOWN = re.compile(r"^(?:(?P<desc>.*?): )?\s*(?P<percent>\d+)%\|(?P<bar>.*)\| (?P<n>\d+)/(?P<total>\d+) "
                   r"\[(?P<time>[\d:]+)<(?P<left>[\d:?]+), \s*(?P<rate>[\d.]+|\?)(?P<unit>\w+/\w+)(?:, (?P<postfix>.*))?\]$")


def seconds(text):
    return sum(int(part) * 60 ** k for k, part in enumerate(reversed(text.split(":"))))


def same_as_tqdm(bar, columns, ascii_only):
    """The bar with the numbers that it shows, as tqdm would write them."""
    m = KNOWN.match(bar)
    if not m or not reference:
        return m is not None
    rate = None if m["rate"] == "?" else float(m["rate"])
    if rate and m["unit"].startswith("s/"):
        rate = 1 / rate
    unit = m["unit"].split("/")[1 if m["unit"].startswith("s/") else 0]
    want = reference.format_meter(int(m["n"]), int(m["total"]), seconds(m["time"]), ncols=columns - 1, prefix=m["desc"] or "",
                                  ascii=ascii_only, unit=unit, rate=rate if rate else None, postfix=m["postfix"])
    hide = lambda s: re.sub(r"<[\d:?]+,", "<,", s)  # the rate is shown rounded, and the time left comes of it
    return hide(bar) == hide(want) or len(hide(bar)) - len(hide(want)) in (0,) and abs(bar.count("█") - want.count("█")) <= 1


def bars(lsv):
    program = "from tqdm import tqdm\nimport time\nfor i in tqdm(range(7), desc='work'): time.sleep(0.12)\nprint('after')"
    for columns, locale in ((80, "C.UTF-8"), (80, "C"), (60, "C.UTF-8")):
        text = joined(terminal([lsv, "-e", program], columns, locale))
        shown = [b.rstrip() for b in re.findall(r"\r(work[^\r\n]+)", text)]
        check(len(shown) >= 7 and shown[0].startswith("work:   0%|") and "7/7" in shown[-1], f"from the start to the end: {shown}")
        check(all(same_as_tqdm(b, columns, locale == "C") for b in shown), f"tqdm's format at {columns} columns, {locale}: {shown}")
        check(all(len(b) == columns - 1 for b in shown), f"as wide as the terminal: {[len(b) for b in shown]}")
        check((locale == "C") == all(ord(c) < 128 for c in "".join(shown)), "ASCII in the C locale only")
        check(screen(text)[1:2] == ["after"], f"the bar stays and a line ends it: {screen(text)}")
    text = joined(terminal([lsv, "-e", program], 30))
    check(all(len(b) <= 29 for b in re.findall(r"\r(work[^\r\n]+)", text)), "cut to a narrow terminal")
    more = ("from tqdm import tqdm, trange\nimport time\nfor i in tqdm((k for k in range(3)), unit='file'): time.sleep(0.11)\n"
            "for i in trange(2, desc='o'):\n    for j in tqdm(range(2), desc='i', leave=False): time.sleep(0.11)\n\n"
            "t = tqdm(range(2), desc='p')\nfor i in t:\n    t.set_postfix(loss=i / 3, acc='x')\n    time.sleep(0.11)\n\n"
            "b = tqdm(total=3000, unit_scale=True, unit='B')\nb.update(1500)\nb.update(1500)\nb.close()\n"
            "for i in tqdm(range(10 ** 6), mininterval=5): pass\n"
            "for i in tqdm(range(9), desc='left'):\n    if i == 4: break\n\nprint('end')")
    text = joined(terminal([lsv, "-e", more], 80))
    lines = screen(text)
    check(re.search(r"\r3file \[00:00, +\d+\.\d\dfile/s\]", text), f"without a total: {lines}")
    check("\n\ri:   0%" in text and "\033[A" in text, "a bar inside a bar is below it")
    check(not any(line.startswith("i:") for line in lines), f"leave=False leaves nothing: {lines}")
    check(re.search(r"p:  50%\|.*acc=x, loss=0.333\]", text) and re.search(r"p:   0%\|.*acc=x, loss=0\]", text), "postfix, in the order of the names")
    check("3.00k/3.00k" in text, "unit_scale")
    check(text.count("/1000000 [") <= 3, "mininterval is heeded")
    check(any(line.startswith("left:  44%") and "4/9" in line for line in lines) and "end" in lines, f"a loop left early: {lines[-3:]}")
    text = joined(terminal([lsv, "-e", "from tqdm import tqdm\nimport time\nfor i in tqdm(range(3), disable=True): time.sleep(0.11)\nprint('x')"]))
    check(screen(text)[0] == "x", "disable=True")
    text = joined(terminal([lsv, "-e", "from tqdm import tqdm\nimport time\nfor i in tqdm(range(3)):\n    print('line', i)\n    time.sleep(0.11)"]))
    check([line for line in screen(text) if line.startswith("line")] == ["line 0", "line 1", "line 2"], f"print beside a bar: {screen(text)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    for part in (progress_line, library_tells, note, pipes, bars):
        part(lsv)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
