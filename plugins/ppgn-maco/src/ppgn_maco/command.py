"""Implement `ppgn spectrum`, which measures the Fourier magnitude of a folder of photographs."""

from __future__ import annotations

from typing import Annotated

import torch

from ppgn_core.console import say
from ppgn_core.errors import UserError
from ppgn_core.pictures import SUFFIXES, load_pictures
from ppgn_core.user_input import home, path

from .spectrum import measure, save


def spectrum(
    data: str,
    to: str = "spectrum.safetensors",
    size: Annotated[int, ">= 4", "<= 2048"] = 64,
    at_most: Annotated[int, ">= 1"] = 5000,
) -> None:
    """Measure the mean Fourier magnitude of photographs, for `generator=fourier_phase generator.spectrum=FILE`.

    Args:
        data: folder of photographs, or of folders of them.
        to: file to write.
        size: side that photographs are cropped and resized to, in pixels; even.
        at_most: number of photographs of each folder to use.
    """
    folder, target = path(data, "data"), home(to, "to")
    if size % 2:
        raise UserError(f"size={size}: allowed are even numbers")
    if target.exists():
        raise UserError(f"to={to}: it is there already; allowed is a new file")
    places = sorted({file.parent for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES}) or [folder]
    images = torch.cat([load_pictures(str(place), size, "data", at_most) for place in places])
    target.parent.mkdir(parents=True, exist_ok=True)
    save(measure(images), target)
    say(f"{len(images)} photographs: {target}")
