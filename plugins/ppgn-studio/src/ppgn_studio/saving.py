"""Save the frames of a session as the run folder that the command line would have left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ppgn_core.errors import UserError
from ppgn_core.protocols import Snapshot
from ppgn_core.result import collect

from .again import Move

if TYPE_CHECKING:
    from ppgn_core.sampling.assemble import Chains


def save(
    chains: Chains, frames: Sequence[Snapshot], discarded: Collection[int], moves: Sequence[Move], folder: Path
) -> Path:
    """Save every `save_every`-th of these frames and the last, and return the folder's path.

    Args:
        discarded: chains whose samples are left out, as the filter `keep` does.
        moves: what was done by hand, for run.json.

    Raises:
        UserError: every chain is discarded, or the folder cannot be written or holds a run.
    """
    every, last = int(chains.config.save_every), frames[-1].state.step
    wanted = [one for one in frames if one.state.step % every == 0 or one.state.step == last]
    kept = torch.tensor([k not in discarded for k in range(len(frames[0].last_step))])
    if not kept.any():
        raise UserError("save: every chain is discarded")
    if not kept.all():
        wanted = [replace(one, kept=one.alive & kept.to(one.alive.device)) for one in wanted]
    run = dict(chains.context.run)
    run.pop("moves", None)
    if moves:
        run["moves"] = [move.record() for move in moves]
    chains = replace(chains, context=replace(chains.context, run=run))
    return collect(chains, wanted, None).save(folder)
