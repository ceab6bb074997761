"""A run passes values to its components: a factory's parameter with one of these names receives that value."""

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
    """Hold the values of a run that components may ask for by the names of their parameters.

    They are made in the order of the fields, so a prior may ask for the generator but not the other way round.

    Args:
        n_chains, n_steps, seed, save_every, switch_every: the config keys of these names.
        epsilon1, epsilon2, epsilon3: the weights of Eq. 11, from the config.
        as_in_the_paper: whether the project's additions to the paper are left out, from the config.
        init, mask: paths of pictures, from the config.
        device: device of the networks and the chains.
        noise: source of all randomness in the chains.
        clock: clock that holds the step the chains are at.
        run: record of the run: config, overrides, versions.
        model: bundle of networks chosen by `model=NAME`; None if there is none.
        generator: the generator G.
        energy: the generator, the prior and the condition together.
        out: path of the run's folder.
        run_folder: the same folder as an object that writes into it.
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
    run: Mapping[str, Any]
    model: Model | None = None
    generator: Generator | None = None
    energy: Energy | None = None
    out: Path | None = None
    run_folder: RunFolder | None = None


NAMES = frozenset(field.name for field in fields(RunContext))
"""Parameters of these names receive values from the run; they are not config keys."""
