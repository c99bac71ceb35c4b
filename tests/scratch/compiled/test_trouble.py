"""Threads, forks, Ctrl-C and the interpreter's exit: no crash, no deadlock, the same bits.

Each runs in a process of its own, with several threads, which must end well and in time.
"""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("compiled")

SECONDS = 120  # a deadlock
BEGIN = """
import hashlib, multiprocessing, os, signal, sys, threading, time
import numpy as np
from fashionlab import scratch
from fashionlab.scratch import layers as L

rng = np.random.default_rng(0)
X = rng.integers(0, 256, (640, 14, 14, 1), dtype=np.uint8)
Y = rng.integers(0, 10, 640)

def made(seed=0, conv=False, rate=0.3):
    start = scratch.initializers.GlorotUniform(seed)
    first = [L.Conv2D(9, 3, activation="relu", kernel_initializer=start), L.MaxPooling2D(2)]
    model = scratch.Sequential([
        L.Input((14, 14, 1)), L.Rescaling(1 / 255), *(first if conv else ()), L.Flatten(),
        L.Dense(100, "relu", kernel_initializer=start), L.Dropout(rate, seed=seed),
        L.Dense(10, kernel_initializer=start),
    ])
    loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(scratch.optimizers.Adam(), loss, jit_compile=True)
    assert model.program.threads == int(os.environ["OMP_NUM_THREADS"])
    return model

def trained(model, epochs=4, shuffle=False):
    model.fit(X, Y, 64, epochs=epochs, shuffle=shuffle, verbose=0)
    return hashlib.sha256(model.weights_vector).hexdigest()
"""


def run(script, threads=3, **variables):
    """Run a script after BEGIN; return what it printed."""
    variables = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)} | (
        variables
    )
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", BEGIN + script],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


def test_models_in_threads_at_once_give_the_bits_that_each_gives_alone():
    out = run("""
alone = [trained(made(seed, seed % 2)) for seed in range(6)]
together = [None] * 6
def train(seed):
    together[seed] = trained(made(seed, seed % 2))
threads = [threading.Thread(target=train, args=(seed,)) for seed in range(6)]
[t.start() for t in threads], [t.join() for t in threads]
print(alone == together, len(set(alone)))
""")
    assert out.split() == ["True", "6"]


def test_one_model_in_threads_at_once():
    out = run("""
model, expected = made(), made().predict(X)
wrong = []
def predict(n):
    for _ in range(20):
        found = model.predict(X[:n])
        if not np.array_equal(found, expected[:n]):
            wrong.append(n)
threads = [threading.Thread(target=predict, args=(n,)) for n in (1, 17, 640, 33)]
[t.start() for t in threads], [t.join() for t in threads]
threads = [threading.Thread(target=trained, args=(model,)) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(wrong, np.isfinite(model.weights_vector).all())
""")
    assert out.split() == ["[]", "True"]


FORK = """
model, other = made(), made()
alone = [trained(other), trained(other)]
assert trained(model) == alone[0]
{before}
def child(queue):
    found, tasks = trained(model), "/proc/self/task"
    helpers = len(os.listdir(tasks)) - 1 if os.path.exists(tasks) else 2
    queue.put(found if helpers == 2 else f"trained with {{helpers}} helpers")
context = multiprocessing.get_context("fork")
for _ in range(5):
    queue = context.SimpleQueue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    found = queue.get()
    process.join(60)
    assert (found, process.exitcode) == (alone[1], 0), (found, process.exitcode)
{after}
print(trained(model) == alone[1])
"""
TRAINING = """
stopped, busy = threading.Event(), made(seed=1)
def train():
    while not stopped.is_set():
        trained(busy, 1)
thread = threading.Thread(target=train)
thread.start()
time.sleep(0.2)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("in_use", [False, True])
def test_a_fork_after_use_trains_on_to_the_same_bits(in_use):
    before, after = (TRAINING, "stopped.set(); thread.join()") if in_use else ("", "")
    assert run(FORK.format(before=before, after=after)) == "True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_ctrl_c_in_a_step_leaves_a_model_that_trains_on():
    out = run("""
model, interrupted = made(conv=True), 0
for i in range(40):
    threading.Timer(0.01 + i * 0.0037, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        trained(model, 100_000)
    except KeyboardInterrupt:
        interrupted += 1
    assert np.isfinite(model.weights_vector).all()
copy = made(conv=True)
copy.set_weights(model.get_weights())
copy.optimizer.state = model.optimizer.state
copy.generator_states = model.generator_states
print(interrupted, trained(model) == trained(copy))
""")
    assert out.split() == ["40", "True"]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_interpreter_may_exit_while_a_daemon_thread_trains(threads):
    for _ in range(5):
        out = run(
            """
model = made(conv=True)
threading.Thread(target=trained, args=(model, 100_000), daemon=True).start()
while not model.optimizer.iterations:
    time.sleep(0.001)
print("end")
""",
            threads,
        )
        assert out == "end\n"


def test_an_exit_in_the_middle_of_a_call_of_another_model_is_quiet():
    """Models that are still there at exit, some of them never used."""
    assert run("kept = [made(), made(conv=True)]; trained(kept[1], 1); print(1)") == "1\n"


@pytest.mark.parametrize(
    "value", ["", "0", "-3", "abc", "1e3", "1000000", "2,3", " 4 ", "٣", "007"]
)
def test_odd_numbers_of_threads(value):
    script = """
model = made()
print(1 <= model.program.threads <= 64, trained(model))
"""
    begin = BEGIN.replace(
        '    assert model.program.threads == int(os.environ["OMP_NUM_THREADS"])\n', ""
    )
    done = subprocess.run(
        [sys.executable, "-c", begin + script],
        env=os.environ | {"OMP_NUM_THREADS": value, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"True {run('print(trained(made()))')}"


def test_models_come_and_go_without_their_memory():
    """Hundreds of networks, each of some megabytes in C, leave the process as large as it was."""
    resource = pytest.importorskip("resource")
    del resource
    out = run("""
import gc, resource
def size():
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def once(n):
    model = scratch.Sequential([L.Input((14, 14, 1)), L.Activation("tanh"), L.Dropout(0.1, seed=1),
                                L.Flatten(), L.Dense(100, "gelu"), L.Dense(10)])
    loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=True)
    for size in (n, 2 * n, 640):
        model.train_on_batch(X[:size], Y[:size])
[once(100) for _ in range(20)]
before = size()
[once(100) for _ in range(200)]
print(size() - before)
""")
    per_unit = 1024 if sys.platform != "darwin" else 1
    assert int(out) * per_unit < 20e6
