"""A class gives the name of a folder on any system, and the folder the class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.data.forms.pictures.names import escaped, unescaped


@given(st.text(min_size=1, max_size=30).filter(lambda name: name not in {".", ".."}))
def test_a_class_gives_a_folder_that_gives_the_class(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:  # Dataset takes no such name
        return
    folder = escaped(name)
    assert unescaped(folder) == name
    assert "/" not in folder and not folder.startswith(".")


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Thumbs.db", "__MACOSX", "icon\r", "..", " a "])
def test_a_class_whose_name_a_system_has_taken_gets_another_folder(name: str) -> None:
    folder = escaped(name)
    assert folder.startswith("%") or "%0D" in folder
    assert unescaped(folder) == name


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_two_classes_never_share_a_folder(one: str, other: str) -> None:
    if one != other and (one + other).isprintable():
        assert escaped(one) != escaped(other)


@pytest.mark.parametrize("name", ["100%", "%zz", "a%2fb", "caf%E9", "a%20b"])
def test_a_users_folder_with_a_percent_sign_keeps_its_name(name: str) -> None:
    assert unescaped(name) == name
