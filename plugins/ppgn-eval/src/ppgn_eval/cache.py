"""Verdicts that are kept: the same judge is never shown the same image twice, whichever file it is in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ppgn_core.atomic import atomic

from .judge import Judge, Verdict


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/ppgn/verdicts`, or in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ppgn" / "verdicts"


class Kept:
    """A judge that remembers, by the content of images (pixels, not files) and by its own weights.

    What is new in one call is one file in `folder`, which appears whole or not at all: an interruption loses at most
    one call. A file that cannot be read is as if it were not there. The folder may be deleted at any time.
    """

    def __init__(self, judge: Judge, folder: Path) -> None:
        self.name, self.key, self.labels, self.judge = judge.name, judge.key, judge.labels, judge
        self.folder = folder / hashlib.sha256(judge.key.encode()).hexdigest()[:16]
        self.places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, "pt") as file:
                    keys = file.get_tensor("images").numpy()
            except (SafetensorError, OSError):
                continue
            self.places |= {key.tobytes(): (path, row) for row, key in enumerate(keys)}

    def __call__(self, x: Tensor) -> Verdict:
        keys = [digest(image) for image in x]
        new = {key: i for i, key in reversed([*enumerate(keys)]) if key not in self.places}
        if new:
            self._keep(list(new), self.judge(x[list(new.values())]))
        places = [self.places[key] for key in keys]
        found = {path: _read(path) for path in {path for path, _ in places}}
        return Verdict(*(torch.stack([found[path][i][row] for path, row in places]) for i in (0, 1)))

    def _keep(self, keys: list[bytes], verdict: Verdict) -> None:
        path = self.folder / f"{hashlib.sha256(b''.join(keys)).hexdigest()[:32]}.safetensors"
        images = torch.frombuffer(bytearray(b"".join(keys)), dtype=torch.uint8).view(len(keys), -1)
        tensors = {"images": images, **verdict._asdict()}
        with atomic(path) as temporary:
            save_file({name: value.contiguous() for name, value in tensors.items()}, temporary)
        self.places |= {key: (path, row) for row, key in enumerate(keys)}


def _read(path: Path) -> Verdict:
    with safe_open(path, "pt") as file:
        return Verdict(file.get_tensor("features"), file.get_tensor("logits"))


def digest(image: Tensor) -> bytes:
    """A hash of the pixels of an image `(3, H, W)` in [0, 1], in 256 steps as a PNG has them, and of its size."""
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).contiguous().cpu().numpy()
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).digest()
