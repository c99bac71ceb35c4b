"""More work than it can do: refused at once, in time or not at all, and never done for nobody."""

import time

from served import served

from .conftest import as_json, encoded, image
from .wire import ask, connect, is_closed, read, request

PHOTO = request("POST", "/v1/predict", encoded(image()))


def start(port, content=PHOTO):
    connection = connect(port)
    connection.sendall(content)
    return connection


def wait_until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def waiting(service):
    text = ask(service.port, "GET", "/metrics").body.decode()
    name = "fashionlab_waiting_images "
    return next(float(x[len(name) :]) for x in text.splitlines() if x.startswith(name))


def test_what_waits_goes_through_the_model_as_one_batch(gate):
    with served([gate], largest_batch=4) as service:
        first = start(service.port)
        assert gate.entered.acquire(timeout=10)
        rest = [start(service.port) for _ in range(6)]
        wait_until(lambda: waiting(service) == 6)
        gate.opened.set()
        assert all(read(connection).status == 200 for connection in [first, *rest])
        assert gate.batches == [1, 4, 2]
        for connection in [first, *rest]:
            connection.close()


def test_what_the_queue_cannot_take_is_refused_at_once(gate):
    with served([gate], queue=3) as service:
        held = [start(service.port)]
        assert gate.entered.acquire(timeout=10)
        held += [start(service.port) for _ in range(3)]
        wait_until(lambda: waiting(service) == 3)
        explain = request("POST", "/v1/explain", b"{}", kind="application/json")
        large = request("POST", "/v1/predict", bytes(200_000))
        for content in (PHOTO, explain, large):
            with start(service.port, content) as connection:
                answer = read(connection)  # while the gate is closed
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.error
            assert "connection" not in answer.headers  # to come again on it is cheaper
        assert ask(service.port, "GET", "/healthz").status == 200
        gate.opened.set()
        assert [read(connection).status for connection in held] == [200] * 4
        assert ask(service.port, "POST", "/v1/predict", encoded(image())).status == 200
        for connection in held:
            connection.close()


def test_requests_in_progress_have_a_limit_whatever_they_wait_for(gate):
    with served([gate], in_progress=2) as service:
        held = [start(service.port) for _ in range(2)]
        assert gate.entered.acquire(timeout=10)
        with connect(service.port) as third:
            third.sendall(PHOTO[:-20])  # refused when its head has come; the rest is skipped
            answer = read(third)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert answer.error
            third.sendall(PHOTO[-20:] + request("GET", "/healthz"))
            assert read(third).status == 200
            counted = 'method="POST",route="/v1/predict",status="503"} 1.0'
            assert counted in ask(service.port, "GET", "/metrics").body.decode()
            gate.opened.set()
            assert [read(connection).status for connection in held] == [200, 200]
            third.sendall(PHOTO)
            assert read(third).status == 200
        for connection in held:
            connection.close()


def test_a_refused_body_that_does_not_come_ends_its_connection(gate):
    with served([gate], in_progress=1, keep_alive=1) as service:
        with start(service.port), connect(service.port) as slow:
            assert gate.entered.acquire(timeout=10)
            slow.sendall(PHOTO[:-20])
            assert read(slow).status == 503
            assert is_closed(slow)
        gate.opened.set()


def test_a_request_larger_than_a_batch_goes_through_in_parts(gate):
    gate.opened.set()
    with served([gate], largest_batch=32, queue=1) as service:
        body = as_json(*[image(seed) for seed in range(100)])
        answer = ask(service.port, "POST", "/v1/predict", body, kind="application/json")
        assert len(answer.json["predictions"]) == 100
        assert gate.batches == [32, 32, 32, 4]


def test_what_has_waited_too_long_is_refused_and_not_computed(gate):
    with served([gate], deadline=0.3) as service, start(service.port) as first:
        assert gate.entered.acquire(timeout=10)
        with start(service.port) as late:
            time.sleep(0.6)
            gate.opened.set()
            assert read(late).status == 503
        assert read(first).status == 200
        assert gate.batches == [1]


def test_what_nobody_waits_for_any_more_is_not_computed(gate):
    with served([gate]) as service, start(service.port) as first:
        assert gate.entered.acquire(timeout=10)
        gone = start(service.port)
        wait_until(lambda: waiting(service) == 1)
        gone.close()
        left = 'route="/v1/predict",status="499"'
        wait_until(lambda: left in ask(service.port, "GET", "/metrics").body.decode())
        gate.opened.set()
        assert read(first).status == 200
        assert ask(service.port, "POST", "/v1/predict", encoded(image())).status == 200
        assert gate.batches == [1, 1]


def test_two_models_do_not_share_a_batch(gate, tiny):
    with served([gate, tiny]) as service:
        held = [start(service.port)]
        assert gate.entered.acquire(timeout=10)
        for name in ("tiny", "other"):
            body = encoded(image())
            held.append(start(service.port, request("POST", f"/v1/predict?model={name}", body)))
        gate.opened.set()
        assert [read(connection).json.get("model") for connection in held] == ["gate", "tiny", None]
        for connection in held:
            connection.close()
