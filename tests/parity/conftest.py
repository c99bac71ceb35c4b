import pytest
import torch

from ..both_forms import form, in_both_forms

__all__ = ["form"]

torch.set_num_threads(1)  # the nets are tiny: threads would only wait for each other


def pytest_generate_tests(metafunc):
    in_both_forms(metafunc, {"test_architectures", "test_keras", "test_training"})


@pytest.fixture(autouse=True, scope="module")
def without_onednn():
    """On processors with AVX2 and no more, PyTorch 2.13's convolutions by oneDNN damage the
    process's memory for some tiny images, and end it. PyTorch's own do not."""
    before, *_ = torch.backends.mkldnn.set_flags(_enabled=False)
    yield
    torch.backends.mkldnn.set_flags(_enabled=before)
