"""Files of other people's networks, damaged in many ways: each loads, or is refused in one line that names its key."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ppgn_core.errors import UserError

from .hard.foreign_weights import damaged

EACH = 35 if "LONG" in os.environ else 12
SMALL = "shufflenet_v2_x0_5"
Made = tuple[Path, Callable[[], Any]]
"""A file, and the function that loads what it belongs to."""


def torchvision(folder: Path, suffix: str) -> Made:
    from ppgn_torchvision.networks import load
    from torchvision.models import get_model

    path = folder / f"network{suffix}"
    weights = get_model(SMALL, weights=None).state_dict()
    save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    return path, lambda: load(SMALL, str(path))


def clip(folder: Path) -> Made:
    import open_clip
    from ppgn_clip.network import load

    tower = {"width": 32, "layers": 1}
    text = tower | {"context_length": 77, "vocab_size": 49408, "heads": 2}
    table = {
        "embed_dim": 8,
        "vision_cfg": tower | {"image_size": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": text,
    }
    (folder / "damaged.json").write_text(json.dumps(table))
    open_clip.add_model_config(folder / "damaged.json")
    torch.save(open_clip.create_model("damaged", device="cpu").state_dict(), folder / "clip.pt")
    return folder / "clip.pt", lambda: load.__wrapped__("damaged", str(folder / "clip.pt"), "cpu")


def vae(folder: Path) -> Made:
    from diffusers import AutoencoderTiny
    from ppgn_diffusers.vae import read

    keys: Any = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    network: Any = AutoencoderTiny(**keys, num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))
    network.save_pretrained(folder)
    return folder / "diffusion_pytorch_model.safetensors", lambda: read(str(folder))


def dcgan(folder: Path) -> Made:
    from ppgn_diffusers.dcgan import DCGAN
    from ppgn_diffusers.dcgan import dcgan as model

    torch.save(DCGAN([8, 16, 8, 3]).state_dict(), folder / "netG.pth")
    return folder / "netG.pth", lambda: model(str(folder / "netG.pth"))


def deepsim(folder: Path) -> Made:
    from ppgn_deepsim.generators import GENERATORS
    from ppgn_deepsim.model import read_generator
    from ppgn_deepsim.network import DeePSiM

    path = folder / "upconvGAN_norm1.pt"
    state = DeePSiM(GENERATORS["norm1"]).state_dict()
    torch.save({name.removeprefix("layers."): value for name, value in state.items() if name != "mean"}, path)
    return path, lambda: read_generator(path, "norm1")


LOADERS: dict[str, Callable[[Path], Made]] = {
    "torchvision, pickle": lambda folder: torchvision(folder, ".pth"),
    "torchvision, safetensors": lambda folder: torchvision(folder, ".safetensors"),
    "clip": clip,
    "vae": vae,
    "dcgan": dcgan,
    "deepsim": deepsim,
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_damaged_file_loads_or_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path, load = LOADERS[name](tmp_path)
    load()
    whole = tmp_path / "whole"
    shutil.copy(path, whole)
    chance, refused = random.Random(0), 0
    for _ in range(EACH):
        shutil.copy(whole, path)
        damaged(chance, path)
        try:
            load()
        except UserError as error:
            refused += 1
            assert "\n" not in str(error) and "weights=" in str(error)
    assert refused >= EACH // 3


@pytest.mark.long
def test_there_are_two_hundred() -> None:
    assert EACH * len(LOADERS) >= 200
