"""Settings: no open service by mistake, no token that is easily guessed or seen."""

import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.serve.settings import Settings, read_token

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_other_machines_are_served_only_with_a_token(host):
    with pytest.raises(InvalidValueError, match="token") as caught:
        Settings(host=host)
    assert "\n" not in str(caught.value)
    assert Settings(host=host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_is_served_without(host):
    assert Settings(host=host).token is None


@pytest.mark.parametrize(
    "token", ["", "short", "0123456789 abcdef", "0123456789abcdefé", "x" * 999]
)
def test_a_token_that_does_not_fit_is_refused_and_not_repeated(token):
    with pytest.raises(InvalidValueError) as caught:
        Settings(token=token)
    assert len(token) < 2 or token not in str(caught.value)


def test_the_token_is_not_shown():
    assert TOKEN not in repr(Settings(token=TOKEN))


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65536},
        {"queue": 0},
        {"deadline": -1.0},
        {"body_rate": 0},
        {"names": ("http://example.org",)},
        {"names": ("example.org:80",)},
        {"names": ("",)},
    ],
)
def test_values_that_make_no_service_are_refused(wrong):
    with pytest.raises(InvalidValueError, match=r", received .*; "):
        Settings(**wrong)


def test_the_token_comes_from_the_file_or_the_environment(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(file, {"FASHIONLAB_TOKEN": "other"}) == TOKEN
    assert read_token(None, {"FASHIONLAB_TOKEN": TOKEN}) == TOKEN
    assert read_token(None, {}) is None
    file.write_bytes(f"{TOKEN}\r\n".encode("utf-8-sig"))
    assert read_token(file, {}) == TOKEN
    file.write_bytes(f"{TOKEN}\r\n".encode("utf-16"))  # as PowerShell's > writes
    with pytest.raises(InvalidValueError, match=r"token file .* UTF-16 .*save it as UTF-8"):
        read_token(file, {})
    file.write_text("\n")
    for wrong in (file, tmp_path / "none", tmp_path):
        with pytest.raises(InvalidValueError, match="token file"):
            read_token(wrong, {})
