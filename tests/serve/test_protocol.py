"""What HTTP itself asks for: HEAD, Upgrade, targets with a host, transfer codings, methods."""

import pytest
from served import served

from .conftest import encoded, image
from .wire import ask, connect, is_closed, read, read_all, request, send

PREDICT = "/v1/predict"
PNG = encoded(image())
TO_H2C = {  # as curl --http2 sends it
    "connection": "Upgrade, HTTP2-Settings",
    "upgrade": "h2c",
    "http2_settings": "AAMAAABkAAQAoAAAAAIAAAAA",
}
TO_WEBSOCKET = {"Connection": "Upgrade", "upgrade": "WebSocket", "sec_websocket_version": "13"}
HEALTH = request("GET", "/healthz")


@pytest.fixture(scope="module")
def with_report(tiny):
    """A model that has a report."""

    class Reported:
        name, run, predictor = "reported", "/", tiny.predictor
        description, predict = tiny.description, tiny.predict

        def report(self):
            return "<p>a page"

    with served([Reported()]) as running:
        yield running


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/metrics",
        "/v1/models",
        "/v1/models/reported/card",
        "/v1/samples",
        "/reports/reported",
        "/openapi.json",
        "/",
    ],
)
def test_head_has_the_headers_of_get_and_no_body(with_report, path):
    with connect(with_report.port) as connection:
        connection.sendall(request("HEAD", path) + request("GET", path))
        head, answer = read_all(connection, 2, heads=[0])
    assert head.status == answer.status == 200
    length = head.headers["content-length"]
    if path == "/metrics":  # which count the request before
        length = head.headers["content-length"] = answer.headers["content-length"]
    assert head.headers | {"date": ""} == answer.headers | {"date": ""}
    assert len(answer.body) == int(length) > 0


def test_head_of_what_is_not_there_has_no_body_either(service):
    with connect(service.port) as connection:
        for path, status in (("/nothing", 404), (PREDICT, 405), ("/v1/samples?model=x", 404)):
            connection.sendall(request("HEAD", path) + HEALTH)
            head, healthy = read_all(connection, 2, heads=[0])
            assert (head.status, healthy.json) == (status, {"status": "ok"})


def test_head_is_counted_as_head(service):
    ask(service.port, "HEAD", "/v1/models")
    counts = ask(service.port, "GET", "/metrics").body.decode()
    assert 'fashionlab_requests_total{method="HEAD",route="/v1/models",status="200"}' in counts


def test_another_method_is_told_which_there_are(service):
    for method in ("OPTIONS", "DELETE", "PUT", "TRACE"):
        answer = ask(service.port, method, PREDICT)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        assert "POST" in answer.error
        for path in ("/", "/healthz", "/openapi.json", "/reports/tiny"):
            answer = ask(service.port, method, path)
            assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("protocol", [TO_H2C, TO_WEBSOCKET], ids=["h2c", "websocket"])
def test_a_request_to_upgrade_is_answered_as_http_1(service, protocol):
    post, get = request("POST", PREDICT, PNG, **protocol), request("GET", "/healthz", **protocol)
    head = post.removesuffix(PNG)
    with connect(service.port) as connection:
        connection.sendall(post)
        plain = read(connection)
        assert plain.status == 200 and "upgrade" not in plain.headers
        connection.sendall(post + get + HEALTH + post)  # pipelined
        answers = read_all(connection, 4)
        assert [answer.status for answer in answers] == [200] * 4
        assert answers[0].body == answers[3].body == plain.body
        for byte in head:
            connection.sendall(bytes([byte]))
        connection.sendall(PNG[:50])
        connection.sendall(PNG[50:])
        assert read(connection).body == plain.body
        connection.sendall(get * 2000)
        assert {answer.status for answer in read_all(connection, 2000)} == {200}


def test_an_upgrade_of_a_chunked_body_with_trailers(service):
    head = request(
        *("POST", PREDICT), content_type="image/png", transfer_encoding="chunked", **TO_H2C
    )
    chunks = b"%x;a=b\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(PNG), PNG)
    with connect(service.port) as connection:
        connection.sendall(head)
        connection.sendall(chunks + HEALTH)
        assert [answer.status for answer in read_all(connection, 2)] == [200, 200]


def test_the_body_of_an_upgrade_is_never_a_request_of_its_own(service):
    """A reverse proxy would see one request where the service had seen two."""
    with connect(service.port) as connection:
        hidden = request("GET", "/v1/models")
        connection.sendall(request("POST", PREDICT, hidden, **TO_H2C).removesuffix(hidden))
        connection.sendall(hidden)
        assert read(connection).status == 415
        connection.sendall(HEALTH)
        assert read(connection).json == {"status": "ok"}


@pytest.mark.parametrize(
    ("version", "connection_header"), [("1.1", "close, Upgrade"), ("1.0", "Upgrade")]
)
def test_an_upgrade_on_a_connection_that_closes(service, version, connection_header):
    post = request("POST", PREDICT, PNG, **TO_H2C | {"connection": connection_header})
    with connect(service.port) as connection:
        connection.sendall(post.replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1))
        assert read(connection).status == 200  # a parser reads no more after such a head


def test_an_upgrade_that_waits_for_100_continue(service):
    with connect(service.port) as connection:
        post = request("POST", PREDICT, PNG, expect="100-continue", **TO_H2C)
        connection.sendall(post.removesuffix(PNG))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(PNG)
        assert read(connection).status == 200


@pytest.mark.parametrize(
    "wrong", [{"content_length": "5", "transfer_encoding": "chunked"}, {"Content_Length": "2"}]
)
def test_an_upgrade_does_not_hide_what_is_not_http(service, wrong):
    answer = send(service.port, request("POST", PREDICT, b"x", **TO_H2C | wrong))
    assert (answer.status, answer.body) == (400, b"Invalid HTTP request received.")


def test_the_host_of_a_target_counts_and_not_the_header(service):
    get = {
        "http://localhost/healthz": 200,
        "HTTP://127.0.0.1:80/healthz": 200,
        "http://localhost": 200,
        "http://localhost?x": 200,
        "http://evil.example/healthz": 421,
        "http://localhost@evil.example/healthz": 421,
    }
    for target, status in get.items():
        assert ask(service.port, "GET", target).status == status, target
    assert ask(service.port, "GET", "http://localhost/healthz", host="evil.example").status == 200
    assert ask(service.port, "GET", "http://localhost/healthz", host=None).status == 400
    assert ask(service.port, "GET", "http://localhost/healthz", Host="localhost").status == 400
    assert ask(service.port, "POST", f"http://localhost{PREDICT}", PNG, **TO_H2C).status == 200


def test_a_transfer_coding_that_is_not_undone_is_refused(service):
    coded = request(*("POST", PREDICT), content_type="image/png", transfer_encoding="gzip, chunked")
    with connect(service.port) as connection:
        connection.sendall(coded + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG))
        answer = read(connection)
        assert answer.status == 501 and answer.error
        assert is_closed(connection)


def test_names_of_headers_and_types_have_no_case(service):
    answer = send(
        service.port,
        b"POST /v1/predict HTTP/1.1\r\nhOsT: LocalHost\r\ncONTENT-type: IMAGE/PNG\r\n"
        b"Content-LENGTH: %d\r\nCONNECTION: uPgRaDe\r\nuPGRADE: h2c\r\n\r\n%b" % (len(PNG), PNG),
    )
    assert answer.status == 200


def test_the_first_bytes_of_http_2_end_their_connection(service):
    with connect(service.port) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        answer = read(connection)
        assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert is_closed(connection)
