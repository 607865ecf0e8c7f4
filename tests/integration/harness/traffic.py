"""What comes of the requests of a golden case: sent through `otemon run`, with a back end at every
endpoint of the case, which speaks TLS where the case does."""
import hashlib
import re
import ssl

from harness import certificates, golden
from harness.backend import Backend
from harness.name_server import NameServer
from harness.waiting import until


class Stand:
    """Back ends at every endpoint that the cases so far have. Their names have an address each."""

    def __init__(self):
        self.backends = {}
        self.server = NameServer()
        self.addresses = {}  # of names
        self.replies = []  # fields of their answers

    def _handle(self, exchange):
        exchange.read_body()
        exchange.answer("of a back end", "".join(f"{field}\r\n" for field in self.replies))
        return True

    def _address_of(self, place):
        if golden.is_address(place):
            return place
        address = self.addresses.setdefault(place, f"127.1.0.{len(self.addresses) + 1}")
        self.server.say(place.rstrip("."), address)  # a dot at the end says that it is whole
        return address

    def services(self, case):
        """{(address, port): what the back end there may be called}"""
        found = {}
        for (place, port), services in case.endpoints().items():
            actual = self._address_of(place), port
            found.setdefault(actual, set()).update(services, {f"{place}:{port}"})
        return found

    def prepare(self, case):
        with_tls = {(self._address_of(place), port) for place, port in case.tls_endpoints()}
        for place in self.services(case):
            backend = self.backends.get(place)
            if backend is None:
                tls = _server() if place in with_tls else None
                backend = self.backends[place] = Backend(self._handle, place[1], place[0], tls)
            assert (backend.tls is not None) == (place in with_tls), f"{place}: of another case"
        for backend in self.backends.values():
            backend.seen.clear()

    def close(self):
        self.server.close()
        for backend in self.backends.values():
            backend.close()


def _server():
    """TLS of a back end, which asks for a certificate and goes on without one."""
    context = certificates.serving(golden.CERTIFICATES / "upstream.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(golden.CERTIFICATES / "upstream-ca.pem")
    return context


class Outcome:
    """Of one request: the answer, and the exchange with the back end that was asked, if any."""

    def __init__(self, answer, exchange, places):
        self.answer = answer
        self.exchange = exchange
        self.places = places  # what the back end may be called

    def __str__(self):
        return f"{self.answer.status} {self.places or self.answer.body}"

    def is_of(self, status, backend, text):
        if self.answer.status != status:
            return False
        if backend is not None:
            return backend in self.places
        return not self.places and self.answer.body.decode() == golden.TEXTS[text]


class Play:
    """One case, served by `otemon`; `explained`: the same manifests, or None."""

    def __init__(self, case, stand, otemon, explained):
        self.case, self.stand, self.otemon, self.explained = case, stand, otemon, explained
        self.services = stand.services(case)
        self.copied = set()  # services that may get copies, however late
        self.where = ""

    def check(self):
        for request in self.case.requests():
            self.where = f"{self.case.name}: {request}"
            if request.is_refused or request.is_closed:
                self._check_no_answer(request)
                if self.explained:
                    self.explained.check_no_answer(request)
            else:
                self._check_answers(request)
        # Nothing came to a back end that was not asked for.
        self.otemon.stop()
        for place, backend in self.stand.backends.items():
            late = _is_copy if self.services.get(place, set()) & self.copied else lambda _: False
            rest = [each.line for each in backend.seen if not late(each)]
            assert not rest, f"{self.case.name}: {place} got {rest}"

    def _check_no_answer(self, request):
        try:
            with request.connect() as wire:
                assert not request.is_refused, f"{self.where}: something listens"
                wire.send(request.text)
                assert wire.is_closed(), f"{self.where}: answered"
        except ConnectionRefusedError:
            assert request.is_refused, f"{self.where}: nothing listens"
        except (ssl.SSLError, ConnectionResetError):
            assert request.is_closed, f"{self.where}: no handshake"

    def _check_answers(self, request):
        self.stand.replies = request.said.get("replies", [])
        self.copied.update(request.said.get("copies", ()))
        since = len(self.otemon.lines)
        came = set()
        for number in range(request.times):
            outcome = self._ask(request)
            if self.explained and number == 0:
                self.explained.check(request, outcome)
            if request.outcomes:
                came.add(self._which(request.outcomes, outcome))
            else:
                self._check(request.said, outcome)
        assert len(came) == len(request.outcomes or ()), f"{self.where}: only {came}"
        if "rule" in request.said:
            self._check_rule(request, since)
        for service, share in request.said.get("copies", {}).items():
            self._check_copies(request, service, share)

    def _ask(self, request):
        with request.connect() as wire:
            wire.send(request.text)
            answer = wire.answer(request.method)
            if "certificate" in request.said:
                self._check_certificate(request.said["certificate"], wire)
        found = [(place, each) for place, backend in self.stand.backends.items()
                 for each in list(backend.seen) if not _is_copy(each)]
        assert len(found) <= 1, f"{self.where}: reached {[place for place, _ in found]}"
        for place, exchange in found:
            self.stand.backends[place].seen.remove(exchange)
            return Outcome(answer, exchange, self.services.get(place, {f"{place[0]}:{place[1]}"}))
        return Outcome(answer, None, set())

    def _check_certificate(self, name, wire):
        wanted = next(each["fingerprint"] for each in self.case.of_kind("secret")
                      if each["name"] == name)
        served = hashlib.sha256(wire.sock.getpeercert(binary_form=True)).hexdigest()
        assert served == wanted, f"{self.where}: another certificate"

    def _which(self, outcomes, outcome):
        for text in outcomes:
            status, _, rest = str(text).partition(" ")
            own = status.isdigit()
            if outcome.is_of(int(status) if own else 200, None if own else text, rest):
                return text
        raise AssertionError(f"{self.where}: {outcome}")

    def _check(self, said, outcome):
        assert outcome.is_of(said.get("status", 200), said.get("backend"), said.get("text", "")), \
            f"{self.where}: {outcome}"
        self._check_fields(outcome.answer.fields, said.get("answer", {}))
        if outcome.exchange is None:
            return
        self._check_exchange(said, outcome.exchange)

    def _check_exchange(self, said, exchange):
        for name, actual in (("target", exchange.target), ("host", exchange.field("host"))):
            assert said.get(name, actual) == actual, f"{self.where}: {name} is {actual}"
        self._check_fields(exchange.fields, said.get("seen", {}))
        for name, wanted in said.get("tls", {}).items():
            actual = certificates.seen(exchange.sock)[name]
            assert actual == wanted, f"{self.where}: {name} of TLS is {actual}"

    def _check_fields(self, fields, wanted):
        for name, value in wanted.items():
            values = [] if value is None else value if isinstance(value, list) else [value]
            actual = [each for key, each in fields if key.lower() == name]
            assert actual == [str(each) for each in values], f"{self.where}: {name} is {actual}"

    def _check_rule(self, request, since):
        """Which rule took it stands in the access log."""
        line = self.otemon.wait_match(rf" {request.method} \S*{re.escape(request.place)} ", since)
        route, rule = request.said["rule"].rsplit("/", 1)
        assert f" route={route} rule={rule} " in line, f"{self.where}: {line}"

    def _check_copies(self, request, service, share):
        """`all` requests, `some` of them, or `few`, if any, came to the service once more."""
        backends = [backend for place, backend in self.stand.backends.items()
                    if service in self.services.get(place, ())]

        def copies():
            return [(backend, each) for backend in backends for each in list(backend.seen)
                    if _is_copy(each)]
        least = {"all": request.times, "some": 1, "few": 0}[share]
        until(lambda: len(copies()) >= least, f"{self.where}: {least} copies")
        assert share == "all" or len(copies()) < request.times, f"{self.where}: all were copied"
        for backend, each in copies():
            backend.seen.remove(each)
            self._check_exchange(request.said.get("copy", {}), each)


def _is_copy(exchange):
    return exchange.field("host").split(":")[0].endswith("-shadow")
