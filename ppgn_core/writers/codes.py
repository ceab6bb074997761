"""codes.safetensors: where every chain stands; what a resumed run starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..atomic import atomic
from ..errors import UserError
from ..protocols import Info, State

NAME = "codes.safetensors"


class Codes:
    """The codes `h` of every chain, with the step they stand at, to go on from by `resume=`: codes.safetensors."""

    def __init__(self, out: Path) -> None:
        self.path = out / NAME
        self.last: tuple[State, Info] | None = None

    def write(self, state: State, info: Info) -> None:
        self.last = state, info

    def close(self) -> None:
        if self.last is not None:
            state, info = self.last
            tensors = {"h": state.h, "last_step": info.last_step, "step": torch.tensor(state.step)}
            with atomic(self.path) as temporary:
                save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, temporary)


@dataclass(frozen=True)
class Saved:
    """What codes.safetensors holds.

    Args:
        h: codes `(B, *code)`.
        last_step: `(B,)`, less than `step` where a chain had stopped.
        step: steps taken.
    """

    h: Tensor
    last_step: Tensor
    step: int


def load_codes(folder: Path) -> Saved:
    """What a run left in its `folder` to go on from.

    Raises:
        UserError: there is nothing there, or it is broken.
    """
    path = folder / NAME
    if not path.is_file():
        raise UserError(f"resume={folder}: there is no {NAME} in it; allowed is the folder of a run that wrote one")
    try:
        saved = load_file(path)
        return Saved(saved["h"], saved["last_step"], int(saved["step"]))
    except (SafetensorError, KeyError) as error:
        raise UserError(f"resume={folder}: {NAME} is damaged ({error})") from error
