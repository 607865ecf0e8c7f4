"""From the API server's acceptance of a changed route to the first response that shows it, and from
there to the status that says so."""

import contextlib
import random
import threading
import time

from gauge import client
from gauge.kube import objects

PROBE_PAUSE_SECONDS = 0.0003
SECONDS_MAX = 30

# A change comes at any time of whatever has a period, and after the status of the last is written.
PAUSE_SECONDS = (0.05, 0.15)


class Watch:
    """When which generation of a route was told, and when as Programmed."""

    def __init__(self, server, name):
        self._told = {}
        self._programmed = {}
        self._changed = threading.Condition()
        self._connection = server.connect()
        self._name = name
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        query = f"fieldSelector=metadata.name%3D{self._name}"
        for _, route in self._connection.watch(objects.ROUTES, query):
            now = time.monotonic()
            with self._changed:
                self._told.setdefault(route["metadata"]["generation"], now)
                for condition in route.get("status", {}).get("conditions", []):
                    if condition["type"] == "Programmed" and condition["status"] == "True":
                        self._programmed.setdefault(condition["observedGeneration"], now)
                self._changed.notify_all()

    def wait(self, generation):
        """When that generation was told first, and when as Programmed."""
        with self._changed:
            if not self._changed.wait_for(lambda: generation in self._programmed, SECONDS_MAX):
                raise RuntimeError(f"{self._name}: generation {generation} was not Programmed "
                                   f"in {SECONDS_MAX} s")
            return self._told[generation], self._programmed[generation]


def measure(server, gateway, changes):
    """Milliseconds of each change. `gateway`: the address of its pod."""
    watch = Watch(server, objects.FLIP)
    taken = {"told_ms": [], "served_ms": [], "programmed_ms": []}
    with contextlib.closing(server.connect()) as api, client.connect(objects.PORT, gateway) as conn:
        for turn in range(changes):
            time.sleep(random.uniform(*PAUSE_SECONDS))
            accepted, served, generation = _change(api, conn, objects.BACKENDS[1 - turn % 2])
            taken["served_ms"].append((served - accepted) * 1000)
            told, programmed = watch.wait(generation)
            taken["told_ms"].append((told - accepted) * 1000)
            taken["programmed_ms"].append((programmed - served) * 1000)
    return taken


def _change(api, conn, service):
    """When the change was accepted, when it was served, and its generation."""
    changed = api.merge(f"{objects.ROUTES}/{objects.FLIP}", objects.flip_to(service))
    accepted = time.monotonic()
    answer = f"Name: {service}\n".encode()
    while not client.get(conn, "/who")[1].startswith(answer):
        if time.monotonic() - accepted > SECONDS_MAX:
            raise RuntimeError(f"a change was not served in {SECONDS_MAX} s")
        time.sleep(PROBE_PAUSE_SECONDS)
    return accepted, time.monotonic(), changed["metadata"]["generation"]
