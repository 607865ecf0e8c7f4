"""Requests without end to some addresses, and what became of every single one."""
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness import certificates, waiting
from harness.wire import Wire

HERE = Path(__file__).resolve()
PATHS = [HERE.parents[1], HERE.parents[2] / "integration"]

# Between the requests of one connection: enough of them that a gap of 100 ms is seen, few enough
# that what is tested has the machine.
PAUSE_S = 0.01
CONNECTIONS = 2


def lane(name, address, port, host, tls=False, keep=True):
    """Clients that all do the same: with `keep` on a connection that stays, otherwise on a new one
    for each request."""
    return {"name": name, "address": address, "port": port, "host": host, "tls": tls, "keep": keep}


class Load:
    """Another process, so that a test that is busy does not slow it down. Every answer has to be a
    200 that quotes its own request; whatever else happens is a failure, and nothing is tried again.
    """

    def __init__(self, lanes):
        self.lanes = lanes

    def __enter__(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kube.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": ":".join(map(str, PATHS))})
        self._say(json.dumps(self.lanes))
        self.more()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def report(self):
        """{"counts": {lane: answers}, "failures": [{"time", "lane", "what"}]} since the start."""
        self._say("report")
        return json.loads(self.process.stdout.readline())

    def more(self, requests=20):
        """Waits until each lane has had so many more answers."""
        before = self.report()["counts"]

        def enough():
            now = self.report()["counts"]
            return all(now[name] >= before[name] + requests for name in now)
        waiting.until(enough, lambda: f"more answers than {before}; failures: "
                                      f"{self.report()['failures'][-5:]}")

    def go_on(self, seconds):
        """Lets time pass, with requests in it."""
        end = time.monotonic() + seconds
        waiting.until(lambda: time.monotonic() >= end, "the time", seconds + 1)

    @contextlib.contextmanager
    def losing_nothing(self):
        """What is done meanwhile must not cost a request."""
        before = self.report()
        yield
        self.more()
        after = self.report()
        lost = after["failures"][len(before["failures"]):]
        made = sum(after["counts"].values()) - sum(before["counts"].values())
        assert not lost, f"{len(lost)} of {made} requests lost, first of all: {lost[:5]}"


# ---- The process ----

class Counts:
    """What the clients of all lanes have had."""

    def __init__(self, lanes):
        self.lock = threading.Lock()
        self.answers = {each["name"]: 0 for each in lanes}
        self.failures = []
        self.stop = threading.Event()

    def answer(self, name):
        with self.lock:
            self.answers[name] += 1

    def failure(self, name, error):
        with self.lock:
            self.failures.append({"time": time.time(), "lane": name, "what": repr(error)[:300]})

    def print(self):
        with self.lock:
            print(json.dumps({"counts": self.answers, "failures": self.failures}), flush=True)


class Client:
    """One of the clients of a lane."""

    def __init__(self, each, number, counts):
        self.lane, self.counts = each, counts
        self.prefix = f"/{each['name']}/{number}"
        self.tls = certificates.trusting() if each["tls"] else None
        self.wire = None

    def connect(self):
        self.wire = Wire(self.lane["port"], self.tls, self.lane["host"], seconds=10,
                         address=self.lane["address"])

    def disconnect(self):
        if self.wire is not None:
            self.wire.close()
        self.wire = None

    def ask(self, number):
        """One request; whatever is wrong with its answer is an exception."""
        if self.wire is None:
            self.connect()
        path = f"{self.prefix}/{number}"
        answer = self.wire.ask(path=path, host=self.lane["host"])
        if answer.status != 200 or f"GET {path} HTTP/1.1".encode() not in answer.body:
            raise ValueError(f"{answer.status} {answer.body[:100]}")
        if not self.lane["keep"] or ("connection" in answer and answer["connection"] == "close"):
            self.disconnect()

    def run(self):
        number = 0
        while not self.counts.stop.wait(PAUSE_S):
            number += 1
            try:
                self.ask(number)
                self.counts.answer(self.lane["name"])
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.counts.failure(self.lane["name"], error)
                self.disconnect()
        self.disconnect()


def main():
    lanes = json.loads(sys.stdin.readline())
    counts = Counts(lanes)
    threads = [threading.Thread(target=Client(each, number, counts).run)
               for each in lanes for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:  # "report", until its end
        counts.print()
    counts.stop.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
