"""Remarks: each is on the page exactly where it applies."""

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
    assert said[0].endswith("cannot be compared with the course report's.")


def test_a_sigmoid_that_tensorflow_trains_as_softmax_is_named(make_run, change_json):
    for name, expected in (("report-mlp", 1), ("report-net", 0)):
        run = change_json(make_run(name), "environment", {"keras_backend": "tensorflow"})
        assert sum("TensorFlow" in line for line in remarks([view(run)])) == expected
    assert not remarks([view(change_json(make_run(), "environment", {"keras_backend": "torch"}))])


@pytest.mark.parametrize("part", ["train", "test"])
def test_one_split_of_other_data_is_enough(make_run, change_json, part):
    run = make_run()
    data = run.config["data"]
    data[part] |= {"name": "photos", "sha256": 64 * "c"}
    said = remarks([view(change_json(run, "config", {"data": data}))])
    assert len(said) == 1
    assert "'photos'" in said[0]


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_name_alone_makes_no_split_fashion_mnist(make_run, change_json, part):
    run = make_run("report-mlp")
    data = run.config["data"]
    data[part]["sha256"] = 64 * "c"
    one = view(change_json(run, "config", {"data": data}))
    assert "'fashion-mnist (not genuine)'" in remarks([one])[0]
    assert not one.genuine and not one.paper_correct
    for name, facts in one.__dict__.items():
        assert name != part or facts.name == "fashion-mnist (not genuine)"


def test_the_hash_alone_makes_both_splits_fashion_mnist(make_run, change_json):
    run = make_run("report-mlp")
    data = {part: facts | {"name": "mine"} for part, facts in run.config["data"].items()}
    one = view(change_json(run, "config", {"data": data}))
    assert one.genuine and one.train.name == one.test.name == "fashion-mnist"


def test_settings_that_differ_are_named_with_both_values(make_run):
    changes = {"epochs": 3, "engine": "scratch", "model": {"units": (300,)}}
    run = view(make_run("report-mlp", changes=changes))
    assert differences(run) == [
        "engine scratch instead of keras",
        "epochs 3 instead of 30",
        "model units 300 instead of 512, 256",
    ]
    assert remarks([run]) == [
        "report-mlp, seed 0 differs from its recipe: engine scratch instead of keras, "
        "epochs 3 instead of 30 and model units 300 instead of 512, 256."
    ]


def test_options_that_the_recipe_does_not_use_are_named(make_run):
    changes = {"augment": {"flip": True, "shift": 2}, "moving_average": 0.99, "schedule": "cosine"}
    assert differences(view(make_run("report-mlp", changes=changes))) == [
        "schedule cosine instead of constant",
        "moving average 0.99 instead of none",
        "augment flip True instead of the default",
        "augment shift 2 instead of the default",
    ]


def test_a_batch_of_all_images_is_called_that(make_run):
    run = view(make_run("report-net", changes={"batch_size": 64}))
    assert differences(run) == ["batch size 64 instead of all"]


def test_a_recipe_of_ones_own_differs_from_nothing(make_run):
    assert remarks([view(make_run("my-own", changes={"epochs": 3}))]) == []


def test_monitoring_the_test_set_is_said(make_run):
    assert test_set_use([view(make_run())]) == [
        "Test accuracy was logged after every epoch, as in the course report. No choice was based "
        "on it.",
        "The test metrics are those of the weights after the last epoch.",
    ]


def test_a_validation_split_is_named_in_its_place(make_run):
    said = test_set_use([view(make_run(watched="validation"))])
    assert len(said) == 2
    assert "validation split held out" in said[0]
    assert "No choice" not in said[0]
    assert said[1] == "The test metrics are those of the weights after the last epoch."


def test_a_validation_part_of_the_data_themselves_is_not_called_held_out(make_run):
    run = make_run(watched="validation")
    run.data["validation"] = run.data["test"]
    said = test_set_use([view(run)])
    assert "the validation split that the data have of their own" in said[0]
    assert "held out" not in said[0]


def test_of_mixed_runs_each_sentence_names_its_own(make_run):
    testing, validating = view(make_run()), view(make_run("my-own", watched="validation"))
    said = test_set_use([testing, validating])
    assert "of report-mlp, seed 0 was logged" in said[0]
    assert "curves of my-own, seed 0 show" in said[1]
    assert said[2:] == ["The test metrics are those of the weights after the last epoch."]


BEST = {"restore_best_weights": True}
AVERAGE = {"moving_average": 0.99}
CHOSEN = "the epoch with the"
STEPS = "the moving average of the weights over the steps, after"


@pytest.mark.parametrize(
    ("changes", "weights"),
    [
        ({}, "the weights after the last epoch"),
        (AVERAGE, f"{STEPS} the last epoch"),
        (BEST, f"the weights after {CHOSEN} lowest validation loss"),
        (
            {**BEST, "monitor": "validation_accuracy"},
            f"the weights after {CHOSEN} highest validation accuracy",
        ),
        (BEST | AVERAGE, f"{STEPS} {CHOSEN} lowest validation loss"),
        (
            {"early_stopping_patience": 3},
            "the weights after the last epoch; training was to stop after 3 epochs without a lower "
            "validation loss",
        ),
        (
            {**BEST, **AVERAGE, "early_stopping_patience": 1, "monitor": "validation_accuracy"},
            f"{STEPS} {CHOSEN} highest validation accuracy; training was to stop after an epoch "
            "without a higher validation accuracy",
        ),
    ],
)
def test_the_weights_that_the_test_metrics_measure_are_named(make_run, changes, weights):
    changes = {"validation_fraction": 0.1, **changes}
    said = test_set_use([view(make_run(changes=changes, watched="validation"))])
    assert said[1:] == [f"The test metrics are those of {weights}."]


def test_an_average_without_a_validation_split_is_named_too(make_run):
    said = test_set_use([view(make_run(changes=AVERAGE))])
    assert said[0].endswith("No choice was based on it.")
    assert said[1:] == [f"The test metrics are those of {STEPS} the last epoch."]


def test_metrics_of_other_weights_have_their_own_sentence(make_run):
    runs = [make_run("report-net"), make_run("report-mlp", changes=AVERAGE), make_run("report-cnn")]
    assert test_set_use([view(run) for run in runs])[1:] == [
        "The test metrics of report-net, seed 0 and report-cnn, seed 0 are those of the weights "
        "after the last epoch.",
        f"The test metrics of report-mlp, seed 0 are those of {STEPS} the last epoch.",
    ]


def test_a_history_of_training_alone_says_nothing_of_other_splits(make_run):
    assert test_set_use([view(make_run(watched=None))]) == []
