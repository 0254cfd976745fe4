#!/usr/bin/env python3
"""The prompt in a real pseudo-terminal, with readline and with the plain reader.
Ends with `N passed, M failed`."""
import argparse
import os
import pty
import re
import select
import signal
import sys
import tempfile
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x07|\r")
PROMPT = re.compile(r"In \[\d+\]: $|\.\.\.: *$")


class Terminal:
    """lsv in a pseudo-terminal: send keys, read what appears until the next prompt."""

    def __init__(self, lsv, *args, home, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = {"HOME": home, "TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "NO_COLOR": "1",
                   "COLUMNS": str(columns), "INPUTRC": "/dev/null"}
            for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
                if name in os.environ:
                    env[name] = os.environ[name]
            os.execve(lsv, [lsv, *args], env)
        self.raw = ""
        self.status = None
        self.read_until(PROMPT)

    def read_until(self, pattern, timeout=30):
        """What came since the last call, without escapes, once it matches; else what there is."""
        seen, end = "", time.time() + timeout
        while time.time() < end:
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if ready:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                seen += data.decode("utf-8", "replace")
            elif pattern is not None and pattern.search(ESCAPES.sub("", seen)):
                break
        self.raw += seen
        return ESCAPES.sub("", seen)

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        """Types a line; what the terminal shows until the next prompt."""
        self.send(text + "\n")
        return self.read_until(PROMPT)

    def close(self, keys="\x04"):
        try:
            self.send(keys)
        except OSError:
            pass
        rest = self.read_until(None, timeout=1.5)
        for _ in range(200):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.05)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = "hung"
        os.close(self.fd)
        return rest


passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {name}: {detail!r}")


def basics(open_terminal, tag):
    t = open_terminal()
    out = t.line("1 + 1")
    check(tag + "echo with its label", "Out[1]: 2" in out, out)
    out = t.line("W = [4, 0; 3, -5; 0, 2]")
    check(tag + "an assignment shows nothing", "Out" not in out, out)
    out = t.line("W")
    check(tag + "an array starts on its own line", "Out[3]:\narray([[ 4,  0],\n       [ 3, -5],\n       [ 0,  2]])" in out, out)
    out = t.line("rank(W)")
    check(tag + "rank", "Out[4]: 2" in out, out)
    out = t.line("_ + 1")
    check(tag + "_ is the last value", "Out[5]: 3" in out, out)
    out = t.line("W @ W")
    check(tag + "an error says what", "ValueError" in out and "(3, 2)" in out, out)
    out = t.line("W.shape;")
    check(tag + "; keeps it quiet", "Out" not in out, out)
    out = t.line("W.shape")
    check(tag + "the session goes on", "Out[8]: (3, 2)" in out, out)
    rest = t.close()
    check(tag + "Ctrl-D leaves with 0", t.status == 0, (t.status, rest))


def blocks(open_terminal, tag):
    t = open_terminal()
    out = t.line("for i in range(3):")
    check(tag + "a block asks for more", "...:" in out, out)
    t.line("\x15    print(i * 10)" if tag == "readline: " else "    print(i * 10)")
    out = t.line("\x15" if tag == "readline: " else "")
    check(tag + "a blank line ends a block", "\n0\n10\n20\n" in out, out)
    out = t.line("x = (1 +")
    check(tag + "an open bracket goes on", "...:" in out, out)
    out = t.line("2)")
    out = t.line("x")
    check(tag + "and closes", "3" in out, out)
    out = t.line("x = = 1")
    check(tag + "a syntax error is shown at once", "SyntaxError" in out, out)
    t.send("\x1b[200~a = 1\nb = 2\n\nfor k in range(2):\n    a += b\na + b\x1b[201~\n")
    out = t.read_until(PROMPT)
    check(tag + "a pasted cell runs as one", re.search(r"Out\[\d+\]: 7", out), out)
    t.close()


def interrupts(open_terminal, tag):
    t = open_terminal()
    t.line("kept = 41")
    t.send("while True: kept = kept\n")
    if "..." in t.read_until(PROMPT, timeout=1):
        t.send("\n")
        t.read_until(PROMPT, timeout=0.5)
    start = time.time()
    os.kill(t.pid, signal.SIGINT) if tag == "none" else t.send("\x03")
    out = t.read_until(PROMPT)
    check(tag + "Ctrl-C stops a loop", "KeyboardInterrupt" in out and time.time() - start < 5, out)
    t.send("half a line")
    t.read_until(None, timeout=0.3)
    t.send("\x03")
    t.read_until(PROMPT)
    out = t.line("kept + 1")
    check(tag + "Ctrl-C clears the line, variables stay", "42" in out and "SyntaxError" not in out, out)
    t.line("if True:")
    t.send("\x03")
    out = t.read_until(PROMPT)
    check(tag + "Ctrl-C leaves a block", "In [" in out, out)
    t.close("exit()\n")
    check(tag + "exit() leaves", t.status == 0, t.status)


def long_lines(open_terminal, tag):
    t = open_terminal()
    if tag == "plain: ":
        # the terminal's own line buffer holds 4095 bytes; several lines make a long cell
        t.line("s = (")
        for _ in range(3):
            t.line("'" + "x" * 1000 + "'")
        t.line(")")
        out = t.line("len(s)")
        check(tag + "a long cell", "3000" in out, out[-200:])
    else:
        t.send("s = '" + "x" * 6000 + "'\n")
        t.read_until(PROMPT)
        out = t.line("len(s)")
        check(tag + "a long line", "6000" in out, out[-200:])
    out = t.line("'λ' + 'é'")
    check(tag + "UTF-8", "'λé'" in out, out)
    t.close()


def history(lsv, folder):
    home = os.path.join(folder, "history")
    os.mkdir(home)
    first, second = Terminal(lsv, home=home), Terminal(lsv, home=home)
    first.line("first_name = 1")
    second.line("second_name = 2")
    first.line("for i in range(2):")
    first.line("\x15    print('in', i)")
    first.line("\x15")
    first.close()
    second.close()
    path = os.path.join(home, ".local", "state", "lsv", "history")
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    check("two sessions write one history", any("first_name = 1" in x for x in lines) and any("second_name = 2" in x for x in lines), lines)
    check("a cell is one line of the file", "for i in range(2):\\n    print('in', i)" in lines, lines)
    t = Terminal(lsv, home=home)
    t.send("\x1b[A")
    t.read_until(None, timeout=0.3)
    out = t.line("")
    if "..." in out[-8:]:
        out = t.line("\x15")
    check("the up arrow brings a whole cell back", "in 0" in out and "in 1" in out, out)
    t.close()
    t = Terminal(lsv, "--no-history", home=home)
    t.line("not_kept = 1")
    t.close()
    with open(path, encoding="utf-8") as f:
        check("--no-history", "not_kept" not in f.read())


def interactive_flag(lsv, home):
    t = Terminal(lsv, "-i", "-e", "w = 7", home=home)
    out = t.line("w")
    check("-i goes on at the prompt", ": 7" in out, out)
    t.close()


def completion(lsv, home):
    t = Terminal(lsv, home=home)
    t.line("unmistakable_name = 3")
    t.send("unmist\t")
    t.read_until(None, timeout=0.5)
    out = t.line("")
    check("Tab completes a name", ": 3" in out, out)
    t.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lsv", default="./lsv")
    lsv = os.path.abspath(parser.parse_args().lsv)
    with tempfile.TemporaryDirectory() as folder:
        readers = [("plain: ", ["--plain"])]
        probe = Terminal(lsv, home=folder)
        probe.line("readline_probe = 1")
        probe.send("readline_prob\t")
        has_readline = "readline_probe" in probe.read_until(None, timeout=0.7)
        probe.close("\x03\x04")
        if has_readline:
            readers.append(("readline: ", []))
        for tag, args in readers:
            def open_terminal():
                return Terminal(lsv, *args, home=folder)
            for group in (basics, blocks, interrupts, long_lines):
                group(open_terminal, tag)
        if has_readline:
            history(lsv, folder)
            completion(lsv, folder)
        interactive_flag(lsv, folder)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
