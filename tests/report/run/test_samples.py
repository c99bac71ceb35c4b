"""The most confident errors and the least confident hits, with two guesses and the truth."""

import numpy as np
from report_runs import draw_parts, write_run

from fashionlab.report.run.pictures import TestImages
from fashionlab.report.run.samples import SHOWN, confident_errors, unsure_hits


def images(tmp_path, data=True, **options):
    parts = draw_parts("abcd", (6, 6), test=200)
    run = write_run(tmp_path / "run", parts=parts, margin=1, **options)
    return TestImages(run, parts.test if data else None)


def test_they_are_in_the_order_of_their_probability(tmp_path):
    test = images(tmp_path)
    wrong = np.sort(test.probability[test.wrong])[::-1]
    right = np.sort(test.probability[~test.wrong])
    for samples, expected in ((confident_errors(test), wrong), (unsure_hits(test), right)):
        assert len(samples) == SHOWN
        first = [sample.guesses[0].probability for sample in samples]
        np.testing.assert_allclose(first, expected[:SHOWN])


def test_a_sample_has_two_guesses_and_the_true_class_once(tmp_path):
    test = images(tmp_path)
    for sample in [*confident_errors(test), *unsure_hits(test)]:
        names = [guess.name for guess in sample.guesses]
        assert len(set(names)) == len(names) in (2, 3)
        assert [guess.name for guess in sample.guesses if guess.is_true] == [sample.true]
        assert sample.guesses[0].probability >= sample.guesses[1].probability
        assert sum(guess.probability for guess in sample.guesses) <= 1 + 1e-9


def test_without_data_they_are_those_whose_pictures_are_stored(tmp_path):
    test = images(tmp_path, data=False)
    errors, hits = confident_errors(test), unsure_hits(test)
    assert len(errors) == 4 and len(hits) == 4  # one of each class was stored


def test_a_run_without_errors_has_none(tmp_path):
    test = images(tmp_path, perfect=True)
    assert confident_errors(test) == [] and len(unsure_hits(test)) == SHOWN
