"""Check a folder of packed networks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def check_networks(folder: Path) -> None:
    """Assert that a package's networks are those of `sha256.json`, all there, and less than 60 MB together."""
    sums = json.loads((folder / "sha256.json").read_text())
    assert set(sums) == {path.stem for path in folder.glob("*.safetensors")} >= {"generator", "encoder", "captioner"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / f"{name}.safetensors").read_bytes()).hexdigest() == digest
    assert sum(path.stat().st_size for path in folder.iterdir()) < 60e6
