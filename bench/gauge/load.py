"""Load: h2load speaking HTTP/1.1 on one thread, a fixed number of requests over kept connections.

Measured against wrk on the same origin it costs the same per request (5.8 and 5.4 us), and a fixed
count makes the cost per request an exact division."""

import re
import subprocess
from dataclasses import dataclass

from gauge import ports

SECONDS_MAX = 120

_SUMMARY = re.compile(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded")
_STATUS = re.compile(r"status codes: (\d+) 2xx")
_RATE = re.compile(r"finished in [\d.]+\w+, ([\d.]+) req/s")


@dataclass(frozen=True)
class Load:
    """What the generator is told to do."""
    title: str
    paths: tuple  # asked for in turn
    connections: int
    requests: int


def run(load, requests=None):
    """Requests per second; an error unless every request was answered with 2xx."""
    count = requests or load.requests
    done = subprocess.run(
        ["taskset", "-c", str(ports.LOAD_CORE), "h2load", "--h1", "-t1", f"-c{load.connections}",
         f"-n{count}", *(f"http://{ports.ADDRESS}:{ports.PROXY}{path}" for path in load.paths)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
        timeout=SECONDS_MAX)
    summary, status, rate = (p.search(done.stdout) for p in (_SUMMARY, _STATUS, _RATE))
    if not (summary and status and rate and int(summary[2]) == int(status[1]) == count):
        raise RuntimeError(f"requests failed ({load.title}):\n{done.stdout}")
    return float(rate[1])


def measure(child, load):
    """CPU microseconds of the proxy per request and requests per second, once it is warm."""
    run(load, max(load.requests // 10, load.connections))
    before = child.cpu_us()
    rate = run(load)
    return {"cpu_us": (child.cpu_us() - before) / load.requests, "rate": rate}
