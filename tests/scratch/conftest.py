from ..both_forms import form, in_both_forms

__all__ = ["form"]

# the others make no model of float32 that trains or predicts
IN_BOTH_FORMS = {
    "test_bad_input",
    "test_by_hand",
    "test_callbacks",
    "test_copies",
    "test_layers",
    "test_optimizer_state",
    "test_own_layers",
    "test_sequential",
    "test_weights_files",
}


def pytest_generate_tests(metafunc):
    in_both_forms(metafunc, IN_BOTH_FORMS)
