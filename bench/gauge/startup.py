"""Starting a proxy, and how long until it answers."""

import time

from gauge import client, ports
from gauge.children import Child, await_condition


def start(command, log_path):
    """The running proxy and the milliseconds from its start to its first response."""
    begin = time.monotonic()
    child = Child(command, ports.PROXY_CORE, log_path)

    def answers():
        child.check_alive()
        return client.try_get(ports.PROXY, "/small") is not None

    await_condition(answers, 60, f"{command[0]} answers")
    return child, (time.monotonic() - begin) * 1000


def stop(child):
    """Ends it, and waits until its port is free for the next."""
    child.stop()
    await_condition(lambda: client.try_get(ports.PROXY, "/small") is None, 10, "the port is free")
