"""This project's gateway, `otemon run` with one worker on manifests made for the purpose."""

import os
import subprocess

from gauge import manifests, ports

NAME = "otemon"
LABEL = "Otemon"

_PROGRAM = os.environ.get("OTEMON_BIN") or os.path.realpath(
    os.path.join(os.path.dirname(__file__), "..", "..", "..", "build", "bin", "otemon"))


def version():
    if not os.path.exists(_PROGRAM):
        return None
    done = subprocess.run([_PROGRAM, "version"], capture_output=True, text=True, check=True,
                          timeout=10)
    return done.stdout.split()[-1]


def serve(directory):
    """How to serve the manifests of `directory`."""
    return [_PROGRAM, "run", directory, "--workers", "1", "--health",
            f"{ports.ADDRESS}:{ports.HEALTH}"]


def validate(directory):
    """How to check them."""
    return [_PROGRAM, "validate", directory]


def command(directory):
    served = os.path.join(directory, "manifests")
    manifests.write(served, routes=1)
    return serve(served) + ["--watch=false"]
