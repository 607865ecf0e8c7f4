"""otemon-operator and otemon-proxy as processes."""
import os
from pathlib import Path

from harness import ports
from harness.otemon import PROGRAM
from harness.program import Program
from harness.waiting import until

# Another build may be tested: OTEMON_OPERATOR=build/asan/bin/otemon-operator
OPERATOR = Path(os.environ.get("OTEMON_OPERATOR", PROGRAM.with_name("otemon-operator"))).resolve()
PROXY = PROGRAM.with_name("otemon-proxy")


class Operator(Program):
    def __init__(self, kubeconfig, feed, system_namespace, *flags):
        health, admin = ports.free(), ports.free()
        super().__init__([OPERATOR, f"--kubeconfig={kubeconfig}", f"--feed=127.0.0.1:{feed}",
                          f"--health=127.0.0.1:{health}", f"--admin=127.0.0.1:{admin}",
                          f"--system-namespace={system_namespace}", *flags], health, admin)


class Proxy(Program):
    def __init__(self, feed, server_name, directory, *flags):
        health, admin = ports.free(), ports.free()
        super().__init__([PROXY, f"--operator=127.0.0.1:{feed}", f"--server-name={server_name}",
                          f"--ca-file={directory}/ca.crt", f"--token-file={directory}/token",
                          f"--health=127.0.0.1:{health}", f"--admin=127.0.0.1:{admin}",
                          "--workers=1", *flags], health, admin)

    def stop(self):
        """A second signal ends its drain."""
        self.signal()
        until(lambda: self.said("draining") or self.process.poll() is not None, "the drain")
        if self.process.poll() is None:
            self.signal()
        assert self.wait_end() == 0, self.text()
