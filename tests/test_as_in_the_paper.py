"""One word for the paper's own settings, whatever is climbed: it says what several overrides would."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from .conftest import PICTURE

EPSILONS = ["sampler=mala_approx", "epsilon1=1e-5", "epsilon2=1", "epsilon3=1e-17", "generator.smooth=0"]
CLASS = ["condition.classifier=encoder", "condition.shift=0"]
TERMS = "condition.terms={kind:{name:alexnet,target:init,classifier:encoder,shift:0},context:{name:context}}"
SETTINGS = {
    "class": (["condition.target=lemon"], [*EPSILONS, *CLASS]),
    "neuron": (["condition=hidden_neuron", "condition.unit=7"], [*EPSILONS, "condition.network=encoder"]),
    "caption": (
        ["condition=lrcn", "condition.text=oranges"],
        [*EPSILONS, "condition.among=all", "condition.weight=1", "condition.shift=0"],
    ),
    "imagenet": (
        ["condition=imagenet", "condition.size=64"],
        [*EPSILONS, "condition.shift=0", "condition.flip=false"],
    ),
    "inpainting": (
        ["experiment=[inpaint_context{}]", f"init={PICTURE}"],
        [*EPSILONS[:-1], "generator.of.smooth=0", TERMS],
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_one_word_says_it_all(command, name):
    keys, overrides = SETTINGS[name]
    short = ["n_chains=2", "n_steps=2", "writer=[codes,record]"]
    with_word = [key.format(",as_in_the_paper") for key in keys]
    if with_word == keys:
        with_word.append("experiment=as_in_the_paper")
    for out, arguments in (("word", with_word), ("overrides", [key.format("") for key in keys] + overrides)):
        code, _, err = command(*arguments, *short, f"out={out}")
        assert code == 0, err
    one, other = (load_file(Path(out, "codes.safetensors"))["h"] for out in ("word", "overrides"))
    assert torch.equal(one, other)
