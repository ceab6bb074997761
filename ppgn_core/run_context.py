"""What a run gives to its components: a factory that has a parameter of one of these names is given that value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from .clock import Clock
    from .energy import Energy
    from .model import Model
    from .noise import ChainNoise
    from .protocols import Generator
    from .run_folder import RunFolder


@dataclass(frozen=True)
class RunContext:
    """The values of a run that components may ask for, by the names of their parameters.

    They are made in this order, so a prior may ask for the generator and not the other way round.

    Args:
        n_chains, n_steps, seed, save_every, switch_every: as in the config.
        epsilon1, epsilon2, epsilon3: as in the config, the weights of Eq. 11.
        as_in_the_paper: as in the config: whether what the project adds to the paper is left out.
        init, mask: as in the config, paths of pictures.
        device: where the networks and the chains live.
        noise: all randomness of the chains.
        clock: the step that the chains are at.
        model: the bundle of networks that `model=NAME` chooses; None where there is none.
        generator: G.
        energy: G, the prior and the condition together.
        run: the record of the run: config, overrides, versions.
        out: the run's folder.
        run_folder: the same as the one way to write into it.
    """

    n_chains: int
    n_steps: int
    seed: int
    save_every: int
    switch_every: int
    epsilon1: float
    epsilon2: float
    epsilon3: float
    as_in_the_paper: bool
    init: str | None
    mask: str | None
    device: torch.device
    noise: ChainNoise
    clock: Clock
    model: Model | None = None
    generator: Generator | None = None
    energy: Energy | None = None
    run: Mapping[str, Any] | None = None
    out: Path | None = None
    run_folder: RunFolder | None = None


NAMES = frozenset(field.name for field in fields(RunContext))
"""Parameters of these names are given by the run and are no keys of the config."""
