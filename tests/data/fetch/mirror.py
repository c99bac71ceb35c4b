"""Mirrors that run in the test's process, and misbehave in the ways that real ones do."""

import gzip
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fashionlab.data.fashion_mnist import FILES
from fashionlab.data.forms.idx import idx_header
from fashionlab.data.synthetic import draw

PAGE = b"<!DOCTYPE html>\n<html>sign in to this network</html>"


def contents():
    """What a mirror has, by path: the four files of a small set."""
    parts = dict(zip(("train", "t10k"), draw(train=40, test=20), strict=True))
    sent = {}
    for file in FILES:
        part = parts[file.name.partition("-")[0]]
        array = part.images if "images" in file.name else part.labels
        sent[f"/{file.name}.gz"] = gzip.compress(idx_header(array.shape) + array.tobytes(), mtime=0)
    return sent


CONTENTS = contents()


class Mirror:
    """A server; `behave(handler, content)` answers a request for a file of this content."""

    def __init__(self, behave):
        self.behave = behave
        self.asked = []  # (path, Range or None)
        self.released = threading.Event()  # what stalls goes on
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            mirror: Mirror

            def do_GET(self):
                asked = self.headers.get("Range")
                mirror.asked.append((self.path, asked))
                with suppress(ConnectionError):  # the client has given it up
                    mirror.behave(self, CONTENTS.get("/" + self.path.rpartition("/")[2]))

            do_CONNECT = do_GET  # noqa: N815

            def log_message(self, *_):
                pass

        Handler.mirror = mirror
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.block_on_close = False
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@contextmanager
def serving(*behaviours):
    """Mirrors that behave so, in this order."""
    mirrors = [Mirror(behave) for behave in behaviours]
    for mirror in mirrors:
        threading.Thread(target=mirror.server.serve_forever, args=(0.01,)).start()
    try:
        yield mirrors
    finally:
        for mirror in mirrors:
            mirror.released.set()
            mirror.server.shutdown()
            mirror.server.server_close()


def reply(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in ({"Content_Length": len(body)} | headers).items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


def sound(handler, content):
    if not (asked := handler.headers.get("Range")):
        return reply(handler, content)
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    if start >= len(content):
        return reply(handler, b"", 416)
    extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return reply(handler, content[start:], 206, Content_Range=extent)


def without_ranges(handler, content):
    reply(handler, content)


def page(handler, content):
    reply(handler, PAGE, Content_Type="text/html")


def other_file(handler, content):
    reply(handler, gzip.compress(b"\0\0\x08\x01\0\0\0\x04abcd"))


def cut_file(handler, content):
    reply(handler, content[:-9])


def flipped_file(handler, content):
    reply(handler, content[:40] + bytes([content[40] ^ 1]) + content[41:])


def picture(handler, content):
    reply(handler, b"\x89PNG\r\n\x1a\n" + bytes(100))


def empty(handler, content):
    reply(handler, b"")


def breaks_off(handler, content):
    start = int((handler.headers.get("Range") or "bytes=0-").removeprefix("bytes=")[:-1])
    middle = (start + len(content)) // 2
    extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
    headers = {"Content_Range": extent} if start else {}
    body = content[start:middle]
    reply(handler, body, 206 if start else 200, Content_Length=len(content) - start, **headers)


def stalls(handler, content):
    breaks_off(handler, content)
    handler.mirror.released.wait()


def silent(handler, content):
    handler.mirror.released.wait()


def too_long(handler, content):
    reply(handler, content, Content_Length=10**9)


def endless(handler, content):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(content)


def drips(handler, content):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"\0")


def bomb(handler, content):
    reply(handler, gzip.compress(bytes(10**7)))


def other_range(handler, content):
    if not handler.headers.get("Range"):
        return reply(handler, content)
    return reply(handler, content[1:], 206, Content_Range=f"bytes 1-9/{len(content)}")


def unknown_range(handler, content):
    if not handler.headers.get("Range"):
        return reply(handler, content)
    return reply(handler, content[9:], 206)


def fails(handler, content):
    reply(handler, PAGE, 503)


def absent(handler, content):
    reply(handler, PAGE, 404)


def redirects(handler, content):
    reply(handler, b"", 302, Location=f"http://localhost:{handler.server.server_port}/x.gz")


def no_http(handler, content):
    handler.wfile.write(b"\x16\x03\x01\0\xff\r\n")
