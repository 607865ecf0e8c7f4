"""Back ends at names: `otemon run`, a name server that a test decides, and back ends at several
addresses of one port."""
import threading
import time

import pytest

from harness import manifests, ports
from harness.backend import Backend, says
from harness.name_server import SERVFAIL, NameServer
from harness.stage import CLUSTER, GATEWAY, KUMA, ROUTE, kuma, rule
from harness.waiting import until
from harness.wire import Wire

NAME = "pay.example.com"
AGAIN = 5  # seconds after which a name is asked for again, at the soonest


def external(address, name="pay", service="pay"):
    return (f"type: ExternalService\nmesh: default\nname: {name}\n"
            f"tags: {{kuma.io/service: {service}}}\nnetworking: {{address: '{address}'}}\n")


class Stand:
    """A gateway whose only back end is NAME, which may be any of three places."""

    def __init__(self, run, directory):
        self.server = NameServer()
        self.run, self.directory = run, directory
        self.port, backend_port = ports.free(), ports.free()
        self.places = [f"127.0.0.{number}" for number in (1, 2, 3)]
        self.backends = [Backend(says(place), backend_port, place) for place in self.places]
        self.backend_port = backend_port
        manifests.write(directory / "gateway.yaml", manifests.gateway(self.port))
        manifests.write(directory / "routes.yaml", manifests.route(("/", "PREFIX", {"pay": 1})))
        manifests.write(directory / "externals.yaml", external(f"{NAME}:{backend_port}"))

    def start(self):
        # pylint: disable-next=attribute-defined-outside-init
        self.otemon = self.run(self.directory, f"--dns-server={self.server.address}")
        return self.otemon.wait_ready()

    def ask(self):
        """(status, body) of a request on a new connection."""
        with Wire(self.port) as client:
            answer = client.ask()
            return answer.status, answer.body.decode()

    def names(self):
        return {each["name"]: each for each in self.otemon.config()["names"]}

    def close(self):
        self.server.close()
        for backend in self.backends:
            backend.close()


@pytest.fixture(name="stand")
def fixture_stand(run, tmp_path):
    made = Stand(run, tmp_path)
    yield made
    made.close()


class Load:
    """A client that asks without a pause."""

    def __init__(self, stand):
        self.stand = stand
        self.answers = []
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with Wire(self.stand.port) as client:
            while not self.stopping:
                answer = client.ask()
                self.answers.append((answer.status, answer.body.decode()))

    def stop(self):
        self.stopping = True
        self.thread.join(20)
        return self.answers


def test_traffic_moves_with_the_name_and_no_request_fails(stand):
    stand.server.say(NAME, stand.places[0], ttl=1)
    otemon = stand.start()
    assert stand.ask() == (200, stand.places[0])  # the first request is served already
    digest = otemon.config()["snapshot"]["digest"]
    load = Load(stand)
    stand.server.say(NAME, *stand.places[1:])
    until(lambda: {body for _, body in load.answers[-4:]} == set(stand.places[1:]), "it moves")
    assert {status for status, _ in load.stop()} == {200}
    assert otemon.config()["snapshot"]["digest"] == digest  # it is no change of configuration
    assert stand.names()[NAME]["addresses"] == stand.places[1:]
    assert otemon.metric("otemon_dns_changes_total") == 2
    assert len([line for line in otemon.lines if "a back end was resolved" in line]) == 2


def test_pools_survive_other_addresses(stand):
    stand.server.say(NAME, stand.places[0])
    stand.start()
    with Wire(stand.port) as client:
        assert client.ask().status == 200
        stand.server.say(NAME, *stand.places[:2])
        until(lambda: client.ask().body.decode() == stand.places[1], "the second is there")
        assert {client.ask().body.decode() for _ in range(10)} == set(stand.places[:2])
    assert [len(backend.connections) for backend in stand.backends] == [1, 1, 0]


def test_a_name_that_is_gone_is_unavailable_and_comes_back(stand):
    stand.server.say(NAME, stand.places[0])
    otemon = stand.start()
    assert stand.ask() == (200, stand.places[0])
    del stand.server.names[NAME]
    line = otemon.wait_said("its last addresses stay")  # it may be a zone that is being loaded
    assert f"name={NAME} reason=\"there is no such name\"" in line
    until(lambda: stand.ask() == (503, "no healthy upstream"), "it is gone")
    assert stand.names()[NAME] == {"addresses": [], "name": NAME,
                                   "reason": "there is no such name"}
    stand.server.say(NAME, stand.places[1])
    until(lambda: stand.ask() == (200, stand.places[1]), "it is back")
    gone = [line for line in otemon.lines if "it has no address" in line]
    assert len(gone) == 1, gone  # once, however often it was asked for


def test_a_server_that_dies_costs_nothing(stand):
    stand.server.say(NAME, *stand.places[:2])
    otemon = stand.start()
    stand.server.close()
    otemon.wait_said("its last addresses stay")
    assert {stand.ask() for _ in range(10)} == {(200, place) for place in stand.places[:2]}
    known = stand.names()[NAME]
    assert known["addresses"] == stand.places[:2] and known["ageMs"] >= AGAIN * 1000
    assert "no name server" in known["reason"]


def test_servers_that_fail_are_asked_again_ever_more_slowly(stand):
    stand.server.say(NAME, code=SERVFAIL)
    otemon = stand.start()
    assert stand.ask() == (503, "no healthy upstream")
    begin = time.monotonic()
    until(lambda: otemon.metric("otemon_dns_failures_total") >= 4, "it is asked again")
    # After 0.5 to 1 s, 1 to 2 s, and 2 to 4 s.
    assert time.monotonic() - begin > 3
    assert len([line for line in otemon.lines if "is not resolved" in line]) == 1


def test_slow_names_are_waited_for(stand):
    stand.server.say(NAME, stand.places[0], after=0.4)
    stand.start()
    assert stand.ask() == (200, stand.places[0])


def test_silent_servers_are_not(stand):
    stand.server.say(NAME, silent=True)
    otemon = stand.start()
    assert stand.ask() == (503, "no healthy upstream")
    # What does not name it is served as ever, and at once.
    manifests.write(stand.directory / "externals.yaml",
                    external(f"{stand.places[2]}:{stand.backend_port}"))
    until(lambda: stand.ask() == (200, stand.places[2]), "the change is served")
    assert stand.names() == {}
    assert otemon.metric("otemon_dns_names") == 0


def test_a_change_without_new_names_does_not_wait(stand):
    stand.server.say(NAME, silent=True)
    otemon = stand.start()
    begin = time.monotonic()
    for number in range(10):
        manifests.write(stand.directory / "routes.yaml",
                        manifests.route((f"/{number}", "PREFIX", {"pay": 1})))
        until(lambda path=f"/{number}": path in str(otemon.config()["snapshot"]), "it is served")
    assert time.monotonic() - begin < 5


def test_changes_while_names_are_waited_for(stand):
    """Only what came last counts, and nothing before it is in its way for long."""
    stand.server.say("slow.example.com", silent=True)
    stand.server.say(NAME, stand.places[0])
    otemon = stand.start()
    for number in range(5):
        manifests.write(stand.directory / "externals.yaml",
                        external(f"slow.example.com:{8000 + number}"))
    manifests.write(stand.directory / "externals.yaml",
                    external(f"{stand.places[1]}:{stand.backend_port}"))
    until(lambda: stand.ask() == (200, stand.places[1]), "the last one is served", 5)
    assert otemon.metric("otemon_states") <= 2


def test_many_addresses_come_by_tcp(stand):
    stand.server.say(NAME, *[f"127.0.1.{number}" for number in range(1, 100)], long=True)
    stand.start()
    assert len(stand.names()[NAME]["addresses"]) == 64
    assert "tcp" in {way for _, _, way in stand.server.asked}


def test_the_end_does_not_wait_for_names(stand):
    stand.server.say(NAME, silent=True)
    otemon = stand.run(stand.directory, f"--dns-server={stand.server.address}")
    until(lambda: stand.server.asked, "it is asked for")
    otemon.stop()


# ---- In a cluster ----

EXTERNALS = f"{KUMA}/externalservices"


@pytest.fixture(name="named")
def fixture_named(stage, backend):
    """A gateway served by a proxy that asks `stage.names`, and an ExternalService at NAME that no
    route leads to yet."""
    stage.names = NameServer()
    stage.server.kind(EXTERNALS)
    stage.port = ports.free()
    stage.gateway(stage.port)
    stage.route(rule("/", {"other": 1}))
    stage.server.put(EXTERNALS, "pay", metadata=CLUSTER, **kuma("ExternalService", {
        "networking": {"address": f"{NAME}:{backend(says('of a name')).port}"},
        "tags": {"kuma.io/service": "pay"}}))
    stage.operator()
    stage.served_by = stage.proxy(stage.pod(), f"--dns-server={stage.names.address}")
    stage.wait_programmed(GATEWAY, ROUTE)
    yield stage
    stage.names.close()


def test_what_is_programmed_is_resolved(named):
    named.names.say(NAME, "127.0.0.1", after=0.4)
    named.route(rule("/", {"pay": 1}))
    named.wait_programmed(ROUTE)
    with Wire(named.port) as client:
        assert client.ask().body.decode() == "of a name"
    assert [each["name"] for each in named.served_by.config()["names"]] == [NAME]


def test_a_silent_server_does_not_keep_a_change_from_being_programmed(named):
    named.names.say(NAME, silent=True)
    begin = time.monotonic()
    named.route(rule("/", {"pay": 1}))
    named.wait_programmed(ROUTE)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("text", ["nobody", "127.0.0.1:", "127.0.0.1:x"])
def test_a_server_is_an_address(run, tmp_path, text):
    otemon = run(tmp_path, f"--dns-server={text}")
    assert otemon.wait_end() == 2
    assert otemon.err == [f"otemon run: --dns-server: \"{text}\" is not an IP address of a name "
                          "server, with a port or without"]
