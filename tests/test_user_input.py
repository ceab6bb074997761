"""Words, paths and text files that a user names."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from ppgn_core import user_input
from ppgn_core.errors import UserError, shown

WORDS = ["tench", "jack-o'-lantern", "crème brûlée", "Straße"]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "null"), (True, "true"), (False, "false"), (7, "7"), (1e3, "1000.0"), ("007", "007")]
)
def test_what_yaml_took_for_a_value_is_a_word_again(value: object, text: str) -> None:
    assert user_input.word(value, "key") == text


@pytest.mark.parametrize("value", [[], ["a"], {"a": 1}])
def test_lists_are_no_words(value: object) -> None:
    with pytest.raises(UserError, match=r"key=.*allowed is text"):
        user_input.word(value, "key")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_lines_in_every_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / "names").write_bytes(mark + f"{end}".join([*WORDS, "", " ", "naïve", ""]).encode(encoding))
    assert user_input.lines(str(tmp_path / "names"), "key") == [*WORDS, "naïve"]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", bytes(10), codecs.BOM_UTF16_LE + b"a", b"a\0b\n"])
def test_what_is_no_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "names").write_bytes(data)
    with pytest.raises(UserError, match=r"key=.*names: not a text file"):
        user_input.lines(tmp_path / "names", "key")


def test_a_folder_is_no_file_and_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"key=.*a folder"):
        user_input.lines(tmp_path, "key")
    with pytest.raises(UserError, match=r"key=.*No such file"):
        user_input.lines(tmp_path / "none", "key")


def test_a_message_is_one_printable_line_whatever_was_given() -> None:
    assert str(UserError("a\nb\0\ud800\u202e é")) == "a\\nb\\x00\\ud800\\u202e é"
    assert len(shown("x" * 100_000)) < 160 and "(100000 characters)" in shown("x" * 100_000)
    assert shown("short") == "short"


def test_a_text_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "list.txt").open("wb") as file:
        file.truncate(user_input.MOST_BYTES + 1)
    with pytest.raises(
        UserError,
        match=f"names=.*list.txt: it has {user_input.MOST_BYTES + 1} bytes; allowed are {user_input.MOST_BYTES}",
    ):
        user_input.lines(tmp_path / "list.txt", "names")


@pytest.mark.parametrize(
    ("override", "expected"),
    [("a.b=1", "a.b"), ("+a.b=1", "a.b"), ("++a=b=c", "a"), ("~a=1", "a"), ("~a.b", "a.b"), ("--cfg", "")],
)
def test_the_key_of_an_override(override, expected):
    assert user_input.key_of(override) == expected


@pytest.mark.parametrize("flag", ["-c=x", "--config-dir=x", "job", "", "~", "="])
def test_a_flag_has_no_key(flag):
    assert user_input.key_of(flag) == ""
