"""Programs in pods as the node sees them: their processes, what they hold, and what they logged."""

import datetime
import glob
import os
import re
import time

from gauge.children import await_condition

CLUSTER = os.path.dirname(os.environ.get("KUBECONFIG", ""))
POD_LOGS = os.path.join(CLUSTER, "logs", "pods")
SECONDS_MAX = 120
PAUSE_SECONDS = 0.001

_LINE = re.compile(r"^(\S+)\.(\d+)Z \w+ \w (.*)$")


def memory_kib(name):
    """What is resident of the process of that name, and the most that was."""
    (pid,) = _named(name, _pids())
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status if ":" in line)
    return {"rss": int(lines["VmRSS"].split()[0]), "peak": int(lines["VmHWM"].split()[0])}


class Arrival:
    """The next process of that name. The kernel tells nobody when a program was executed (what it
    has as the start is when runc made the process), so new processes are looked at until one has
    become it."""

    def __init__(self, name):
        self._name = name
        self._before = _pids()

    def wait(self):
        """When it was executed."""
        def is_there():
            return any(_named(self._name, _pids() - self._before))

        await_condition(is_there, SECONDS_MAX, f"{self._name} starts", PAUSE_SECONDS)
        return time.time()


def _pids():
    return {int(entry) for entry in os.listdir("/proc") if entry.isdigit()}


def _named(name, pids):
    """Names are of at most 15 bytes, which is what the kernel keeps."""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                if comm.read().strip() == name:
                    yield pid
        except OSError:  # it has ended
            continue


def logged(pod, text, since=0):
    """When the first container of the pod, as the API server has it, logged a line with that text,
    the first one after `since`, by containerd's clock; None: not yet."""
    name = "_".join(pod["metadata"][key] for key in ("namespace", "name", "uid"))
    for path in sorted(glob.glob(f"{POD_LOGS}/{name}/*/*.log")):
        with open(path, encoding="utf-8") as log:
            for line in log:
                found = _LINE.match(line)
                if found and text in found[3] and _seconds(found[1], found[2]) > since:
                    return _seconds(found[1], found[2])
    return None


def _seconds(whole, fraction):
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + float(f"0.{fraction}")
