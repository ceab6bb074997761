"""Copy trained networks into the package, as float16: `python -m ppgn_mini.pack training/*/*.safetensors`.

Each file replaces the network of the same name; `sha256.json` records their checksums. `into=DIR` names another folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from ppgn_core import weights
from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError

from .model import NETWORKS


def pack(paths: list[Path], folder: Path = NETWORKS) -> dict[str, str]:
    """Write each file's tensors as float16 into `folder`, and return every network's sha256.

    Raises:
        UserError: there is no such file, it is not a file of weights, or it has values too large for float16.
    """
    table = folder / "sha256.json"
    sums = weights.digests(table) if table.exists() else {}
    for path in paths:
        tensors, architecture = weights.load(path)
        for name, value in tensors.items():
            if value.is_floating_point() and not value.half().isfinite().all():
                raise UserError(f"{path}: its tensor {name} has values beyond 65504, the largest of float16")
        sums[path.stem] = weights.save(folder / path.name, tensors, architecture, torch.float16)
    with atomic(table) as part:
        part.write_text(json.dumps(sums, indent=2, sort_keys=True) + "\n")
    return sums


if __name__ == "__main__":
    try:
        into = [argument.removeprefix("into=") for argument in sys.argv[1:] if argument.startswith("into=")]
        paths = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("into=")]
        packed = pack(paths, Path(into[-1]) if into else NETWORKS)
    except UserError as error:
        print(f"ppgn_mini.pack: {error}", file=sys.stderr)
        sys.exit(2)
    for name, digest in packed.items():
        print(digest, name)
