"""Ports that nobody uses."""
import socket

_taken = set()


def free(address="127.0.0.1"):
    """Each call gives another one."""
    while True:
        with socket.socket() as sock:
            sock.bind((address, 0))
            port = sock.getsockname()[1]
        if port not in _taken:
            _taken.add(port)
            return port
