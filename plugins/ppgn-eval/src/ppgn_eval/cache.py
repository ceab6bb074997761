"""Cache verdicts, so that the same judge never sees the same image twice, whichever file it is in."""

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

from .judge import Judge, Verdict, judged


def default_folder() -> Path:
    """Return `$XDG_CACHE_HOME/ppgn/verdicts`, or the same in `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ppgn" / "verdicts"


class CachedJudge:
    """Cache a judge's verdicts by the content of images (pixels, not files) and by the judge's weights.

    The new verdicts of one call are one file in `folder`, which appears complete or not at all: an interruption loses
    at most one call. Each file has a checksum; a truncated or changed one is ignored. The folder may be deleted at any
    time.
    """

    def __init__(self, judge: Judge, folder: Path) -> None:
        self.name, self.key, self.labels, self.judge = judge.name, judge.key, judge.labels, judge
        self.folder = folder / hashlib.sha256(judge.key.encode()).hexdigest()[:16]
        self.places: dict[bytes, tuple[Path, int]] = {}
        for path in sorted(self.folder.glob("*.safetensors")):
            content = None if path.name.startswith(".") else _read(path)  # a dot marks an unfinished file
            if content is not None:
                self.places |= {key: (path, row) for row, key in enumerate(content[0])}

    def __call__(self, x: Tensor) -> Verdict:
        keys = [digest(image) for image in x]
        wanted = {self.places[key][0] for key in keys if key in self.places}
        contents = {path: _read(path) for path in wanted}
        lost = {path for path, whole in contents.items() if whole is None}
        self.places = {key: place for key, place in self.places.items() if place[0] not in lost}
        new = {key: i for i, key in reversed([*enumerate(keys)]) if key not in self.places}
        if new:
            path, verdict = self._keep(list(new), judged(self.judge, x[list(new.values())]))
            contents[path] = list(new), verdict
        rows = [(whole[1], row) for path, row in map(self.places.__getitem__, keys) if (whole := contents[path])]
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
    """Return the digests of images and their verdict; None if the file is not as it was written."""
    try:
        with safe_open(path, "pt") as file:
            kept = (file.metadata() or {}).get("sha256")
            # torch's own memory is aligned; sums over the file's unaligned memory would be rounded differently
            tensors = {name: file.get_tensor(name).clone() for name in ("images", *Verdict._fields)}
    except (SafetensorError, OSError):
        return None
    if kept != _sum(tensors):
        return None
    return [key.tobytes() for key in tensors.pop("images").numpy()], Verdict(**tensors)


def _sum(tensors: Mapping[str, Tensor]) -> str:
    """Hash tensors with their names and shapes."""
    total = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        total.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        total.update(value.numpy().tobytes())
    return total.hexdigest()


def digest(image: Tensor) -> bytes:
    """Hash the size and the pixels of an image `(3, H, W)` in [0, 1], rounded to 256 steps like a PNG's."""
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).contiguous().cpu().numpy()
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).digest()
