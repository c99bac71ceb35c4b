"""The sample is stratified, every setting sees the same images, and counts are what they say."""

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation import robustness as module
from fashionlab.evaluation.corruptions import CORRUPTIONS
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.robustness import robustness, sample

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (60, 9, 8), np.uint8)
LABELS = np.repeat(np.arange(3, dtype=np.uint8), (10, 20, 30))


def by_brightness(images):
    """A classifier: three classes of the mean value."""
    return (images.reshape(len(images), -1).mean(axis=1) / 86).astype(np.int64)


def test_a_sample_has_each_class_in_proportion():
    taken = sample(LABELS, 12, 0)
    assert np.bincount(LABELS[taken]).tolist() == [2, 4, 6]
    assert (np.diff(taken) > 0).all()


def test_places_that_are_left_go_to_the_largest_remainders():
    # 7 of 60: 1.17, 2.33 and 3.5 images
    assert np.bincount(LABELS[sample(LABELS, 7, 0)]).tolist() == [1, 2, 4]


def test_a_sample_is_that_of_its_seed_and_any_image_may_be_in_it():
    np.testing.assert_array_equal(sample(LABELS, 12, 3), sample(LABELS, 12, 3))
    seen = {place for seed in range(200) for place in sample(LABELS, 12, seed)}
    assert seen == set(range(60))


def test_all_images_are_taken_where_there_are_fewer():
    assert sample(LABELS, 60, 0).tolist() == sample(LABELS, 1000, 7).tolist() == [*range(60)]


def test_very_many_classes_and_few_places():
    assert len(sample(np.arange(256), 12, 0)) == 12


def test_counts_are_those_of_a_plain_loop_over_the_settings():
    found = robustness(by_brightness, IMAGES, LABELS, seed=4, most=30)
    taken = sample(LABELS, 30, 4)
    images, labels = IMAGES[taken], LABELS[taken]
    assert (found.images, found.seed) == (30, 4)
    assert found.clean == sum(by_brightness(images) == labels)
    for place, (corruption, row) in enumerate(zip(CORRUPTIONS, found.corruptions, strict=True)):
        assert (row.name, row.unit, row.strengths) == (
            corruption.name,
            corruption.unit,
            corruption.strengths,
        )
        for strength, correct in zip(row.strengths, row.correct, strict=True):
            changed = corruption.apply(images, strength, np.random.default_rng([4, place]))
            assert correct == sum(by_brightness(changed) == labels)


def test_parts_of_the_images_in_turn_give_what_all_give_at_once(monkeypatch):
    at_once = robustness(by_brightness, IMAGES, LABELS)
    monkeypatch.setattr(module, "PART", 7 * 72)
    assert robustness(by_brightness, IMAGES, LABELS) == at_once


def test_accuracies_mean_and_intervals_follow_from_the_counts():
    found = robustness(by_brightness, IMAGES, LABELS)
    counts = np.array([row.correct for row in found.corruptions])
    np.testing.assert_array_equal(found.accuracies, counts / 60)
    assert found.mean == pytest.approx(counts.sum() / 75 / 60, abs=1e-15)
    assert found.clean_interval == wilson_interval(found.clean, 60)
    assert found.interval(3, 4) == wilson_interval(int(counts[3, 4]), 60)
    assert found.clean_accuracy == found.clean / 60


def test_a_classifier_that_sees_nothing_is_the_same_everywhere():
    found = robustness(lambda images: np.full(len(images), 2), IMAGES, LABELS)
    assert set(found.accuracies.ravel()) == {found.clean_accuracy} == {0.5}


def test_a_line_for_each_corruption_goes_to_the_log():
    lines = []
    robustness(by_brightness, IMAGES, LABELS, log=lines.append)
    assert len(lines) == 16 and lines[0].startswith("as they are: ")
    assert lines[1].startswith("gaussian noise (1 of 15): ")


def test_colour_images_and_a_single_one_are_measured():
    colour = RNG.integers(0, 256, (1, 5, 4, 3), np.uint8)
    assert robustness(by_brightness, colour, np.array([1])).images == 1


@pytest.mark.parametrize(
    ("images", "labels", "options", "said"),
    [
        (IMAGES / 255, LABELS, {}, "images must be a non-empty uint8"),
        (IMAGES, LABELS[:-1], {}, "60 images and 59 labels"),
        (IMAGES, LABELS.astype(float), {}, "labels must be whole numbers"),
        (IMAGES, LABELS[:0], {}, "one at least"),
        (IMAGES, LABELS, {"seed": -1}, "seed must be a whole number from 0; received -1"),
        (IMAGES, LABELS, {"most": 0}, "most must be a whole number from 1; received 0"),
    ],
)
def test_other_input_is_refused(images, labels, options, said):
    with pytest.raises(InvalidValueError, match=said):
        robustness(by_brightness, images, labels, **options)


def test_a_classifier_that_returns_probabilities_is_refused():
    with pytest.raises(InvalidValueError, match="return the argmax"):
        robustness(lambda images: np.zeros((len(images), 3)), IMAGES, LABELS)
