"""System calls per request, as strace counts them.

The difference between a longer and a shorter load leaves the calls that open and close connections
out of the figure."""

import re
import subprocess
import time

from gauge import load as loads
from gauge.children import STOP_SECONDS, await_condition

_ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)


def measure(child, load, requests):
    short, long = _counts(child, load, requests), _counts(child, load, 3 * requests)
    per_request = {name: (count - short.get(name, 0)) / (2 * requests)
                   for name, count in long.items()}
    shown = {name: round(value, 3) for name, value in per_request.items() if value >= 0.001}
    return {"total": sum(per_request.values()), "calls": shown}


def _counts(child, load, requests):
    command = ["strace", "-c", "-f"]
    for pid in child.family():
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        await_condition(lambda: _traced(child.pid) or tracer.poll() is not None, 10,
                        "strace attached", 0.01)
        time.sleep(0.1)  # its other threads follow within the same loop of strace
        loads.run(load, requests)
    finally:
        if tracer.poll() is None:
            tracer.send_signal(2)
    _, report = tracer.communicate(timeout=STOP_SECONDS)
    counts = {name: int(count) for count, name in _ROW.findall(report) if name != "total"}
    if not counts:
        raise RuntimeError(f"strace counted nothing:\n{report}")
    return counts


def _traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return "TracerPid:\t0\n" not in status.read()
