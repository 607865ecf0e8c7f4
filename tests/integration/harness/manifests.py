"""Manifests, as small as they can be, and files written as editors and deployment tools do."""
import os
import textwrap
from pathlib import Path


def gateway(port, hostname="*", name="edge", protocol="HTTP", certificates=()):
    text = f"""\
        type: MeshGateway
        mesh: default
        name: {name}
        selectors:
        - match:
            kuma.io/service: {name}
        conf:
          listeners:
          - port: {port}
            protocol: {protocol}
            hostname: "{hostname}"
        """
    text = textwrap.dedent(text)
    if certificates:
        text += "    tls:\n      mode: TERMINATE\n      certificates:\n"
        for certificate in certificates:
            text += f"      - file: {certificate}\n"
    return text


def route(*rules, name="all", gateway_name="edge", hostnames=()):
    """Each rule: (path, match, {service: weight})."""
    text = f"type: MeshGatewayRoute\nmesh: default\nname: {name}\nselectors:\n- match:\n"
    text += f"    kuma.io/service: {gateway_name}\nconf:\n  http:\n"
    if hostnames:
        text += "    hostnames:\n" + "".join(f"    - {host}\n" for host in hostnames)
    text += "    rules:\n"
    for path, match, services in rules:
        text += f"    - matches:\n      - path: {{match: {match}, value: '{path}'}}\n"
        text += "      backends:\n"
        for service, weight in services.items():
            text += f"      - weight: {weight}\n"
            text += f"        destination: {{kuma.io/service: {service}}}\n"
    return text


def service(name, *endpoints):
    """Dataplanes of a service at these ports of 127.0.0.1."""
    return "---\n".join(textwrap.dedent(f"""\
        type: Dataplane
        mesh: default
        name: {name}-{port}
        networking:
          address: 127.0.0.1
          inbound:
          - port: {port}
            tags: {{kuma.io/service: {name}}}
        """) for port in endpoints)


def write(path, *documents):
    """In one go: a new file that is renamed into place."""
    path = Path(path)
    new = path.with_name(f".{path.name}.new")
    new.write_text("---\n".join(documents), encoding="utf-8")
    os.rename(new, path)
