"""Each limit refuses what exceeds it, and has room again afterwards."""

import asyncio
from collections import Counter

import pytest

from fashionlab.serve.admission import AT_ONCE, Admission
from fashionlab.serve.errors import Refused
from fashionlab.serve.settings import Settings


def test_requests_in_progress():
    async def come():
        for _ in range(2):
            async with admission.request():
                with pytest.raises(Refused, match="again"):
                    admission.check()
                with pytest.raises(Refused):
                    async with admission.request():
                        pass
            assert admission.requests == 0

    admission = Admission(Settings(in_progress=1))
    asyncio.run(come())


def test_requests_that_come_together_begin_a_few_in_a_turn():
    turn, begun = 0, []

    async def one(number):
        async with admission.request():
            begun.append((turn, number))
            await asyncio.sleep(0)

    async def come():
        nonlocal turn
        requests = [asyncio.create_task(one(number)) for number in range(50)]
        while not all(request.done() for request in requests):
            turn += 1
            await asyncio.sleep(0)

    admission = Admission(Settings())
    asyncio.run(come())
    assert [number for _, number in begun] == list(range(50))
    assert max(Counter(turn for turn, _ in begun).values()) <= AT_ONCE


def test_images_are_taken_whole_where_there_is_room_for_one():
    admission = Admission(Settings(queue=2))
    admission.wait(1)
    admission.check()
    admission.wait(256)
    for refuses in (admission.check, lambda: admission.wait(1)):
        with pytest.raises(Refused) as caught:
            refuses()
        assert (caught.value.status, caught.value.headers) == (503, {"retry-after": "1"})
    assert admission.images == 257


def test_bytes_of_bodies():
    admission = Admission(Settings(bodies=10))
    admission.hold(10)
    with pytest.raises(Refused, match="bytes"):
        admission.hold(1)
    assert admission.bytes == 10
