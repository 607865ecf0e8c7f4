"""Decoding and validating many manifests, beside a program that only reads the YAML.

Both read the same directory: routes, each an object of its own, a hundred to a file, with what they
need to be served, so that there is nothing to find fault with."""

import os
import statistics

from gauge import manifests, ports
from gauge.children import cost_of
from gauge.proxies import otemon

# Every value becomes one of Python's, by libyaml, which Otemon reads YAML with, too.
_PEER = """
import glob, sys, yaml
count = 0
for path in glob.glob(sys.argv[1] + "/*.yaml"):
    with open(path, encoding="utf-8") as text:
        count += sum(1 for _ in yaml.load_all(text, Loader=yaml.CSafeLoader))
assert count > 0
"""
_NOTHING = "import glob, sys, yaml"
_PYTHON = "/usr/bin/python3"


def measure(the_plan, directory):
    """Of each program, the medians: CPU time in microseconds, and the most memory in KiB."""
    served = os.path.join(directory, "validated")
    manifests.write(served, the_plan.validated_routes)
    commands = {"peer": [_PYTHON, "-c", _PEER, served], "start": [_PYTHON, "-c", _NOTHING],
                "otemon": otemon.validate(served)}
    rounds = {name: [] for name in commands}
    for _ in range(the_plan.validate_rounds):
        for name, command in commands.items():
            rounds[name].append(cost_of(command, ports.PROXY_CORE))
    medians = {name: {key: statistics.median(one[key] for one in costs) for key in costs[0]}
               for name, costs in rounds.items()}
    medians["peer"]["cpu_us"] -= medians.pop("start")["cpu_us"]  # of the interpreter
    return {"routes": the_plan.validated_routes, "rounds": the_plan.validate_rounds, **medians}
