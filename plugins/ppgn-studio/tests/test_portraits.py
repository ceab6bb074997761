"""The list of a condition's classes, with the pictures that the networks draw of them."""

from __future__ import annotations

import pytest
from PIL import Image
from ppgn_studio.limits import Limits
from ppgn_studio.portraits import NONE, Portraits
from ppgn_studio.sessions import Sessions

RANDOM = {"condition": "torchvision", "condition.arch": "squeezenet1_1", "condition.weights": "random"}


@pytest.fixture
def portraits(tmp_path):
    sessions = Sessions(tmp_path, Limits())
    yield Portraits(sessions, Limits(chains=1, idle=0.1), ("n_steps=2",))
    sessions.close()


def test_classes_are_drawn_once_and_shown_in_the_list_while_somebody_looks(portraits, tmp_path):
    chosen = {"condition": "alexnet", "condition.target": "nothing that it knows"}
    before, _ = portraits.draw(chosen)
    assert before.count("<button") == 64 and 'data-class="lemon"' in before and "<img" not in before
    assert "drawing goes on while this page is open" in before
    assert portraits._drawing.acquire(timeout=60)  # nobody has looked, so it ends
    files = sorted(tmp_path.rglob("*.png"), key=lambda file: int(file.stem))
    assert files[0] == tmp_path / "classes" / "mini" / "alexnet" / "0.png" and len(files) < 64
    assert Image.open(files[0]).size == (64, 64)
    listed, drawn, _ = portraits.follow(chosen, 0)
    assert listed.count("<img") == drawn == len(files) and f"{drawn} of 64 are drawn" in listed


@pytest.mark.parametrize(
    ("chosen", "n", "name", "place"),
    [
        ({"condition": "imagenet"}, 1000, "volcano", "mini/imagenet"),
        (RANDOM, 1000, "volcano", "mini/torchvision-"),
        ({"model": "torchvision_alexnet", "model.weights": "random"}, 1000, "volcano", "torchvision_alexnet-"),
    ],
    ids=["imagenet", "torchvision", "another model"],
)
def test_the_chosen_condition_and_model_have_their_own_classes(portraits, chosen, n, name, place):
    listed = portraits.list(chosen)
    assert listed.count("<button") == n and f'data-class="{name}"' in listed
    assert portraits.names.asked(chosen).place.startswith(place)


@pytest.mark.parametrize("condition", ["lrcn", "hidden_neuron"])
def test_what_has_no_list_says_so(portraits, condition):
    assert portraits.list({"condition": condition}) == NONE == portraits.draw({"condition": condition})[0]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"condition": "nobody"}, "condition=nobody: allowed are"),
        ({"condition": "../../etc"}, "condition=../../etc: allowed are"),
        ({"condition": "torchvision"}, "condition.weights is required"),
        ({"model": "torchvision_alexnet"}, "model.weights is required"),
        ({"condition": "toy_colour", "condition.<b>": 1}, "condition.&lt;b&gt;: no such key"),
    ],
)
def test_what_cannot_be_built_says_why(portraits, chosen, told):
    assert told in portraits.list(chosen) and told in portraits.draw(chosen)[0]
