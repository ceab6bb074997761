"""Find the files of weights: in a folder, or on the Hugging Face hub, from where they are fetched once."""

from __future__ import annotations

import sys
from pathlib import Path

from ppgn_core.errors import UserError, reason, shown

REPOSITORY = "binxu/DeePSim_DosovitskiyBrox2016"
CAFFENET = "caffenet"
LICENCE = (
    f"ppgn: fetching weights from https://huggingface.co/{REPOSITORY}; its page says MIT, the authors of the networks "
    "(Dosovitskiy & Brox 2016) allow their use for research only"
)
SUFFIXES = (".pt", ".pth", ".safetensors")


def hub_name(name: str) -> str:
    """Return the file of a network in the hub's repository."""
    return f"{CAFFENET}.pt" if name == CAFFENET else f"upconvGAN_{name}.pt"


def find(weights: str, folder: Path, name: str) -> Path:
    """Return the file of the network `name`, a generator's or `caffenet`.

    Args:
        weights: `default` for the hub's cache and, where it lacks the file, the hub itself; anything else for `folder`.

    Raises:
        UserError: the folder has no such file, or the file cannot be fetched.
    """
    if weights == "default":
        return _of_hub(hub_name(name))
    stems = (CAFFENET,) if name == CAFFENET else (f"upconvGAN_{name}", f"deepsim-{name}", name)
    for stem in stems:
        for suffix in SUFFIXES:
            if (place := folder / f"{stem}{suffix}").exists():
                return place
    others = " or ".join(f"{stem}.pt" for stem in stems[1:])
    allowed = f"{hub_name(name)}, {others}" if others else hub_name(name)
    raise UserError(f"model.weights={shown(weights)}: it has no weights of {name}; allowed is {allowed}")


def _of_hub(filename: str) -> Path:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.utils import logging

    cached = try_to_load_from_cache(REPOSITORY, filename)
    if isinstance(cached, str):
        return Path(cached)
    if not _any_cached():
        print(LICENCE, file=sys.stderr, flush=True)
    logging.set_verbosity_error()  # every new try would be a line
    try:
        return Path(hf_hub_download(REPOSITORY, filename))
    except Exception as error:  # the hub's, the network's and the disk's errors have no common type
        problem = f"model.weights=default: {filename} cannot be fetched from {REPOSITORY}"
        raise UserError(f"{problem}: {shown(reason(error))}; allowed is also a folder that has it") from None


def _any_cached() -> bool:
    from huggingface_hub import try_to_load_from_cache

    from .generators import GENERATORS

    names = (CAFFENET, *GENERATORS)
    return any(isinstance(try_to_load_from_cache(REPOSITORY, hub_name(name)), str) for name in names)
