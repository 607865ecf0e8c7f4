"""Everything at once: honest clients see only their own answers, whatever others do meanwhile."""
import hashlib
import os
import random
import ssl
import threading
import time

import pytest

from harness import certificates, manifests, mischief, ports
from harness.waiting import until
from harness.wire import Wire

HONEST, BAD = 8, 8
ROUTE = """\
type: MeshGatewayRoute
mesh: default
name: all
selectors:
- match: {kuma.io/service: edge}
conf:
  http:
    rules:
"""

# None of these changes what an honest client sees.
MATCHES = [
    "{path: {match: REGEX, value: '/.*'}}",
    "{path: {match: PREFIX, value: /good}}",
    '{path: {match: REGEX, value: "/good/(\\\\w|-)+/[0-9]+/[a-z]*.*"}}',
    "{path: {match: PREFIX, value: /good}, headers: [{match: REGEX, name: host, value: "
    "'a(.test)+'}]}",
    "{path: {match: PREFIX, value: /good}, queryParameters: [{match: EXACT, name: q, value: '1'}]}",
]
FILTERS = [
    "mirror: {percentage: 100, backend: {destination: {kuma.io/service: shadow}}}",
    "mirror: {percentage: 50, backend: {destination: {kuma.io/service: web}}}",
    "requestHeader: {set: [{name: host, value: 'b.test:81'}], add: [{name: x-add, value: more}], "
    "remove: [x-request-id]}",
    "responseHeader: {set: [{name: x-set, value: new}, {name: date, value: never}], "
    "add: [{name: x-long, value: " + "l" * 2000 + "}], remove: [link]}",
    "rewrite: {replacePrefixMatch: /good}",
]
CONNECTIONS = 15  # of each honest client, one after the other

# CHAOS=SEED repeats a run as far as threads allow.
SEED = int(os.environ.get("CHAOS", time.time_ns() % 1_000_000))


class Load:
    """Clients and back ends in threads. `failures`: what must not have happened."""

    def __init__(self):
        self.failures = []
        self.statuses = {}
        self.stopping = False

    def backend(self, exchange, rng):
        if not exchange.target.startswith("/good/"):
            return mischief.answer_badly(exchange, rng)
        _, _, tag, size, framing = exchange.target.split("/")
        digest = hashlib.md5(exchange.read_body()).hexdigest()
        if (exchange.field("x-digest") or digest) != digest:
            self.failures.append(f"{tag}: another body arrived")
        body = mischief.body_of(tag, int(size))
        head = f"HTTP/1.1 200 OK\r\nX-Tag: {tag}\r\n"
        if exchange.method == "HEAD" or framing == "fixed":
            text = f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
            text += body if exchange.method != "HEAD" else b""
        elif framing == "chunked":
            text = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
            text += mischief.chunks(body, rng)
        else:
            text = f"{head}\r\n".encode() + body
        mischief.drip(exchange.sock, text, rng)
        return framing != "until-close" and rng.random() > 0.05

    def _ask(self, client, tags, rng):
        """One or several requests at once. Whether the connection goes on."""
        asked, text = [], b""
        depth = rng.choice([1, 1, 1, 3, 10])
        for _ in range(depth):
            tag = f"{tags}-{rng.randrange(1 << 60)}"
            method = rng.choice(["GET", "GET", "HEAD", "POST", "PUT"])
            size = rng.choice([0, 1, 1024, 65536, 200_000] if depth == 1 else [0, 1, 5000])
            framing = rng.choice(["fixed", "fixed", "chunked", "until-close"])
            text += f"{method} /good/{tag}/{size}/{framing} HTTP/1.1\r\nHost: a.test\r\n".encode()
            body = b""
            if method in ("POST", "PUT"):
                body = rng.randbytes(rng.choice([0, 1, 16000, 150_000] if depth == 1 else [0, 99]))
                text += f"X-Digest: {hashlib.md5(body).hexdigest()}\r\n".encode()
                if rng.random() < 0.4:
                    text += b"Transfer-Encoding: chunked\r\n"
                    body = mischief.chunks(body, rng)
                else:
                    text += f"Content-Length: {len(body)}\r\n".encode()
            text += b"\r\n" + body
            asked.append((method, tag, size))
        mischief.drip(client.sock, text, rng)
        for method, tag, size in asked:
            answer = client.answer(method)
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == 200:
                body = mischief.body_of(tag, size) if method != "HEAD" else b""
                if answer["x-tag"] != tag or answer.body != body:
                    self.failures.append(f"{tag}: got {answer['x-tag']}, {len(answer.body)} bytes")
            elif answer.status not in (502, 503) or method in ("GET", "HEAD"):
                # Only what a bad back end left on a kept connection may cost a GET.
                if not answer.body.startswith(b"upstream protocol error") and method != "HEAD":
                    self.failures.append(f"{method} {tag}: {answer.status} {answer.body}")
            if "connection" in answer and answer["connection"] == "close":
                return False
        return True

    def honest(self, connect, number):
        rng = random.Random(f"{SEED} honest {number}")
        for _ in range(CONNECTIONS):
            try:
                with connect(rng) as client:
                    for _ in range(rng.randrange(1, 30)):
                        if not self._ask(client, number, rng):
                            break
            except (OSError, AssertionError, ssl.SSLError) as error:
                self.failures.append(f"{number}: {error!r}"[:500])

    def bad(self, connect, number):
        rng = random.Random(f"{SEED} bad {number}")
        while not self.stopping:
            try:
                with connect(rng) as client:
                    client.sock.settimeout(rng.choice([0.05, 0.3]))
                    mischief.ask_badly(client.sock, rng)
            except (OSError, ssl.SSLError):
                pass


def routes(rng):
    """One rule takes all that the others, which come first, leave."""
    text = ROUTE
    for match in [MATCHES[0], *rng.sample(MATCHES[1:], rng.randrange(len(MATCHES)))]:
        kinds = {each.split(":")[0]: each for each in rng.sample(FILTERS, len(FILTERS))
                 if "Prefix" not in each or match == MATCHES[1]}
        filters = rng.sample(sorted(kinds.values()), rng.randrange(len(kinds) + 1))
        text += f"    - matches:\n      - {match}\n"
        text += "      filters:\n" * bool(filters)
        text += "".join(f"      - {each}\n" for each in filters)
        text += f"      backends:\n      - weight: {rng.randrange(1, 4)}\n"
        text += "        destination: {kuma.io/service: web}\n"
    return text


class Site:
    def __init__(self, directory, backends, shadow):
        self.directory = directory
        self.endpoints = [each.port for each in backends]
        self.shadow = shadow.port
        self.port, self.tls_port, self.other_port = ports.free(), ports.free(), ports.free()
        self.bundles = [certificates.bundle("a.test") for _ in range(2)]
        self.tls = certificates.trusting()
        for turn in range(4):
            self.change(turn, random)

    def change(self, turn, rng):
        if turn % 4 == 0:
            endpoints = rng.sample(self.endpoints, rng.randrange(1, len(self.endpoints) + 1))
            shadows = [self.shadow] if rng.random() < 0.7 else []
            manifests.write(self.directory / "services.yaml", manifests.service("web", *endpoints),
                            *[manifests.service("shadow", each) for each in shadows])
        elif turn % 4 == 1:
            (self.directory / "a.pem").write_text(rng.choice(self.bundles), encoding="ascii")
        elif turn % 4 == 2:
            text = manifests.gateway(self.port)
            for more in [
                    manifests.gateway(self.tls_port, "a.test", protocol="HTTPS",
                                      certificates=("a.pem",)),
                    *([manifests.gateway(self.other_port)] if turn % 8 == 2 else [])]:
                text += more[more.index("  - port:"):]
            manifests.write(self.directory / "gateway.yaml", text)
        else:
            manifests.write(self.directory / "routes.yaml", routes(rng))

    def connect(self, rng, *more):
        port = rng.choice([self.port, self.port, self.tls_port, *more])
        return Wire(port, self.tls if port == self.tls_port else None, "a.test")


@pytest.fixture(name="backends")
def fixture_backends(backend):
    def start(load):
        rng = random.Random(f"{SEED} back ends")
        return [backend(lambda exchange: load.backend(exchange, rng)) for _ in range(4)]
    return start


def test_chaos(run, tmp_path, backends, backend):
    load = Load()
    rng = random.Random(f"{SEED} shadow")
    shadow = backend(lambda exchange: mischief.answer_badly(exchange, rng))
    site = Site(tmp_path, backends(load), shadow)
    otemon = run(tmp_path).wait_ready()
    honest = [threading.Thread(target=load.honest, args=(site.connect, number))
              for number in range(HONEST)]
    bad = [threading.Thread(target=load.bad, args=(
        lambda rng: site.connect(rng, site.other_port), number)) for number in range(BAD)]
    for thread in honest + bad:
        thread.start()
    rng, turn = random.Random(f"{SEED} changes"), 4
    while any(thread.is_alive() for thread in honest):
        site.change(turn, rng)
        turn += 1
        time.sleep(rng.random() * 0.05)
    load.stopping = True
    for thread in honest + bad:
        thread.join()
    assert load.failures == [], f"CHAOS={SEED}"
    assert load.statuses[200] > 0.9 * sum(load.statuses.values()), load.statuses
    for gauge, count in (("otemon_requests_open", 0), ("otemon_buffers", 0),
                         ("otemon_connections_open", 0), ("otemon_states", 1)):
        until(lambda gauge=gauge, count=count: otemon.metric(gauge) == count,
              lambda gauge=gauge: f"CHAOS={SEED}: {gauge} is {otemon.metric(gauge)}")


def test_bad_clients_of_the_health_address_stop_nothing(gateway, backend):
    """It is answered by the thread that everything but requests depends on."""
    otemon = gateway(backend()).otemon
    rng = random.Random(SEED)
    for _ in range(200):
        try:
            with Wire(otemon.health, seconds=0.1) as client:
                mischief.ask_badly(client.sock, rng)
        except OSError:
            pass  # it was refused, or waits for what was announced
        if rng.random() < 0.1:
            assert otemon.get_health("/ready") == (200, "ready\n"), f"CHAOS={SEED}"
    assert otemon.get_health("/ready") == (200, "ready\n"), f"CHAOS={SEED}"
