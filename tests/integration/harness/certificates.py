"""Certificates for tests: made by the program itself, looked at by openssl."""
import base64
import hashlib
import re
import socket
import ssl

from harness.otemon import PROGRAM
from harness.shell import run


def bundle(*hostnames, key_type="ecdsa"):
    """A key and a self-signed certificate for it, as one PEM text."""
    flags = [f"--hostname={hostname}" for hostname in hostnames]
    made = run(PROGRAM, "generate", "tls-certificate", "--type=server", *flags,
               f"--key-type={key_type}", "--key-file=-", "--cert-file=-")
    assert made.returncode == 0, made.stderr
    return made.stdout


def to_base64(text):
    return base64.b64encode(text.encode()).decode()


def from_base64(text):
    return base64.b64decode(text).decode()


def certificate_of(text):
    """The first certificate of a PEM text, as DER."""
    block = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    return ssl.PEM_cert_to_DER_cert(block[0])


def trusting():
    """TLS for a client that takes every certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def served(port, name, address="127.0.0.1"):
    """The certificate, as DER, that a TLS handshake for `name` shows."""
    with socket.create_connection((address, port), timeout=10) as plain, \
            trusting().wrap_socket(plain, server_hostname=name) as tls:
        return tls.getpeercert(binary_form=True)


def fingerprint(der):
    """As a status shows it."""
    return hashlib.sha256(der).hexdigest()


def serving(pem, **options):
    """TLS for a server with the certificate and key of a file, or of two. What a client asks for,
    `seen` tells."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, **options)
    context.sni_callback = _on_name
    return context


def _on_name(sock, name, _):
    sock.asked_name = name


def seen(sock):
    """What a server has seen in a handshake: the name that was asked for, whom the certificate of
    the client is for, and the version."""
    subject = (sock.getpeercert() or {}).get("subject", ())
    client = next((value for pairs in subject for key, value in pairs if key == "commonName"), None)
    return {"name": sock.asked_name, "client": client, "version": sock.version()}
