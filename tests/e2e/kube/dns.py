"""One question to a name server."""
import socket
import struct


def lookup(server, name, seconds=2):
    """The IPv4 addresses of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        sock.sendto(struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + question, (server, 53))
        answer = sock.recv(4096)
    count = struct.unpack_from(">H", answer, 6)[0]
    at, found = 12 + len(question), []
    for _ in range(count):
        while answer[at] and answer[at] < 0xC0:
            at += 1 + answer[at]
        at += 2 if answer[at] else 1
        kind, _, _, size = struct.unpack_from(">HHIH", answer, at)
        at += 10
        if kind == 1:
            found.append(socket.inet_ntoa(answer[at:at + 4]))
        at += size
    return found
