import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from fashionlab.environment import differences, environment, machine, processor
from fashionlab.scratch.compiled import library

OLD = {  # as written before OpenBLAS, SIMD and variables were recorded
    "python": "3.11.7",
    "versions": {"fashionlab": "0.1", "numpy": "2.4.6"},
    "cpu": "Test CPU",
    "cpus": 2,
    "memory_gib": 8.0,
    "system": "Linux-6.1",
    "blas": "scipy-openblas 0.3.31",
    "threads": {},
    "keras_backend": None,
    "commit": None,
    "command": ["fashionlab", "train"],
}
NEW = OLD | {
    "machine": "x86_64",
    "libc": "glibc 2.36",
    "versions": OLD["versions"] | {"safetensors": "0.8.0"},
    "openblas": {"version": "0.3.31", "core": "Zen", "threads": 2},
    "numpy_simd": ["X86_V2", "X86_V3"],
    "torch": None,
    "keras": None,
    "scratch": None,
    "variables": {},
}
COMPILED = {"form": "compiled", "instructions": "avx2", "threads": 2}
ELSEWHERE = {  # another machine, on which a result of the compiled form is the same
    "cpu": "Other CPU",
    "cpus": 64,
    "blas": "accelerate",
    "openblas": {},
    "numpy_simd": ["NEON"],
    "torch": {"threads": 64, "capability": "DEFAULT"},
    "keras_backend": "jax",
    "threads": {"OMP_NUM_THREADS": "64"},
    "variables": {"OPENBLAS_CORETYPE": "Nehalem"},
    "versions": NEW["versions"] | {"torch": "2.13.0", "jax": "0.9"},
}


def in_process(code, **variables):
    """The environment that a fresh process records after `code`."""
    script = f"import json\nfrom fashionlab.environment import environment\n{code}\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script + "print(json.dumps(environment()))"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


def wheel():
    """Whether NumPy brings its own OpenBLAS, as its wheels for Linux do."""
    return "scipy-openblas" in environment()["blas"] and sys.platform == "linux"


def test_it_is_json_and_the_same_twice():
    now = environment()
    assert json.loads(json.dumps(now)) == now
    assert differences(now, environment()) == []


def test_it_takes_less_than_three_tenths_of_a_second():
    environment()
    began = time.perf_counter()
    environment()
    assert time.perf_counter() - began < 0.3  # 0.02 on an idle machine


def test_the_keys_that_reports_read_keep_their_types():
    now = environment()
    assert now["versions"]["numpy"] == np.__version__
    assert {"fashionlab", "safetensors"} <= set(now["versions"])
    assert isinstance(now["blas"], str)
    assert isinstance(now["threads"], dict)
    assert isinstance(now["cpus"], int)


@pytest.mark.skipif(not wheel(), reason="NumPy has another BLAS")
def test_openblas_is_the_one_that_runs():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    (expected,) = (
        library
        for library in threadpoolctl.threadpool_info()
        if library["internal_api"] == "openblas" and "numpy" in library["filepath"]
    )
    openblas = environment()["openblas"]
    assert openblas["core"] == expected["architecture"]
    assert openblas["version"].startswith(expected["version"])
    assert openblas["threads"] == expected["num_threads"]


@pytest.mark.skipif(not wheel(), reason="NumPy has another BLAS")
@pytest.mark.skipif(environment()["machine"] != "x86_64", reason="core types of x86")
def test_core_type_threads_and_extensions_are_those_in_use():
    baseline = np.show_config(mode="dicts")["SIMD Extensions"]["baseline"]
    usual = in_process("")
    found = in_process(
        "",
        OPENBLAS_CORETYPE="Nehalem",
        OPENBLAS_NUM_THREADS="1",
        NPY_DISABLE_CPU_FEATURES=" ".join(n for n in usual["numpy_simd"] if n not in baseline),
    )
    assert found["openblas"] == usual["openblas"] | {"core": "Nehalem", "threads": 1}
    assert found["numpy_simd"] == baseline
    phrases = differences(usual, found)
    assert f"openblas core {usual['openblas']['core']}, now Nehalem" in phrases
    assert "OPENBLAS_CORETYPE unset, now Nehalem" in phrases
    assert "OPENBLAS_NUM_THREADS unset, now 1" in phrases


def test_torch_and_keras_are_described_where_imported_and_never_imported():
    code = "environment(); import sys; assert not {'torch', 'keras', 'tensorflow'} & {*sys.modules}"
    without = in_process(code)
    assert without["torch"] is None
    assert without["keras"] is None
    pytest.importorskip("torch")
    having = in_process("import torch\ntorch.set_num_threads(1)")
    assert having["torch"]["threads"] == 1
    assert isinstance(having["torch"]["capability"], str)


def test_floatx_is_that_of_keras_where_imported(monkeypatch):
    keras = pytest.importorskip("keras")
    assert environment()["keras"] == {"floatx": keras.config.floatx()}
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setitem(sys.modules, "torch", object())  # half imported
    assert environment()["keras"] is None
    assert environment()["torch"] is None


def test_variables_that_change_results_are_recorded_and_no_others(monkeypatch):
    values = {
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "1",
        "MKL_CBWR": "AVX2",
        "XLA_FLAGS": "--xla_x=1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_VAR_password": "secret",
        "TF_TOKEN_app_terraform_io": "secret",
        "KERAS_MAX_EPOCHS": "1",
        "KERAS_BACKEND": "jax",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for name in [*os.environ]:
        monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    now = environment()
    assert now["threads"] == {"MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}
    names = ("KERAS_MAX_EPOCHS", "MKL_CBWR", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS")
    assert now["variables"] == {name: values[name] for name in names}
    assert now["keras_backend"] == "jax"
    assert "secret" not in json.dumps(now)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"cpus": 4}, "cpus 2, now 4"),
        ({"python": "3.12.1"}, "python 3.11.7, now 3.12.1"),
        ({"libc": "glibc 2.41"}, "libc glibc 2.36, now glibc 2.41"),
        ({"numpy_simd": ["X86_V2"]}, "numpy_simd X86_V2 X86_V3, now X86_V2"),
        ({"keras_backend": "torch"}, "keras_backend none, now torch"),
        ({"commit": "abc+changes"}, "commit none, now abc+changes"),
        ({"versions": {"fashionlab": "0.1", "numpy": "2.4.7"}}, "numpy 2.4.6, now 2.4.7"),
        ({"versions": NEW["versions"] | {"jax": "0.9"}}, "jax not installed, now 0.9"),
        ({"threads": {"OMP_NUM_THREADS": "1"}}, "OMP_NUM_THREADS unset, now 1"),
        ({"variables": {"XLA_FLAGS": ""}}, "XLA_FLAGS unset, now "),
        ({"openblas": NEW["openblas"] | {"core": "Haswell"}}, "openblas core Zen, now Haswell"),
    ],
)
def test_each_condition_that_differs_is_a_phrase(change, phrase):
    assert differences(NEW, NEW | change) == [phrase]


def test_both_directions_are_phrases():
    assert differences(NEW | {"threads": {"OMP_NUM_THREADS": "1"}}, NEW) == [
        "OMP_NUM_THREADS 1, now unset"
    ]


def test_another_blas_in_place_of_openblas_is_a_difference():
    assert differences(NEW, NEW | {"openblas": {}}) == [
        "openblas core Zen, now not in use",
        "openblas threads 2, now not in use",
        "openblas version 0.3.31, now not in use",
    ]


def test_command_memory_kernel_and_safetensors_are_no_conditions():
    other = {"command": ["x"], "memory_gib": 1.0, "system": "Linux-6.2"}
    assert differences(NEW, NEW | other | {"versions": OLD["versions"]}) == []


def test_what_an_older_run_did_not_record_is_skipped():
    assert differences(OLD, NEW) == differences(NEW, OLD) == []
    assert differences(OLD, NEW | {"cpus": 1}) == ["cpus 2, now 1"]
    assert differences({}, NEW) == []


def test_frameworks_are_compared_only_where_both_recorded_them():
    torch = {"threads": 2, "capability": "AVX512"}
    assert differences(NEW, NEW | {"torch": torch, "keras": {"floatx": "float32"}}) == []
    assert differences(
        NEW | {"torch": torch, "keras": {"floatx": "float32"}},
        NEW | {"torch": torch | {"threads": 1}, "keras": {"floatx": "float64"}},
    ) == ["torch threads 2, now 1", "keras floatx float32, now float64"]


def test_scratch_is_described_where_its_compiled_form_is_imported_and_never_imported():
    assert in_process("")["scratch"] is None
    now = in_process("import fashionlab.scratch.compiled.library", FASHIONLAB_COMPILED="0")
    reason = "the compiled form is turned off by FASHIONLAB_COMPILED=0"
    assert now["scratch"] == {"form": "numpy", "reason": reason}


@pytest.mark.skipif(library.load() is None, reason=str(library.reason()))
def test_the_compiled_form_is_recorded_with_its_instructions_and_threads():
    now = in_process("import fashionlab.scratch.compiled.library", OMP_NUM_THREADS="3")
    assert now["scratch"] == {
        "form": "compiled",
        "instructions": library.instructions(),
        "threads": 3,
    }


def test_another_form_of_scratch_is_a_difference():
    numpy = NEW | {"scratch": {"form": "numpy", "reason": "it was not built"}}
    assert differences(numpy, NEW | {"scratch": COMPILED}) == ["scratch form numpy, now compiled"]
    assert differences(numpy, numpy | {"scratch": {"form": "numpy", "reason": "another"}}) == []
    assert differences(numpy, numpy | {"cpus": 4}) == ["cpus 2, now 4"]


def test_no_bit_of_the_compiled_form_depends_on_the_machine():
    before = NEW | {"scratch": COMPILED}
    now = NEW | ELSEWHERE | {"scratch": {"form": "compiled", "instructions": "neon", "threads": 9}}
    assert differences(before, now) == []
    assert len(differences(NEW, NEW | ELSEWHERE)) > 9
    assert len(differences(before, NEW | ELSEWHERE | {"scratch": None})) > 9


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"python": "3.12.1"}, "python 3.11.7, now 3.12.1"),
        ({"libc": "musl 1.2"}, "libc glibc 2.36, now musl 1.2"),
        ({"machine": "aarch64"}, "machine x86_64, now aarch64"),
        ({"versions": {"fashionlab": "0.1", "numpy": "2.4.7"}}, "numpy 2.4.6, now 2.4.7"),
        ({"versions": {"fashionlab": "0.2", "numpy": "2.4.6"}}, "fashionlab 0.1, now 0.2"),
        ({"commit": "abc"}, "commit none, now abc"),
    ],
)
def test_versions_are_conditions_of_the_compiled_form_too(change, phrase):
    before = NEW | {"scratch": COMPILED}
    assert differences(before, before | ELSEWHERE | change) == [phrase]


@pytest.mark.parametrize("value", [None, 3, "text", [], ["a", {}], {"x": [1]}, float("nan"), True])
def test_a_damaged_record_never_crashes_and_stays_one_line_each(value):
    for key in NEW:
        for phrases in (differences(NEW | {key: value}, NEW), differences(NEW, NEW | {key: value})):
            assert all("\n" not in phrase for phrase in phrases)
    assert differences(NEW | {"threads": "2"}, NEW) == []


def test_a_long_or_unprintable_value_is_cut_and_escaped():
    (phrase,) = differences(NEW | {"cpu": "a\n" * 100 + "\udcff"}, NEW)
    assert len(phrase) < 120
    assert "\n" not in phrase
    (phrase,) = differences(NEW | {"cpu": "\udcff"}, NEW)
    assert phrase == "cpu \\udcff, now Test CPU"


def test_a_processor_is_named_with_its_newest_extension_where_that_is_recorded():
    assert processor({"cpu": "A", "numpy_simd": ["X86_V2", "X86_V3"]}) == "A (X86_V3)"
    assert processor({"cpu": "A", "numpy_simd": []}) == processor({"cpu": "A"}) == "A"


def test_a_results_columns_name_machine_and_versions_without_our_own():
    assert machine(NEW) == {
        "cpu": "Test CPU (X86_V3)",
        "cpus": 2,
        "python": "3.11.7",
        "versions": "numpy 2.4.6 safetensors 0.8.0",
        "blas": "scipy-openblas 0.3.31",
        "commit": None,
    }


def test_what_an_older_run_did_not_record_is_unknown_in_a_results_columns():
    assert machine({"cpu": "a", "gpu": {}})["cpu"] == "a"
    assert machine({"gpu": {"memory_gib": 1}})["cpu"] == "GPU"
    assert set(machine({}).values()) == {"unknown", ""}
