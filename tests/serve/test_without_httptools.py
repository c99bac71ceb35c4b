"""The service on asyncio and h11, where uvloop and httptools are missing, as uvloop on Windows."""

import sys

import pytest
from served import served

from .conftest import encoded, image
from .wire import ask, connect, is_closed, read, request

PREDICT = "/v1/predict"


@pytest.fixture
def service(tiny, monkeypatch):
    for name in ("uvloop", "httptools"):
        monkeypatch.setitem(sys.modules, name, None)
    chosen = [name for name in sys.modules if name.startswith("uvicorn.") and "auto" in name]
    for name in (*chosen, "fashionlab.serve.protocol"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with served([tiny]) as running:
        yield running
        protocol = running.server.config.http_protocol_class
        assert protocol.__module__ == "uvicorn.protocols.http.h11_impl"


def test_it_answers(service):
    assert ask(service.port, "GET", "/healthz").status == 200
    answer = ask(service.port, "POST", PREDICT, encoded(image()))
    assert answer.status == 200
    assert ask(service.port, "HEAD", "/healthz").status == 200


def test_a_request_to_upgrade_keeps_its_body(service):
    headers = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2_settings": "AAMA"}
    answer = ask(service.port, "POST", PREDICT, encoded(image()), **headers)
    assert answer.status == 200


def test_a_request_of_two_lengths_is_refused_and_its_connection_ends(service):
    """A proxy in front may take what follows for another request."""
    for length in (b"content-length: 1", b"content-length: 5"):
        content = request("POST", PREDICT, b"0\r\n\r\n", transfer_encoding="chunked")
        with connect(service.port) as connection:
            connection.sendall(content.replace(b"content-length: 5", length))
            answer = read(connection)
            assert (answer.status, answer.headers["connection"]) == (400, "close")
            assert "not both" in answer.error
            assert is_closed(connection)
