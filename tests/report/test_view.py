"""The facts of a run as pages show them, where a whole page would hide a mistake."""

import pytest

from fashionlab.report.paper import PAPER_RESULTS, PaperResult
from fashionlab.report.view import RunView, environment_facts, recipe_facts
from fashionlab.runs import Run

from .conftest import write_run


@pytest.mark.parametrize(("printed", "place"), [(0.01, "below"), (0.99, "above"), (None, "within")])
def test_the_verdict_says_where_the_course_reports_accuracy_lies(
    make_run, monkeypatch, printed, place
):
    ours = RunView(make_run())
    accuracy = ours.metrics.accuracy if printed is None else printed
    results = {"report-mlp": PaperResult(parameters=1, test_accuracy=accuracy)}
    monkeypatch.setattr("fashionlab.report.view.PAPER_RESULTS", results)
    assert f"lies {place} this interval" in ours.verdict


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("report-cnn-text", "fashion-mnist"),
        ("my-own", "fashion-mnist"),
        ("report-mlp", "synthetic"),
    ],
)
def test_there_is_no_verdict_without_an_accuracy_of_the_report_on_the_same_data(
    make_run, name, data
):
    assert RunView(make_run(name, data=data)).verdict == ""


def test_the_course_reports_counts_are_those_of_the_same_classes_and_counts(make_run, monkeypatch):
    assert RunView(make_run("report-cnn")).paper_correct is None  # 20 images a class, not 1,000
    monkeypatch.setattr("fashionlab.report.view.TEST_IMAGES_PER_CLASS", 20)
    assert RunView(make_run("report-cnn")).paper_correct == PAPER_RESULTS["report-cnn"].correct
    assert RunView(make_run("report-cnn", data="synthetic")).paper_correct is None
    assert RunView(make_run("report-cnn", class_names=["a", "b"])).paper_correct is None


def test_the_protocol_is_in_sentences(make_run, change_json):
    said = "trained on 60,000 images, 0 held out; the test set was read once"
    run = make_run()
    assert RunView(run).protocol == [said]
    run = change_json(
        run, "protocol", {"images_held_out": 10, "validation_accuracy": 0.875, "test_set_read": 3}
    )
    (said,) = RunView(run).protocol
    assert said.endswith("10 held out (accuracy 87.50%); the test set was read 3 times")
    (run.folder / "protocol.json").unlink()  # as a run of an older version
    assert RunView(Run(run.folder)).protocol == []


def test_test_images_with_a_duplicate_in_the_training_set_are_named(make_run):
    run = make_run(copies=[[place, 2 * place] for place in range(12)])
    said = RunView(run).protocol[1]
    assert said.startswith(
        "without the 12 test images that stand in the training set too (0, 1, 2, 3, 4, 5, 6, 7, 8, "
        "9 and 2 more): test accuracy "
    )
    logs, labels = run.predictions()
    assert said.endswith(f"{(logs.argmax(axis=1) == labels)[12:].mean():.2%}")


def test_the_first_loss_of_a_full_batch_run_is_compared_with_the_course_reports(make_run):
    said = RunView(make_run("report-net")).first_loss_note
    assert (
        said == "Before the first step the training loss was 2.00; the course report gives 21.46."
    )


def test_the_first_loss_of_other_runs_is_not_compared(make_run):
    for name, options in (
        ("report-net", {"changes": {"batch_size": 64}}),  # measured over an epoch of steps
        ("report-net", {"data": "synthetic"}),
        ("report-mlp", {}),
    ):
        assert RunView(make_run(name, **options)).first_loss_note == ""


def test_an_epoch_of_the_whole_set_is_an_iteration(make_run):
    assert [RunView(make_run(name)).unit for name in ("report-net", "report-mlp")] == [
        "iteration",
        "epoch",
    ]


@pytest.mark.parametrize(("monitor", "best"), [("validation_loss", 3), ("validation_accuracy", 3)])
def test_the_best_epoch_is_that_of_the_monitored_metric(make_run, monitor, best):
    rows = [
        {"epoch": epoch, "loss": 1, "accuracy": 0.5, "validation_loss": abs(epoch - 3) + 1,
         "validation_accuracy": 1 / (1 + abs(epoch - 3)), "seconds": 1}
        for epoch in range(1, 6)
    ]  # fmt: skip
    changes = {"restore_best_weights": True, "monitor": monitor, "validation_fraction": 0.1}
    assert RunView(make_run(changes=changes, history=rows)).best_epoch == best
    last = changes | {"restore_best_weights": False}
    assert RunView(make_run(changes=last, history=rows)).best_epoch is None


def test_the_form_of_the_network_from_scratch_is_described(make_run, change_json):
    compiled = {"form": "compiled", "instructions": "avx2", "threads": 2}
    numpy = {"form": "numpy", "reason": "no C compiler was found"}
    views = [
        RunView(change_json(make_run(), "environment", {"scratch": value}))
        for value in (compiled, numpy, None)
    ]
    named = [environment_facts(one.environment).get("Network from scratch") for one in views]
    assert named == ["in C, avx2, 2 threads", "in NumPy (no C compiler was found)", None]


def test_an_environment_has_what_was_recorded_and_a_short_commit(make_run, change_json):
    facts = environment_facts(RunView(make_run()).environment)
    assert facts["Processor"] == "Test CPU <1>" and "Commit" not in facts
    run = change_json(make_run(), "environment", {"commit": 40 * "c" + "+x", "memory_gib": 15.5})
    facts = environment_facts(RunView(run).environment)
    assert facts["Commit"] == "cccccccccccc+x" and facts["Memory"] == "15.5 GiB"


def test_every_setting_of_the_recipe_is_a_fact(make_run):
    changes = {"augment": {"flip": True, "shift": 2}, "moving_average": None}
    facts = recipe_facts(RunView(make_run(changes=changes)))
    assert facts["augment flip"] == "yes" and facts["augment shift"] == "2"
    assert facts["moving average"] == "–" and facts["model units"] == "512, 256"
    assert facts["test each epoch"] == "yes" and "name" not in facts


def test_commands_are_quoted_for_the_shell(tmp_path):
    view = RunView(write_run(tmp_path / "a run"))
    assert view.evaluation == f"fashionlab evaluate '{tmp_path}/a run'"
    assert view.command == "fashionlab train report-mlp --out 'a folder'"
