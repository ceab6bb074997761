"""A resumed run is an uninterrupted one bit for bit on the networks that ship, with any number of chains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from .conftest import PICTURE

SYSTEMS = {
    "class": [],
    "encoder": ["condition.classifier=encoder"],
    "neuron": ["condition=hidden_neuron", "condition.layer=conv5"],
    "caption": ["condition=lrcn", "condition.text=a red teapot"],
    "scene": ["condition=places"],
    "imagenet": ["condition=imagenet", "condition.size=64"],
    "joint": ["experiment=joint"],
    "ppgn_h": ["experiment=ppgn_h", "epsilon3=0.1"],
    "ppgn_x": ["experiment=ppgn_x"],
    "dgn_am": ["experiment=dgn_am", "epsilon3=0.1"],
    "joint_x": ["generator=identity", "prior=joint_x"],
    "patch": ["experiment=patch"],
    "mala": ["prior=gaussian", "sampler=mala"],
    "official": ["sampler=official"],
    "product": ["condition=product", "condition.terms={a:{name:alexnet,target:lemon},b:{name:lrcn,text:red}}"],
    "inpainting": ["experiment=inpaint_context", f"init={PICTURE}"],
}
CHAINS = (1, 2, 3, 4, 8, 16)


@pytest.mark.parametrize(
    ("system", "n_chains"), [*(("class", n) for n in CHAINS), *((name, 2) for name in list(SYSTEMS)[1:])]
)
def test_resumed_is_uninterrupted(command, system, n_chains):
    keys = [*SYSTEMS[system], f"n_chains={n_chains}", "writer=[codes,record]", "save_every=100"]
    for arguments in (
        [*keys, "n_steps=3", "out=whole"],
        [*keys, "n_steps=2", "out=parts"],
        ["resume=parts", "n_steps=3"],
    ):
        code, _, err = command(*arguments)
        assert code == 0, err
    whole, parts = (load_file(Path(name, "codes.safetensors"))["h"] for name in ("whole", "parts"))
    assert torch.equal(whole, parts), float((whole - parts).abs().max())
