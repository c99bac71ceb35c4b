"""Each limit refuses what exceeds it, and has room again afterwards."""

import pytest

from fashionlab.serve.admission import Admission
from fashionlab.serve.errors import Refused
from fashionlab.serve.settings import Settings


def test_requests_in_progress():
    admission = Admission(Settings(in_progress=1))
    for _ in range(2):
        with admission.request():
            with pytest.raises(Refused, match="again"):
                admission.check()
            with pytest.raises(Refused), admission.request():
                pass
        assert admission.requests == 0


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
