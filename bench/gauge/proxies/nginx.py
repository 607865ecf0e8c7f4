"""nginx from Debian."""

import os
import subprocess

from gauge import ports
from gauge.origin import nginx_temp

NAME = "nginx"
LABEL = "NGINX"

_PROGRAM = "/usr/sbin/nginx"
_CONFIG = """
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.err;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    {temp}
    upstream origin {{
        server {address}:{origin};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address}:{port} backlog=8192;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Request-Id $request_id;
        }}
    }}
}}
"""


def version():
    if not os.path.exists(_PROGRAM):
        return None
    done = subprocess.run([_PROGRAM, "-v"], capture_output=True, text=True, check=True, timeout=10)
    return done.stderr.strip().rpartition("/")[2]


def command(directory):
    config = os.path.join(directory, "nginx.conf")
    with open(config, "w", encoding="ascii") as out:
        out.write(_CONFIG.format(dir=directory, temp=nginx_temp(directory), address=ports.ADDRESS,
                                 port=ports.PROXY, origin=ports.ORIGIN_A))
    return [_PROGRAM, "-e", f"{directory}/nginx.err", "-c", config]
