"""A resumed run is an uninterrupted one bit for bit on the networks that ship."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from .conftest import PICTURE

SYSTEMS = {
    "class": [],
    "caption": ["condition=lrcn", "condition.text=a red teapot"],
    "ppgn_x": ["experiment=ppgn_x"],
    "dgn_am": ["experiment=dgn_am", "epsilon3=0.1"],
    "mala": ["prior=gaussian", "sampler=mala"],
    "inpainting": ["experiment=inpaint_context", f"init={PICTURE}"],
}
"""One of each kind; `make hard` resumes all of `hard.runs.SETTINGS`, each with 1, 2, 3, 4, 8 and 16 chains."""

LONG = [
    *(pytest.param("class", n_chains, marks=pytest.mark.long) for n_chains in (1, 3)),
    pytest.param("dgn_am", 2, marks=pytest.mark.long),
]
"""Those of which another has the sampler, the prior's kind and the condition; `test_batches` resumes a class too."""


@pytest.mark.parametrize(("system", "n_chains"), [("caption", 2), ("ppgn_x", 2), ("mala", 2), ("inpainting", 2), *LONG])
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
