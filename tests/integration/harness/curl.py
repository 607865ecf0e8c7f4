"""curl, as a person would use it; its answer taken apart."""
from harness.shell import run


class Answer:
    """status (0: none came), version, headers (lower case; several values joined by ", "), body."""

    def __init__(self, process, head, body):
        self.exit = process.returncode
        self.error = process.stderr.strip()
        self.body = body
        # After 1xx answers and redirects the last head counts.
        heads = [part for part in head.replace("\r\n", "\n").split("\n\n") if part.strip()]
        self.heads = [part.split("\n") for part in heads]
        self.status, self.version, self.headers = 0, "", {}
        if self.heads:
            first, *fields = self.heads[-1]
            words = first.split(" ")
            self.version, self.status = words[0], int(words[1])
            for field in fields:
                name, value = field.split(":", 1)
                name, value = name.lower(), value.strip()
                self.headers[name] = (f"{self.headers[name]}, {value}" if name in self.headers
                                      else value)

    def __repr__(self):
        return (f"<curl: exit {self.exit} {self.error!r}, {self.status} {self.headers} "
                f"{self.body!r}>")


class Curl:
    def __init__(self, directory):
        self.directory = directory

    def __call__(self, url, *flags, host=None, timeout=10):
        """Asks for `url`. `host` is the Host field."""
        head, body = self.directory / "curl.head", self.directory / "curl.body"
        words = ["curl", "--silent", "--show-error", "--max-time", str(timeout), "--path-as-is",
                 "--dump-header", head, "--output", body]
        for path in (head, body):
            path.unlink(missing_ok=True)
        if host is not None:
            words += ["--header", f"Host: {host}"]
        process = run(*words, *flags, url, timeout=timeout + 10)
        return Answer(process, head.read_text("latin-1") if head.exists() else "",
                      body.read_text(errors="backslashreplace") if body.exists() else "")
