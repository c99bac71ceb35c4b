"""Connections that are slow, endless or many, and what one turn of the loop does."""

import asyncio
import threading
import time
from collections import Counter
from unittest.mock import MagicMock

import numpy as np
import pytest
import uvicorn
from served import served
from uvicorn.server import ServerState

from fashionlab.serve.connection import AT_ONCE, connection_class
from fashionlab.serve.settings import Settings

from .conftest import encoded, image
from .wire import ask, connect, is_closed, read, request

PREDICT = "/v1/predict"


def test_requests_that_come_together_are_begun_a_few_at_a_time_in_their_order():
    turn, begun = 0, []

    async def app(scope, receive, send):
        begun.append((turn, scope["path"]))

    async def come():
        nonlocal turn
        config = uvicorn.Config(app, http=connection_class(Settings()), lifespan="off")
        config.load()
        for number in range(50):
            connection = config.http_protocol_class(config, ServerState(), {})
            connection.connection_made(MagicMock(**{"is_closing.return_value": False}))
            connection.data_received(b"GET /%d HTTP/1.1\r\nhost: localhost\r\n\r\n" % number)
        while turn < 100:
            turn += 1
            await asyncio.sleep(0)

    asyncio.run(come())
    assert [path for _, path in begun] == [f"/{number}" for number in range(50)]
    assert max(Counter(turn for turn, _ in begun).values()) == AT_ONCE


def test_slow_clients_are_sent_away(tiny):
    """Each within its time: silent, half a head, half a body, one byte now and then, no reading."""
    limits = {"head_seconds": 1.0, "body_seconds": 2.0, "body_grace": 1.0, "keep_alive": 1}
    with served([tiny], **limits, write_seconds=1.0) as service:
        half = request("POST", PREDICT, b"x", content_length="100")
        cases = {"silent": b"", "head": half[:40], "body": half, "answered": request("GET", "/")}
        connections = {name: connect(service.port) for name in [*cases, "drip", "drip head"]}
        try:
            for name, content in cases.items():
                connections[name].sendall(content)
            assert read(connections["answered"]).status == 200
            connections["drip"].sendall(half)
            began = time.monotonic()
            gone = set()
            while time.monotonic() - began < 5 and len(gone) < 2:
                for name, piece in (("drip", b"x"), ("drip head", b"G")):
                    try:
                        connections[name].sendall(piece)
                    except OSError:
                        gone.add(name)
                time.sleep(0.1)
            assert gone == {"drip", "drip head"}
            assert read(connections["silent"]).status == 408
            assert read(connections["head"]).error
            assert read(connections["body"]).status == 408
            for name in ("silent", "head", "body", "answered"):
                assert is_closed(connections[name], 1)
        finally:
            for connection in connections.values():
                connection.close()


def test_a_length_longer_than_the_body_waits_no_longer_than_it_may(tiny):
    with served([tiny], body_grace=0.5, body_rate=1000) as service:
        began = time.monotonic()
        answer = ask(service.port, "POST", PREDICT, encoded(image()), content_length="9999")
        assert answer.status == 408
        assert answer.error
        assert time.monotonic() - began < 3


def test_a_head_without_end_is_cut_off(service):
    for endless in (b"GET /" + b"a" * 60_000, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 9000):
        with connect(service.port) as connection:
            connection.sendall(endless)
            try:
                for _ in range(20):
                    connection.sendall(endless[-60_000:])
                    time.sleep(0.01)
            except OSError:
                pass
            assert is_closed(connection)
    assert ask(service.port, "GET", "/healthz").status == 200


def test_trailers_without_end_are_cut_off(service):
    with connect(service.port) as connection:
        head = request("POST", PREDICT, content_type="image/png", transfer_encoding="chunked")
        connection.sendall(head + b"1\r\nx\r\n0\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"x: y\r\n" * 5000)
                time.sleep(0.01)
        except OSError:
            pass
        else:
            pytest.fail("3 MB of trailers were taken")


def test_requests_far_ahead_of_their_answers_are_cut_off(service):
    with connect(service.port) as connection:
        connection.sendall(request("POST", PREDICT, b"x", content_length="9"))
        connection.sendall(b"x" * 8 + request("GET", "/") * 500)
        assert is_closed(connection)
    assert ask(service.port, "GET", "/healthz").status == 200


def test_more_connections_than_it_may_have(tiny):
    with served([tiny], connections=10) as service:
        held = [connect(service.port) for _ in range(10)]
        try:
            time.sleep(0.3)
            with connect(service.port) as another:
                answer = read(another)
                assert (answer.status, answer.headers["retry-after"]) == (503, "1")
                assert answer.error
        finally:
            for connection in held:
                connection.close()
        time.sleep(0.3)
        assert ask(service.port, "GET", "/healthz").status == 200


def test_two_hundred_slow_connections_do_not_slow_the_others(service):
    slow = [connect(service.port) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nx: ")
    stop = threading.Event()

    def drip():
        while not stop.wait(0.2):
            for connection in slow:
                connection.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        times = []
        with connect(service.port) as connection:
            for _ in range(50):
                began = time.perf_counter()
                connection.sendall(request("POST", PREDICT, encoded(image())))
                assert read(connection).status == 200
                times.append(time.perf_counter() - began)
    finally:
        stop.set()
        thread.join()
        for connection in slow:
            connection.close()
    assert np.median(times) < 0.1
