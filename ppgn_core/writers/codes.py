"""codes.safetensors: where every chain stands; what a resumed run starts from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import UserError
from ..protocols import Snapshot
from ..run_folder import CODES, RunFolder, checksum

MEMORY = "memory."
"""Before the names of what a sampler carries from step to step."""


class Codes:
    """The codes `h` of every chain, with the step they stand at, to go on from by `resume=`: codes.safetensors.

    It is written last at every saved step: a run that dies can be resumed from the step that it stands at.
    """

    commits: ClassVar[bool] = True

    def __init__(self, run_folder: RunFolder) -> None:
        self.folder = run_folder

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        tensors = {"h": state.h, "last_step": snapshot.last_step, "step": torch.tensor(state.step)}
        tensors |= {MEMORY + name: value for name, value in state.memory.items()}
        self.folder.commit({name: value.cpu().contiguous() for name, value in tensors.items()})

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Saved:
    """What codes.safetensors holds.

    Args:
        h: codes `(B, *code)`.
        last_step: `(B,)`, less than `step` where a chain had stopped.
        step: steps taken.
        memory: what the sampler carried besides, by name.
        files: length and CRC-32 of each file that grows with the run, as it was at that step.
    """

    h: Tensor
    last_step: Tensor
    step: int
    memory: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)


def load_codes(folder: Path) -> Saved:
    """What a run left in its `folder` to go on from.

    Raises:
        UserError: there is nothing there, or it is damaged.
    """
    path = folder / CODES
    if not path.is_file():
        raise UserError(f"resume={folder}: there is no {CODES} in it; allowed is the folder of a run that wrote one")
    try:
        with safe_open(path, "pt") as file:
            # memory of torch's own is aligned; kernels round differently on what the file hands out
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            run = json.loads((file.metadata() or {})["run"])
        if run["sha256"] != checksum(tensors):
            raise ValueError("its checksum does not fit")
        h, last_step, step = tensors["h"], tensors["last_step"], int(tensors["step"])
        if not h.is_floating_point() or last_step.shape != h.shape[:1] or step < 0 or int(last_step.max()) > step:
            raise ValueError("it holds no codes")
        memory = {name.removeprefix(MEMORY): value for name, value in tensors.items() if name.startswith(MEMORY)}
        if any(value.shape[:1] != h.shape[:1] for value in memory.values()):
            raise ValueError("its sampler's memory is not of its chains")
        return Saved(h, last_step, step, memory, _manifest(run["files"]))
    except OSError as error:
        raise UserError(f"resume={folder}: {CODES} cannot be read: {error.strerror or error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"resume={folder}: {CODES} is damaged ({error})") from error


def _manifest(listed: Any) -> dict[str, tuple[int, int]]:
    files = {}
    for name, (length, crc) in dict(listed).items():
        if not re.fullmatch(r"\w+(\.\w+)*", name) or type(length) is not int or type(crc) is not int or length < 0:
            raise ValueError("its list of files is none")
        files[name] = length, crc
    return files
