"""`otemon run` as a process, with what it prints."""
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

from harness import metrics, ports, waiting

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build/bin/otemon"


class Otemon:
    """Runs until stop(). `lines` has everything that was printed so far, on both outputs."""

    def __init__(self, directory, *flags, prefix=()):
        self.health = ports.free()
        self.admin = ports.free()
        self.lines = []
        words = [*prefix, PROGRAM, "run", f"--health=127.0.0.1:{self.health}",
                 f"--admin=127.0.0.1:{self.admin}", "--workers=2", *flags, directory]
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True, bufsize=1)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def text(self):
        return "\n".join(self.lines)

    def said(self, part, since=0):
        """The first line from `since` on that has `part`."""
        return next((line for line in list(self.lines)[since:] if part in line), None)

    def wait_said(self, part, since=0):
        return waiting.until(lambda: self.said(part, since),
                             lambda: f"«{part}» in:\n{self.text()}")

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.text()
            try:
                return self.get_health("/ready")[0] == 200
            except OSError:
                return False
        waiting.until(ready, lambda: f"ready:\n{self.text()}")
        return self

    def get_health(self, path):
        return _get(f"http://127.0.0.1:{self.health}{path}")

    def get_admin(self, path, **fields):
        return _get(f"http://127.0.0.1:{self.admin}{path}", fields)

    def metrics(self):
        return metrics.parse(self.get_health("/metrics")[1])

    def memory_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait_end(self, seconds=40):
        status = self.process.wait(timeout=seconds)
        self.reader.join(timeout=5)
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
