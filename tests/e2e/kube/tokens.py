"""Tokens of service accounts: those that the API server gives, and those that it would not."""
import base64
import json
import time

from harness.shell import run
from kube.node import STATE

AUDIENCE = "otemon"
ISSUER = "https://kubernetes.default.svc.cluster.local"
COORDINATE_SIZE = 32


def granted(cluster, pod, audience=AUDIENCE, bound=True):
    """By TokenRequest, for the pod's service account; with `bound`, for as long as the pod is."""
    metadata = pod["metadata"]
    words = ["--namespace", metadata["namespace"], "create", "token", "default", "--duration=10m"]
    if audience is not None:
        words.append(f"--audience={audience}")
    if bound:
        words += ["--bound-object-kind=Pod", f"--bound-object-name={metadata['name']}",
                  f"--bound-object-uid={metadata['uid']}"]
    return cluster.kubectl(*words).strip()


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(der):
    """Of ECDSA, as tokens have it: its two numbers, without the ASN.1 around them."""
    numbers, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        number = der[at + 2:at + 2 + size]
        numbers += number.lstrip(b"\0").rjust(COORDINATE_SIZE, b"\0")
        at += 2 + size
    return numbers


def forged(cluster, pod, folder, ends_in, key=STATE / "pki/service-accounts.key"):
    """Signed with the key of the cluster's API server, which gives none that ends so soon."""
    metadata, now = pod["metadata"], int(time.time())
    account = cluster.get("--namespace", metadata["namespace"], "serviceaccount/default")
    bound = {"namespace": metadata["namespace"],
             "pod": {"name": metadata["name"], "uid": metadata["uid"]},
             "serviceaccount": {"name": "default", "uid": account["metadata"]["uid"]}}
    claims = {"iss": ISSUER, "aud": [AUDIENCE], "kubernetes.io": bound,
              "sub": f"system:serviceaccount:{metadata['namespace']}:default",
              "iat": now - 600, "nbf": now - 600, "exp": now + ends_in}
    signed = ".".join(part(json.dumps(each).encode())
                      for each in ({"alg": "ES256", "typ": "JWT"}, claims))
    text, der = folder / "signed", folder / "signature"
    text.write_text(signed, encoding="ascii")
    done = run("openssl", "dgst", "-sha256", "-sign", key, "-out", der, text)
    assert done.returncode == 0, done.stderr
    return f"{signed}.{part(signature(der.read_bytes()))}"
