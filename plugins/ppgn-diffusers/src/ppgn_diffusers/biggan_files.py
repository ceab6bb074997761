"""The model `biggan` reads BigGAN-deep as Hugging Face converted it: a config.json and a state dict."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import torch
from ppgn_torchvision.loaded import imagenet_labels

from ppgn_core import weights as files
from ppgn_core.errors import UserError, shown
from ppgn_core.model import Model
from ppgn_core.state_dict import read_state_dict

from .biggan import BigGAN, normalised
from .hub import fetched, local

NAMES = ("model.safetensors", "pytorch_model.bin")


def biggan(
    weights: str,
    truncation: Annotated[float, "> 0", "<= 1"] = 0.4,
    start: int | str | None = None,
    device: torch.device | str = "cpu",
) -> Model:
    """Use the generator of BigGAN-deep as G, whose codes are noise and the embedding of a class; it has no E.

    Args:
        weights: a folder with `config.json` and `pytorch_model.bin` or `model.safetensors`, as Hugging Face converted
            the networks of 128, 256 and 512 pixels; or the name of such a repository on the hub.
        truncation: how far from 0 noise is drawn; less makes pictures better and more alike.
        start: class whose embedding chains start from, by its name or index; null for a random one for each chain.

    Raises:
        UserError: there are no such weights, they are not BigGAN's, or there is no such class.
    """
    key = f"model.weights={shown(weights)}"
    if folder := local(weights, key):
        table, path = folder / "config.json", next((p for n in NAMES if (p := folder / n).exists()), folder / NAMES[1])
    else:
        table, path = fetched(weights, "config.json", key), fetched(weights, NAMES[1], key)
    network = _made(table, key, truncation, start)
    files.fill(network, normalised(read_state_dict(path, key)), f"{key}: not the BigGAN of its config.json")
    return Model("biggan", {"generator": lambda: network}, {}, network.image_size, device)


def _made(table: Path, key: str, truncation: float, start: int | str | None) -> BigGAN:
    try:
        config: dict[str, Any] = json.loads(table.read_text(encoding="utf-8"))
        layers = [(bool(up), int(inputs), int(outputs)) for up, inputs, outputs in config["layers"]]
        sizes = {name: int(config[name]) for name in ("channel_width", "z_dim", "num_classes", "n_stats")}
        attention, eps = int(config["attention_layer_position"]), float(config["eps"])
        fits = all(o in (i, i // 2) for _, i, o in layers) and all(a[2] == b[1] for a, b in pairwise(layers))
        if not (fits and 1 <= len(layers) <= 20 and 0 < max(max(i, o) for _, i, o in layers) <= 64):
            raise ValueError("its layers do not follow one another")
        if not all(0 < size <= 4096 for size in sizes.values()) or sizes["n_stats"] < 2:
            raise ValueError("its sizes are out of range")
    except OSError as error:
        raise UserError(f"{key}: {table.name}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{key}: not the config.json of a BigGAN: {shown(error)}") from None
    n_classes = sizes["num_classes"]
    index = None
    if start is not None:
        labels = imagenet_labels()
        index = (
            start if isinstance(start, int) and n_classes != len(labels) else labels.find(start, "model.start").index
        )
        if not 0 <= index < n_classes:
            raise UserError(f"model.start={start}: allowed are 0 to {n_classes - 1}")
    width, noise, stats = sizes["channel_width"], sizes["z_dim"], sizes["n_stats"]
    return BigGAN(layers, attention, width, noise, n_classes, stats, eps, truncation, index)
