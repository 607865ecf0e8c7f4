"""Manifests for a gateway with any number of routes, and the one route that a change moves.

Each route is an object of its own, a hundred to a file. `flip.yaml` alone says which of the two
back ends answers /who."""

import os

from gauge import ports

ROUTES_PER_FILE = 100

_GATEWAY = """\
type: MeshGateway
mesh: default
name: bench
selectors:
- match:
    kuma.io/service: bench
conf:
  listeners:
  - port: {port}
    protocol: HTTP
---
type: Dataplane
mesh: default
name: bench
networking:
  address: {address}
  gateway:
    type: BUILTIN
    tags:
      kuma.io/service: bench
"""
_BACKEND = """\
type: Dataplane
mesh: default
name: {name}
networking:
  address: {address}
  inbound:
  - port: {port}
    tags:
      kuma.io/service: {name}
      kuma.io/protocol: http
"""
_ROUTE = """\
type: MeshGatewayRoute
mesh: default
name: {name}
selectors:
- match:
    kuma.io/service: bench
conf:
  http:
    rules:
    - matches:
      - path:
          match: PREFIX
          value: {path}
      backends:
      - destination:
          kuma.io/service: {service}
"""


def write(directory, routes):
    """The whole directory: the gateway, its back ends, and `routes` routes, / and /who included."""
    os.makedirs(directory, exist_ok=True)
    backends = [_BACKEND.format(name=name, address=ports.ADDRESS, port=port)
                for name, port in (("a", ports.ORIGIN_A), ("b", ports.ORIGIN_B))]
    gateway = _GATEWAY.format(address=ports.ADDRESS, port=ports.PROXY)
    _replace(directory, "gateway.yaml", "---\n".join([gateway, *backends]))
    write_flip(directory, "a")
    names = [("all", "/")] + [(path[1:], path) for path in paths(routes)]
    for start in range(0, len(names), ROUTES_PER_FILE):
        part = names[start:start + ROUTES_PER_FILE]
        _replace(directory, f"routes-{start}.yaml", "---\n".join(
            _ROUTE.format(name=name, path=path, service="a") for name, path in part))


def paths(routes):
    """What the routes are for, but / and /who."""
    return [f"/r{i}" for i in range(routes - 2)]


def write_flip(directory, service):
    """Sends /who to `service`."""
    _replace(directory, "flip.yaml", _ROUTE.format(name="flip", path="/who", service=service))


def _replace(directory, name, text):
    """Renames into place, as an editor or a deployment tool does."""
    temporary = os.path.join(directory, f".{name}.new")
    with open(temporary, "w", encoding="ascii") as out:
        out.write(text)
    os.rename(temporary, os.path.join(directory, name))
