"""What each kind of component must do. Structural: a plugin inherits nothing and needs no nn.Module.

The names are the paper's (arXiv 1612.00005): `h` a code, `x` data, G the generator, `epsilon1..3` the three weights of
Eq. 11. B chains run side by side, so every tensor begins with a batch dimension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from .noise import ChainNoise


@dataclass(frozen=True)
class Code:
    """The space that G takes its codes from.

    Args:
        shape: of one code.
        low, high: the range that the codes of real data lie in; None where it is open.
    """

    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None


@runtime_checkable
class Generator(Protocol):
    """G: codes to data. One that can lead data back has `encode(x) -> h`; chains then start from a picture, `init=`."""

    code: Code

    def __call__(self, h: Tensor) -> Tensor:
        """`(B, *code.shape)` → `(B, *data)`; images are float RGB `(B, 3, H, W)`, nominally in [0, 1], not clamped."""
        ...

    def draw(self, noise: ChainNoise) -> Tensor:
        """Codes `(B, *code.shape)` to start chains from, row k a function of the seed and of chain k alone."""
        ...


@runtime_checkable
class Prior(Protocol):
    """p(h).

    One that can evaluate its density also has `log_prob(h, x) -> (B,)`; MALA and MH need it. One that knows codes with
    noise of any σ on them also has `denoise(h, sigma) -> (B, *code)`, differentiable in `h`: the mean of what codes
    `h` were without it; annealed sampling needs that.
    """

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """∇log p(h) up to a positive factor, shaped like `h`; `x = G(h)` is given, already computed, detached."""
        ...


@runtime_checkable
class Condition(Protocol):
    """p(y | x).

    One that is a normalised probability may also have `probability(log_prob) -> (B,)` in [0, 1]. One that suits the ε2
    of others only when scaled may have a number `weight`, w: chains then climb w · log p(y | x), that is p(y | x)^w,
    while `log_prob` stays log p(y | x).
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(y | x), `(B,)`, differentiable in `x`."""
        ...


@dataclass(frozen=True)
class State:
    """Where the chains stand: all that the next step needs.

    Args:
        step: steps taken since the start of the chain.
        h: codes `(B, *code)`.
        x: G(h) `(B, *data)`.
        log_prob: log p(y | x) `(B,)`.
        prior_score, condition_score: ∇log p(h) and ∇log p(y | h), shaped like `h`.
        memory: what a sampler carries from step to step besides, such as a momentum, by name, each `(B, …)`. It is
            saved with the codes and given back on resuming.
    """

    step: int
    h: Tensor
    x: Tensor
    log_prob: Tensor
    prior_score: Tensor
    condition_score: Tensor
    memory: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Info:
    """A sampler's diagnostics of one step, all `(B,)`.

    Args:
        prior_norm, condition_norm: lengths of the two terms ε1·∇log p(h) and ε2·∇log p(y | h).
        acceptance: probability of accepting the proposal; 1 where a sampler has no reject step.
    """

    prior_norm: Tensor
    condition_norm: Tensor
    acceptance: Tensor


@dataclass(frozen=True)
class Snapshot:
    """All chains after one step: where they stand, how they got there, and which of them have a sample.

    Args:
        state: of all chains; a chain that stopped is in its last finite state.
        info: of the step that led there.
        last_step: the last step that each chain has taken, `(B,)`: `state.step`, or less where a chain stopped.
        kept: which chains have a sample that `keep` lets through, `(B,)`; None where there is no `keep`.
        seconds: since the chains began.
    """

    state: State
    info: Info
    last_step: Tensor
    kept: Tensor | None = None
    seconds: float = 0.0

    @property
    def alive(self) -> Tensor:
        """Which chains go on, `(B,)`: the others stopped at a value that was not finite."""
        return self.last_step == self.state.step

    @property
    def samples(self) -> Tensor:
        """Which chains have a sample to be written, `(B,)`."""
        return self.alive if self.kept is None else self.kept


@runtime_checkable
class Sampler(Protocol):
    """Two functions without memory: all that a step depends on is its state and the chain's own noise at that step."""

    def init(self, h: Tensor, step: int = 0) -> State:
        """The state of chains that stand at codes `h` after `step` steps."""
        ...

    def step(self, state: State) -> tuple[State, Info]: ...


@runtime_checkable
class Writer(Protocol):
    """The only code that touches the disk. Called at step 0, at every saved step and at the last."""

    def write(self, snapshot: Snapshot) -> None: ...

    def close(self) -> None:
        """Finish the files; called once, after an interruption too."""
        ...
