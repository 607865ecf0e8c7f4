"""What `otemon explain` says of a request, beside what came of it."""
import json

from harness.otemon import PROGRAM
from harness.shell import run


class Explained:
    """Of requests to the manifests of a directory."""

    def __init__(self, directory):
        self.directory = directory

    def ask(self, request):
        """The object of -o json."""
        words = request.line.split(" ", 1)
        for field in request.said.get("with", []):
            words += ["-H", field]
        if "sni" in request.said:
            words.append(f"--sni={request.said['sni']}")
        done = run(PROGRAM, "explain", "--resources", self.directory, "-o", "json", *words)
        assert done.stderr == "", done.stderr
        return json.loads(done.stdout)

    def check_no_answer(self, request):
        if request.address == request.host:
            return  # it knows ports, and leaves addresses to the network
        said = self.ask(request)
        refused = ("noListener", "notServed")
        assert said["outcome"] in (refused if request.is_refused else ("noServerName",)), said

    def check(self, request, outcome):
        if not can_be_asked(request):
            return
        said = self.ask(request)
        if outcome.exchange is not None:
            self._check_forwarded(said, outcome)
        elif said["outcome"] == "forwarded":
            statuses = [share_status(each) for each in said["backends"]]
            assert outcome.answer.status in statuses, said
        else:
            assert said["status"] == outcome.answer.status, said
            location = [value for name, value in outcome.answer.fields if name == "location"]
            assert (location or [""]) == [said["location"]], said
        if "certificate" in request.said:
            at = 0 if "key" not in request.said else [
                name.split(":")[0] for name in said["certificates"]].index(
                    f"cert.{request.said['key']}")
            assert said["certificates"][at] == request.said["certificate"], said
        if "rule" in request.said:
            rule = said["rule"]
            assert f"{rule['route']}/{rule['rule']}" == request.said["rule"], said

    def _check_forwarded(self, said, outcome):
        assert said["outcome"] == "forwarded", said
        assert said["sentTarget"] == outcome.exchange.target, said
        hosts = {said["sentHost"]}
        if said["hostFromBackend"]:
            hosts.update(name for each in said["backends"] for name in each["names"])
        assert outcome.exchange.field("host") in hosts, said
        services = {each["service"] for each in said["backends"] if each["endpoints"] > 0}
        assert services & outcome.places, said


def share_status(backend):
    """What the share of a back end gets that cannot be asked."""
    return backend["status"] or (503 if backend["endpoints"] == 0 else None)


def can_be_asked(request):
    """A URL has a host, and the command line a header of a name once."""
    names = [field.split(":")[0].lower() for field in request.said.get("with", [])]
    return (request.method != "CONNECT" and names.count("host") < 2 and
            not {"absolute", "without_host"} & set(request.said))
