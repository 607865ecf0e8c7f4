"""A cluster leaves nothing behind, and two do not meet."""
import subprocess
from pathlib import Path

from harness import waiting
from harness.shell import run
from kube.node import CLUSTER


def processes(state):
    """Those that have the cluster's folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if any(str(state).encode() in word for word in words):
            found.append(b" ".join(words).decode())
    return found


def groups(state):
    name = run(CLUSTER / "cgroups", "name", state).stdout.strip()
    return [*Path("/sys/fs/cgroup").glob(name), *Path("/sys/fs/cgroup").glob(f"*/{name}")]


def test_it_ends_with_its_owner(node, tmp_path):
    state = tmp_path / "cluster"
    with subprocess.Popen(["sleep", "600"]) as owner:
        done = run(CLUSTER / "up", "--owner", owner.pid, state, timeout=120)
        assert done.returncode == 0, done.stderr
        assert processes(state) and groups(state)
        owner.kill()
    waiting.until(lambda: not processes(state), lambda: processes(state))
    waiting.until(lambda: not groups(state), lambda: groups(state))
    waiting.until(lambda: {path.name for path in state.iterdir()} == {"keep.log", "lock", "logs"},
                  lambda: list(state.iterdir()))
    mounted = Path("/proc/self/mounts").read_text(encoding="utf-8")
    assert str(state) not in mounted
    assert node.kubectl("get", "--raw=/readyz") == "ok"
