"""Jobs in local processes: results, order, threads, deaths, and what is left of a killed driver."""

import os
import signal
import subprocess
import sys

import pytest
from done_jobs import children, do, job, let_workers_import_tests, only, runs, wait_until

from fashionlab.errors import InvalidValueError, WorkerError
from fashionlab.jobs import local, start
from fashionlab.jobs.perform import THREADS, cores, thread_counts

DRIVER = """
import sys
from fashionlab.jobs import Job, start
with start("local", 1, cores=1) as executor:
    executor.submit(Job("long", "some_jobs:trains", {"file": sys.argv[1], "steps": 100_000}))
    executor.wait()
"""


@pytest.fixture(scope="module")
def one():
    """An executor of one worker, which most tests share."""
    with pytest.MonkeyPatch.context() as patch:
        let_workers_import_tests(patch)
        for name in THREADS:
            patch.delenv(name, raising=False)
        with start("local", 1, cores=3) as executor:
            yield executor


def test_two_workers_give_the_results_of_one_and_share_the_jobs(one):
    jobs = [job("square", str(n), number=n) for n in range(8)]
    alone = do(one, *jobs)
    assert list(alone) == [str(n) for n in range(8)]  # in the order in which they were submitted
    assert alone["5"].result == {"square": 25, "third": 5 / 3}
    with start("local", 2, cores=1) as two:
        assert two.workers == 2
        assert do(two, *jobs) == alone
        slow = do(two, *(job("process", str(n), seconds=0.3) for n in range(2)))
    assert slow["0"].result != slow["1"].result


def test_one_process_does_many_jobs(one):
    assert only(one, "process").result == only(one, "process").result


def test_thread_counts_are_set_before_libraries_load(one):
    result = only(one, "threads").result
    assert result == {"threads": dict.fromkeys(THREADS, "3"), "numpy": False}


@pytest.mark.parametrize(
    ("set_by_user", "share", "expected"),
    [("1", 4, "1"), ("8", 4, "4"), ("2,1", 4, "2"), ("0", 4, "4"), ("many", 4, "4"), ("", 4, "4")],
)
def test_a_smaller_thread_count_of_the_user_stays(set_by_user, share, expected):
    counts = thread_counts(share, {"OMP_NUM_THREADS": set_by_user})
    assert counts == {**dict.fromkeys(THREADS, "4"), "OMP_NUM_THREADS": expected}


def test_a_worker_knows_its_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert cores() == 1


def test_by_default_there_is_a_worker_for_each_core(monkeypatch):
    monkeypatch.setattr("fashionlab.environment.cpus", lambda: 6)
    made = {(w, c): start("local", w, cores=c) for w in (None, 4, 8) for c in (None, 2)}
    shares = {
        key: (executor.workers, executor._environment["MKL_NUM_THREADS"])
        for key, executor in made.items()
    }
    assert shares == {
        **{(None, None): (6, "1"), (None, 2): (3, "2"), (4, None): (4, "1")},
        **{(4, 2): (4, "2"), (8, None): (8, "1"), (8, 2): (8, "2")},
    }


def test_what_a_job_prints_and_reads_leaves_the_protocol_alone(one):
    assert only(one, "noisy").result == {"said": True}
    assert only(one, "square", number=3).result["square"] == 9


def test_errors_of_a_job_are_one_line_and_end_nothing_else(one, tmp_path):
    before = only(one, "process").result
    assert only(one, "refused").error == "a number must be even; received 3; give 4"
    assert "No such file" in only(one, "unreadable", path=str(tmp_path / "absent")).error
    broken = only(one, "broken").error
    assert broken.startswith("IndexError in some_jobs.py, line ")
    assert broken.endswith("this is a fault of the program, please report it")
    assert only(one, "unspeakable").error.startswith("TypeError in ")
    assert only(one, "absent").error.startswith("AttributeError in ")
    assert only(one, "process").result == before


def test_arguments_that_are_not_json_are_refused_at_once(one):
    with pytest.raises(TypeError):
        one.submit(job("square", number={1, 2}))
    assert only(one, "square", number=3).result["square"] == 9


def test_there_is_nothing_to_wait_for_without_jobs(one):
    with pytest.raises(RuntimeError):
        one.wait()


def test_a_job_whose_worker_is_killed_twice_ends_in_the_third(tmp_path):
    said = []
    with start("local", 1, retries=2, say=said.append) as executor:
        executor.submit(job("dies", "first", begun=str(tmp_path / "begun"), times=2))
        executor.submit(job("square", "second", number=2))
        first, second = executor.wait(), executor.wait()
    assert first.job.name == "first"  # which keeps its turn
    assert first.result == {"processes": 3}
    assert second.result["square"] == 4
    assert len(said) == 2
    assert said[0] == (
        "a worker was ended by SIGKILL (the last words); its job first is begun again"
    )


def test_a_job_that_always_ends_its_worker_is_an_error_and_the_others_are_done(tmp_path):
    with start("local", 2, retries=1) as executor:
        ended = do(
            executor,
            job("dies", "killed", begun=str(tmp_path / "begun"), times=99),
            job("leaves", "left"),
            *(job("square", str(n), number=n) for n in range(4)),
        )
    assert len((tmp_path / "begun").read_text().split()) == 2
    assert "received: 2 workers, of which the last was ended by SIGKILL (the last words)" in (
        ended["killed"].error
    )
    assert "the last ended with status 3 (out of patience)" in ended["left"].error
    assert [ended[str(n)].result["square"] for n in range(4)] == [0, 1, 4, 9]


def test_closing_lets_a_training_write_its_checkpoint_and_another_goes_on_with_it(tmp_path):
    file = tmp_path / "steps"
    with start("local", 1) as executor:
        executor.submit(job("trains", file=str(file), steps=10_000))
        executor.submit(job("dies", begun=str(tmp_path / "waits"), times=0))
        wait_until(file.exists)
    kept = int((tmp_path / "steps.stopped").read_text())
    assert int(file.read_text()) == kept
    assert not (tmp_path / "waits").exists()
    with start("local", 1) as executor:
        assert only(executor, "trains", file=str(file), steps=kept).result == {"steps": kept}


def test_a_training_stopped_by_another_is_begun_again(tmp_path):
    file = tmp_path / "steps"
    with start("local", 1) as executor:
        executor.submit(job("trains", file=str(file), steps=25))
        wait_until(file.exists)
        os.kill(executor._alive[0].process.pid, signal.SIGTERM)
        assert executor.wait().result == {"steps": 25}
    assert (tmp_path / "steps.stopped").exists()


@pytest.mark.parametrize("stopped_by", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_driver(tmp_path, stopped_by):
    """Ctrl-C is sent to the driver's whole group, as a terminal sends it."""
    file = tmp_path / "steps"
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(file)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(file.exists)
    workers = children(driver.pid)
    assert len(workers) == 1
    os.killpg(driver.pid, stopped_by)
    status = driver.wait(20)
    assert status in (-stopped_by, 128 + stopped_by)
    wait_until(lambda: not runs(workers[0]))
    assert int((tmp_path / "steps.stopped").read_text()) == int(file.read_text())


def test_a_job_that_ignores_the_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "PATIENCE_S", 0.3)
    with start("local", 1) as executor:
        arguments = {"begun": str(tmp_path / "begun"), "go": str(tmp_path / "go"), "number": 1}
        executor.submit(job("deaf", **arguments))
        wait_until((tmp_path / "begun").exists)
        process = executor._alive[0].process
    assert process.returncode == -signal.SIGKILL


def test_workers_of_another_version_are_one_line(monkeypatch):
    monkeypatch.setattr(local, "__version__", "9.9")
    with (
        start("local", 1) as executor,
        pytest.raises(WorkerError, match=r"fashionlab 9\.9, .*; received 0\.1.* on .*; install"),
    ):
        only(executor, "square", number=2)


def test_workers_that_do_not_start_are_one_line(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with (
        start("local", 1, retries=1) as executor,
        pytest.raises(WorkerError, match=r"must start; received 2 in turn .* ended with status 1 "),
    ):
        only(executor, "square", number=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on": "slurm"}, "\"ray://HOST:PORT\"; received 'slurm'"),
        ({"workers": 0}, "workers must be at least 1; received 0"),
        ({"cores": -1}, "cores must be at least 1; received -1"),
        ({"retries": -1}, "retries must be at least 0; received -1"),
    ],
)
def test_other_options_are_refused_in_one_line(arguments, message):
    with pytest.raises(InvalidValueError) as raised:
        start(**arguments)
    assert message in str(raised.value)
