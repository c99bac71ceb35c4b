"""Whatever is sent, the answer is an error of our shape, quickly, and the service goes on."""

import gzip
import io
import json
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from portable_model import overflowing_model
from served import served

from fashionlab.portable import Predictor
from fashionlab.serve.models import ServedModel

from .conftest import as_json, encoded, image
from .wire import ask, connect, is_closed, read, request, send

PREDICT = "/v1/predict"
JSON = "application/json"


def chunk(name, content):
    crc = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + crc


def png_of_size(width, height):
    """A header that claims so much, and all the pixels, compressed a thousandfold."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = zlib.compress(bytes(20_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def animated():
    file = io.BytesIO()
    first, second = (Image.fromarray(image(seed)).convert("RGB") for seed in (0, 1))
    first.save(file, "WEBP", save_all=True, append_images=[second])
    return file.getvalue()


def tiff():
    file = io.BytesIO()
    Image.fromarray(image()).save(file, "TIFF")
    return file.getvalue()


PHOTOS = {
    "bomb": (lambda: png_of_size(30_000, 30_000), 422),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    "eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", 415),
    "tiff": (tiff, 415),
    "truncated": (lambda: encoded(np.repeat(image(), 9, 0), "JPEG")[:-200], 422),
    "empty": (lambda: b"", 400),
    "one pixel": (lambda: encoded(image()[:1, :1]), 422),
    "animated": (animated, 422),
    "noise": (lambda: bytes(range(256)), 415),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_what_is_no_photo_of_ours(service, name):
    make, status = PHOTOS[name]
    answer = ask(service.port, "POST", PREDICT, make())
    assert answer.status == status
    assert answer.error


NUMBERS = {
    "not json": (b"pixels", 400),
    "half of it": (as_json(image())[:-5], 400),
    "not utf-8": (b'{"images": "\xff"}', 400),
    "nan": (b'{"images": [[[NaN]]]}', 400),
    "deep": (b'{"images":' + b"[" * 1_000_000, 422),
    "many lists": (b'{"images":[' + b"[]," * 1_300_000 + b"[]]}", 422),
    "many texts": (b'{"images":[' + b'"",' * 1_300_000 + b'""]}', 422),
    "many numbers": (b'{"images":[' + b"0," * 1_900_000 + b"0]}", 422),
    "deep and whole": (b'{"images":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    "a list": (b"[]", 422),
    "no key": (b"{}", 422),
    "another key": (b'{"images": [], "model": 1}', 422),
    "no images": (b'{"images": []}', 422),
    "text": (b'{"images": "x"}', 422),
    "too many": (as_json(*[np.zeros((1, 1), int)] * 257), 422),
    "another size": (as_json(np.zeros((27, 28), int)), 422),
    "uneven": (as_json(image()).replace(b", 0]", b"]", 1), 422),
    "flat": (json.dumps({"images": [[0] * 28] * 28}).encode(), 422),
    "too light": (as_json(image().astype(int) + 1), 422),
    "negative": (as_json(np.full((28, 28), -1)), 422),
    "huge": (as_json(image()).replace(b"[0", b"[1" + b"0" * 4000, 1), 422),
    "beyond huge": (as_json(image()).replace(b"[0", b"[1" + b"0" * 100_000, 1), 400),
    "a fraction": (as_json(image()).replace(b"[0", b"[0.5", 1), 422),
    "a whole float": (as_json(image()).replace(b"[0", b"[1.0", 1), 422),
    "infinite": (as_json(image()).replace(b"[0", b"[1e999", 1), 422),
    "true": (as_json(image()).replace(b"[0", b"[true", 1), 422),
    "null": (as_json(image()).replace(b"[0", b"[null", 1), 422),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_what_are_no_images_in_numbers(service, name):
    body, status = NUMBERS[name]
    answer = ask(service.port, "POST", PREDICT, body, kind=JSON)
    assert answer.status == status
    assert len(answer.error) < 300


REQUESTS = {
    "compressed": (
        request(
            "POST", PREDICT, gzip.compress(gzip.compress(bytes(9**7))), content_encoding="gzip"
        ),
        415,
    ),
    "content type": (request("POST", PREDICT, b"x", kind="text/plain"), 415),
    "no content type": (request("POST", PREDICT, b"x", content_type=None), 415),
    "two types": (request("POST", PREDICT, b"x", Content_Type="image/png"), 415),
    "form": (request("POST", PREDICT, b"x", kind="multipart/form-data; boundary=x"), 415),
    "no length, no body": (request("POST", PREDICT, content_type="image/png"), 411),
    "a great length": (request("POST", PREDICT, b"x", content_length=str(10**12)), 413),
    "a body for no one": (request("GET", "/healthz", b"x", content_length=str(10**6)), 413),
    "another host": (request("GET", "/v1/models", host="evil.example"), 421),
    "another host with our port": (request("GET", "/", host="evil.example:8000"), 421),
    "host in host": (request("GET", "/", host="localhost@evil.example"), 421),
    "host and path": (request("GET", "/", host="localhost/x"), 421),
    "an address not ours": (request("GET", "/", host="10.1.2.3"), 421),
    "two hosts": (request("GET", "/", Host="localhost"), 400),
    "no host": (request("GET", "/", host=None), 400),
    "another origin": (request("GET", "/v1/models", origin="http://evil.example"), 403),
    "another port's origin": (request("GET", "/v1/models", origin="http://localhost:1"), 403),
    "no one's origin": (request("POST", PREDICT, b"x", origin="null"), 403),
    "up": (request("GET", "/../../../etc/passwd"), 404),
    "up, encoded": (request("GET", "/%2e%2e/%2e%2e/etc/passwd"), 404),
    "up from reports": (request("GET", "/reports/..%2f..%2fapp.py"), 404),
    "a model up": (request("GET", "/v1/samples?model=../../etc/passwd"), 404),
    "a report up": (request("GET", "/reports/.."), 404),
    "a card up": (request("GET", "/v1/models/../card"), 404),
    "a card up, encoded": (request("GET", "/v1/models/..%2f..%2fetc/card"), 404),
    "no such model's card": (request("GET", "/v1/models/x/card"), 404),
    "the page's source": (request("GET", "/web/api.js"), 404),
    "no such model": (request("POST", f"{PREDICT}?model=x", encoded(image())), 404),
    "no report": (request("GET", "/reports/tiny"), 404),
    "another method": (request("DELETE", PREDICT), 405),
    "get": (request("GET", PREDICT), 405),
    "no number": (request("POST", f"{PREDICT}?top=x", encoded(image())), 422),
    "none at all": (request("POST", f"{PREDICT}?top=0", encoded(image())), 422),
    "a long number": (request("POST", f"{PREDICT}?top={'9' * 5000}", encoded(image())), 422),
    "a long address": (request("GET", "/" + "a" * 10_000), 414),
    "many headers": (request("GET", "/", **{f"x{i}": "y" for i in range(200)}), 431),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_no_request_of_ours(service, name):
    content, status = REQUESTS[name]
    answer = send(service.port, content)
    assert answer.status == status, answer
    assert answer.error


NOT_HTTP = {
    "no length": request("POST", PREDICT, encoded(image()), content_length=None),
    "a length too short": request("POST", PREDICT, encoded(image()), content_length="5"),
    "no number as length": request("POST", PREDICT, b"x", content_length="1e3"),
    "a negative length": request("POST", PREDICT, b"x", content_length="-1"),
    "two lengths": request("POST", PREDICT, b"x", Content_Length="2"),
    "length and chunks": request("POST", PREDICT, b"x", transfer_encoding="chunked"),
    "bad chunks": request(
        "POST", PREDICT, b"x\r\n", content_length=None, transfer_encoding="chunked"
    ),
    "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9,
    "a proxy's request": b"CONNECT evil.example:443 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "control characters": request("GET", "/", x="a\x00b"),
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http_ends_its_connection(service, name):
    with connect(service.port) as connection:
        connection.sendall(NOT_HTTP[name])
        answer = read(connection)
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.body == b"Invalid HTTP request received."
        assert is_closed(connection)


def test_the_names_that_a_service_has(tiny):
    with served([tiny], names=("garments.example.org",)) as service:
        port = service.port
        names = ("localhost", "LOCALHOST", f"localhost:{port}", "127.0.0.1", f"127.0.0.1:{port}")
        for host in (*names, "[::1]", "garments.example.org", "garments.example.org:443"):
            assert ask(port, "GET", "/healthz", host=host).status == 200
            origin = f"https://{host}"
            assert ask(port, "GET", "/v1/models", host=host, origin=origin).status == 200


def test_a_token_is_asked_for_where_there_is_one(tiny):
    token = "0123456789abcdef"
    with served([tiny], token=token) as service:
        port = service.port
        for path in ("/v1/models", "/v1/samples", "/metrics", "/v1/nothing"):
            for given in (None, "", token, f"Bearer {token}x", f"Basic {token}", "Bearer é"):
                answer = ask(port, "GET", path, authorization=given)
                assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert token not in answer.error
        assert ask(port, "POST", PREDICT, encoded(image())).status == 401
        good = f"Bearer {token}"
        assert ask(port, "GET", "/metrics", authorization=good).status == 200
        answer = ask(port, "POST", PREDICT, encoded(image()), authorization=good)
        assert answer.status == 200
        twice = request("GET", "/v1/models", authorization=good, Authorization=good)
        assert send(port, twice).status == 401
        for path in ("/", "/healthz", "/openapi.json"):
            assert ask(port, "GET", path).status == 200


def test_an_endless_body_is_cut_off_at_its_limit(tiny):
    """In chunks, without a length; the answer arrives although the client goes on sending."""
    with served([tiny], largest_body=1_000_000) as service, connect(service.port) as connection:
        head = request("POST", PREDICT, content_type="image/png", transfer_encoding="chunked")
        connection.sendall(head)
        piece = b"10000\r\n" + bytes(65536) + b"\r\n"
        sent = 0
        try:
            while sent < 500:
                connection.sendall(piece)
                sent += 1
                connection.setblocking(False)
                try:
                    if connection.recv(1, 2):  # MSG_PEEK
                        break
                except BlockingIOError:
                    pass
                connection.settimeout(10)
        finally:
            connection.settimeout(10)
        answer = read(connection)
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert answer.error
        assert is_closed(connection)
        assert sent < 100


def test_a_body_that_is_too_large_is_answered_before_it_has_come(tiny):
    """And the connection is not reset while the client still sends, so that it sees why."""
    with served([tiny], largest_body=1_000_000) as service, connect(service.port) as connection:
        body = bytes(3_000_000)
        connection.sendall(request("POST", PREDICT, body))  # blocks unless somebody reads
        assert read(connection).status == 413
        assert is_closed(connection)


def test_bodies_together_have_a_limit(tiny):
    with served([tiny], bodies=1_500_000) as service:
        head = request("POST", PREDICT, bytes(1_000_000), content_length="1000001")
        with connect(service.port) as first, connect(service.port) as second:
            first.sendall(head)
            time.sleep(0.3)
            second.sendall(head)
            answer = read(second)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            first.sendall(b"x")
            assert read(first).status == 415  # a million zeros are no photo
        assert ask(service.port, "POST", PREDICT, encoded(image())).status == 200


def test_bombs_leave_memory_as_it_was(service):
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("no /proc here")

    def peak():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024

    bomb = png_of_size(30_000, 30_000)
    ask(service.port, "POST", PREDICT, encoded(image()))
    before = peak()
    for _ in range(5):
        assert ask(service.port, "POST", PREDICT, bomb).status == 422
        wide = b'{"images":[' + b"[]," * 1_300_000 + b"[]]}"
        assert ask(service.port, "POST", PREDICT, wide, kind=JSON).status == 422
    assert peak() - before < 200  # MB; the picture would take 900


def test_a_failure_of_the_service_tells_nothing_but_an_id(tiny, caplog):
    class Broken:
        name, run, predictor = "broken", None, tiny.predictor

        def predict(self, images):
            raise RuntimeError("secret of the inside")

    with served([Broken()]) as service:
        answer = ask(service.port, "POST", PREDICT, encoded(image()))
        assert answer.status == 500
        assert "secret" not in answer.error
        assert answer.json["error"]["id"] in caplog.text
        assert "secret of the inside" in caplog.text
        assert ask(service.port, "GET", "/healthz").status == 200


def test_a_model_that_gives_no_probabilities_is_a_500_in_json_and_one_line_in_the_log(caplog):
    content, hostile = overflowing_model()
    with served([ServedModel("tiny", Predictor(content, threads=1))]) as service:
        answer = ask(service.port, "POST", PREDICT, encoded(hostile))
        assert answer.status == 500 and b"NaN" not in answer.body
        assert answer.json["error"]["id"] in caplog.text
        assert "add up to 1" in caplog.text and "Traceback" not in caplog.text
        assert ask(service.port, "POST", PREDICT, encoded(image())).status == 200
