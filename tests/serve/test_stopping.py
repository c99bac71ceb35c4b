"""A service that is told to stop answers what is in flight, takes nothing more, and ends with 0."""

import errno
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from portable_model import tiny_model
from served import served

from fashionlab.errors import InvalidValueError
from fashionlab.serve import server
from fashionlab.serve.server import listen
from fashionlab.serve.settings import Settings

from ..faults import Windows
from .conftest import encoded, image
from .wire import ask, connect, is_closed, read, request

PHOTO = request("POST", "/v1/predict", encoded(image()))
PROGRAM = """
import sys
from fashionlab.portable import Predictor
from fashionlab.serve import models, server
from fashionlab.serve.settings import Settings
loaded = models.load_all([sys.argv[1]], threads=1)
server.serve(loaded, Settings(port=0), lambda line: print(line, flush=True))
"""


def test_what_is_in_flight_is_answered(gate):
    with served([gate]) as service:
        idle, busy = connect(service.port), connect(service.port)
        busy.sendall(PHOTO)
        assert gate.entered.acquire(timeout=10)
        stopping = threading.Thread(target=service.stop)
        stopping.start()
        assert is_closed(idle)
        with pytest.raises(OSError, match=r".*"):
            connect(service.port)
        gate.opened.set()
        answer = read(busy)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        stopping.join()
        idle.close()
        busy.close()


def test_it_waits_for_no_one_longer_than_it_may(gate):
    with served([gate], stop_seconds=1) as service, connect(service.port) as slow:
        slow.sendall(request("POST", "/v1/predict", b"x", content_length="9"))
        time.sleep(0.2)
        began = time.monotonic()
        service.stop()
        assert not service.thread.is_alive()
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_status_0_and_no_words(tmp_path, number):
    model = tmp_path / "tiny.onnx"
    model.write_bytes(tiny_model())
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1].rstrip("/\n"))
        assert ask(port, "GET", "/healthz").status == 200
        with connect(port) as idle:
            idle.sendall(PHOTO[:30])
            process.send_signal(number)
            assert process.wait(15) == 0
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InvalidValueError, match=f"port {port}.*another program.*--port"):
            listen(Settings(port=port))


def test_an_address_that_is_not_ours_is_one_clear_line():
    with pytest.raises(InvalidValueError, match=r"192\.0\.2\.1.*--host"):
        listen(Settings(host="192.0.2.1", token="0123456789abcdef"))


def test_a_machine_without_ipv6_is_one_clear_line(monkeypatch):
    def refused(*arguments):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refused)
    with pytest.raises(InvalidValueError, match=r"::1.*not supported by protocol; choose.*--host"):
        listen(Settings(host="::1"))


def test_on_windows_no_port_is_shared(monkeypatch):
    """There the option that lets a server start again at once lets two programs share a port."""
    monkeypatch.setattr(server, "os", Windows())
    with listen(Settings(port=0)) as listener:
        assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
