"""Share: the part of each batch that one of several workers trains on, drawn without the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """The part of each batch that one worker of several takes.

    It consists of pairs, image i and image B-1-i of the batch, in an order in which it pairs the
    same images as the whole batch does: so augmentation, which mixes pairs, changes a share as it
    changes the batch.
    """

    worker: int  # from 0
    workers: int

    def images(self, n: int) -> int:
        """Return the number of images of a batch of n in this share; 0 where n is too small."""
        return len(self._places(n))

    def places(self, n: int) -> NDArray[np.int64]:
        """Return their places in the batch, (images(n),) int64; the first image for a share of 0.

        A worker without images of its own still takes part in the others' sums.
        """
        places = self._places(n)
        return places if len(places) else np.zeros(1, np.int64)

    def _places(self, n: int) -> NDArray[np.int64]:
        first = np.arange(self.worker, (n + 1) // 2, self.workers, dtype=np.int64)
        last = n - 1 - first[::-1]
        middle = n % 2 == 1 and len(first) > 0 and first[-1] == last[0]  # its own partner
        return np.concatenate([first, last[1:] if middle else last])
