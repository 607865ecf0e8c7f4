"""The client of the API server against one that misbehaves: no lost update, no busy loop."""
import json
import random
import time

import pytest

from fake import apiserver
from harness import certificates
from harness.waiting import until

THINGS = "/apis/x/v1/things"
OTHERS = "/apis/x/v1/others"


def start(cluster, **options):
    server = cluster.start(**options)
    server.kind(THINGS)
    return server


def settled(probe, server, name="things", path=THINGS):
    """The listener has what the server has."""
    until(lambda: probe.objects(name) == server.versions(path),
          lambda: f"{probe.objects(name)} is not {server.versions(path)}:\n"
                  + "\n".join(probe.lines[-30:]))


def test_list_and_watch_on_one_connection(cluster):
    server = start(cluster)
    for i in range(25):
        server.put(THINGS, f"t{i}", spec={})
    server.put(OTHERS, "o", spec={"much": "x" * 1000})
    probe = cluster.probe("--page=10", things=THINGS, others=f"{OTHERS}=metadata")
    settled(probe, server)
    settled(probe, server, "others", OTHERS)
    probe.wait_line("things state ready")
    assert server.count("list", THINGS) == 3
    server.put(THINGS, "t3", spec={})
    server.remove(THINGS, "t4")
    server.put(OTHERS, "o2", spec={"much": "x"})
    settled(probe, server)
    settled(probe, server, "others", OTHERS)
    assert all(line.endswith(" bare") for line in probe.of("others") if line.startswith("apply"))
    assert len(server.connections) == 1
    assert server.count("list") == 4 and server.count("watch") == 2
    for each in server.seen("watch"):
        assert each.query["allowWatchBookmarks"] == "true"


def test_http_1(cluster):
    server = start(cluster, protocols=["http/1.1"])
    server.put(THINGS, "a")
    probe = cluster.probe(things=THINGS, others=OTHERS)
    settled(probe, server)
    probe.wait_line("others state absent")
    server.put(THINGS, "b")
    settled(probe, server)
    assert probe.ask("get /version").startswith("answer 200 ok Other")


def test_requests(cluster):
    server = start(cluster)
    server.put(THINGS, "a", kind="Thing")
    probe = cluster.probe(things=THINGS)
    assert probe.ask("get /version") == "answer 200 ok Other "
    status = "/apis/x/v1/namespaces/x/things/a/status"
    assert probe.ask(f'apply {status} {{"kind":"Thing"}}') == "answer 200 ok Thing "
    [request] = server.seen("apply")
    assert request.path == status
    assert request.query == {"fieldManager": "kube-probe", "force": "true"}
    assert request.fields["content-type"] == "application/apply-patch+yaml"
    assert json.loads(request.body) == {"kind": "Thing"}
    server.next("other", apiserver.refuse(409, "Conflict"))
    assert probe.ask("get /x") == ("answer 409 conflict Status Conflict (status 409): "
                                   "as the test wants it")
    server.next("other", apiserver.cut_at_once)
    assert probe.ask("get /x").startswith("answer 0 unavailable")
    server.next("other", apiserver.mute)
    assert probe.ask("get /x").startswith("answer 0 timeout")
    body = json.dumps({"kind": "Thing", "x": "y" * 3_000_000})
    assert probe.ask(f"apply {THINGS}/a {body}") == "answer 200 ok Thing "


def test_many_requests_wait_for_each_other(cluster):
    server = start(cluster)
    server.always("other", apiserver.slow(0.05))
    probe = cluster.probe(things=THINGS)
    for i in range(200):
        probe.say(f"get /x/{i}")
    until(lambda: sum(line == "answer 200 ok Other " for line in probe.lines) == 200, "answers")
    assert sorted(each.path for each in server.seen("other")) == sorted(
        f"/x/{i}" for i in range(200))
    assert len(server.connections) == 1


def test_a_certificate_of_somebody_else(cluster):
    server = start(cluster)
    cluster.bundle.write_text(certificates.bundle(cluster.name), encoding="ascii")
    probe = cluster.probe(things=THINGS)
    probe.wait_line("things state failing SSL certificate problem")
    assert server.requests == []


def test_the_token_is_read_again(cluster):
    server = start(cluster)
    token = cluster.directory / "token"
    token.write_text("old\n", encoding="ascii")
    cluster.write_kubeconfig(f"tokenFile: {token}")
    probe = cluster.probe(things=THINGS)
    probe.wait_line("things state failing Unauthorized (status 401)")
    token.write_text(server.token, encoding="ascii")
    probe.wait_line("things state ready")
    assert not any("old" in line or server.token in line for line in probe.lines)


# ---- 410 ----

def expect_listed_anew(cluster, server):
    """While nobody listens, what the watch stands on is compacted away."""
    server.put(THINGS, "a")
    server.put(THINGS, "b")
    probe = cluster.probe(things=THINGS)
    settled(probe, server)
    until(lambda: server.count("watch") == 1, "a watch")
    server.stop_listening()
    server.remove(THINGS, "a")
    server.put(THINGS, "c")
    server.compact()
    server.listen_again()
    settled(probe, server)
    assert server.count("list") == 2


def test_410_as_a_status_of_a_watch(cluster):
    expect_listed_anew(cluster, start(cluster))


def test_410_as_an_event_of_a_watch(cluster):
    server = start(cluster)
    server.always("watch", apiserver.gone_as_event)
    expect_listed_anew(cluster, server)


def test_410_between_pages(cluster):
    server = start(cluster)
    for i in range(10):
        server.put(THINGS, f"t{i}")

    async def compact_first(faulty, seen, answer):
        faulty.remove(THINGS, "t1")
        faulty.compact()
        await faulty.answer(seen, answer)

    server.next("list", *[apiserver.slow(0)] * 2, compact_first)
    probe = cluster.probe("--page=3", things=THINGS)
    settled(probe, server)
    assert server.count("list") == 2 + 1 + 3
    assert "remove t1" in probe.of("things")


# ---- watches that break ----

def test_cut_watches_resume_without_a_list(cluster):
    server = start(cluster)
    server.put(THINGS, "a")
    server.next("watch", *[apiserver.cut_after(0.2)] * 3,
                apiserver.cut_in_an_event(b'{"type":"ADDED","object":{"metadata":{"na'))
    probe = cluster.probe(things=THINGS)
    for i in range(20):
        server.put(THINGS, f"t{i}")
        time.sleep(0.1)
    settled(probe, server)
    assert server.count("list") == 1
    assert server.count("watch") == 5


def test_killed_connections(cluster):
    server = start(cluster)
    probe = cluster.probe(things=THINGS, others=OTHERS)
    probe.wait_line("things state ready")
    for i in range(5):
        server.put(THINGS, f"t{i}")
        server.kill_connections()
        server.put(THINGS, f"u{i}")
        settled(probe, server)
    assert server.count("list", THINGS) == 1


def test_an_outage(cluster):
    server = start(cluster)
    server.put(THINGS, "a")
    probe = cluster.probe(things=THINGS)
    settled(probe, server)
    until(lambda: server.count("watch") == 1, "a watch")
    server.stop_listening()
    probe.wait_line("things state failing")
    before = len(server.requests)
    time.sleep(3)
    server.put(THINGS, "b")
    server.listen_again()
    settled(probe, server)
    assert len(server.requests) - before <= 2
    assert server.count("list") == 1


def test_silent_watches_are_given_up(cluster):
    """The server forgets a watch: it is noticed a moment after the watch should have ended."""
    server = start(cluster)
    server.next("watch", apiserver.silent)
    probe = cluster.probe("--timeout-s=1", "--grace-ms=500", things=THINGS)
    until(lambda: server.count("watch") == 1, "a watch")
    server.put(THINGS, "a")
    began = time.monotonic()
    settled(probe, server)
    assert 1 < time.monotonic() - began < 4
    assert server.count("list") == 1


def test_a_watch_without_a_head_is_given_up(cluster):
    server = start(cluster)
    server.next("watch", apiserver.mute)
    probe = cluster.probe("--grace-ms=500", things=THINGS)
    until(lambda: server.count("watch") == 1, "a watch")
    server.put(THINGS, "a")
    settled(probe, server)
    assert server.count("list") == 1


def test_a_dead_connection_is_given_up_with_all_it_carries(cluster):
    server = start(cluster)
    probe = cluster.probe("--timeout-s=2", "--grace-ms=500", things=THINGS, others=OTHERS)
    probe.wait_line("things state ready")
    until(lambda: server.count("watch") == 1, "a watch")
    server.deafen()
    server.put(THINGS, "a")
    settled(probe, server)
    until(lambda: [each.deaf for each in server.connections] == [False], "a new connection")
    assert server.count("list", THINGS) == 1


# ---- storms ----

def requests_during(server, seconds):
    before = len(server.requests)
    time.sleep(seconds)
    return len(server.requests) - before


@pytest.mark.parametrize("code, kind", [(429, "list"), (429, "watch"), (500, "list"),
                                        (503, "watch")])
def test_storms(cluster, code, kind):
    server = start(cluster)
    server.always(kind, apiserver.refuse(code, "Storm"))
    probe = cluster.probe(things=THINGS)
    probe.wait_line("things state failing Storm")
    assert requests_during(server, 3) <= 10
    server.put(THINGS, "a")
    server.behave()
    settled(probe, server)
    probe.wait_line("things state ready")


def test_retry_after(cluster):
    server = start(cluster)
    server.next("list", apiserver.refuse(429, "TooManyRequests", retry=2))
    probe = cluster.probe(things=THINGS)
    probe.wait_line("things state ready")
    first, second = server.seen("list")
    assert 1.9 < second.at - first.at < 3


@pytest.mark.parametrize("behaviour", [
    apiserver.close_at_once, apiserver.cut_at_once, apiserver.error_event(500, "InternalError"),
    apiserver.error_event(410, "Gone"), apiserver.say(b"nonsense\n"),
    apiserver.say(b'{"type":"ADDED","object":{}}\n')], ids=range(6))
def test_a_server_that_ends_every_watch_at_once(cluster, behaviour):
    server = start(cluster)
    server.put(THINGS, "a")
    server.always("watch", behaviour)
    probe = cluster.probe(things=THINGS)
    settled(probe, server)
    assert requests_during(server, 3) <= 20
    server.put(THINGS, "b")
    server.behave()
    settled(probe, server)


def test_malformed_events_list_again(cluster):
    server = start(cluster)
    server.put(THINGS, "a")

    async def lose_one(faulty, _, answer):
        """The change of b comes as something else."""
        faulty.put(THINGS, "b")
        await answer.head(200, apiserver.JSON)
        await answer.write(b'{"type":"ADDED","object":{"metadata":"gone wrong"}}\n')
        await answer.write(b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"999"}}}\n')
        await answer.end()

    server.next("watch", lose_one)
    probe = cluster.probe(things=THINGS)
    until(lambda: "b" in server.versions(THINGS), "the change")
    settled(probe, server)
    assert server.count("list") == 2


# ---- sizes ----

def test_huge_objects(cluster):
    server = start(cluster)
    for i in range(6):
        server.put(THINGS, f"large{i}", spec={"x": "y" * 3_000_000})
    server.put(THINGS, "many", spec={"x": [{}] * 150_000})
    probe = cluster.probe(things=THINGS)
    until(lambda: any(line.startswith("refuse many: ") for line in probe.of("things")), "refused")
    probe.wait_line("things state ready")
    assert len(probe.objects("things")) == 6
    assert server.count("list") > 3  # smaller pages, until they fit
    server.put(THINGS, "large7", spec={"x": "y" * 3_000_000})
    server.put(THINGS, "many", spec={"x": [{}] * 10})
    settled(probe, server)
    server.put(THINGS, "small")
    settled(probe, server)


def test_slow_pages(cluster):
    server = start(cluster)
    for i in range(30):
        server.put(THINGS, f"t{i}")
    server.always("list", apiserver.slow(0.3))
    probe = cluster.probe("--page=5", "--grace-ms=200", things=THINGS)
    settled(probe, server)
    assert server.count("list") == 6


# ---- kinds that come and go ----

def test_a_kind_that_comes_and_goes(cluster):
    server = start(cluster)
    probe = cluster.probe(others=OTHERS)
    probe.wait_line("others state absent")
    assert requests_during(server, 6) <= 2
    server.put(OTHERS, "a")
    settled(probe, server, "others", OTHERS)
    since = len(probe.lines)
    server.drop_kind(OTHERS)
    probe.wait_line("others state absent", since)
    assert probe.objects("others") == {}
    server.put(OTHERS, "b")
    settled(probe, server, "others", OTHERS)


# ---- everything together ----

def test_no_update_is_lost_whatever_happens(cluster):
    chance = random.Random(7)
    server = start(cluster)
    probe = cluster.probe("--page=5", "--timeout-s=2", "--grace-ms=300", things=THINGS)
    faults = [
        apiserver.cut_after(0.1), apiserver.cut_at_once, apiserver.kill, apiserver.silent,
        apiserver.mute, apiserver.close_at_once, apiserver.refuse(410, "Expired"),
        apiserver.refuse(429, "TooManyRequests"), apiserver.refuse(500), apiserver.say(b"{}\n"),
        apiserver.error_event(410, "Expired"), apiserver.error_event(500, "InternalError"),
        apiserver.slow(0.1)]
    end = time.monotonic() + 12
    while time.monotonic() < end:
        names = list(server.versions(THINGS))
        if names and chance.random() < 0.4:
            server.remove(THINGS, chance.choice(names))
        else:
            server.put(THINGS, f"t{chance.randrange(40)}", spec={"n": chance.random()})
        if chance.random() < 0.15:
            server.next(chance.choice(["list", "watch"]), chance.choice(faults))
        if chance.random() < 0.03:
            server.compact()
        if chance.random() < 0.02:
            server.kill_connections()
        time.sleep(chance.random() * 0.03)
    server.behave()
    settled(probe, server)
    assert len(server.requests) < 300
