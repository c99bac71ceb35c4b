"""The sentences and numbers of one run's section, where the whole page would hide a mistake."""

import math

import pytest
from fashionlab.report.content import RunView, by_classes, by_environment

from fashionlab.report.paper import PaperResult
from fashionlab.runs import Run


def view(run, number=1):
    return RunView(run, number)


@pytest.mark.parametrize(("printed", "place"), [(0.01, "below"), (0.99, "above"), (None, "within")])
def test_the_verdict_says_where_the_course_reports_accuracy_lies(
    make_run, monkeypatch, printed, place
):
    ours = view(make_run())
    accuracy = ours.metrics.accuracy if printed is None else printed
    results = {"report-mlp": PaperResult(parameters=1, test_accuracy=accuracy)}
    monkeypatch.setattr("fashionlab.report.content.PAPER_RESULTS", results)
    assert f"lies {place} this interval" in ours.verdict


def test_the_protocol_is_in_sentences(make_run, change_json):
    said = "trained on 60,000 images, 0 held out; the test set was read once"
    run = make_run()
    assert view(run).protocol == [said]
    run = change_json(
        run, "protocol", {"images_held_out": 10, "validation_accuracy": 0.875, "test_set_read": 3}
    )
    (said,) = view(run).protocol
    assert said.endswith("10 held out (accuracy 87.50%); the test set was read 3 times")
    (run.folder / "protocol.json").unlink()  # as a run of an older version
    assert view(Run(run.folder)).protocol == []


def test_test_images_with_a_duplicate_in_the_training_set_are_named(make_run):
    run = make_run(copies=[[place, 2 * place] for place in range(12)])
    said = view(run).protocol[1]
    assert said.startswith(
        "without the 12 test images that stand in the training set too (0, 1, 2, 3, 4, 5, 6, 7, 8, "
        "9 and 2 more): test accuracy "
    )
    logs, labels = run.predictions()
    assert said.endswith(f"{(logs.argmax(axis=1) == labels)[12:].mean():.2%}")


@pytest.mark.parametrize("name", ["report-cnn-text", "my-own"])
def test_there_is_no_verdict_without_an_accuracy_of_the_report(make_run, name):
    assert view(make_run(name)).verdict == ""


def test_the_first_loss_of_a_full_batch_run_is_compared_with_the_course_reports(make_run):
    said = view(make_run("report-net")).first_loss_note
    assert (
        said == "Before the first step the training loss was 2.00; the course report gives 21.46."
    )


def test_the_first_loss_of_a_run_in_batches_is_not_one_before_training(make_run):
    assert view(make_run("report-net", changes={"batch_size": 64})).first_loss_note == ""
    assert view(make_run("report-mlp")).first_loss_note == ""


def test_an_epoch_of_the_whole_set_is_an_iteration(make_run):
    assert [view(make_run(name)).unit for name in ("report-net", "report-mlp")] == [
        "iteration",
        "epoch",
    ]


def test_the_curves_are_described_in_words(make_run):
    loss, accuracy = view(make_run("report-mlp", watched="validation")).curves
    assert loss.alt == (
        "Loss after each epoch, 1 to 3: training from 2.0000 to 0.6667 and validation from 2.5000 "
        "to 0.8333."
    )
    assert accuracy.alt.replace("\N{NO-BREAK SPACE}", " ").startswith(
        "Accuracy after each epoch, 1 to 3: training from 50.00 % to 83.33 % and validation"
    )


def test_the_course_reports_curve_is_not_shown_with_other_data(make_run):
    genuine, other = (
        view(make_run("report-cnn", data=data)) for data in ("fashion-mnist", "synthetic")
    )
    assert "course report" in genuine.curves[1].alt
    assert "course report" not in other.curves[1].alt


def test_runs_of_other_classes_get_a_table_of_their_own_in_the_order_given(make_run):
    first, other, last = (
        view(make_run(class_names=names)) for names in (["a", "b"], ["c", "d"], ["a", "b"])
    )
    assert by_classes([first, other, last]) == [[first, last], [other]]


def test_one_environment_is_described_once(make_run, change_json):
    first, second = view(make_run()), view(make_run())
    third = view(
        change_json(make_run(), "environment", {"cpu": "Other", "commit": 40 * "c" + "+x"})
    )
    groups = by_environment([first, second, third])
    assert [members for members, _ in groups] == [[first, second], [third]]
    assert groups[0][1]["Processor"] == "Test CPU <1>"
    assert "Commit" not in groups[0][1]
    assert groups[1][1]["Commit"] == "cccccccccccc+x"


def test_the_form_of_the_network_from_scratch_is_described(make_run, change_json):
    compiled = {"form": "compiled", "instructions": "avx2", "threads": 2}
    numpy = {"form": "numpy", "reason": "no C compiler was found"}
    runs = [
        view(change_json(make_run(), "environment", {"scratch": value}))
        for value in (compiled, numpy, None)
    ]
    named = [facts.get("Network from scratch") for _, facts in by_environment(runs)]
    assert named == ["in C, avx2, 2 threads", "in NumPy (no C compiler was found)", None]


def test_a_loss_that_is_not_a_number_can_be_shown(make_run):
    ours = view(make_run())
    ours.history[0]["loss"] = math.nan
    assert "training from nan to" in ours.curves[0].alt
