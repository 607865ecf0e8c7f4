"""The commands that stand in documents, as a person copies them."""
import contextlib
import os
import re
import signal
import subprocess
import textwrap
import threading

from harness import waiting
from harness.otemon import ROOT

# Those of a list are indented.
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)


def blocks(path, *languages):
    """Texts of the fenced blocks in these languages."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [textwrap.dedent(body) for language, body in _FENCE.findall(text)
            if language in languages]


def sections(path, *languages):
    """{heading: texts of its blocks in these languages}; headings without any are left out."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found, heading = {}, None
    for match in re.finditer(f"{_FENCE.pattern}|^#+ ([^\n]*)$", text, re.M | re.S):
        language, body, next_heading = match.groups()
        heading = next_heading or heading
        if body is not None and language in languages:
            found.setdefault(heading, []).append(textwrap.dedent(body))
    return found


def metrics(path):
    """The names of metrics that it mentions."""
    return set(re.findall(r"`(otemon_\w+)`", (ROOT / path).read_text(encoding="utf-8")))


def shell(text, cwd=ROOT, env=None, timeout=60):
    """Runs a block to its end. Returns what it printed; a command that fails is a failure."""
    done = subprocess.run(["bash", "-ec", text], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Terminal:
    """A block whose command goes on, in a terminal of its own: `until` Ctrl-C."""

    def __init__(self, text, cwd=ROOT, env=None):
        self.text = text
        self.lines = []
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["bash", "-c", text], cwd=cwd, env=env, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stdout as pipe:
            for line in pipe:
                self.lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_said(self, part):
        def said():
            found = [line for line in list(self.lines) if part in line]
            assert found or self.process.poll() is None, "\n".join([self.text, *self.lines])
            return found
        waiting.until(said, lambda: f"«{part}» in:\n" + "\n".join(self.lines))

    def interrupt(self):
        """Ctrl-C: the signal goes to all that run in the terminal. Returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        status = self.process.wait(timeout=40)
        self.reader.join(timeout=5)
        return status
