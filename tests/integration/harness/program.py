"""A program as a process, with what it prints, and what its health and admin addresses answer."""
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import termios
import threading
import urllib.error
import urllib.request
from pathlib import Path

from harness import metrics, waiting

ROOT = Path(__file__).resolve().parents[3]


class Program:
    """Runs until stop(). `lines` has everything that was printed so far, on both outputs; `out`
    and `err` have that of one. `health` and `admin` are its ports."""

    def __init__(self, words, health, admin, **options):
        self.health, self.admin = health, admin
        self.lines, self.out, self.err = [], [], []
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        bufsize=0, **options)
        self.reading = threading.Lock()
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out),
                                     (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def _read(self, pipe, lines):
        rest = b""
        with pipe:
            while True:
                select.select([pipe], [], [])
                with self.reading:
                    data = os.read(pipe.fileno(), 65536)
                    *whole, rest = (rest + data).split(b"\n")
                    for line in whole if data else filter(None, [rest]):
                        lines.append(line.decode(errors="backslashreplace"))
                        self.lines.append(lines[-1])
                if not data:
                    return

    def sync(self):
        """Waits until all that it has written is in `lines`."""
        for reader, pipe in zip(self.readers, (self.process.stdout, self.process.stderr)):
            def read(reader=reader, pipe=pipe):
                with self.reading:
                    if pipe.closed or not reader.is_alive():
                        return True
                    waiting_bytes = bytearray(4)
                    fcntl.ioctl(pipe, termios.FIONREAD, waiting_bytes)
                    return not any(waiting_bytes)
            waiting.until(read, "its output is read")

    def text(self):
        return "\n".join(self.lines)

    def said(self, part, since=0):
        """The first line from `since` on that has `part`."""
        return next((line for line in list(self.lines)[since:] if part in line), None)

    def wait_said(self, part, since=0):
        return waiting.until(lambda: self.said(part, since),
                             lambda: f"«{part}» in:\n{self.text()}")

    def wait_match(self, pattern, since=0):
        """Waits for a line from `since` on in which the regular expression is found."""
        regex = re.compile(pattern)
        return waiting.until(lambda: next(filter(regex.search, list(self.lines)[since:]), None),
                             lambda: f"/{pattern}/ in:\n{self.text()}")

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.text()
            try:
                return self.get_health("/ready")[0] == 200
            except OSError:
                return False
        waiting.until(ready, lambda: f"ready:\n{self.text()}")
        self.sync()  # it prints what it serves before it is ready
        return self

    def get_health(self, path):
        return _get(f"http://127.0.0.1:{self.health}{path}")

    def get_admin(self, path, **fields):
        return _get(f"http://127.0.0.1:{self.admin}{path}", fields)

    def metrics(self):
        return metrics.parse(self.get_health("/metrics")[1])

    def metric(self, name, **labels):
        """The sum of the samples of that name with these labels."""
        return metrics.value(self.metrics(), name, **labels)

    def config(self):
        """What the admin address shows of the configuration that is served."""
        status, text = self.get_admin("/config")
        assert status == 200, text
        return json.loads(text)

    def memory_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def cpu_ticks(self):
        """Of all its threads since it began, in hundredths of a second."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return int(user) + int(system)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait_end(self, seconds=40):
        status = self.process.wait(timeout=seconds)
        for reader in self.readers:
            reader.join(timeout=5)
        return status

    def stop(self):
        """Ends it as Ctrl-C does, and expects a good end."""
        if self.process.poll() is None:
            self.signal(signal.SIGINT)
        status = self.wait_end()
        assert status == 0, self.text()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def _get(url, fields=None):
    request = urllib.request.Request(url, headers=fields or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
