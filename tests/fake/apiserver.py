"""An API server that keeps what it is given, lists, watches and applies it as the real one does,
and misbehaves on command.

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
from fake.store import Store, place_of

JSON = [("content-type", "application/json")]
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


def status_of(code, reason, message="as the test wants it"):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": reason, "message": message}


def _kind_of(method, path, query):
    if method == "GET" and "limit" in query:
        return "list"
    if method == "GET" and "watch" in query:
        return "watch"
    if method == "PATCH":
        return "apply"
    return "review" if path == REVIEWS else "other"


class Seen:
    """A request as it came. `kind`: list, watch, apply, review or other."""

    def __init__(self, request):
        parts = urllib.parse.urlsplit(request.target)
        self.at = time.monotonic()
        self.method, self.path, self.fields = request.method, parts.path, request.fields
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.body = request.body
        self.kind = _kind_of(self.method, self.path, self.query)

    def __repr__(self):
        return f"{self.method} {self.path} {self.query}"


class ApiServer:
    """Runs in a thread of its own until close(). Everything public may be called from any."""

    def __init__(self, certificate, protocols=("h2", "http/1.1"), token="secret"):
        self.certificate, self.token = certificate, token
        self.protocols = list(protocols)
        self.store = Store()
        self.lock = self.store.lock
        self.pages = {}        # token: (version, objects left)
        self.once, self.rules = [], {}
        self.tokens = {}       # what a TokenReview says of each, its `status`
        self.requests = []
        self.connections = set()
        self.port = None
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(10)

    # ---- what it has ----

    def kind(self, path, status=True):
        """The kind exists from now on; `status`: with that subresource."""
        self.store.install(path, status)

    def drop_kind(self, path):
        self.store.uninstall(path)

    def put(self, path, name, **content):
        """Into the namespace of the path or of the metadata; without either, "x"."""
        self.store.put(path, name, content)
        self.wake()

    def edit(self, path, change):
        self.store.edit(path, change)
        self.wake()

    def remove(self, path, name):
        self.store.remove(path, name)
        self.wake()

    def find(self, path):
        """The object as it is, or None."""
        return self.store.find(path)

    def versions(self, path):
        return {each["metadata"]["name"]: each["metadata"]["resourceVersion"]
                for each in self.store.list(path)}

    def compact(self):
        """Watches and pages from before are 410 from now on."""
        with self.lock:
            self.store.compact()
            self.pages.clear()

    def bookmark(self):
        """All watches are told how far they are."""
        def go():
            for each in self.waiting:
                each.wants_bookmark = True
            self.changed()
        self.loop.call_soon_threadsafe(go)

    # ---- how it misbehaves ----

    def next(self, kind, *behaviours, path=None):
        """The next requests of that kind are answered in this way, one each."""
        with self.lock:
            self.once += [(kind, path, behaviour) for behaviour in behaviours]

    def always(self, kind, behaviour, path=None):
        with self.lock:
            self.rules[kind, path] = behaviour

    def behave(self):
        """As a real one from now on."""
        with self.lock:
            self.once, self.rules = [], {}

    def count(self, kind, path=None):
        with self.lock:
            return sum(1 for each in self.requests
                       if each.kind == kind and path in (None, each.path))

    def seen(self, kind, path=None):
        with self.lock:
            return [each for each in self.requests
                    if each.kind == kind and path in (None, each.path)]

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
            return self.rules.get((seen.kind, seen.path)) or self.rules.get((seen.kind, None))

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
        place = place_of(seen.path)
        if seen.kind in ("list", "watch") and place.kind not in self.store.kinds:
            await answer.head(404, [("content-type", "text/plain")])
            await answer.write(b"404 page not found\n")
            await answer.end()
        else:
            await getattr(self, seen.kind)(seen, answer)

    async def reply(self, answer, code, value, fields=()):
        await answer.head(code, [*JSON, *fields])
        await answer.write(json.dumps(value).encode())
        await answer.end()

    async def found(self, answer, value):
        if value is None:
            await self.reply(answer, 404, status_of(404, "NotFound"))
        else:
            await self.reply(answer, 200, value)

    async def other(self, seen, answer):
        """An object, the resources of a group, or something else."""
        place = place_of(seen.path)
        if place is not None:
            await self.found(answer, self.store.find(seen.path))
        elif seen.path.startswith("/apis/"):
            await self.found(answer, self.store.resources(seen.path))
        else:
            await self.reply(answer, 200, {"kind": "Other", "path": seen.path})

    async def apply(self, seen, answer):
        value = self.store.apply(seen.path, seen.query["fieldManager"], json.loads(seen.body))
        self.changed()
        await self.found(answer, value)

    async def review(self, seen, answer):
        review = json.loads(seen.body)
        said = self.tokens.get(review["spec"]["token"], {"authenticated": False})
        audiences = [each for each in said.get("audiences", [])
                     if each in review["spec"]["audiences"]]
        if said["authenticated"] and not audiences:
            said = {"authenticated": False, "error": "token audiences are invalid for the target"}
        await self.reply(answer, 201, {**review, "status": {**said, "audiences": audiences}})

    def shown(self, seen, value):
        if "PartialObjectMetadata" in seen.fields["accept"]:
            return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": value["metadata"]}
        return value

    def selected(self, seen, value):
        """Field selectors know one field: type=... or metadata.name=..."""
        field, _, wanted = seen.query.get("fieldSelector", "").partition("=")
        for key in filter(None, field.split(".")):
            value = value.get(key)
        return field == "" or value == wanted

    def page(self, seen):
        """(version, objects, token of the rest), or None: the token is too old."""
        with self.lock:
            if "continue" not in seen.query:
                version = self.store.version
                left = [each for each in self.store.list(seen.path) if self.selected(seen, each)]
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

    def too_old(self, seen):
        return self.store.is_too_old(int(seen.query["resourceVersion"]))

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
        wake = asyncio.Event()
        wake.wants_bookmark = False
        self.waiting.add(wake)
        try:
            await self.tell(seen, answer, wake)
        finally:
            self.waiting.discard(wake)
        await answer.end()

    async def tell(self, seen, answer, wake):
        """What happens, until the watch ends."""
        version = int(seen.query["resourceVersion"])
        end = self.loop.time() + int(seen.query["timeoutSeconds"])
        kind = place_of(seen.path).kind
        while self.loop.time() < end and kind in self.store.kinds:
            wake.clear()
            now = self.store.version
            for version, event, value in self.store.events_after(seen.path, version):
                if self.selected(seen, value):
                    await self.say(answer, event, self.shown(seen, value))
            if wake.wants_bookmark:
                wake.wants_bookmark = False
                await self.say(answer, "BOOKMARK", {"metadata": {"resourceVersion": str(now)}})
            try:
                await asyncio.wait_for(wake.wait(), min(1, max(0, end - self.loop.time())))
            except asyncio.TimeoutError:
                pass

    async def say(self, answer, event, value):
        await answer.write(json.dumps({"type": event, "object": value}).encode() + b"\n")


# ---- misbehaviours ----

def refuse(code, reason="", retry=None, message="as the test wants it"):
    """A status instead of an answer."""
    async def behave(server, _, answer):
        fields = [("retry-after", str(retry))] if retry is not None else []
        await server.reply(answer, code, status_of(code, reason, message), fields)
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
