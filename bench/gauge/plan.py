"""What is measured, in which order.

A round visits every proxy once, so that whatever disturbs the machine disturbs them alike. A visit
starts the proxy twice: fresh for start-up time and memory, and again for the loads, so that neither
leaves traces in the other."""

import os
import random
import statistics
from dataclasses import dataclass

from gauge import idle, load, manifests, reload, startup, syscalls
from gauge.load import Load
from gauge.proxies import otemon


@dataclass(frozen=True)
class Plan:
    """How much of it."""
    rounds: int
    loads: tuple
    idle_connections: int
    traced_requests: int
    route_counts: tuple
    route_requests: int
    changes: int
    validated_routes: int
    validate_rounds: int
    operator: dict  # of the cluster's part, as gauge.kube.inside reads it


def plan(quick):
    scale = 10 if quick else 1
    return Plan(
        rounds=1 if quick else 3,
        loads=(Load("1 KiB, 64 connections", ("/small",), 64, 200_000 // scale),
               Load("1 KiB, 256 connections", ("/small",), 256, 200_000 // scale),
               Load("100 KiB, 64 connections", ("/large",), 64, 30_000 // scale)),
        idle_connections=5000 // scale,
        traced_requests=10_000 // scale,
        route_counts=(10, 10_000),
        route_requests=200_000 // scale,
        changes=20 // (4 if quick else 1),
        validated_routes=10_000,
        validate_rounds=3 if quick else 9,
        operator={"route_counts": (10, 2000), "changes": 100 // scale, "starts": 1 if quick else 5})


def visit(proxy, the_plan, directory):
    """One proxy, one round."""
    os.makedirs(directory, exist_ok=True)
    command = proxy.command(directory)
    log_path = os.path.join(directory, f"{proxy.NAME}.log")
    seen = {}
    child, seen["start_ms"] = startup.start(command, log_path)
    seen["rest_kib"] = child.memory_kib()
    seen["idle_kib"] = idle.measure(child, the_plan.idle_connections)
    startup.stop(child)
    child, _ = startup.start(command, log_path)
    seen["loads"] = {a_load.title: load.measure(child, a_load) for a_load in the_plan.loads}
    seen["syscalls"] = syscalls.measure(child, the_plan.loads[0], the_plan.traced_requests)
    startup.stop(child)
    return seen


def changes(the_plan, directory):
    """Otemon alone: milliseconds per change and to start, by number of routes."""
    seen = {}
    for routes in the_plan.route_counts:
        served = os.path.join(directory, f"routes-{routes}")
        manifests.write(served, routes)
        child, start_ms = startup.start(otemon.serve(served), f"{served}.log")
        seen[routes] = {"start_ms": start_ms, "change_ms": reload.measure(served, the_plan.changes),
                        "memory_kib": child.memory_kib(),
                        "cpu_us": _cpu_us(child, routes, the_plan.route_requests)}
        startup.stop(child)
    return seen


def _cpu_us(child, routes, requests):
    """Of a request, where every route is asked for in turn, in an order that no cache likes."""
    paths = manifests.paths(routes)
    random.Random(routes).shuffle(paths)
    return load.measure(child, Load(f"{routes} routes", tuple(paths), 64, requests))["cpu_us"]


def median_of(rounds):
    """The same tree with the median in the place of each number."""
    first = rounds[0]
    if isinstance(first, dict):
        return {key: median_of([one.get(key, 0) for one in rounds]) for key in first}
    return statistics.median(rounds)
