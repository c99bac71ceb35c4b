"""A client that can do everything wrong: bytes out, an answer in."""

import json
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of an error; fails where the answer has not the shape of one."""
        assert self.headers["content-type"] == "application/json"
        error = self.json["error"]
        assert set(self.json) == {"error"} and set(error) == {"message", "id"}
        assert error["message"] and "\n" not in error["message"]
        int(error["id"], 16)
        return error["message"]


def connect(port: int, seconds: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), seconds)


def request(
    method: str, path: str, body: bytes | None = None, kind: str = "image/png", **headers: Any
) -> bytes:
    """A request's bytes; a header that is None is left out, `_` in its name stands for `-`."""
    fields = {"host": "localhost"}
    if body is not None:
        fields |= {"content-type": kind, "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
    return head.encode("latin-1") + (body or b"")


def read(connection: socket.socket, heads: Collection[int] = ()) -> Answer:
    """The next answer; ConnectionError where the connection ends before."""
    return read_all(connection, 1, heads)[0]


def read_all(connection: socket.socket, count: int, heads: Collection[int] = ()) -> list[Answer]:
    """So many answers, which can come in one packet; the numbers in `heads` have no body."""
    with connection.makefile("rb") as file:
        return [_read(file, number not in heads) for number in range(count)]


def _read(file: BinaryIO, has_body: bool) -> Answer:
    line = file.readline()
    if not line:
        raise ConnectionResetError("closed without an answer")
    headers = {}
    while (field := file.readline().strip()) != b"":
        name, _, value = field.decode("latin-1").partition(": ")
        headers[name.lower()] = value
    length = int(headers.get("content-length", 0)) if has_body else 0
    return Answer(int(line.split()[1]), headers, file.read(length))


def send(port: int, content: bytes, seconds: float = 10) -> Answer:
    """One request on a connection of its own."""
    with connect(port, seconds) as connection:
        connection.sendall(content)
        return read(connection, heads=[0] if content.startswith(b"HEAD ") else [])


def ask(port: int, method: str, path: str, body: bytes | None = None, **options: Any) -> Answer:
    return send(port, request(method, path, body, **options))


def is_closed(connection: socket.socket, seconds: float = 10) -> bool:
    """Whether the other end closes within so many seconds; what it sends is thrown away."""
    end = time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return True
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return False
