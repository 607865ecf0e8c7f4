"""An API server that keeps what it is given, lists and watches it as the real one does, and
misbehaves on command.

    server.put("/api/v1/things", "a", spec={})
    server.next("watch", silent)                # the next watch says nothing
    server.next("list", refuse(429, retry=1))   # the next list is refused
    server.always("watch", cut_after(0.1))      # from now on

A misbehaviour is a coroutine function (server, request, answer) that answers in its way, or returns
`server.answer(...)` for what would have been answered.
"""
import asyncio
import base64
import json
import threading
import time
import urllib.parse

from fake import wire

JSON = [("content-type", "application/json")]


def status_of(code, reason, message="as the test wants it"):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": reason, "message": message}


class Seen:
    """A request as it came."""

    def __init__(self, request):
        parts = urllib.parse.urlsplit(request.target)
        self.at = time.monotonic()
        self.method, self.path, self.fields = request.method, parts.path, request.fields
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.body = request.body
        self.kind = "other"
        if request.method == "GET" and "limit" in self.query:
            self.kind = "list"
        elif request.method == "GET" and "watch" in self.query:
            self.kind = "watch"

    def __repr__(self):
        return f"{self.method} {self.path} {self.query}"


class ApiServer:
    """Runs in a thread of its own until close(). Everything public may be called from any."""

    def __init__(self, certificate, protocols=("h2", "http/1.1"), token="secret"):
        self.certificate, self.token = certificate, token
        self.protocols = list(protocols)
        self.lock = threading.RLock()
        self.objects = {}      # path: {name: object}; a path that is not here is absent
        self.history = []      # (version, path, type, object)
        self.oldest = 0        # the version that can still be watched from
        self.pages = {}        # token: (version, objects left)
        self.version = 100
        self.once, self.rules = [], {}
        self.values = {}       # path: what a request that is no list and no watch gets
        self.requests = []
        self.connections = set()
        self.port = None
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(10)

    # ---- what it has ----

    def kind(self, path):
        """The kind exists from now on."""
        with self.lock:
            self.objects.setdefault(path, {})

    def drop_kind(self, path):
        with self.lock:
            self.objects.pop(path, None)

    def put(self, path, name, **content):
        with self.lock:
            self.version += 1
            known = self.objects.setdefault(path, {})
            metadata = {"namespace": "x", "uid": f"{path}/{name}", **content.pop("metadata", {}),
                        "name": name, "resourceVersion": str(self.version)}
            event = "MODIFIED" if name in known else "ADDED"
            known[name] = {**content, "metadata": metadata}
            self.history.append((self.version, path, event, known[name]))
        self.wake()

    def remove(self, path, name):
        with self.lock:
            self.version += 1
            gone = self.objects[path].pop(name)
            gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
            self.history.append((self.version, path, "DELETED", gone))
        self.wake()

    def versions(self, path):
        with self.lock:
            return {name: each["metadata"]["resourceVersion"]
                    for name, each in self.objects.get(path, {}).items()}

    def compact(self):
        """Watches and pages from before are 410 from now on."""
        with self.lock:
            self.oldest = self.version
            self.pages.clear()

    # ---- how it misbehaves ----

    def next(self, kind, *behaviours, path=None):
        """The next requests of that kind are answered in this way, one each."""
        with self.lock:
            self.once += [(kind, path, behaviour) for behaviour in behaviours]

    def always(self, kind, behaviour):
        with self.lock:
            self.rules[kind] = behaviour

    def behave(self):
        """As a real one from now on."""
        with self.lock:
            self.once, self.rules = [], {}

    def count(self, kind, path=None):
        with self.lock:
            return sum(1 for each in self.requests
                       if each.kind == kind and path in (None, each.path))

    def seen(self, kind):
        with self.lock:
            return [each for each in self.requests if each.kind == kind]

    def kill_connections(self):
        """All connections are reset."""
        self.loop.call_soon_threadsafe(
            lambda: [each.transport.abort() for each in list(self.connections)])

    def deafen(self):
        """Today's connections are open, and nothing is read or written any more."""
        def go():
            for each in self.connections:
                each.deaf = True
        self.loop.call_soon_threadsafe(go)

    def stop_listening(self):
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self.loop).result(10)

    def listen_again(self):
        asyncio.run_coroutine_threadsafe(self._listen(self.port), self.loop).result(10)

    # ---- how it works ----

    def wake(self):
        self.loop.call_soon_threadsafe(self.changed)

    def changed(self):
        for each in list(self.waiting):
            each.set()

    def _run(self, started):
        self.loop = asyncio.new_event_loop()
        self.waiting = set()
        self.loop.run_until_complete(self._listen(0))
        self.loop.call_soon(started.set)
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def _listen(self, port):
        self.server = await wire.serve(self.handle, self.certificate, self.protocols,
                                       self.connections, port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _stop_listening(self):
        self.server.close()
        for each in list(self.connections):
            each.transport.abort()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def behaviour_for(self, seen):
        with self.lock:
            self.requests.append(seen)
            for index, (kind, path, behaviour) in enumerate(self.once):
                if kind == seen.kind and path in (None, seen.path):
                    del self.once[index]
                    return behaviour
            return self.rules.get(seen.kind)

    async def handle(self, request, answer):
        seen = Seen(request)
        behaviour = self.behaviour_for(seen)
        if request.fields.get("authorization") != f"Bearer {self.token}":
            await self.reply(answer, 401, status_of(401, "Unauthorized"))
        elif behaviour is not None:
            await behaviour(self, seen, answer)
        else:
            await self.answer(seen, answer)

    async def answer(self, seen, answer):
        if seen.kind == "other":
            await self.other(seen, answer)
        elif seen.path not in self.objects:
            await answer.head(404, [("content-type", "text/plain")])
            await answer.write(b"404 page not found\n")
            await answer.end()
        elif seen.kind == "list":
            await self.list(seen, answer)
        else:
            await self.watch(seen, answer)

    async def reply(self, answer, code, value, fields=()):
        await answer.head(code, [*JSON, *fields])
        await answer.write(json.dumps(value).encode())
        await answer.end()

    async def other(self, seen, answer):
        if seen.method == "PATCH":
            await self.reply(answer, 200, {**json.loads(seen.body), "applied": seen.query})
        else:
            value = self.values.get(seen.path, {"kind": "Other", "path": seen.path})
            await self.reply(answer, 200, value)

    def shown(self, seen, value):
        if "PartialObjectMetadata" in seen.fields["accept"]:
            return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": value["metadata"]}
        return value

    def selected(self, seen, value):
        """Field selectors know one field: type=..."""
        field, _, wanted = seen.query.get("fieldSelector", "").partition("=")
        return field == "" or value.get(field) == wanted

    def page(self, seen):
        """(version, objects, token of the rest), or None: the token is too old."""
        with self.lock:
            if "continue" not in seen.query:
                version = self.version
                left = [each for each in self.objects[seen.path].values()
                        if self.selected(seen, each)]
            elif seen.query["continue"] in self.pages:
                version, left = self.pages[seen.query["continue"]]
            else:
                return None
            limit = int(seen.query["limit"])
            token = ""
            if len(left) > limit:
                token = base64.b64encode(f"{version}/{len(left)}/{seen.path}".encode()).decode()
                self.pages[token] = (version, left[limit:])
            return version, left[:limit], token

    async def list(self, seen, answer):
        page = self.page(seen)
        if page is None:
            await self.reply(answer, 410, status_of(410, "Expired"))
            return
        version, objects, token = page
        await self.reply(answer, 200, {
            "kind": "List", "items": [self.shown(seen, each) for each in objects],
            "metadata": {"resourceVersion": str(version), "continue": token}})

    def events_after(self, path, version):
        with self.lock:
            return [each for each in self.history if each[0] > version and each[1] == path]

    def too_old(self, seen):
        with self.lock:
            return int(seen.query["resourceVersion"]) < self.oldest

    async def watch(self, seen, answer, error_event=False):
        """`error_event`: a version too old is told in the stream."""
        gone = status_of(410, "Expired")
        if self.too_old(seen) and not error_event:
            await self.reply(answer, 410, gone)
            return
        await answer.head(200, JSON)
        if self.too_old(seen):
            await self.say(answer, "ERROR", gone)
            await answer.end()
            return
        version = int(seen.query["resourceVersion"])
        end = self.loop.time() + int(seen.query["timeoutSeconds"])
        wake = asyncio.Event()
        self.waiting.add(wake)
        try:
            while self.loop.time() < end and seen.path in self.objects:
                wake.clear()
                for at, _, event, value in self.events_after(seen.path, version):
                    version = at
                    if self.selected(seen, value):
                        await self.say(answer, event, self.shown(seen, value))
                try:
                    await asyncio.wait_for(wake.wait(), min(1, max(0, end - self.loop.time())))
                except asyncio.TimeoutError:
                    pass
        finally:
            self.waiting.discard(wake)
        await answer.end()

    async def say(self, answer, event, value):
        await answer.write(json.dumps({"type": event, "object": value}).encode() + b"\n")


# ---- misbehaviours ----

def refuse(code, reason="", retry=None):
    """A status instead of an answer."""
    async def behave(server, _, answer):
        fields = [("retry-after", str(retry))] if retry is not None else []
        await server.reply(answer, code, status_of(code, reason), fields)
    return behave


async def silent(_, __, answer):
    """The head of a watch, and nothing more for ever."""
    await answer.head(200, JSON)
    await asyncio.sleep(3600)


async def mute(*_):
    """Not even a head."""
    await asyncio.sleep(3600)


async def cut_at_once(_, __, answer):
    await answer.cut()


async def kill(_, __, answer):
    await answer.kill()


async def close_at_once(_, __, answer):
    """A watch that ends in good order before it said anything."""
    await answer.head(200, JSON)
    await answer.end()


def cut_after(seconds):
    """As it should be for a while, then the stream breaks."""
    async def behave(server, seen, answer):
        try:
            await asyncio.wait_for(server.answer(seen, answer), seconds)
        except asyncio.TimeoutError:
            await answer.cut()
    return behave


def cut_in_an_event(server_says):
    """A watch that breaks within a line."""
    async def behave(_, __, answer):
        await answer.head(200, JSON)
        await answer.write(server_says)
        await asyncio.sleep(0.05)
        await answer.cut()
    return behave


def say(*lines):
    """A watch that says these bytes and ends in good order."""
    async def behave(_, __, answer):
        await answer.head(200, JSON)
        for line in lines:
            await answer.write(line)
        await answer.end()
    return behave


def error_event(code, reason):
    """A watch that consists of an ERROR event."""
    async def behave(server, _, answer):
        await answer.head(200, JSON)
        await server.say(answer, "ERROR", status_of(code, reason))
        await answer.end()
    return behave


async def gone_as_event(server, seen, answer):
    """410 comes in the stream, when it is due."""
    await server.watch(seen, answer, error_event=True)


def slow(seconds):
    """The right answer, later."""
    async def behave(server, seen, answer):
        await asyncio.sleep(seconds)
        await server.answer(seen, answer)
    return behave
