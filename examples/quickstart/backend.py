#!/usr/bin/env python3
"""The sample back end of the quickstart: says who it is and what it was asked.

usage: backend.py NAME PORT [NAME PORT]...
"""

import http.server
import sys
import threading


def handler_for(name: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = (
                f"hello from {name}\n"
                f"you asked for {self.headers['host']}{self.path}"
                f" over {self.headers['x-forwarded-proto']}\n"
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """The gateway has an access log; one is enough."""

    return Handler


def main(arguments: list[str]) -> int:
    if not arguments or len(arguments) % 2:
        print(__doc__, file=sys.stderr)
        return 2
    for name, port in zip(arguments[::2], arguments[1::2]):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler_for(name))
        except OSError as error:
            print(f"backend.py: 127.0.0.1:{port}: {error.strerror}", file=sys.stderr)
            return 1
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("serving", " ".join(arguments), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
