"""A model that was changed at random is refused or works, and takes no more memory than before."""

import pytest
from portable_model import colour_model, scored_model, tiny_model

from benchmarks.hostile import models

pytestmark = pytest.mark.skipif(
    not models.Path("/proc/self/status").exists(), reason="the memory is read from /proc"
)


@pytest.mark.parametrize("model", [tiny_model, colour_model, scored_model])
def test_a_changed_model_is_refused_or_works(model):
    row = models.measure("tiny", model(), changes=200)
    assert row["other_exceptions"] == row["crashes"] == 0
    assert row["refused"] + row["unchanged_or_accepted"] == row["changes"]
    assert row["refused"] > 300 and row["unchanged_or_accepted"] > 20
    assert row["peak_mb"] < 400
