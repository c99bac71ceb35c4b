"""The clients that load the HTTP service, and the tally of its answers."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

CONNECTIONS = 64
SLOW = 200
PROBES = 40  # requests a second
WARM_UP = 2.0  # seconds that are not counted


@dataclass
class Tally:
    """What came of a load's requests: seconds of each, by status; 0 for a broken connection."""

    begins: float
    ends: float
    seconds: dict[int, list[float]] = field(default_factory=dict)
    sent: int = 0  # with those of the warming up

    def add(self, status: int, sent: float) -> None:
        now = time.perf_counter()
        if self.begins <= sent and now <= self.ends:
            self.seconds.setdefault(status, []).append(now - sent)

    def percentile(self, status: int, q: float) -> str:
        values = self.seconds.get(status)
        return f"{1e3 * np.percentile(values, q):.2f}" if values else ""

    def answered(self) -> int:
        return sum(map(len, self.seconds.values()))

    def rate(self, status: int) -> float:
        return len(self.seconds.get(status, ())) / (self.ends - self.begins)


class Client(asyncio.Protocol):
    """One connection, one request at a time; no more of HTTP than the service's answers need."""

    def __init__(self, tally: Tally, is_free) -> None:
        self.tally, self.is_free = tally, is_free
        self.buffer, self.sent, self.due = b"", 0.0, 0
        self.transport = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def send(self, content: bytes) -> None:
        self.buffer, self.due, self.sent = b"", 0, time.perf_counter()
        self.tally.sent += 1
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.due:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self.buffer.index(b"content-length: ") + 16
            self.due = head + 4 + int(self.buffer[at : self.buffer.index(b"\r", at)])
        if len(self.buffer) >= self.due:
            status = int(self.buffer[9:12])
            self.tally.add(status, self.sent)
            self.sent = 0.0
            self.is_free(self, status)

    def connection_lost(self, error) -> None:
        if self.sent:
            self.tally.add(0, self.sent)


async def connect(port: int, count: int, tally: Tally, is_free) -> list[Client]:
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(count):
        _, client = await loop.create_connection(lambda: Client(tally, is_free), "127.0.0.1", port)
        made.append(client)
    return made


def new_tally(seconds: float) -> Tally:
    begins = time.perf_counter() + WARM_UP
    return Tally(begins, begins + seconds)


async def until(tally: Tally) -> None:
    await asyncio.sleep(tally.ends - time.perf_counter())


async def closed_loop(port, requests, connections, seconds, patient=True) -> Tally:
    """Each connection sends when it has its answer; a refused one as Retry-After says, 1 s.

    And up to half a second later, as clients do that take care not to come back all at once.
    """
    tally = new_tally(seconds)
    loop = asyncio.get_running_loop()
    following, late = _cycle(requests), np.random.default_rng(0)

    def is_free(client, status):
        if time.perf_counter() > tally.ends:
            return
        if status == 503 and patient:
            loop.call_later(1 + late.random() / 2, client.send, next(following))
        else:
            client.send(next(following))

    clients = await connect(port, connections, tally, is_free)
    for client in clients:
        client.send(next(following))
    await until(tally)
    _close(clients)
    return tally


async def open_loop(port, requests, connections, seconds, rate) -> Tally:
    """`rate` requests a second, each on a connection that is free; none where none is."""
    tally = new_tally(seconds)
    free: deque[Client] = deque()
    following = _cycle(requests)
    clients = await connect(port, connections, tally, lambda client, _: free.append(client))
    free.extend(clients)
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) < tally.ends:
        due = int((now - began) * rate) - sent
        for _ in range(min(due, len(free))):
            free.popleft().send(next(following))
        sent += due
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.5)
    _close(clients)
    return tally


async def beside_slow(port, requests, seconds) -> Tally:
    """The closed loop, beside connections that never finish a head, and come again when closed."""
    stop = asyncio.Event()

    async def slow():
        while not stop.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nx: ")
            answered = asyncio.create_task(reader.read())
            while not stop.is_set() and not answered.done():
                writer.write(b"y")
                await asyncio.wait([answered], timeout=0.5)
            answered.cancel()
            writer.close()

    tasks = [asyncio.create_task(slow()) for _ in range(SLOW)]
    await asyncio.sleep(1)
    tally = await closed_loop(port, requests, CONNECTIONS, seconds)
    stop.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    return tally


def _cycle(items):
    while True:
        yield from items


def _close(clients) -> None:
    for client in clients:
        client.sent = 0.0
        client.transport.close()
