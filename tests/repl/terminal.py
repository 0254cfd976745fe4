"""lsv in a real pseudo-terminal, seen through a screen model: what a person would see, not grep over escapes.

    with Terminal([lsv, "--plain"], columns=40) as t:
        t.prompt()
        text = t.run("1 + 1")              # what appeared between the cell and the next prompt
        t.send("np.lin\t")
        t.wait_for(r"np\\.linalg")          # on the screen, within a time limit; else ScreenError with the screen
        t.screen(), t.cursor, t.cell(row, column).bold

The screen model is pyte (Debian: python3-pyte). Where another Python comes first in PATH and lacks it,
Debian's own Python runs the script instead.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time

try:
    import pyte
except ImportError:
    DEBIAN = "/usr/bin/python3"
    if os.path.exists(DEBIAN) and not os.environ.get("LSV_TEST_PYTHON"):
        os.environ["LSV_TEST_PYTHON"] = DEBIAN
        os.execv(DEBIAN, [DEBIAN, *sys.argv])
    print("FAIL the screen model pyte is missing: apt-get install python3-pyte\n0 passed, 1 failed")
    sys.exit(1)

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, SHIFT_TAB, BACKSPACE = "\x1b[H", "\x1b[F", "\x1b[3~", "\x1b[Z", "\x7f"
CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_L, CTRL_R, CTRL_U = "\x01", "\x03", "\x04", "\x05", "\x0c", "\x12", "\x15"

PROMPT = re.compile(r"^(In \[\d+\]: |\s*\.\.\.: *)$")   # an indented block brings its blanks along
# Strings that draw pictures (sixel, kitty) or set titles: pyte would print them as text.
STRINGS = re.compile(rb"\x1b[P_^X].*?(?:\x1b\\|\x9c)|\x1b\].*?(?:\x07|\x1b\\)", re.S)
OPEN_STRING = re.compile(rb"\x1b(?:[P_^X\]].*)?$", re.S)
SLOW = 5 if "ASAN_OPTIONS" in os.environ else 1     # under the sanitizers everything takes its time


class ScreenError(AssertionError):
    pass


class Paper(pyte.Screen):
    """A screen that keeps the lines that went off at its top."""

    def __init__(self, columns, lines):
        self.gone = []
        super().__init__(columns, lines)

    def index(self):
        top, bottom = self.margins or pyte.screens.Margins(0, self.lines - 1)
        if self.cursor.y == bottom:
            self.gone.append(self.display[top].rstrip())
        super().index()


class Terminal:
    def __init__(self, argv, columns=80, lines=24, env=None, home=None, locale="C.UTF-8", color=False, cwd=None, term="xterm-256color"):
        """Starts argv. `home` holds HOME and the XDG folders, so that history and settings are the test's own;
        None: a folder of its own that close() removes. `env` adds variables (None takes one away)."""
        self.own_home = None if home else tempfile.mkdtemp(prefix="lsv-home-")
        self.home = home or self.own_home
        self.paper = Paper(columns, lines)
        self.stream = pyte.Stream(self.paper)
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.raw, self.held, self.status = b"", b"", None
        settings = {"HOME": self.home, "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TERM": term, "INPUTRC": "/dev/null",
                    "LANG": locale, "LC_ALL": locale, "XDG_STATE_HOME": os.path.join(self.home, "state"),
                    "XDG_CONFIG_HOME": os.path.join(self.home, "config"), "XDG_CACHE_HOME": os.path.join(self.home, "cache")}
        if not color:
            settings["NO_COLOR"] = "1"
        for name in os.environ:
            if name.startswith(("ASAN_", "UBSAN_", "LSAN_", "OPENBLAS_", "OMP_", "LSV_")):
                settings[name] = os.environ[name]
        settings.update(env or {})
        settings = {name: value for name, value in settings.items() if value is not None}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if cwd:
                    os.chdir(cwd)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                os.execve(argv[0], argv, settings)
            finally:
                os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- what is on the screen ----

    def screen(self):
        """The rows, without the blanks at their ends."""
        return [row.rstrip() for row in self.paper.display]

    def text(self):
        return "\n".join(self.screen()).rstrip("\n")

    def everything(self):
        """The screen with what scrolled off above it."""
        return "\n".join(self.paper.gone + self.screen()).rstrip("\n")

    @property
    def cursor(self):
        return self.paper.cursor.y, self.paper.cursor.x

    def cell(self, row, column):
        """One place on the screen: .data, .fg, .bg, .bold, .reverse, .underscore."""
        return self.paper.buffer[row][column]

    def place(self):
        """The cursor's row counted from the very first row; for since()."""
        return len(self.paper.gone) + self.paper.cursor.y

    def since(self, place):
        return "\n".join((self.paper.gone + self.screen())[place:]).rstrip("\n")

    # ---- talking ----

    def pump(self, seconds):
        """Takes in what comes, until something came or the time is over; False when the program's side is closed."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            return False
        self.raw += data
        data = STRINGS.sub(b"", self.held + data)
        cut = OPEN_STRING.search(data)
        self.held = data[cut.start():] if cut else b""
        self.stream.feed(self.decode(data[:cut.start()] if cut else data))
        return True

    def send(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        while data:     # a program that is slow to read must not stop us from reading what it writes
            _, ready, _ = select.select([], [self.fd], [], 0.05)
            if ready:
                data = data[os.write(self.fd, data[:1024]):]
            self.pump(0)

    def wait(self, done, timeout, what):
        end = time.monotonic() + timeout * SLOW
        while not done():
            left = end - time.monotonic()
            if left <= 0 or not self.pump(min(left, 0.25)):
                if done():
                    break
                raise ScreenError(f"waited for {what}; the screen was, with the cursor at {self.cursor}:\n{self.text()}")

    def wait_for(self, pattern, timeout=20):
        """The match of the pattern (a regex, multi-line) on the screen, as soon as there is one."""
        wanted = re.compile(pattern, re.M)
        self.wait(lambda: wanted.search(self.text()), timeout, repr(pattern))
        return wanted.search(self.text())

    def waits(self):
        """Whether the program is waiting for something, in all its threads, and not for a processor."""
        try:
            for task in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{task}/stat", encoding="ascii", errors="replace") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] in "RD":
                        return False
        except OSError:     # it has ended, or this system has no /proc
            pass
        return True

    def settle(self, seconds=0.15):
        """Reads until nothing came for a while in which the program had nothing to do; the screen's text."""
        looks, calm = 5, 0      # several looks: on a stopped machine time passes in which nobody does anything
        while calm < looks:
            before = len(self.raw)
            if not self.pump(seconds * min(SLOW, 2) / looks):
                break
            calm = calm + 1 if len(self.raw) == before and self.waits() else 0
        return self.text()

    def at_prompt(self, below=-1):
        row, column = self.cursor
        return self.place() > below and PROMPT.match(self.paper.display[row][:column]) is not None

    def prompt(self, below=-1, timeout=20):
        """Waits until the cursor stands right behind a prompt (or `...:`) in a row below `below`; its number, 0 for `...:`."""
        self.wait(lambda: self.at_prompt(below), timeout, "a prompt")
        number = re.search(r"\d+", self.screen()[self.cursor[0]])
        return int(number[0]) if number else 0

    def run(self, cell, timeout=20):
        """Types a line and Enter; what appeared below it until the next prompt."""
        self.send(cell)
        self.settle(0.02)
        start = self.place()
        self.send("\r")
        self.prompt(below=start, timeout=timeout)
        return "\n".join((self.paper.gone + self.screen())[start + 1:self.place()]).strip("\n")

    def paste(self, text):
        """As a terminal with bracketed paste sends it."""
        self.send("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def resize(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.paper.resize(lines, columns)

    # ---- the end ----

    def close(self, keys=CTRL_D, timeout=5):
        """Sends the keys, waits for the end of the program; its exit status ("hung" where it had to be killed)."""
        if self.fd is None:
            return self.status
        try:
            self.send(keys)
        except OSError:
            pass
        end, pid = time.monotonic() + timeout * SLOW, 0
        while not pid and time.monotonic() < end:
            if not self.pump(0.02):
                time.sleep(0.005)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
            while self.pump(0) and select.select([self.fd], [], [], 0)[0]:
                pass
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = "hung"
        os.close(self.fd)
        self.fd = None
        if self.own_home:
            shutil.rmtree(self.own_home, ignore_errors=True)
        return self.status


class Checks:
    """Counts checks and ends a script with the line that run.py reads."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name}: {detail}", flush=True)

    def group(self, name, function, *args):
        """Runs a group of checks; a time limit passed in it is one failure."""
        try:
            function(*args)
        except (ScreenError, OSError) as error:
            self(name, False, error)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
