"""The cluster: brought up for one measurement, and gone after it."""

import json
import os
import subprocess
import sys

BENCH = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
CLUSTER = os.path.join(os.path.dirname(BENCH), "tests", "cluster")
SECONDS_MAX = 1800


def is_possible():
    """Containers need root."""
    return os.geteuid() == 0


def measure(the_plan, state):
    """What `inside` found, in a cluster of its own whose files are in the folder `state`."""
    subprocess.run([f"{CLUSTER}/up", "--owner", str(os.getpid()), state], check=True,
                   stdout=sys.stderr)
    try:
        done = subprocess.run(
            [f"{CLUSTER}/enter", "--state", state, "/usr/bin/python3", "-m", "gauge.kube.inside",
             json.dumps(the_plan)],
            cwd=BENCH, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS_MAX)
    finally:
        subprocess.run([f"{CLUSTER}/down", state], check=False, stdout=sys.stderr)
    return json.loads(done.stdout)
