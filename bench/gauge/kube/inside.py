"""Runs inside of the cluster's namespaces: python3 -m gauge.kube.inside PLAN. The plan and, on
standard output, the figures are JSON. The operator is installed as docs/install.md says."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request

from gauge.children import await_condition
from gauge.kube import api, change, node, objects, programs, starts

SETTLE_SECONDS_MAX = 300
HEALTH_PORT = 9902


def install():
    chart = os.path.join(os.path.dirname(node.BENCH), "charts", "otemon")
    subprocess.run(["helm", "install", "otemon", chart, "--namespace", starts.SYSTEM_NAMESPACE,
                    "--create-namespace", "--wait"], check=True, stdout=sys.stderr)


def create(conn, made):
    path, document = made
    conn.ask("POST", path, document)


def furnish(conn):
    """Everything but the other routes."""
    for name in objects.BACKENDS:
        for made in objects.backend(name):
            create(conn, made)
    for number in range(objects.SERVICES):
        for made in objects.made_up(number):
            create(conn, made)
    for made in (objects.gateway(), objects.flip(), objects.instance()):
        create(conn, made)


def metrics(address):
    with urllib.request.urlopen(f"http://{address}:{HEALTH_PORT}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}


def settle(conn):
    """Waits until the operator has written what it had to say, for a second."""
    pod = starts.await_ready(conn, starts.OPERATOR)
    quiet = {"writes": None, "since": 0.0}

    def is_quiet():
        now = metrics(pod["status"]["podIP"])
        writes = now["otemon_operator_writes"]
        if writes != quiet["writes"] or now["otemon_operator_writes_pending"] > 0:
            quiet.update(writes=writes, since=time.monotonic())
        return time.monotonic() - quiet["since"] > 1

    await_condition(is_quiet, SETTLE_SECONDS_MAX, "the operator has written every status", 0.1)


def changes(conn, server, the_plan):
    """By number of other routes; they are added as it goes on."""
    seen, there = {}, 0
    for count in the_plan["route_counts"]:
        print(f"operator: {count:,} other routes", file=sys.stderr)
        for number in range(there, count):
            create(conn, objects.other_route(number))
        there = count
        settle(conn)
        gateway = starts.await_ready(conn, starts.PROXY)["status"]["podIP"]
        seen[count] = change.measure(server, gateway, the_plan["changes"])
        seen[count]["memory_kib"] = programs.memory_kib("otemon-operator")
        seen[count]["load"] = os.getloadavg()[0]
    return seen


def begin(conn, start, rounds):
    """Starts of a program, one after the other."""
    seen = []
    for number in range(rounds):
        print(f"operator: start {number + 1} of {rounds}", file=sys.stderr)
        seen.append(start(conn))
        settle(conn)
    return seen


def measure(the_plan):
    install()
    server = api.Server()
    with contextlib.closing(server.connect()) as conn:
        furnish(conn)
        seen = {"changes": changes(conn, server, the_plan)}
        seen["starts"] = {"proxy": begin(conn, starts.proxy, the_plan["starts"])}
        # Each of them was given the whole configuration, which takes more than changes do.
        most = the_plan["route_counts"][-1]
        seen["changes"][most]["memory_kib"] = programs.memory_kib("otemon-operator")
        seen["starts"]["operator"] = begin(conn, starts.operator, the_plan["starts"])
    return seen


if __name__ == "__main__":
    json.dump(measure(json.loads(sys.argv[1])), sys.stdout)
