"""The list of a condition's classes, with the pictures that the networks draw of them."""

from __future__ import annotations

import pytest
from PIL import Image
from ppgn_studio.limits import Limits
from ppgn_studio.portraits import Portraits
from ppgn_studio.sessions import Sessions


@pytest.fixture
def portraits(tmp_path):
    sessions = Sessions(tmp_path, Limits())
    yield Portraits(sessions, Limits(), ("n_steps=2",))
    sessions.close()


def test_a_class_is_drawn_once_and_shown_in_the_list(portraits, tmp_path):
    before = portraits.list("alexnet")
    assert before.count("<button") == 64 and 'data-class="lemon"' in before and "<img" not in before
    portraits._draw_one("alexnet", 3)
    (file,) = tmp_path.rglob("*.png")
    assert file == tmp_path / "classes" / "mini" / "alexnet" / "3.png" and Image.open(file).size == (64, 64)
    assert portraits.list("alexnet").count("<img") == 1


@pytest.mark.parametrize("condition", ["lrcn", "nobody", None, "../../etc", "toy_colour"])
def test_what_has_no_list_says_so(portraits, condition):
    assert "has no list of classes" in portraits.list(condition) and portraits.draw(condition)
