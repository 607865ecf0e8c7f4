"""Memory with many kept connections, each of which made one request before it fell silent."""

from gauge import client, ports


def measure(child, connections):
    open_connections = []
    try:
        for _ in range(connections):
            conn = client.connect(ports.PROXY)
            open_connections.append(conn)
            status, _ = client.get(conn, "/small")
            if status != 200:
                raise RuntimeError(f"a request answered {status} while connections were opened")
        return child.memory_kib()
    finally:
        for conn in open_connections:
            conn.close()
