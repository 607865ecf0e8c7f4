"""Ports that nobody uses."""
import random
import socket

# Below those that the kernel gives to clients, so that no connection of a test is in the way.
_FIRST, _LAST = 10000, 32000
_taken = set()


def free(address="127.0.0.1"):
    """Each call gives another one."""
    while True:
        port = random.randrange(_FIRST, _LAST)
        if port in _taken:
            continue
        with socket.socket() as sock:
            try:
                sock.bind((address, port))
            except OSError:
                continue
        _taken.add(port)
        return port
