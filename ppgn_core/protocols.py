"""The protocols state what each kind of component must do.

They are structural: a plugin inherits from nothing and needs no nn.Module. The names are the paper's (arXiv
1612.00005): `h` a code, `x` data, G the generator, `epsilon1..3` the three weights of Eq. 11. B chains run side by
side, so every tensor begins with a batch dimension.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from .noise import ChainNoise


@dataclass(frozen=True)
class Code:
    """Describe the space of the generator's codes.

    Args:
        shape: shape of one code.
        low, high: range of the codes of real data; None where it is unbounded.
    """

    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None

    def clamp(self, h: Tensor) -> Tensor:
        """Return codes with every unit within the range."""
        return h if self.low is None and self.high is None else h.clamp(self.low, self.high)


@runtime_checkable
class Generator(Protocol):
    """G maps codes to data.

    A generator that can also map data to codes has `encode(x) -> h`; chains can then start from a picture, `init=`.
    A generator whose data are not images may have `pictures(x) -> (B, 3, H, W)`, which draws them for the writers.
    """

    code: Code

    def __call__(self, h: Tensor) -> Tensor:
        """Map codes `(B, *code.shape)` to data `(B, *data)`.

        Images are float RGB `(B, 3, H, W)`, nominally in [0, 1], not clamped.
        """
        ...

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes `(B, *code.shape)` to start chains from; row k depends on the seed and on chain k alone."""
        ...


@runtime_checkable
class Prior(Protocol):
    """The prior is p(h).

    A prior that can evaluate its density also has `log_prob(h, x) -> (B,)`; MALA and MH need it. A prior that models
    codes with noise of any level σ also has `denoise(h, sigma) -> (B, *code)`, differentiable in `h`: the mean of the
    clean codes given the noisy codes `h`; annealed sampling needs it.
    """

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """Return ∇log p(h) up to a positive factor, shaped like `h`.

        `x = G(h)` has already been computed and is detached.
        """
        ...


@runtime_checkable
class Condition(Protocol):
    """The condition is p(y | x).

    A condition that is a normalised probability may also have `probability(log_prob) -> (B,)` in [0, 1]. A condition
    that must be scaled to suit the ε2 of others may have a `weight`, w, a number or one for each chain, `(B,)`: chains
    then climb w · log p(y | x), that is p(y | x)^w, while `log_prob` stays log p(y | x). It may have `remarks`, lines
    that a run prints when it starts. A condition without a gradient, such as one that asks an animal, says so by
    `differentiable = False`; its `log_prob` may be any score.
    """

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B,)`, differentiable in `x` unless `differentiable` is False."""
        ...


@runtime_checkable
class Layered(Protocol):
    """A layered network can be read at each of its layers: the encoders and classifiers of a model.

    Conditions on hidden units, priors that encode pictures, and generators that start from a picture need it;
    `ppgn_core.testing.check_layers` checks it. A classifier's `__call__(x)` returns its logits `(B, K)`.
    """

    @property
    def layers(self) -> Iterable[str]:
        """Return the names of the layers, in forward order; a mapping by name will do."""
        ...

    def activations(self, x: Tensor, names: Collection[str]) -> Mapping[str, Tensor]:
        """Return the activations of images `(B, 3, H, W)` in [0, 1] at the named layers, `(B, …)` each."""
        ...


@dataclass(frozen=True)
class State:
    """Hold the position of the chains: all that the next step needs.

    Args:
        step: number of steps since the start of the chain.
        h: codes `(B, *code)`.
        x: G(h) `(B, *data)`.
        log_prob: log p(y | x) `(B,)`.
        prior_score, condition_score: ∇log p(h) and ∇log p(y | h), shaped like `h`.
        memory: tensors `(B, …)` that a sampler carries from step to step, such as a momentum, by name. They are saved
            with the codes and restored on resuming.
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
    """Hold a sampler's diagnostics of one step, all `(B,)`.

    Args:
        prior_norm, condition_norm: lengths of the two terms ε1·∇log p(h) and ε2·∇log p(y | h).
        acceptance: probability of accepting the proposal; 1 if the sampler has no reject step.
    """

    prior_norm: Tensor
    condition_norm: Tensor
    acceptance: Tensor


@dataclass(frozen=True)
class Snapshot:
    """Record all chains after one step: their state, the step's diagnostics, and which of them have a sample.

    Args:
        state: state of all chains; a chain that stopped is in its last finite state.
        info: diagnostics of the step that led to the state.
        last_step: number of the last step of each chain, `(B,)`: `state.step`, or less if the chain stopped.
        kept: mask of the chains whose sample passes the filter `keep`, `(B,)`; None if there is no filter.
        seconds: time since the chains began.
        cause: for each chain that stopped, what was first not finite, see `ppgn_core.chain.PARTS`; 0 for the others.
    """

    state: State
    info: Info
    last_step: Tensor
    kept: Tensor | None = None
    seconds: float = 0.0
    cause: Tensor | None = None

    @property
    def alive(self) -> Tensor:
        """Return which chains are still running, `(B,)`: the others stopped at a value that was not finite."""
        return self.last_step == self.state.step

    @property
    def samples(self) -> Tensor:
        """Return which chains have a sample to write, `(B,)`."""
        return self.alive if self.kept is None else self.kept


@runtime_checkable
class Sampler(Protocol):
    """A sampler is two functions without memory.

    A step depends only on its state and on the chain's own noise at that step. A sampler whose chains depend on each
    other, such as an evolution, says so by `couples_chains = True`; `batch_size` does not part them.
    """

    def init(self, h: Tensor, step: int = 0) -> State:
        """Return the state of chains that are at codes `h` after `step` steps."""
        ...

    def step(self, state: State) -> tuple[State, Info]: ...


@runtime_checkable
class Writer(Protocol):
    """A writer writes files; no other code touches the disk.

    It is called at step 0, at every saved step and at the last step. A class whose files are not the core's names them,
    `files = ("best.tsv",)`, so that `overwrite=true` removes those of the run that it replaces. A class with
    `picture = "best.png"` makes that one the picture that a run's last line names, instead of grid.png.
    """

    def write(self, snapshot: Snapshot) -> None: ...

    def close(self) -> None:
        """Finish the files; this is called once, even after an interruption."""
        ...
