"""The multiply-add peak, and the share of it that a training has."""

import shutil
import subprocess

import pytest

from benchmarks.speed import peak
from benchmarks.speed.cases import CASES
from benchmarks.speed.products import multiply_adds
from benchmarks.speed.table import summaries

compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler"
)
ROW = {
    "model": "784-512-10",
    "optimizer": "sgd",
    "turn": "0",
    "images_a_second": "64000",
    "prediction_images_a_second": "200000",
    "peak_memory_mb": "100",
    "seconds_a_step": "0.002",
    "products_seconds_a_step": "0.001",
    "multiply_adds_a_step": str(multiply_adds(CASES["784-512-10"])),
    "peak_multiply_adds_a_second": "1e11",
    "agrees": "yes",
}


@compiler
def test_the_peak_is_measured_on_one_thread_and_on_more(tmp_path):
    program = peak.build(tmp_path)
    for threads in (1, 2):
        rate, instructions = peak.measure(program, threads, seconds=0.02)
        assert rate > 1e8  # a tenth of a multiply-add in each of a slow core's cycles
        assert instructions in {"avx512", "avx2", "neon", "plain"}


def test_without_a_compiler_there_is_no_peak(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    assert peak.build(tmp_path) is None


@pytest.mark.parametrize("threads", ["0", "-1", "2000", "x"])
@compiler
def test_a_wrong_number_of_threads_is_refused(tmp_path, threads):
    program = peak.build(tmp_path)
    done = subprocess.run([program, threads, "0.1"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "usage: peak THREADS SECONDS, threads in 1 ... 1024\n"


def test_the_multiply_adds_are_three_products_a_layer_and_two_of_the_first():
    hidden, output = 784 * 512, 512 * 10
    assert multiply_adds(CASES["784-512-10"]) == 128 * (2 * hidden + 3 * output)
    assert multiply_adds(CASES["full-batch"]) == 60_000 * (2 * hidden + 3 * output)
    convolution, dense = 26 * 26 * 4 * 32, 5408 * 256 + 256 * 10
    assert multiply_adds(CASES["cnn"]) == 128 * (2 * convolution + 3 * dense)


def test_the_share_of_the_peak_is_that_of_the_products_a_second():
    rows = [{**ROW, "contestant": name} for name in ("scratch", "scratch-numpy", "torch")]
    share = 128 * (2 * 784 * 512 + 3 * 512 * 10) / 0.002 / 1e11
    assert summaries(rows)[0].peak_share == pytest.approx((share, share, share))
    without = [{**row, "peak_multiply_adds_a_second": ""} for row in rows]
    assert summaries(without)[0].peak_share is None


def test_another_form_of_scratch_is_no_peer():
    rows = [{**ROW, "contestant": name} for name in ("scratch", "scratch-numpy", "torch")]
    rows[1]["images_a_second"] = "90000"
    own = summaries(rows)[0]
    assert (own.fastest_peer, own.fastest_predictor) == ("torch", "torch")
    assert own.ratio == (1, 1, 1)
