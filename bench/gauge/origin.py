"""The back end: nginx with two servers that tell themselves apart by the body of /who.

The small body is part of the configuration, the large one a file in the page cache, so that the
origin is never what a measurement waits for."""

import os

from gauge import client, ports
from gauge.children import Child, await_condition

SMALL_BYTES = 1024
LARGE_BYTES = 100 * 1024

_CONFIG = """
daemon off;
worker_processes 1;
pid {dir}/origin.pid;
error_log {dir}/origin.err;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=16 inactive=1h;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    {temp}
    server {{
        listen {address}:{a} backlog=8192;
        root {dir};
        location = /small {{ return 200 "{small}"; }}
        location = /who {{ return 200 "a"; }}
        location /r {{ return 200 "{small}"; }}
    }}
    server {{
        listen {address}:{b} backlog=8192;
        location = /who {{ return 200 "b"; }}
    }}
}}
"""


def nginx_temp(directory):
    """nginx wants its temporary directories named, or it uses those of the system."""
    return "\n    ".join(f"{kind}_temp_path {directory}/temp-{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))


def start(directory):
    with open(os.path.join(directory, "large"), "wb") as large:
        large.write(b"x" * LARGE_BYTES)
    config = os.path.join(directory, "origin.conf")
    with open(config, "w", encoding="ascii") as out:
        out.write(_CONFIG.format(dir=directory, temp=nginx_temp(directory), address=ports.ADDRESS,
                                 a=ports.ORIGIN_A, b=ports.ORIGIN_B, small="x" * SMALL_BYTES))
    child = Child(["/usr/sbin/nginx", "-e", f"{directory}/origin.err", "-c", config],
                  ports.LOAD_CORE, f"{directory}/origin.log")

    def answers():
        child.check_alive()
        return client.try_get(ports.ORIGIN_A, "/small") is not None

    await_condition(answers, 10, "the origin answers")
    return child
