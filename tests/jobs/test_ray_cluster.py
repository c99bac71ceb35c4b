"""Jobs on a Ray cluster of two nodes: one that start("ray") makes, and one that joins it."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from done_jobs import children, do, job, let_workers_import_tests, only, runs, wait_until

from fashionlab.errors import InvalidValueError, WorkerError
from fashionlab.jobs import ray_cluster, ray_connection, start
from fashionlab.jobs.perform import THREADS
from fashionlab.jobs.ray_cluster import shares

ray = pytest.importorskip("ray")

DRIVER = """
import sys
from fashionlab.jobs import Job, start
with start(sys.argv[1], cores=1) as executor:
    executor.submit(Job("long", "some_jobs:trains", {"file": sys.argv[2], "steps": 100_000}))
    executor.wait()
"""
WITHOUT_FASHIONLAB = """
import sys
from ray import cloudpickle
sys.modules["fashionlab"] = None
print(cloudpickle.loads(sys.stdin.buffer.read())("{}"))
"""
NOTICES_S = {  # milliseconds after which a node that does not answer is lost; 15 s by default
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}


@pytest.fixture(scope="module")
def nodes():
    """Two nodes of a core each: the cluster's address, the second's process, and older ones."""
    earlier = set(children(os.getpid()))  # other tests' that may still be ending
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        let_workers_import_tests(patch)
        for name, value in NOTICES_S.items():
            patch.setenv(name, value)
        for name in THREADS:
            patch.delenv(name, raising=False)
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setattr(ray_connection, "cpus", lambda: 1)
        before = signal.getsignal(signal.SIGTERM)
        assert stack.enter_context(start("ray")).workers == 1
        assert signal.getsignal(signal.SIGTERM) == before
        address = ray.get_runtime_context().gcs_address
        command = f"-m ray.scripts.scripts start --address {address} --num-cpus 1 --block"
        node = subprocess.Popen(
            [sys.executable, *command.split(), "--object-store-memory", "100000000"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        stack.callback(node.wait)
        stack.callback(os.killpg, node.pid, signal.SIGKILL)
        wait_until(lambda: len(ray.nodes()) == 2)
        yield address, node, earlier


@pytest.fixture
def two(nodes, monkeypatch):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    with start("ray", retries=1) as executor:
        assert executor.workers == 2
        yield executor


def test_results_and_errors_are_those_of_local_workers(two, tmp_path):
    jobs = [
        *(job("square", str(n), number=n) for n in range(6)),
        *(job(work, work) for work in ("refused", "broken", "unspeakable", "noisy", "absent")),
        job("unreadable", "unreadable", path=str(tmp_path / "absent")),
    ]
    with start("local", 2) as local:
        assert do(two, *jobs) == do(local, *jobs)


def test_what_we_replace_of_ray_is_there():
    assert callable(ray._private.worker.print_to_stdstream)
    assert callable(ray._private.node.Node.start_api_server)


def test_no_process_of_ray_reports_usage(nodes):
    """The dashboard's would, or would ask the clouds' metadata services where it runs."""
    started = [Path(f"/proc/{pid}") for pid in set(children(os.getpid())) - nodes[2]]
    commands = [(process / "cmdline").read_bytes() for process in started]
    assert any(b"gcs_server" in command for command in commands)
    assert not any(b"dashboard.py" in command for command in commands)
    settings = [(process / "environ").read_bytes().split(b"\0") for process in started]
    assert all(b"RAY_USAGE_STATS_ENABLED=0" in variables for variables in settings)


def test_nobody_without_the_token_can_join(nodes, monkeypatch):
    """The ports of Ray are open to others."""
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    for token in ("f" * 64, ""):
        monkeypatch.setenv("RAY_AUTH_TOKEN", token)
        if not token:
            monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
        with pytest.raises(InvalidValueError, match=r"must accept .* token; .*; set RAY_AUTH_MODE"):
            ray_connection._try(nodes[0])


def test_thread_counts_are_set(two):
    assert only(two, "threads").result["threads"] == dict.fromkeys(THREADS, "1")


def test_a_job_whose_worker_is_killed_ends_in_another(two, tmp_path, capfd):
    said = []
    two._say = said.append
    assert only(two, "dies", begun=str(tmp_path / "begun"), times=1).result == {"processes": 2}
    ended = do(
        two,
        job("dies", "killed", begun=str(tmp_path / "again"), times=99),
        *(job("square", str(n), number=n) for n in range(3)),
    )
    assert len((tmp_path / "again").read_text().split()) == 2
    assert "received, after 1 retries: WorkerCrashedError: " in ended["killed"].error
    assert "\n" not in ended["killed"].error
    assert [ended[str(n)].result["square"] for n in range(3)] == [0, 1, 4]
    assert any("worker died" in line for line in said)
    assert capfd.readouterr().out == ""  # Ray's own messages


def test_closing_lets_a_training_write_its_checkpoint(nodes, tmp_path):
    file = tmp_path / "steps"
    with start("ray", 1) as executor:
        executor.submit(job("trains", file=str(file), steps=10_000))
        executor.submit(job("dies", begun=str(tmp_path / "waits"), times=0))
        wait_until(file.exists)
    kept = int((tmp_path / "steps.stopped").read_text())
    time.sleep(0.2)
    assert int(file.read_text()) == kept
    assert not (tmp_path / "waits").exists()


def test_workers_of_another_version_are_one_line(nodes, monkeypatch):
    monkeypatch.setattr("fashionlab.jobs.perform.__version__", "9.9")
    pattern = rf"fashionlab 9\.9, .*; received 0\.1.* on {socket.gethostname()}; install"
    with start("ray") as executor, pytest.raises(WorkerError, match=pattern):
        only(executor, "square", number=2)


def test_workers_without_fashionlab_are_one_line():
    sent = ray.cloudpickle.dumps(ray_cluster._task("9.9"))
    command = [sys.executable, "-c", WITHOUT_FASHIONLAB]
    said = subprocess.run(command, input=sent, capture_output=True, check=True).stdout.decode()
    assert "must have fashionlab 9.9, as the process that gives them jobs; received none" in said
    assert f"on {socket.gethostname()}; install" in said


def test_a_driver_joins_by_address_and_no_worker_outlives_it(nodes, tmp_path):
    file = tmp_path / "steps"
    command = [sys.executable, "-c", DRIVER, f"ray://{nodes[0]}", str(file)]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(file.exists)
    finally:
        driver.kill()
        driver.wait()

    def stands():
        before = file.read_text()
        time.sleep(0.3)
        return file.read_text() == before

    wait_until(stands)


def test_jobs_of_a_lost_node_are_done_by_another(nodes, tmp_path):
    """Last in this module: the second node is gone after it."""
    begun, go = tmp_path / "begun", tmp_path / "go"
    arguments = {"begun": str(begun), "go": str(go)}
    with start("ray") as executor:
        assert executor.workers == 2
        assert only(executor, "square", number=3).result == {"square": 9, "third": 1.0}
        for number in range(4):
            executor.submit(job("waits", str(number), number=number, **arguments))
        wait_until(lambda: begun.exists() and len(begun.read_text().split()) == 2)
        workers = [int(pid) for pid in begun.read_text().split()]
        os.killpg(nodes[1].pid, signal.SIGKILL)
        wait_until(lambda: not all(runs(pid) for pid in workers))
        go.touch()
        ended = [executor.wait() for _ in range(4)]
    results = {done.job.name: done.result for done in ended}
    assert results == {str(number): {"number": number} for number in range(4)}
    assert len(begun.read_text().split()) == 5


@pytest.mark.parametrize(
    ("nodes", "workers", "cores", "expected"),
    [
        ([2], None, None, (2, 1)),
        ([4, 4], None, None, (8, 1)),
        ([4, 4], 2, None, (2, 4)),
        ([4, 2], 1, None, (1, 4)),  # not six, which no node has
        ([4, 3], None, 2, (3, 2)),
        ([4, 4], 16, None, (16, 1)),
    ],
)
def test_workers_fill_the_nodes(nodes, workers, cores, expected):
    assert shares(nodes, workers, cores) == expected


@pytest.mark.parametrize(("nodes", "cores"), [([2, 2], 3), ([], None), ([0], None)])
def test_more_cores_than_any_node_has_are_refused(nodes, cores):
    with pytest.raises(InvalidValueError, match=r"must fit on a node .* at most"):
        shares(nodes, None, cores)


@pytest.mark.parametrize(
    "address", ["ray://", "ray://host", "ray://host:port", "ray://:6379", "ray://host:70000"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidValueError, match=r"must be ray://HOST:PORT, as .*; received 'ray"):
        start(address)


def test_an_address_where_nothing_or_something_else_answers_is_one_line(monkeypatch):
    monkeypatch.setattr(ray_connection, "JOINS_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InvalidValueError, match=r"no answer as from Ray within 0 seconds"):
            start(f"ray://{address}")
    with pytest.raises(InvalidValueError, match=rf"must answer at ray://{address}, .*refused"):
        start(f"ray://{address}")


def test_a_folder_whose_name_is_too_long_for_sockets_is_one_line(tmp_path):
    command = [sys.executable, "-c", "from fashionlab.jobs import start; start('ray')"]
    variables = {**os.environ, "RAY_TMPDIR": str(tmp_path / "long" / ("x" * 100))}
    said = subprocess.run(command, env=variables, capture_output=True, text=True).stderr
    assert "InvalidValueError: Ray must have a folder for its sockets" in said
    assert said.rstrip().endswith("set RAY_TMPDIR to another, such as /tmp")


def test_a_cluster_that_refuses_this_machine_is_one_line(monkeypatch):
    monkeypatch.setattr(ray_connection, "TRIAL", "import sys; sys.exit('a log\\nold versions')")
    with pytest.raises(InvalidValueError, match=r"received: old versions; start"):
        ray_connection._try("auto")
