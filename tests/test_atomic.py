"""Files appear whole or not at all."""

import pytest

from ppgn_core.atomic import atomic


def test_nothing_is_there_before_the_block_ends(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic(path) as temporary:
        temporary.write_text("all of it")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename within one file system
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]
    assert path.read_text() == "all of it"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"
