"""Every command in the documents, copied into a shell."""
import json
import os
import re
import shutil
import signal
import socket

import pytest

from harness import documents, manifests, waiting
from harness.documents import Terminal, shell
from harness.otemon import ROOT

# How each block of a document begins, in its order; every one of them is run below.
BLOCKS = {
    "README.md": ["make run", "curl -H 'Host: shop.example.com'", "make build",
                  "$ build/bin/otemon run examples/quickstart",
                  "build/bin/otemon generate tls-certificate",
                  "build/bin/otemon validate examples/quickstart",
                  "build/bin/otemon explain --resources examples/quickstart",
                  "build/bin/otemon convert --to kubernetes", "make kube-up"],
    "examples/README.md": ["examples/quickstart/backend.py foo 9001 bar 9002",
                           "build/bin/otemon run examples/merged-port",
                           "curl -H 'Host: foo.example.com'",
                           "build/bin/otemon run examples/https-two-certificates",
                           "curl -k --resolve foo.example.com"],
    "docs/certificates.md": ["openssl s_client", "openssl s_client", "otemon generate",
                             "kubectl apply", "openssl x509"],
    "docs/validating.md": ["$ build/bin/otemon validate gateway.yaml",
                           "$ build/bin/otemon validate -o json gateway.yaml"],
    "docs/explaining.md": ["$ build/bin/otemon explain --resources examples/quickstart GET",
                           "$ build/bin/otemon explain --resources examples/quickstart GET",
                           "build/bin/otemon explain --resources examples/quickstart -o json",
                           "$ build/bin/otemon diff --against examples/quickstart"],
    "docs/converting.md": ["$ build/bin/otemon convert --to kubernetes gateway.yaml",
                           "kubectl get meshgateways"],
    "docs/observing.md": ["curl http://127.0.0.1:9902/ready"],
}

# What they tell to type needs a cluster.
CLUSTER = {"docs/install.md", "docs/security.md"}

BACKENDS = documents.blocks("examples/README.md", "sh")[0]


def block(path, index):
    return documents.blocks(path, "sh", "console")[index]


def wait_port(port):
    """A server listens there."""
    def listens():
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", port)) == 0
    waiting.until(listens, f"port {port} is open")


@pytest.mark.parametrize("path", BLOCKS)
def test_every_block_is_run_here(path):
    found = documents.blocks(path, "sh", "console")
    assert len(found) == len(BLOCKS[path])
    for text, begin in zip(found, BLOCKS[path]):
        assert text.startswith(begin)


def test_no_document_is_left_out():
    """One with commands for users that no test knows of; those for developers build and test."""
    with_commands = {str(path.relative_to(ROOT))
                     for path in [ROOT / "README.md", *ROOT.glob("docs/*.md"),
                                  *ROOT.glob("examples/**/*.md")]
                     if documents.blocks(path.relative_to(ROOT), "sh", "console")}
    assert with_commands - CLUSTER == set(BLOCKS)


def test_make_run_and_the_requests_of_the_readme():
    """It stays up until Ctrl-C, prints the requests, and they are answered."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    command = block("README.md", 0).splitlines()[0]
    with Terminal(command, env=environment) as terminal:
        terminal.wait_said("Ctrl-C ends it.")
        requests = block("README.md", 1)
        printed = [line.strip() for line in terminal.lines if line.startswith("    curl ")]
        assert len(printed) == 3
        up = terminal.lines.index("The gateway is up. In another shell:")
        assert "ADDRESS" in "".join(terminal.lines[:up])
        assert [line for line in requests.splitlines() if line.startswith("curl")] == [
            line.replace("/api/cart", "/api/orders") for line in printed]
        first, second, third = shell(requests).split("hello from ")[1:]
        assert first.startswith("web\nyou asked for shop.example.com/ over http\n")
        assert second.startswith("api\nyou asked for shop.example.com/api/orders over http\n")
        assert third.startswith("web\nyou asked for shop.example.com:8443/ over https\n")
        # Make ends by the signal, or with 0 where the recipe had ended before make saw it.
        assert terminal.interrupt() in (0, -signal.SIGINT)


def test_make_run_with_ci_ends_by_itself():
    said = shell("make run", env={**os.environ, "CI": "true"})
    assert "\nEvery request was answered as it should be.\n" in said


def test_make_run_when_a_port_is_taken():
    """A second one says so, and ends."""
    with Terminal(block("README.md", 0).splitlines()[0],
                  env={**os.environ, "CI": "false"}) as terminal:
        terminal.wait_said("Ctrl-C ends it.")
        with Terminal("make run") as second:
            assert second.process.wait(timeout=30) != 0
            second.reader.join()
            assert "backend.py: 127.0.0.1:9001: Address already in use" in second.lines
            assert not any("Traceback" in line for line in second.lines), second.lines
        assert shell(block("README.md", 1)).startswith("hello from web")
        terminal.interrupt()


def test_run_of_a_directory(tmp_path):
    """`build/bin/otemon run DIR`, where a DIR is."""
    (tmp_path / "build").symlink_to(ROOT / "build")
    shutil.copytree(ROOT / "examples/quickstart", tmp_path / "DIR")
    command = block("README.md", 2).splitlines()[1]
    with Terminal(command, cwd=tmp_path) as terminal:
        terminal.wait_said("127.0.0.1:8443  shop.example.com  HTTPS")
        assert terminal.interrupt() == 0


def test_what_the_readme_shows_is_what_is_printed():
    command, *shown = block("README.md", 3).removeprefix("$ ").splitlines()
    with Terminal(command) as terminal:
        terminal.wait_said(shown[-1])
        assert terminal.lines == shown
        assert terminal.interrupt() == 0


def test_generate_of_the_readme():
    said = shell(block("README.md", 4))
    assert re.findall("-----BEGIN (.*)-----", said) == ["PRIVATE KEY", "CERTIFICATE"]


def test_validate_of_the_readme():
    assert shell(block("README.md", 5)) == ""


def test_explain_and_diff_of_the_readme():
    said = shell(block("README.md", 6))
    assert said.startswith("request      GET http://shop.example.com:8080/api/cart\n")
    assert said.endswith("\nWhat is served stays the same.\n")


def test_convert_of_the_readme():
    assert shell(block("README.md", 7)).startswith("apiVersion: kuma.io/v1alpha1\n")


@pytest.mark.parametrize("index", [0, 1])
def test_validating(index, tmp_path):
    """What the document shows of its manifest is what is printed."""
    (manifest,) = documents.blocks("docs/validating.md", "yaml")
    (tmp_path / "gateway.yaml").write_text(manifest)
    (tmp_path / "build").symlink_to(ROOT / "build")
    command, shown = block("docs/validating.md", index).removeprefix("$ ").split("\n", 1)
    assert shell(command + " || true", cwd=tmp_path) == shown


@pytest.mark.parametrize("index", [0, 1, 3])
def test_explaining(index, tmp_path):
    """What the document shows is what is printed."""
    (manifest,) = documents.blocks("docs/explaining.md", "yaml")
    (tmp_path / "routes.yaml").write_text(manifest)
    (tmp_path / "build").symlink_to(ROOT / "build")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    command, shown = block("docs/explaining.md", index).removeprefix("$ ").split("\n", 1)
    assert shell(command + " || true", cwd=tmp_path) == shown


def test_explaining_to_programs():
    """Each member that is printed stands in the table, and no other."""
    told = json.loads(shell(block("docs/explaining.md", 2)))
    text = (ROOT / "docs/explaining.md").read_text(encoding="utf-8")
    table = text.split("| member | what it is |\n|---|---|\n")[1].split("\n\n")[0]
    names = [name for row in table.splitlines()
             for name in re.findall("`([^`]+)`", row.split("|")[1])]
    assert sorted(names) == sorted(told)


def test_converting(tmp_path):
    (manifest,) = documents.blocks("docs/converting.md", "yaml")
    (tmp_path / "gateway.yaml").write_text(manifest)
    (tmp_path / "build").symlink_to(ROOT / "build")
    command, shown = block("docs/converting.md", 0).removeprefix("$ ").split("\n", 1)
    assert shell(command + " 2>&1 || true", cwd=tmp_path) == shown
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\ncase $1 in get) cat cluster.yaml ;; apply) cat ;; esac\n")
    kubectl.chmod(0o755)
    there, back = (f"PATH={tmp_path}:$PATH; {line}"
                   for line in block("docs/converting.md", 1).splitlines())
    kubernetes = "".join(shown.splitlines(keepends=True)[:-1])
    assert shell(back, cwd=tmp_path) == kubernetes
    (tmp_path / "cluster.yaml").write_text(kubernetes)
    assert shell(there, cwd=tmp_path) == shell("build/bin/otemon convert gateway.yaml || true",
                                               cwd=tmp_path)


@pytest.mark.parametrize("command", re.findall(r"`(build/bin/otemon [^`]*--help)`",
                                               (ROOT / "README.md").read_text(encoding="utf-8")))
def test_help_that_the_readme_names(command):
    assert shell(command).startswith("NAME\n")


def test_examples():
    """The blocks one after the other, each server in a terminal of its own."""
    _, merged, curls, certificates, curl = documents.blocks("examples/README.md", "sh")
    with Terminal("exec " + BACKENDS) as backends:
        backends.wait_said("serving foo 9001 bar 9002")
        with Terminal("exec " + merged) as terminal:
            wait_port(8080)
            said = shell(curls)
            assert re.findall("hello from (.*)\n", said) == ["foo", "bar"]
            assert terminal.interrupt() == 0
        with Terminal("exec " + certificates) as terminal:
            wait_port(8443)
            assert "hello from foo\n" in shell(curl)
            for one, key_type in zip(block("docs/certificates.md", 0).splitlines(),
                                     ("RSA-PSS", "ECDSA")):
                assert f"Signature type: {key_type}\n" in shell(one + " 2>&1")
            assert "sha256 Fingerprint=" in shell(block("docs/certificates.md", 1))
            assert terminal.interrupt() == 0


def test_observing(run, tmp_path):
    (tmp_path / "gateway.yaml").write_text(manifests.gateway(8080))
    run(tmp_path, plain=True).wait_ready()
    said = shell(block("docs/observing.md", 0))
    assert said.startswith("ready\n# HELP ")
    assert "\"snapshot\":" in said


def test_certificates(environment, tmp_path, run):
    """The rest of docs/certificates.md; kubectl is a stand-in that keeps what it is given."""
    _, _, generate, script, look = documents.blocks("docs/certificates.md", "sh")
    kubectl = tmp_path / "bin/kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text("#!/bin/sh\ntest \"$1 $2\" = \"apply -f\" && cat \"$3\" >secret.yaml\n")
    kubectl.chmod(0o755)
    environment = {**environment, "PATH": f"{kubectl.parent}:{environment['PATH']}"}
    directory = tmp_path / "manifests"
    directory.mkdir()
    shell(script, cwd=directory, env=environment)
    gateway = next(text for text in documents.blocks("docs/certificates.md", "yaml")
                   if text.startswith("type: MeshGateway\n"))
    (directory / "gateway.yaml").write_text(gateway)

    make, ask = generate.splitlines()
    shell(make, cwd=tmp_path, env=environment)
    bundle = (tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text()
    (tmp_path / "new.pem").write_text(bundle)
    assert "CN = foo.example.com" in shell(look, cwd=tmp_path)

    otemon = run(directory, plain=True).wait_ready()
    assert otemon.findings() == []
    (directory / "gateway.yaml").write_text(gateway.replace("secret: foo-example-com-certificate",
                                                            "file: ../new.pem"))
    waiting.until(lambda: "No routes match" in shell(ask + " || true", cwd=tmp_path),
                  "the certificate from the file is served")
