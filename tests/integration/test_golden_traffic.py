"""Every golden case that describes traffic is also requests: `otemon run` serves its manifests, and
answers as its requests.yaml says, and as `otemon explain` says."""
import os

import pytest

from harness import golden, network, traffic
from harness.explained import Explained

CASES = [case for case in golden.cases() if case.is_traffic]


@pytest.fixture(scope="module")
def stand():
    made = traffic.Stand()
    yield made
    made.close()


def test_every_case_has_requests():
    assert [case.name for case in CASES if not case.requests_file.exists()] == []


def test_no_other_case_has_requests():
    """Or its requests would be sent to nobody."""
    others = [case for case in golden.cases() if not case.is_traffic]
    assert [case.name for case in others if case.requests_file.exists()] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.requests_file.exists()],
                         ids=lambda case: case.name)
def test_case(case, stand, run, tmp_path):
    for address, _ in stand.services(case):
        if not network.has_address(address):
            pytest.skip(f"{address} is not this machine's, and cannot be made so")
    stand.prepare(case)
    flags = [f"{name}={value}" for name, value in zip(case.args[::2], case.args[1::2])]
    directory = case.copy(tmp_path)
    names = [f"--dns-server={stand.server.address}"] if case.has_names else []
    trusting = {**os.environ, "SSL_CERT_FILE": str(golden.CERTIFICATES / "upstream-ca.pem")}
    otemon = run(directory, *flags, *names, env=trusting).wait_ready()
    served = otemon.config()["snapshot"]["resources"]
    assert [(each["kind"], each["name"]) for each in served] == \
        [(each["kind"], each["name"]) for each in case.resources]
    # What is explained are all gateways of the manifests, whatever a command line chooses.
    explained = None if flags else Explained(directory)
    traffic.Play(case, stand, otemon, explained).check()
