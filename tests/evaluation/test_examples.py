import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.examples import (
    least_confident_hits,
    most_confident_errors,
    select_examples,
)

# Probability of class 0 of six images of class 0: right, wrong, right, wrong, wrong, right.
FIRST = np.array([0.9, 0.2, 0.6, 0.1, 0.2, 0.6])
SIX = np.log(np.stack([FIRST, 1 - FIRST], axis=1)), np.zeros(6, np.uint8)


def test_the_first_correct_image_and_the_most_confident_error_of_every_class():
    probabilities = np.array(
        [
            [0.4, 0.6],  # of class 0, wrong
            [0.9, 0.1],  # right, the first of its class
            [0.8, 0.2],  # right
            [0.1, 0.9],  # wrong, the surest
            [0.3, 0.7],  # of class 1, right; the class has no wrong one
        ]
    )
    labels = np.array([0, 0, 0, 0, 1], np.uint8)
    assert select_examples(np.log(probabilities), labels).tolist() == [1, 4, 3]


def test_the_most_confident_errors_come_first_and_equal_ones_by_index():
    assert most_confident_errors(*SIX, 9).tolist() == [3, 1, 4]
    assert most_confident_errors(*SIX, 2).tolist() == [3, 1]


def test_the_least_confident_hits_come_first_and_equal_ones_by_index():
    assert least_confident_hits(*SIX, 9).tolist() == [2, 5, 0]
    assert least_confident_hits(*SIX, 1).tolist() == [2]


def test_there_may_be_no_error_no_hit_and_no_wish_for_any():
    rows, labels = SIX
    assert most_confident_errors(rows[:1], labels[:1], 5).size == 0
    assert least_confident_hits(rows[1:2], labels[1:2], 5).size == 0
    assert most_confident_errors(*SIX, 0).size == 0


@pytest.mark.parametrize("select", [most_confident_errors, least_confident_hits])
def test_a_count_below_0_is_refused(select):
    with pytest.raises(InvalidValueError, match="count must be at least 0; received -1"):
        select(*SIX, -1)
