#!/usr/bin/env python3
"""The interactive walk and the quiz in a real pseudo-terminal. Ends with `N passed, M failed`."""
import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x07|\r")
passed = failed = 0


def check(ok, *what):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED:", *what)


class Terminal:
    def __init__(self, *command, cwd, lang="C.UTF-8"):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            env = {"HOME": cwd, "TERM": "xterm", "LANG": lang, "LC_ALL": lang, "PATH": os.environ["PATH"], "NO_COLOR": "1", "INPUTRC": "/dev/null"}
            for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
                if name in os.environ:
                    env[name] = os.environ[name]
            os.execve(command[0], command, env)
        self.size(24, 80)

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, pattern, timeout=60):
        seen, end = "", time.time() + timeout
        while time.time() < end:
            if re.search(pattern, ESCAPES.sub("", seen)):
                break
            ready, _, _ = select.select([self.fd], [], [], 0.1)
            if ready:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    break
                if not data:
                    break
                seen += data.decode("utf-8", "replace")
        return ESCAPES.sub("", seen)

    def send(self, text):
        if text < " " and text != "\n":  # a control key: wait until the program waits for it
            time.sleep(0.3)
        os.write(self.fd, text.encode())

    def line(self, text, pattern):
        self.send(text + "\n")
        return self.until(pattern)

    def status(self, timeout=30):
        end = time.time() + timeout
        while time.time() < end:
            try:
                if select.select([self.fd], [], [], 0.05)[0]:
                    os.read(self.fd, 65536)
            except OSError:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        return None


def at(step, of=12):
    return r"\[%s/%d\] $" % (step, of)


def walk(lsv, folder):
    t = Terminal(lsv, "teach", "svd", "[4, 0; 3, -5; 0, 2]", cwd=folder)
    out = t.until(at(0))
    check("Enter next   b back   t try it myself" in out and "3×2:  x in R²" in out, "start", out)
    out = t.line("", at(1))
    check("Step 1 of 12" in out and "WᵀW" in out, "next", out)
    out = t.line("", at(2))
    check("Step 2 of 12" in out, "next", out)
    out = t.line("b", at(1))
    check("Step 1 of 12" in out, "back", out)
    check("U drops out" in t.line("?", at(1)).replace("\n", " "), "why")
    out = t.line("4", at(4))
    check("Step 4 of 12" in out and "λ² - 54λ + 500" in out, "jump", out)
    out = t.line("t", r"λ, largest first\? $")
    check("Step 5 of 12" in out and "42.1327" not in out, "try hides the result", out)
    out = t.line("84.27, 23.73", r"λ, largest first\? $")
    check("forgot to divide by 2a" in out and "42.1327" not in out, "wrong answer", out)
    t.size(40, 60)  # the window is resized in the middle of a question
    out = t.line("42.13, 11.87", at(5))
    check("right at 2 digits" in out and "42.1327" in out, "right answer shows the step", out)
    out = t.line("c", r"which value.*\? $")
    out = t.line("V", r"your V\? $")
    out = t.line("-0.6587, 0.7524; 0.7524, 0.6587", at(5))
    check("v1 right at 4 digits; v2 right at 4 digits" in out, "check", out)
    out = t.line("c U [0.4059, 0.8736; 0.8840, -0.3009; -0.2318, 0.3824]", at(5))
    check("wrong sign FOR YOUR v1" in out.replace("\n      ", " ").replace("\n  ", " "), "check in one line", out)
    out = t.line("c nothing", at(5))
    check("no step is called" in out, "unknown step", out)
    out = t.line("m", r"file name.*\? $")
    out = t.line("mine.md", at(5))
    check("saved as mine.md" in out and os.path.exists(os.path.join(folder, "mine.md")), "save", out)
    check("must end in" in t.line("m mine.doc", at(5)), "save in an unknown format")
    out = t.line("hello", at(5))
    check("Enter next" in out, "unknown command", out)
    t.line("12", r"\[end\] $")
    t.send("q\n")
    status = t.status()
    check(status == 0, "q leaves", status)


def leaving(lsv, folder):
    t = Terminal(lsv, "teach", "svd", "[1, 2; 3, 4]", cwd=folder)
    t.until(at(0, 9))
    t.send("\x04")
    check(t.status() == 0, "Ctrl-D leaves")
    t = Terminal(lsv, "teach", "svd", "[1, 2; 3, 4]", cwd=folder)
    t.until(at(0, 9))
    t.line("t", r"WᵀW\? $")
    t.send("\x03")
    out = t.until(at(1, 9))
    check("Step 1 of 9" in out, "Ctrl-C drops a question", out)
    t.send("\x03")
    check(t.status() == 0, "Ctrl-C leaves the walk")
    t = Terminal(lsv, "teach", "svd", "[1, 2; 3]", cwd=folder)
    out = t.until(r"first row has 2")
    check("row 2 has 1 entries" in out and t.status() == 1, "a ragged matrix", out)
    t = Terminal(lsv, "teach", "svd", "[4, 0; 3, -5; 0, 2]", cwd=folder, lang="C")
    out = t.until(at(0)) + t.line("5", at(5))
    check(out.isascii() and "lambda1 = 27 + sqrt(229)" in out, "ASCII", out)
    t.send("q\n")
    t.status()


def at_the_prompt(lsv, folder):
    t = Terminal(lsv, "--no-history", cwd=folder)
    t.until(r"In \[1\]: $")
    t.line("walkthrough([4, 0; 3, -5; 0, 2])", at(0))
    t.line("", at(1))
    out = t.line("q", r"In \[2\]: $")
    check("rank" not in out, "the dictionary is not echoed", out)
    out = t.line('check("λ", [42.13, 11.87])', r"In \[3\]: $")
    check("λ: right at 2 digits" in out, "check afterwards", out)
    out = t.line('d = walkthrough([4, 0; 3, -5; 0, 2], step=8)', r"In \[4\]: $")
    check("Step 8 of 12" in out and "Step 9" not in out, "one step", out)
    out = t.line('quiz("rational", seed=1)', r"WᵀW\? $")
    t.send("\x04")
    out = t.until(r"In \[5\]: $")
    check("'score'" in out, "Ctrl-D ends a quiz", out)
    t.line("", r"In \[5\]: $")
    t.send("exit\n")
    check(t.status() == 0, "exit")


def quiz(lsv, folder):
    t = Terminal(lsv, "teach", "quiz", "find", "seed=2", cwd=folder)
    t.until(r"\(1 to 7\)\? $")
    out = t.line("1", r"first try")
    check("score:" in out, "quiz find", out)
    t.status()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lsv", default="./lsv")
    o = a.parse_args()
    lsv = os.path.abspath(o.lsv)
    with tempfile.TemporaryDirectory() as folder:
        for part in (walk, leaving, at_the_prompt, quiz):
            part(lsv, folder)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
