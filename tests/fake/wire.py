"""HTTP/2 and HTTP/1.1 over TLS, so bare that everything may be done wrong.

serve() calls `handle(request, answer)`, a coroutine, for each request. An answer is written piece
by piece: head(), write()..., end(); or it is left hanging, or cut().
"""
import asyncio
import ssl

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions


class Gone(Exception):
    """The client has closed the stream or the connection."""


class Request:
    def __init__(self, method, target, fields, body=b""):
        self.method, self.target, self.fields, self.body = method, target, fields, body

    def __repr__(self):
        return f"{self.method} {self.target}"


class Http2Answer:
    def __init__(self, connection, stream):
        self.connection, self.stream = connection, stream

    async def head(self, status, fields=()):
        self.connection.check(self.stream)
        self.connection.h2.send_headers(self.stream, [(":status", str(status)), *fields])
        self.connection.flush()

    async def write(self, data):
        while data:
            await self.connection.room(self.stream)
            size = min(self.connection.h2.local_flow_control_window(self.stream),
                       self.connection.h2.max_outbound_frame_size, len(data))
            self.connection.h2.send_data(self.stream, data[:size])
            self.connection.flush()
            data = data[size:]

    async def end(self):
        self.connection.check(self.stream)
        self.connection.h2.end_stream(self.stream)
        self.connection.flush()

    async def cut(self):
        """Breaks the stream."""
        self.connection.check(self.stream)
        self.connection.h2.reset_stream(self.stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        self.connection.flush()

    async def kill(self):
        """Breaks the connection."""
        self.connection.transport.abort()


class Http2(asyncio.Protocol):
    def __init__(self, handle, connections):
        self.handle, self.connections = handle, connections
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.transport, self.deaf = None, False
        self.requests, self.tasks, self.changed = {}, {}, asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.connections.add(self)
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, exc):
        self.connections.discard(self)
        self.transport = None
        for task in self.tasks.values():
            task.cancel()
        self.changed.set()

    def flush(self):
        data = self.h2.data_to_send()
        if data and self.transport is not None and not self.deaf:
            self.transport.write(data)

    def check(self, stream):
        if self.transport is None or stream not in self.tasks:
            raise Gone

    async def room(self, stream):
        while True:
            self.check(stream)
            busy = self.transport.get_write_buffer_size() > 1 << 20
            if not busy and self.h2.local_flow_control_window(stream) > 0:
                return
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), 0.01 if busy else 60)
            except asyncio.TimeoutError:
                pass

    def data_received(self, data):
        if self.deaf:
            return
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.flush()
            self.transport.close()
            return
        for event in events:
            self.take(event)
        self.changed.set()
        self.flush()

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            fields = dict(event.headers)
            self.requests[event.stream_id] = Request(fields.pop(":method"), fields.pop(":path"),
                                                     fields)
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset) and event.stream_id in self.tasks:
            self.tasks.pop(event.stream_id).cancel()
        if isinstance(event, h2.events.StreamEnded):
            request = self.requests.pop(event.stream_id)
            task = asyncio.ensure_future(self.answer(request, event.stream_id))
            self.tasks[event.stream_id] = task

    async def answer(self, request, stream):
        try:
            await self.handle(request, Http2Answer(self, stream))
        except (Gone, asyncio.CancelledError):
            pass
        finally:
            self.tasks.pop(stream, None)


class Http1Answer:
    def __init__(self, writer):
        self.writer = writer

    async def head(self, status, fields=()):
        lines = [f"HTTP/1.1 {status} Whatever", "transfer-encoding: chunked",
                 *(f"{name}: {value}" for name, value in fields), "", ""]
        self.writer.write("\r\n".join(lines).encode())
        await self.writer.drain()

    async def write(self, data):
        if data:
            self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            await self.writer.drain()

    async def end(self):
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def cut(self):
        self.writer.transport.abort()

    kill = cut


async def _http1(reader, writer, handle):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *lines = head.strip().split("\r\n")
            method, target, _ = line.split(" ")
            fields = {name.lower(): value.strip()
                      for name, _, value in (each.partition(":") for each in lines)}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            await handle(Request(method, target, fields, body), Http1Answer(writer))
    except (asyncio.IncompleteReadError, ConnectionError, Gone):
        pass
    finally:
        writer.close()


async def serve(handle, certificate, protocols, connections, port=0):
    """Listens on 127.0.0.1. Returns the server; `connections` are the HTTP/2 ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(protocols)
    loop = asyncio.get_running_loop()
    if "h2" in protocols:
        return await loop.create_server(lambda: Http2(handle, connections), "127.0.0.1", port,
                                        ssl=context)
    return await asyncio.start_server(lambda r, w: _http1(r, w, handle), "127.0.0.1", port,
                                      ssl=context)
