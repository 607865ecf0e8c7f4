"""A network of its own for each process that runs tests.

Manifests name ports: 8080 and 8443 on Kuma's page and in examples. In a network namespace they are
free, whatever else this machine does, and tests may run side by side. Where namespaces are not
allowed the tests use the machine's own loopback interface.
"""
import ctypes
import fcntl
import socket
import struct

from harness.shell import run

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


_is_own = False


def enter():
    """Moves this thread, and what it starts, into a namespace whose loopback interface is up."""
    global _is_own  # pylint: disable=global-statement
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return
    _is_own = True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = bytearray(struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(sock, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | IFF_UP)
        fcntl.ioctl(sock, SIOCSIFFLAGS, request)


def has_address(address):
    """Whether a program may listen on it; a network of our own gets any that it lacks."""
    if _can_bind(address):
        return True
    if _is_own:
        at_once = ["nodad"] if ":" in address else []
        run("ip", "address", "add", address, "dev", "lo", *at_once)
    return _can_bind(address)


def _can_bind(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True
