"""Write and read codes.safetensors, the state of every chain that a resumed run starts from."""

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
"""Prefix of the names of the sampler's memory."""


class Codes:
    """Save the code `h` and step of every chain, so that `resume=` can continue the run: codes.safetensors.

    It is the last file written at every saved step, so a run that dies can be resumed from the step that it records.
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
    """Hold the contents of codes.safetensors.

    Args:
        h: codes `(B, *code)`.
        last_step: last step of each chain `(B,)`, less than `step` if the chain had stopped.
        step: number of steps taken.
        memory: the sampler's memory (`State.memory`), by name.
        files: length and CRC-32, at that step, of each file that grows with the run.
    """

    h: Tensor
    last_step: Tensor
    step: int
    memory: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)


def load_codes(folder: Path) -> Saved:
    """Read the saved state from a run's `folder`, to continue the run.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / CODES
    if not path.is_file():
        raise UserError(f"resume={folder}: there is no {CODES} in it; allowed is the folder of a run that wrote one")
    try:
        with safe_open(path, "pt") as file:
            # torch's own memory is aligned; on the file's unaligned memory kernels round differently
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            run = json.loads((file.metadata() or {})["run"])
        if run["sha256"] != checksum(tensors):
            raise ValueError("its checksum does not match")
        h, last_step, step = tensors["h"], tensors["last_step"], int(tensors["step"])
        if not h.is_floating_point() or last_step.shape != h.shape[:1] or step < 0 or int(last_step.max()) > step:
            raise ValueError("it does not hold codes")
        memory = {name.removeprefix(MEMORY): value for name, value in tensors.items() if name.startswith(MEMORY)}
        if any(value.shape[:1] != h.shape[:1] for value in memory.values()):
            raise ValueError("its sampler's memory is of another number of chains")
        return Saved(h, last_step, step, memory, _manifest(run["files"]))
    except OSError as error:
        raise UserError(f"resume={folder}: {CODES} cannot be read: {error.strerror or error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"resume={folder}: {CODES} is damaged ({error})") from error


def _manifest(listed: Any) -> dict[str, tuple[int, int]]:
    files = {}
    for name, (length, crc) in dict(listed).items():
        if not re.fullmatch(r"\w+(\.\w+)*", name) or type(length) is not int or type(crc) is not int or length < 0:
            raise ValueError("its list of files is malformed")
        files[name] = length, crc
    return files
