"""HAProxy from Debian."""

import os
import subprocess

from gauge import ports

NAME = "haproxy"
LABEL = "HAProxy"

_PROGRAM = "/usr/sbin/haproxy"
_CONFIG = """
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout client 1h
    timeout server 1h
    timeout connect 5s
    timeout http-keep-alive 1h
    http-reuse always
frontend gateway
    bind {address}:{port} backlog 8192
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Request-Id %[uuid()]
    default_backend origin
backend origin
    server a {address}:{origin}
"""


def version():
    if not os.path.exists(_PROGRAM):
        return None
    done = subprocess.run([_PROGRAM, "-v"], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.split()[2].partition("-")[0]


def command(directory):
    config = os.path.join(directory, "haproxy.cfg")
    with open(config, "w", encoding="ascii") as out:
        out.write(_CONFIG.format(address=ports.ADDRESS, port=ports.PROXY, origin=ports.ORIGIN_A))
    return [_PROGRAM, "-db", "-f", config]
