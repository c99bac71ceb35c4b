"""What the page says unasked, and that it says it only where it is so."""

import pytest

from fashionlab.report.content import RunView
from fashionlab.report.remarks import differences, remarks, test_set_use

test_set_use.__test__ = False  # a function of the package, not a test


def view(run):
    return RunView(run, 1)


def test_a_run_by_the_recipe_on_the_real_data_needs_no_remark(make_run):
    assert remarks([view(make_run(name)) for name in ("report-net", "report-mlp")]) == []


def test_other_data_is_named(make_run):
    said = remarks([view(make_run(data="synthetic"))])
    assert len(said) == 1
    assert "'synthetic', not Fashion-MNIST" in said[0]
    assert said[0].endswith("cannot be compared with the report's.")


def test_a_sigmoid_that_tensorflow_trains_as_softmax_is_named(make_run, change_json):
    for name, expected in (("report-mlp", 1), ("report-net", 0)):
        run = change_json(make_run(name), "environment", {"keras_backend": "tensorflow"})
        assert sum("TensorFlow" in line for line in remarks([view(run)])) == expected
    assert not remarks([view(change_json(make_run(), "environment", {"keras_backend": "torch"}))])


@pytest.mark.parametrize("part", ["train", "test"])
def test_one_part_of_other_data_is_enough(make_run, change_json, part):
    run = make_run()
    data = run.config["data"]
    data[part]["name"] = "photos"
    said = remarks([view(change_json(run, "config", {"data": data}))])
    assert len(said) == 1
    assert "'photos'" in said[0]


def test_settings_that_differ_are_named_with_both_values(make_run):
    changes = {"epochs": 3, "engine": "scratch", "model": {"units": (300,)}}
    run = view(make_run("report-mlp", changes=changes))
    assert differences(run) == [
        "engine scratch instead of keras",
        "epochs 3 instead of 30",
        "model units 300 instead of 512, 256",
    ]
    assert remarks([run]) == [
        "report-mlp, seed 0 departs from its recipe: engine scratch instead of keras, "
        "epochs 3 instead of 30 and model units 300 instead of 512, 256."
    ]


def test_a_batch_of_all_images_is_called_that(make_run):
    run = view(make_run("report-net", changes={"batch_size": 64}))
    assert differences(run) == ["batch size 64 instead of all"]


def test_a_recipe_of_ones_own_departs_from_nothing(make_run):
    assert remarks([view(make_run("my-own", changes={"epochs": 3}))]) == []


def test_watching_the_test_set_is_said(make_run):
    said = test_set_use([view(make_run())])
    assert len(said) == 1
    assert said[0].startswith("Test accuracy was logged after every epoch")
    assert "No choice was made on it" in said[0]


def test_a_validation_part_is_said_in_its_place(make_run):
    said = test_set_use([view(make_run(watched="validation"))])
    assert len(said) == 1
    assert "validation part held out" in said[0]
    assert "No choice" not in said[0]


def test_of_mixed_runs_each_sentence_names_its_own(make_run):
    watching, validating = view(make_run()), view(make_run("my-own", watched="validation"))
    said = test_set_use([watching, validating])
    assert "of report-mlp, seed 0 was logged" in said[0]
    assert "curves of my-own, seed 0 show" in said[1]


def test_a_history_of_training_alone_says_nothing_of_other_parts(make_run):
    assert test_set_use([view(make_run(watched=None))]) == []
