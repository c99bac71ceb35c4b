"""Connections, fed by hand: what one turn of the loop does."""

import asyncio
from collections import Counter
from unittest.mock import MagicMock

import uvicorn
from uvicorn.server import ServerState

from fashionlab.serve.connection import AT_ONCE, connection_class
from fashionlab.serve.settings import Settings


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
