"""From a changed file to the first response that shows the change."""

import statistics
import time

from gauge import client, manifests, ports

CHANGE_SECONDS_MAX = 30


def measure(directory, changes):
    """Milliseconds, the median over `changes` changes. The gateway serves `directory`."""
    took = []
    with client.connect(ports.PROXY) as conn:
        for turn in range(changes):
            service = "ba"[turn % 2]
            start = time.monotonic()
            manifests.write_flip(directory, service)
            while client.get(conn, "/who")[1] != service.encode():
                if time.monotonic() - start > CHANGE_SECONDS_MAX:
                    raise RuntimeError(f"a change was not served in {CHANGE_SECONDS_MAX} s")
            took.append((time.monotonic() - start) * 1000)
    return statistics.median(took)
