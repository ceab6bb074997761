"""Verdicts that are kept: the same judge is never shown the same image twice, whichever file it is in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ppgn_core.atomic import atomic

from .judge import Judge, Verdict


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/ppgn/verdicts`, or in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ppgn" / "verdicts"


class CachedJudge:
    """A judge that remembers, by the content of images (pixels, not files) and by its own weights.

    What is new in one call is one file in `folder`, which appears whole or not at all: an interruption loses at most
    one call. Each file has a hash of what is in it: one that was cut or changed is as if it were not there. The folder
    may be deleted at any time.
    """

    def __init__(self, judge: Judge, folder: Path) -> None:
        self.name, self.key, self.labels, self.judge = judge.name, judge.key, judge.labels, judge
        self.folder = folder / hashlib.sha256(judge.key.encode()).hexdigest()[:16]
        self.places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(self.folder.glob("*.safetensors")):
            found = None if path.name.startswith(".") else _read(path)  # a dot: never finished
            if found is not None:
                self.places |= {key: (path, row) for row, key in enumerate(found[0])}

    def __call__(self, x: Tensor) -> Verdict:
        keys = [digest(image) for image in x]
        wanted = {self.places[key][0] for key in keys if key in self.places}
        found = {path: _read(path) for path in wanted}
        lost = {path for path, whole in found.items() if whole is None}
        self.places = {key: place for key, place in self.places.items() if place[0] not in lost}
        new = {key: i for i, key in reversed([*enumerate(keys)]) if key not in self.places}
        if new:
            path, verdict = self._keep(list(new), self.judge(x[list(new.values())]))
            found[path] = list(new), verdict
        rows = [(whole[1], row) for path, row in map(self.places.__getitem__, keys) if (whole := found[path])]
        return Verdict(*(torch.stack([verdict[i][row] for verdict, row in rows]) for i in (0, 1)))

    def _keep(self, keys: list[bytes], verdict: Verdict) -> tuple[Path, Verdict]:
        path = self.folder / f"{hashlib.sha256(b''.join(keys)).hexdigest()[:32]}.safetensors"
        images = torch.frombuffer(bytearray(b"".join(keys)), dtype=torch.uint8).view(len(keys), -1)
        tensors = {"images": images, **verdict._asdict()}
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        with atomic(path) as temporary:
            temporary.write_bytes(save(tensors, {"sha256": _sum(tensors)}))
        self.places |= {key: (path, row) for row, key in enumerate(keys)}
        return path, verdict


def _read(path: Path) -> tuple[list[bytes], Verdict] | None:
    """The digests of images and what was found of each; None where the file is not as it was written."""
    try:
        with safe_open(path, "pt") as file:
            kept = (file.metadata() or {}).get("sha256")
            # memory of torch's own is aligned: sums over what the file hands out would be rounded differently
            tensors = {name: file.get_tensor(name).clone() for name in ("images", *Verdict._fields)}
    except (SafetensorError, OSError):
        return None
    if kept != _sum(tensors):
        return None
    return [key.tobytes() for key in tensors.pop("images").numpy()], Verdict(**tensors)


def _sum(tensors: Mapping[str, Tensor]) -> str:
    """A hash of tensors by name, of their shapes too."""
    total = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        total.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        total.update(value.numpy().tobytes())
    return total.hexdigest()


def digest(image: Tensor) -> bytes:
    """A hash of the pixels of an image `(3, H, W)` in [0, 1], in 256 steps as a PNG has them, and of its size."""
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).contiguous().cpu().numpy()
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).digest()
