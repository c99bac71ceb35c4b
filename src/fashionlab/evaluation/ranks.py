"""carried: a limit on one network's scores, on the scale of another's.

Scores of two networks have no common scale, even where both were trained in the same way. What they
share is the order of the images: the limit that as many of the same images do not exceed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[Any]  # (N,)


def carried(limit: float, theirs: Scores, ours: Scores) -> float:
    """Return the limit on `ours` (N,) that has the rank of `limit` among `theirs` (N,)."""
    share = float((theirs <= limit).mean())
    return float(np.quantile(ours, share, method="inverted_cdf"))
