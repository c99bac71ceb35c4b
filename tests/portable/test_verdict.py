"""Known, unsure, none of these and nothing found are told apart, and sets are the metadata's."""

import re

import numpy as np
import pytest
from PIL import Image
from portable_model import TEST, metadata, outliers, scored_model, sets, tiny_model

from fashionlab.errors import InvalidValueError, ModelError
from fashionlab.portable import Predictor
from fashionlab.portable.predictor import judge, run
from fashionlab.portable.schema import Sets, chosen_sets, record

BRIGHT = np.full((28, 28), 200, np.uint8)


@pytest.fixture(scope="module")
def predictor():
    return Predictor(scored_model(), threads=1)


def test_both_outputs_come_in_any_batch_and_the_score_is_the_graphs(predictor):
    images = TEST.images
    rows, scores = predictor.probabilities_and_scores(images)
    wanted = images.reshape(len(images), -1).mean(axis=1) / 255 * 10 - 4
    np.testing.assert_allclose(scores, wanted, atol=1e-4)
    assert scores.shape == (100,) and scores.dtype == np.float32
    np.testing.assert_array_equal(rows, predictor.probabilities(images))
    _, alone = predictor.probabilities_and_scores(images[7:8])
    np.testing.assert_allclose(alone, scores[7:8], atol=1e-6)


def test_a_model_of_before_has_probabilities_and_no_score():
    before = Predictor(tiny_model(), threads=1)
    assert before.probabilities_and_scores(TEST.images[:2])[1] is None
    prediction = before.predict(BRIGHT)
    assert prediction.score is None and prediction.verdict == "known"
    with pytest.raises(InvalidValueError, match=r"quantiles of held-out images.*export its run"):
        prediction.set()
    assert record(prediction)["score"] is record(prediction)["set"] is None


def test_a_score_above_the_threshold_is_none_of_these_whatever_the_probabilities(predictor):
    prediction = predictor.predict(BRIGHT)
    assert prediction.verdict == "none_of_these" and not prediction.known
    score = 10 * 200 / 255 - 4
    assert prediction.score == pytest.approx(score, abs=1e-4)
    assert prediction.reason == (
        f"its outlier score is {score:.2f}; of images that do belong to a class, 95% have 0.00 or "
        "less"
    )
    assert repr(prediction).endswith("%, none of these)")
    never = Predictor(scored_model(threshold=1.0), threads=1).predict(BRIGHT)
    assert never.verdict == "none_of_these"


def test_a_score_below_it_and_a_low_probability_is_unsure():
    strict = Predictor(scored_model(threshold=1.0), threads=1)
    image = next(x for x in TEST.images if x.mean() < 60)
    prediction = strict.predict(image)
    assert prediction.verdict == "unsure" and prediction.score < 0
    assert prediction.reason.startswith("its most probable class has")


def test_a_picture_of_nothing_was_not_found_whatever_its_score(predictor):
    prediction = predictor.predict(Image.new("RGB", (300, 200), (90, 120, 150)))
    assert prediction.verdict == "not_found" and "outlier score" not in prediction.reason


def test_both_thresholds_may_be_reached():
    """A picture at a threshold is on the side of the classes."""
    about = Predictor(scored_model(threshold=0.5), threads=1).metadata
    assert judge(about, 0.5, 0.0) == ("known", "")
    assert judge(about, 0.5, np.nextafter(0.0, 1))[0] == "none_of_these"
    assert judge(about, np.nextafter(0.5, 0), 0.0)[0] == "unsure"
    assert judge(about, 0.5, None)[0] == "known"


@pytest.mark.parametrize(("accept", "said"), [(0.95, "95%"), (0.995, "99.5%"), (0.98, "98%")])
def test_the_accepted_share_is_not_rounded_away(accept, said):
    file = scored_model(outliers=outliers(accept=accept))
    assert re.search(rf" {re.escape(said)} have", Predictor(file, threads=1).predict(BRIGHT).reason)


def test_a_set_has_the_classes_below_the_quantile_most_probable_first(predictor):
    for image in TEST.images[:40]:
        prediction = predictor.predict(image)
        for row, level in enumerate((0.9, 0.95, 0.99)):
            for by_class in (False, True):
                limits = sets().by_class[row] if by_class else (sets().all[row],) * 10
                wanted = [
                    name
                    for name, p in prediction.top()
                    if 1 - p <= limits[TEST.class_names.index(name)]
                ]
                assert list(prediction.set(level, by_class)) == wanted
        assert prediction.set() == prediction.set(0.95)


def test_a_set_may_be_empty_and_a_quantile_of_1_has_the_class_always(predictor):
    found = [predictor.predict(image) for image in TEST.images]
    assert any(p.set(0.9, by_class=True) == () for p in found)
    first = TEST.class_names[0]
    assert all(first in p.set(0.99, by_class=True) for p in found)  # its quantile is 1


@pytest.mark.parametrize("level", [0.5, 0.0, 1, float("nan"), "0.9"])
def test_a_level_that_the_model_does_not_have_is_one_line(predictor, level):
    prediction = predictor.predict(TEST.images[0])
    with pytest.raises(InvalidValueError, match=r"must be 0\.9, 0\.95 or 0\.99; received") as said:
        prediction.set(level)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_an_error_and_never_a_prediction(bad, monkeypatch):
    class Broken:
        def run(self, *_):
            return [np.full((2, 10), 0.1, np.float32), np.float32([[0.5], [bad]])]

    with pytest.raises(ModelError, match=f"must give finite outlier scores.*gave {bad}") as raised:
        run(Broken(), TEST.images[:2])
    assert "\n" not in str(raised.value)
    predictor = Predictor(scored_model(), threads=1)
    monkeypatch.setattr(predictor, "_session", Broken())
    with pytest.raises(ModelError, match="finite"):
        predictor.predict_all(TEST.images[:2])


def test_a_model_whose_scores_overflow_is_refused_when_it_is_loaded():
    with pytest.raises(ModelError, match="must give finite outlier scores"):
        Predictor(scored_model(kernel=np.full(784, 3e38)))


def test_the_json_has_verdict_score_and_set(predictor):
    prediction = predictor.predict(BRIGHT)
    found = record(prediction, decimals=2, sets=chosen_sets(predictor.metadata, 0.99, True))
    assert (found["verdict"], found["known"]) == ("none_of_these", False)
    assert found["score"] == round(prediction.score, 2)
    wanted = {"level": 0.99, "by_class": True, "classes": list(prediction.set(0.99, True))}
    assert found["set"] == wanted
    assert record(prediction)["set"]["level"] == 0.95


def test_the_sets_that_are_asked_for_are_those_that_the_model_has(predictor):
    about = predictor.metadata
    assert chosen_sets(about) == Sets(0.95, by_class=False)
    assert chosen_sets(about, by_class=True) == Sets(0.95, by_class=True)
    with pytest.raises(InvalidValueError, match=r"0\.9, 0\.95 or 0\.99"):
        chosen_sets(about, 0.8)
    before = metadata()
    assert chosen_sets(before) is None
    for asked in ({"level": 0.9}, {"by_class": True}):
        with pytest.raises(InvalidValueError, match="quantiles"):
            chosen_sets(before, **asked)
