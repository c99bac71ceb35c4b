"""The sentence at the top: better, worse, or no different from the best simple baseline."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from fashionlab.evaluation.baselines import Baseline
from fashionlab.report.run.pictures import TestImages
from fashionlab.report.run.verdict import absent, compared, verdict, weakest
from fashionlab.report.view import RunView

N = 200


@pytest.fixture
def run(make_run):
    return make_run("my-own", margin=2)


def baseline(run, right, name="simple"):
    """A baseline that is right on these images (N,) alone."""
    labels = run.predictions()[1]
    return Baseline(name, np.where(right, labels, (labels + 1) % 10).astype(np.uint8), "how")


def said(run, *baselines):
    text = verdict(RunView(run), compared(TestImages(run, None), baselines))
    return text.replace("\N{NO-BREAK SPACE}", " ")


def hits(run):
    lp, labels = run.predictions()
    return lp.argmax(axis=1) == labels


def test_a_worse_baseline_is_left_behind_by_the_difference_and_p(run):
    right = hits(run)
    theirs = right & (np.arange(N) % 3 > 0)
    p = binomtest(int((right & ~theirs).sum()), int((right & ~theirs).sum())).pvalue
    assert p < 0.001
    points = 100 * (right.mean() - theirs.mean())
    assert said(run, baseline(run, theirs)).endswith(
        f", {points:.2f} points more than the best simple baseline, simple (p < 0.001)."
    )


def test_a_better_baseline_is_said_to_be_better(run):
    right = hits(run)
    points = 100 * (1 - right.mean())
    assert f"{points:.2f} points less than the best" in said(run, baseline(run, right | True))


def test_a_difference_that_may_be_chance_is_none(run):
    theirs = hits(run)
    theirs[np.flatnonzero(theirs)[:2]] = False
    text = said(run, baseline(run, theirs))
    assert text.endswith(
        "which is no significant difference to the best simple baseline, simple with "
        f"{100 * theirs.mean():.2f} % (p = 0.500)."
    )


def test_equal_decisions_have_a_p_of_1(run):
    (one,) = compared(TestImages(run, None), [baseline(run, hits(run))])
    assert one.p == 1 and one.difference == 0


def test_baselines_are_in_the_order_of_their_accuracy_and_the_best_counts(run):
    right = hits(run)
    some = [baseline(run, right & (np.arange(N) % k > 0), name) for k, name in ((9, "b"), (2, "a"))]
    rows = compared(TestImages(run, None), some)
    assert [row.name for row in rows] == ["a", "b"]
    assert "simple baseline, b (" in said(run, *some)


def test_without_baselines_it_is_the_accuracy_with_its_interval(run):
    correct = int(hits(run).sum())
    low, high = binomtest(correct, N).proportion_ci(0.95, "wilson")
    assert said(run) == (
        f"my-own classifies {100 * correct / N:.2f} % of the 200 test images correctly (95 % "
        f"interval {100 * low:.2f} to {100 * high:.2f} %)."
    )


@pytest.mark.parametrize(
    ("recall", "support", "text"),
    [
        ((0.5, 0.25), (4, 4), "it recognises b least (25.0 % of its images) and a best (50.0 %)."),
        ((0.5, 0.0, 0.25), (4, 0, 4), "it recognises c least (25.0 % of its images) and a best"),
        ((1.0, 1.0, 0.0), (4, 4, 0), "Of every class it recognises 100.0 % of the images."),
    ],
)
def test_the_classes_of_the_lowest_and_highest_recall_are_named(recall, support, text):
    metrics = SimpleNamespace(recall=recall, support=support)
    view = SimpleNamespace(metrics=metrics, class_names="abc")
    assert text in weakest(view).replace("\N{NO-BREAK SPACE}", " ")


def test_of_one_class_with_images_nothing_is_said(make_run):
    assert weakest(RunView(make_run("my-own", class_names=["a"]))) == ""


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ([], ""),
        ([2], "No test image is of the class c2."),
        ([0, 2], "No test image is of the classes c0 and c2."),
        (list(range(7)), "No test image is of the classes c0, c1, c2, c3 and 3 more."),
    ],
)
def test_classes_without_images_are_named(missing, text):
    support = [0 if k in missing else 5 for k in range(9)]
    view = SimpleNamespace(
        class_names=[f"c{k}" for k in range(9)], metrics=SimpleNamespace(support=support)
    )
    assert absent(view) == text
