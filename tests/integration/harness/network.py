"""A network of its own for each process that runs tests.

Manifests name ports: 8080 and 8443 on Kuma's page and in examples. In a network namespace they are
free, whatever else this machine does, and tests may run side by side. Where namespaces are not
allowed the tests use the machine's own loopback interface.
"""
import ctypes
import fcntl
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def enter():
    """Moves this thread, and what it starts, into a namespace whose loopback interface is up."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = bytearray(struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(sock, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | IFF_UP)
        fcntl.ioctl(sock, SIOCSIFFLAGS, request)
