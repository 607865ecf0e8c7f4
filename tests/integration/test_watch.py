"""Files change while they are served: how they are written, and what is said about it."""
import os
import shutil
import threading
import time

import pytest

from harness import certificates, manifests, ports, wire
from harness.backend import says
from harness.waiting import until

HOST = "foo.example.com"


class Site:
    """A gateway whose one route leads to "one" or "two", in a file of its own."""

    def __init__(self, run, directory, backend, *flags):
        self.directory = directory
        self.port = ports.free()
        self.routes = directory / "routes.yaml"
        manifests.write(directory / "gateway.yaml", manifests.gateway(self.port, HOST))
        manifests.write(directory / "services.yaml",
                        manifests.service("one", backend(says("one")).port),
                        manifests.service("two", backend(says("two")).port))
        manifests.write(self.routes, self.to("one"))
        self.otemon = run(directory, "--access-log=off", *flags).wait_ready()

    @staticmethod
    def to(service):
        return manifests.route(("/", "PREFIX", {service: 1}))

    def ask(self):
        answer = wire.ask(self.port, host=HOST)
        return answer.body.decode() if answer.status == 200 else answer.status

    def wait_answer(self, wanted):
        until(lambda: self.ask() == wanted, lambda: f"{wanted}\n{self.otemon.text()}")


@pytest.fixture(name="site")
def fixture_site(run, tmp_path, backend):
    directory = tmp_path / "manifests"
    directory.mkdir()
    return Site(run, directory, backend)


class Watcher:
    """Asks all the time, and collects what was answered."""

    def __init__(self, site):
        self.site = site
        self.seen = set()
        self.stopping = False
        self.thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self):
        while not self.stopping:
            self.seen.add(self.site.ask())

    def __enter__(self):
        self.thread.start()
        until(lambda: self.seen, "a first answer")
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join(20)


def in_place(path, text):
    path.write_text(text, encoding="utf-8")


def renamed(path, text):
    manifests.write(path, text)


def with_a_backup(path, text):
    """As vim does: the old file is moved away, and a new one written in its place."""
    path.rename(path.with_name(path.name + "~"))
    path.write_text(text, encoding="utf-8")
    path.with_name(path.name + "~").unlink()


def removed_first(path, text):
    path.unlink()
    path.write_text(text, encoding="utf-8")


def slowly(path, text):
    """In small pieces, each of them within the time that a file has to be quiet."""
    with open(path, "w", encoding="utf-8") as file:
        for start in range(0, len(text), 20):
            file.write(text[start:start + 20])
            file.flush()
            time.sleep(0.03)


def mapped(path, text):
    """Through a descriptor that stays open, so that nothing ever says "closed"."""
    mapped.held.append(open(path, "w", encoding="utf-8"))  # pylint: disable=consider-using-with
    mapped.held[-1].write(text)
    mapped.held[-1].flush()


mapped.held = []


@pytest.mark.parametrize("write", [in_place, renamed, with_a_backup, removed_first, slowly, mapped])
def test_a_rewritten_file_is_served(site, write):
    """Whoever writes it, and however: the old route serves until the new one does."""
    since = len(site.otemon.out)
    with Watcher(site) as watcher:
        write(site.routes, site.to("two"))
        site.wait_answer("two")
    assert watcher.seen <= {"one", "two"}
    site.otemon.wait_said("~ ")
    row = f"~ 127.0.0.1:{site.port}  {HOST}  HTTP      -            all     two (1)"
    assert site.otemon.out[since:] == [row]
    assert site.otemon.process.poll() is None


def test_a_file_that_is_no_yaml_keeps_what_it_said(site):
    since = len(site.otemon.out)
    site.routes.write_text(site.to("two") + "a: [1,\n", encoding="utf-8")
    site.otemon.wait_said("What this file said before is kept")
    finding, = site.otemon.findings(since)
    lines = site.to("two").count("\n") + 2
    assert (finding["file"], finding["line"]) == (str(site.routes), lines)
    assert (finding["severity"], finding["solved"]) == ("error", False)
    assert site.ask() == "one"
    assert site.otemon.get_health("/ready")[0] == 200

    since = len(site.otemon.out)
    site.routes.write_text(site.to("two"), encoding="utf-8")
    site.wait_answer("two")
    site.otemon.wait_said("solved: ", since)
    finding, = site.otemon.findings(since)
    assert finding["solved"] and finding["line"] == lines


def test_half_a_file_keeps_what_it_said(site):
    """A writer that stops for longer than the quiet time, in the middle of a word."""
    text = site.to("two")
    half = text.index("{match: ") + 10
    with Watcher(site) as watcher, open(site.routes, "w", encoding="utf-8") as file:
        file.write(text[:half])
        file.flush()
        site.otemon.wait_said("What this file said before is kept")
        file.write(text[half:])
        file.close()
        site.wait_answer("two")
    assert watcher.seen <= {"one", "two"}


def test_an_empty_file_is_empty_when_it_is_closed(site):
    site.routes.write_text("", encoding="utf-8")
    site.wait_answer(404)
    site.routes.write_text(site.to("two"), encoding="utf-8")
    site.wait_answer("two")


def test_a_file_that_is_removed(site):
    since = len(site.otemon.out)
    (site.directory / "gateway.yaml").unlink()
    site.otemon.wait_said("- 127.0.0.1")
    assert site.otemon.changes(since) == [("-", f"127.0.0.1:{site.port}", HOST)]
    until(lambda: not _connects(site.port), "the port is closed")
    since = len(site.otemon.out)
    manifests.write(site.directory / "gateway.yaml", manifests.gateway(site.port, HOST))
    site.otemon.wait_said("+ 127.0.0.1", since)
    site.wait_answer("one")


def _connects(port):
    try:
        wire.Wire(port).close()
    except ConnectionRefusedError:
        return False
    return True


def test_new_files_and_directories(site):
    """Of everything that appears only manifests are read: not hidden ones, not other names."""
    route = manifests.route(("/new", "PREFIX", {"two": 1}), name="new")
    for name in (".hidden.yaml", "new.yaml.bak", "new.txt"):
        (site.directory / name).write_text(route, encoding="utf-8")
    below = site.directory / "team/routes"
    below.mkdir(parents=True)
    (below / "other.json").write_text(
        '{"type": "Mesh", "name": "default", "nonsense": 1}', encoding="utf-8")
    site.otemon.wait_said("nonsense")
    assert wire.ask(site.port, "GET", "/new", host=HOST).body == b"one"
    (below / "new.yml").write_text(route, encoding="utf-8")
    until(lambda: wire.ask(site.port, "GET", "/new", host=HOST).body == b"two", "the new route")
    shutil.rmtree(site.directory / "team")
    until(lambda: wire.ask(site.port, "GET", "/new", host=HOST).body == b"one", "no new route")


def test_only_what_changed_is_printed(site):
    """Other listeners, routes and findings that stay are not repeated; a touched file is silent."""
    other = ports.free()
    (site.directory / "other.yaml").write_text(
        manifests.gateway(other, "bar.example.com", name="other") + "  nonsense: 1\n",
        encoding="utf-8")
    site.otemon.wait_said("nonsense")
    since = len(site.otemon.out)
    for path in site.directory.iterdir():
        os.utime(path)
        path.write_text(path.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    site.routes.write_text(site.to("nobody"), encoding="utf-8")
    site.otemon.wait_said("has no endpoints")
    assert site.otemon.changes(since) == [("~", f"127.0.0.1:{site.port}", HOST)]
    finding, = site.otemon.findings(since)
    assert "service \"nobody\" has no endpoints" in finding["message"]
    assert len(site.otemon.out[since:]) == 2


def test_nothing_is_followed_without_watch(run, tmp_path, backend):
    site = Site(run, tmp_path, backend, "--watch=false")
    descriptors = f"/proc/{site.otemon.process.pid}/fd"
    links = [os.readlink(f"{descriptors}/{name}") for name in os.listdir(descriptors)]
    assert not any("inotify" in link for link in links)
    since = len(site.otemon.out)
    site.routes.write_text(site.to("two"), encoding="utf-8")
    assert site.ask() == "one"
    site.otemon.stop()
    assert site.otemon.changes(since) == []


class Volume:
    """A directory as the kubelet makes it of a ConfigMap: names lead through `..data`, which is
    swapped when all files are there."""

    def __init__(self, path, **files):
        self.path = path
        self.version = 0
        path.mkdir()
        self.swap(**files)
        for name in files:
            (path / name.replace("_", ".")).symlink_to(f"..data/{name.replace('_', '.')}")

    def swap(self, **files):
        old = self.path / f"..version-{self.version}"
        self.version += 1
        new = self.path / f"..version-{self.version}"
        new.mkdir()
        for name, text in files.items():
            (new / name.replace("_", ".")).write_text(text, encoding="utf-8")
        (self.path / "..data_tmp").symlink_to(new.name)
        os.rename(self.path / "..data_tmp", self.path / "..data")
        if old.exists():
            shutil.rmtree(old)


def test_a_volume_is_swapped(site, tmp_path):
    """All files of a ConfigMap change in one step."""
    site.routes.unlink()
    site.wait_answer(404)
    volume = Volume(site.directory / "volume", routes_yaml=site.to("one"))
    site.wait_answer("one")
    with Watcher(site) as watcher:
        for service in ("two", "one", "two"):
            volume.swap(routes_yaml=site.to(service))
            site.wait_answer(service)
    assert watcher.seen <= {"one", "two"}


def test_a_directory_that_is_a_volume(run, tmp_path, backend):
    """The ConfigMap is mounted as the directory itself."""
    port = ports.free()
    files = {"gateway_yaml": manifests.gateway(port, HOST),
             "services_yaml": manifests.service("one", backend(says("one")).port) + "---\n" +
             manifests.service("two", backend(says("two")).port),
             "routes_yaml": Site.to("one")}
    volume = Volume(tmp_path / "volume", **files)
    otemon = run(volume.path).wait_ready()
    assert len(otemon.table()) == 1 and otemon.findings() == []
    since = len(otemon.out)
    volume.swap(**{**files, "routes_yaml": Site.to("two")})
    until(lambda: wire.ask(port, host=HOST).body == b"two", otemon.text)
    otemon.wait_said("~ ")
    assert otemon.changes(since) == [("~", f"127.0.0.1:{port}", HOST)]
    assert otemon.findings(since) == []


def test_the_directory_goes_and_comes_back(site):
    away = site.directory.with_name("away")
    site.directory.rename(away)
    site.otemon.wait_said("What was read before is kept")
    assert site.ask() == "one"
    (away / "routes.yaml").write_text(site.to("two"), encoding="utf-8")
    away.rename(site.directory)
    site.wait_answer("two")
    site.otemon.wait_said("solved: ")


@pytest.mark.parametrize("write", [in_place, renamed, removed_first])
def test_a_certificate_file_is_followed(run, tmp_path, write):
    """New handshakes get what the file holds now; one that is broken is said, and then solved."""
    port = ports.free()
    bundles = [certificates.bundle(HOST) for _ in range(2)]
    pem = tmp_path / "certificates/foo.pem"
    pem.parent.mkdir()
    pem.write_text(bundles[0], encoding="ascii")
    directory = tmp_path / "manifests"
    directory.mkdir()
    manifests.write(directory / "gateway.yaml", manifests.gateway(
        port, HOST, certificates=["../certificates/foo.pem"], protocol="HTTPS"))
    otemon = run(directory).wait_ready()
    assert certificates.served(port, HOST) == certificates.certificate_of(bundles[0])

    write(pem, bundles[1])
    until(lambda: certificates.served(port, HOST) == certificates.certificate_of(bundles[1]),
          otemon.text)
    assert otemon.findings() == []

    write(pem, bundles[0].replace("BEGIN CERTIFICATE", "BEGIN CERTIFICATION"))
    otemon.wait_said("- 127.0.0.1")
    assert {finding["severity"] for finding in otemon.findings()} == {"error"}
    assert any("foo.pem" in finding["message"] or "certificates[0]" in finding["message"]
               for finding in otemon.findings())
    since = len(otemon.out)
    write(pem, bundles[0])
    otemon.wait_said("+ 127.0.0.1", since)
    assert certificates.served(port, HOST) == certificates.certificate_of(bundles[0])
    assert all(finding["solved"] for finding in otemon.findings(since))


def test_a_certificate_in_a_volume_is_followed(run, tmp_path):
    """A Secret volume beside the manifests, as pods mount it."""
    port = ports.free()
    bundles = [certificates.bundle(HOST) for _ in range(2)]
    volume = Volume(tmp_path / "certificates", foo_pem=bundles[0])
    directory = tmp_path / "manifests"
    directory.mkdir()
    manifests.write(directory / "gateway.yaml", manifests.gateway(
        port, HOST, certificates=[volume.path / "foo.pem"], protocol="HTTPS"))
    otemon = run(directory).wait_ready()
    assert certificates.served(port, HOST) == certificates.certificate_of(bundles[0])
    for bundle in reversed(bundles):
        volume.swap(foo_pem=bundle)
        until(lambda want=bundle: certificates.served(port, HOST) ==
              certificates.certificate_of(want), otemon.text)
    assert otemon.findings() == []


def test_two_files_with_one_object(site):
    """The first by name counts, and the other is told; when the first goes the other counts."""
    first = site.directory / "a.yaml"
    first.write_text(site.to("two"), encoding="utf-8")
    site.wait_answer("two")
    site.otemon.sync()
    finding, = site.otemon.findings()
    assert finding["file"] == str(site.routes)
    assert str(first) in finding["message"]
    first.unlink()
    site.wait_answer("one")
    site.otemon.wait_said("solved: ")
