"""Requests that come together, slowly, pipelined, or whose client leaves or does not read."""

import asyncio
import time

import pytest
from served import served

from fashionlab.serve.admission import Admission
from fashionlab.serve.metrics import Metrics
from fashionlab.serve.middleware import Middleware
from fashionlab.serve.settings import Settings

from .conftest import encoded, image
from .wire import ask, connect, is_closed, read, read_all, request

PREDICT = "/v1/predict"
PHOTO = request("POST", PREDICT, encoded(image()))


class Bare:
    """A middleware in front of an app that answers 200; `events` are in the order they happened."""

    def __init__(self, **settings):
        settings = Settings(**settings)
        self.events = []
        self.admission = Admission(settings)
        self.middleware = Middleware(
            self.app,
            settings=settings,
            metrics=Metrics(),
            admission=self.admission,
            bodies={PREDICT: {"image/png": 100}},
            protected=(),
            paths={PREDICT},
        )

    async def app(self, scope, receive, send):
        self.events.append("begun")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.events.append(message["status"])

    async def post(self, send=None):
        async def receive():
            return {"type": "http.request", "body": b"x"}

        headers = [(b"host", b"localhost"), (b"content-type", b"image/png")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": PREDICT,
            "query_string": b"",
            "headers": [*headers, (b"content-length", b"1")],
        }
        await self.middleware(scope, receive, send or self.send)


def test_requests_that_come_together_are_refused_before_others_are_begun():
    async def come():
        await asyncio.gather(*(bare.post() for _ in range(50)))

    bare = Bare(in_progress=8)
    asyncio.run(come())
    assert bare.events[:42] == [503] * 42
    assert sorted(map(str, bare.events[42:])) == ["200"] * 8 + ["begun"] * 8
    assert (bare.admission.requests, bare.admission.bytes) == (0, 0)


def test_a_client_that_does_not_read_holds_no_place():
    async def come():
        async def never(message):
            await asyncio.Event().wait()

        unread = asyncio.create_task(bare.post(never))
        while not bare.events:
            await asyncio.sleep(0)
        await bare.post()
        unread.cancel()
        await asyncio.gather(unread, return_exceptions=True)

    bare = Bare(in_progress=1)
    asyncio.run(come())
    assert bare.events == ["begun", "begun", 200]


@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("the handler is closed")])
def test_an_answer_that_cannot_be_sent_is_no_failure(error, caplog):
    async def fails(message):
        raise error

    bare = Bare()
    asyncio.run(bare.post(fails))
    assert b'status="499"} 1.0' in bare.middleware.metrics.text()
    assert caplog.records == []


def test_slow_bodies_are_refused_and_idle_connections_closed(tiny):
    """Half a body, one byte now and then, and no second request."""
    limits = {"body_seconds": 2.0, "body_grace": 1.0, "keep_alive": 1}
    with served([tiny], **limits) as service:
        half = request("POST", PREDICT, b"x", content_length="100")
        cases = {"body": half, "drip": half, "answered": request("GET", "/")}
        connections = {name: connect(service.port) for name in cases}
        try:
            for name, content in cases.items():
                connections[name].sendall(content)
            assert read(connections["answered"]).status == 200
            with pytest.raises(OSError, match=r".*"):
                for _ in range(80):
                    connections["drip"].sendall(b"x")
                    time.sleep(0.1)
            answer = read(connections["body"])
            assert (answer.status, answer.headers["connection"]) == (408, "close")
            assert answer.error
            for name in ("body", "answered"):
                assert is_closed(connections[name])
        finally:
            for connection in connections.values():
                connection.close()


def test_a_length_longer_than_the_body_waits_no_longer_than_it_may(tiny):
    with served([tiny], body_grace=0.5, body_rate=1000) as service:
        answer = ask(service.port, "POST", PREDICT, encoded(image()), content_length="9999")
        assert answer.status == 408
        assert answer.error


def test_slow_clients_hold_no_place(tiny):
    with served([tiny], in_progress=1) as service:
        slow = [connect(service.port) for _ in range(200)]
        try:
            for connection in slow[::2]:
                connection.sendall(PHOTO[:20])  # a part of the head
            for connection in slow[1::2]:
                connection.sendall(PHOTO[:-20])  # a part of the body
            for _ in range(20):
                assert ask(service.port, "POST", PREDICT, encoded(image())).status == 200
            for connection in slow:
                connection.sendall(PHOTO[20:] if connection in slow[::2] else PHOTO[-20:])
                assert read(connection).status == 200
        finally:
            for connection in slow:
                connection.close()


def test_pipelined_requests_are_answered_in_their_order(service):
    with connect(service.port) as connection:
        paths = ["/healthz", "/v1/models", "/nothing"] * 100
        connection.sendall(b"".join(request("GET", path) for path in paths))
        answers = read_all(connection, len(paths))
    assert [answer.status for answer in answers] == [200, 200, 404] * 100


def test_a_client_that_pipelines_and_leaves_writes_nothing_to_the_log(gate, caplog):
    with served([gate], in_progress=1) as service:
        with connect(service.port) as connection:
            connection.sendall(PHOTO + PHOTO)
            assert gate.entered.acquire(timeout=10)
        gate.opened.set()
        while ask(service.port, "POST", PREDICT, encoded(image())).status != 200:
            time.sleep(0.01)
    assert caplog.records == []


def test_refusals_in_one_packet_leave_no_timer_behind(gate):
    """A timer would close the connection while the next request on it is in progress."""
    with (
        served([gate], in_progress=1, keep_alive=1) as service,
        connect(service.port) as first,
        connect(service.port) as second,
    ):
        first.sendall(PHOTO)
        assert gate.entered.acquire(timeout=10)
        second.sendall(PHOTO + PHOTO)
        assert [answer.status for answer in read_all(second, 2)] == [503, 503]
        gate.opened.set()
        assert read(first).status == 200
        gate.opened.clear()
        second.sendall(PHOTO)
        assert gate.entered.acquire(timeout=10)
        time.sleep(1.5)  # longer than keep_alive
        gate.opened.set()
        assert read(second).status == 200
