"""`otemon generate tls-certificate`, judged by the openssl tool."""
import base64
import os
import re
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from harness.otemon import PROGRAM as OTEMON


def run(*words, cwd=None):
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=60)


def generate(*flags, cwd):
    return run(OTEMON, "generate", "tls-certificate", *flags, cwd=cwd)


def certificate_text(path):
    done = run("openssl", "x509", "-in", path, "-noout", "-text")
    assert done.returncode == 0, done.stderr
    return done.stdout


def public_key(kind, path):
    words = {"key": ("pkey", "-pubout"), "certificate": ("x509", "-noout", "-pubkey")}[kind]
    done = run("openssl", *words, "-in", path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_defaults(tmp_path):
    done = generate("--type=server", "--hostname=foo.example.com", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Private key saved in key.pem\nCertificate saved in cert.pem\n"
    text = certificate_text(tmp_path / "cert.pem")
    assert "Public-Key: (2048 bit)" in text
    assert "Signature Algorithm: sha256WithRSAEncryption" in text
    assert "Subject: CN = foo.example.com" in text
    assert "DNS:foo.example.com" in text
    assert "TLS Web Server Authentication" in text
    assert public_key("key", tmp_path / "key.pem") == public_key("certificate",
                                                                 tmp_path / "cert.pem")
    done = run("openssl", "verify", "-x509_strict", "-CAfile", "cert.pem", "cert.pem",
               cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_ten_years(tmp_path):
    generate("--type=server", "--hostname=foo.example.com", cwd=tmp_path)
    day = 24 * 60 * 60
    for days, ends in ((10 * 365 - 1, 0), (10 * 365 + 1, 1)):
        done = run("openssl", "x509", "-in", "cert.pem", "-noout", "-checkend", str(days * day),
                   cwd=tmp_path)
        assert done.returncode == ends, done.stdout


@pytest.mark.parametrize("key_type, algorithm", [("rsa", "rsaEncryption"),
                                                 ("ecdsa", "NIST CURVE: P-256")])
@pytest.mark.parametrize("usage, purpose", [("server", "TLS Web Server Authentication"),
                                            ("client", "TLS Web Client Authentication")])
def test_types(tmp_path, key_type, algorithm, usage, purpose):
    done = generate("--type", usage, "--key-type", key_type, "--hostname", "foo.example.com",
                    "--key-file", "a.key", "--cert-file", "a.crt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = certificate_text(tmp_path / "a.crt")
    assert algorithm in text
    assert re.search(r"Extended Key Usage: *\n *" + purpose + r"\n", text)


def test_names_and_addresses(tmp_path):
    done = generate("--type=server", "--hostname=foo.example.com,*.example.com",
                    "--hostname=127.0.0.1", "--cp-hostname=::1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("DNS:foo.example.com, DNS:*.example.com, IP Address:127.0.0.1, "
            "IP Address:0:0:0:0:0:0:0:1") in certificate_text(tmp_path / "cert.pem")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_key_is_for_its_owner(tmp_path, umask):
    key = tmp_path / "key.pem"
    key.write_text("an older key that all could read")
    key.chmod(0o644)
    before = os.umask(umask)
    try:
        generate("--type=server", "--hostname=foo.example.com", cwd=tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")


def test_a_handshake(tmp_path):
    """A client that was told to trust the certificate accepts it for the name."""
    generate("--type=server", "--hostname=foo.example.com", cwd=tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client_context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    here, there = socket.socketpair()
    server = threading.Thread(target=lambda: context.wrap_socket(there, server_side=True).close())
    server.start()
    with client_context.wrap_socket(here, server_hostname="foo.example.com") as client:
        assert client.getpeercert()["subject"] == ((("commonName", "foo.example.com"),),)
    server.join()


SECRET = r"""
cat <(
cat<<EOF
apiVersion: v1
kind: Secret
metadata:
  name: foo-example-com-certificate
  namespace: kuma-system
  labels:
    kuma.io/mesh: default
data:
  value: '$(otemon generate tls-certificate --type=server --hostname=foo.example.com \
      --key-file=- --cert-file=- | base64 -w0)'
type: system.kuma.io/secret
EOF
)
"""


def test_the_script_that_makes_a_secret(tmp_path):
    """What Kuma's page on MeshGateway tells people to run, with the name of the program changed."""
    path = f"{OTEMON.parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", SECRET], env={**os.environ, "PATH": path}, cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    value = base64.b64decode(re.search(r"^  value: '(.*)'$", done.stdout, re.M)[1]).decode()
    assert re.findall(r"-----BEGIN (.*)-----", value) == ["PRIVATE KEY", "CERTIFICATE"]
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(value)
    assert public_key("key", bundle) == public_key("certificate", bundle)
    assert list(tmp_path.iterdir()) == [bundle]


def test_one_file_and_one_on_the_standard_output(tmp_path):
    done = generate("--type=server", "--hostname=foo.example.com", "--key-file=k", "--cert-file=-",
                    cwd=tmp_path)
    assert done.stdout.startswith("-----BEGIN CERTIFICATE-----\n")
    assert "saved" not in done.stdout
    assert (tmp_path / "k").exists()


@pytest.mark.parametrize("flags, status, sentence", [
    (["--hostname=a"], 2, "--type is missing"),
    (["--type=server"], 2, "--hostname is missing"),
    (["--type=both", "--hostname=a"], 2, "--type is one of server|client, not \"both\""),
    (["--type=server", "--hostname=a", "--key-type=dsa"], 2, "--key-type is one of rsa|ecdsa"),
    (["--type=server", "--hostnam=a"], 2, "there is no flag --hostnam; did you mean --hostname"),
    (["--type=server", "--hostname=a", "--key-file=x", "--cert-file=x"], 2, "name the same file"),
    (["--type=server", "--hostname=a", "more"], 2, "\"more\" is one argument too many"),
    (["--type=server", "--hostname=" + ",".join(["a"] * 257)], 2, "256 hostnames at most"),
    (["--type=server", "--hostname=not a name"], 1, "\"not a name\" is neither a DNS name"),
    (["--type=server", "--hostname="], 1, "\"\" is neither a DNS name"),
    (["--type=server", "--hostname=a", "--key-file=no/such/folder"], 1,
     "the private key was not written: no/such/folder does not exist"),
    (["--type=server", "--hostname=a", "--cert-file=."], 1, "the certificate was not written"),
])
def test_what_cannot_be_done_is_one_sentence(tmp_path, flags, status, sentence):
    done = generate(*flags, cwd=tmp_path)
    assert done.returncode == status
    assert sentence in done.stderr
    assert done.stderr.startswith("otemon generate tls-certificate: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_full_disk_is_an_error(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([OTEMON, "generate", "tls-certificate", "--type=server",
                               "--hostname=a", "--key-file=-", "--cert-file=-"], cwd=tmp_path,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
