"""The cluster: brought up for one measurement, and gone after it."""

import json
import os
import subprocess
import sys

BENCH = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
CLUSTER = os.path.join(os.path.dirname(BENCH), "tests", "cluster")
SECONDS_MAX = 1800

NICE_AHEAD = -15

# Where a control group's share of the CPUs is, and the most there is: version 2 and version 1.
SHARES = (("/sys/fs/cgroup/{group}/cpu.weight", "10000"),
          ("/sys/fs/cgroup/cpu/{group}/cpu.shares", "262144"))


def is_possible():
    """Containers need root."""
    return os.geteuid() == 0


def go_ahead():
    """The cluster's programs, which inherit it, go before whatever else the machine does."""
    os.nice(NICE_AHEAD)


def pods_go_ahead(state):
    """The same for its pods, which share what their control group is given."""
    done = subprocess.run([f"{CLUSTER}/cgroups", "name", state], stdout=subprocess.PIPE, text=True,
                          check=True)
    for share, most in SHARES:
        path = share.format(group=done.stdout.strip())
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as out:
                out.write(most)


def measure(the_plan, state, ahead):
    """What `inside` found, in a cluster of its own whose files are in the folder `state`."""
    if ahead:
        go_ahead()
    subprocess.run([f"{CLUSTER}/up", "--owner", str(os.getpid()), state], check=True,
                   stdout=sys.stderr)
    try:
        if ahead:
            pods_go_ahead(state)
        done = subprocess.run(
            [f"{CLUSTER}/enter", "--state", state, "/usr/bin/python3", "-m", "gauge.kube.inside",
             json.dumps(the_plan)],
            cwd=BENCH, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS_MAX)
    finally:
        subprocess.run([f"{CLUSTER}/down", state], check=False, stdout=sys.stderr)
    return json.loads(done.stdout)
