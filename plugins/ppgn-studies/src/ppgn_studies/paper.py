"""`ppgn study paper` draws and measures the runs that the paper's comparisons need, on mini."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ppgn_eval.command import prepared
from ppgn_eval.runs import samples
from ppgn_eval.study import progress
from ppgn_mini.model import mini

from ppgn_core.errors import UserError
from ppgn_core.nearest import nearest
from ppgn_core.user_input import home

from .making import make, refuse_links

if TYPE_CHECKING:
    from ppgn_eval.judge import Judge


@dataclass(frozen=True)
class Setting:
    """Hold settings with which a prior draws well on mini.

    Args:
        keys: keys for `ppgn_core.sample` other than ε1 and ε3.
        epsilon1, epsilon3: the parameters of Eq. 11.
        noise: ε3 of the runs with noise, in units of the space of the chains.
        steps: number of steps of chains that sample only at the end and whose mixing is not measured; None for others.
    """

    keys: Mapping[str, Any]
    epsilon1: float
    epsilon3: float = 0.0
    noise: float = 0.1
    steps: int | None = None

    @property
    def tried(self) -> list[tuple[float, float]]:
        """Return ε1 and ε3 of the runs that mixing is measured on: without noise, with it, and with a weaker prior."""
        if self.steps:
            return []
        less = float(f"{self.epsilon1 / 3:.1g}")
        return list(dict.fromkeys([(self.epsilon1, 0.0), (self.epsilon1, self.noise), (less, self.noise)]))


def _pixels(epsilon1: float, epsilon2: float, epsilon3: float = 0.0, **keys: Any) -> Setting:
    return Setting({"generator": "identity", "epsilon2": epsilon2, **keys}, epsilon1, epsilon3, epsilon3 or 0.03)


PRIORS = {
    "mini": Setting({"prior": "noiseless_joint", "sampler": "mini"}, 0.05, steps=50),
    "noiseless_joint": Setting({"prior": "noiseless_joint"}, 0.1),
    "joint": Setting({"prior": "joint", "generator.network": "generator_joint"}, 0.1, 0.05, 0.05),
    "dae_h": Setting({"prior": "dae_h", "epsilon2": 5}, 0.01),
    "gaussian": Setting({"prior": "gaussian", "epsilon2": 20}, 0.01),
    "none": Setting({"prior": "none", "epsilon2": 20}, 0.0),
    "joint_x": _pixels(0.03, 2.0, prior="joint_x"),
    "dae_x": _pixels(1.0, 25.0, 0.1, prior="dae_x"),
    "patch": _pixels(0.05, 8.0, prior="patch"),
    "total_variation": _pixels(0.003, 8.0, prior="total_variation"),
    "blur": _pixels(0.1, 8.0, prior="blur"),
    "jitter": _pixels(0.2, 16.0, prior="jitter"),
    "none_x": _pixels(0.0, 2.0, prior="none"),
}
"""Settings of the presets. `mini` is the default, which starts from annealed noise; all others start from random codes.
`none_x` has no prior and samples in image space."""

STILL = {"condition.shift": 0}

CONDITIONS: dict[str, Mapping[str, Any]] = {
    "alexnet": {"condition": "alexnet", "condition.target": "goldfish", **STILL},
    "lrcn": {
        "condition": "lrcn",
        "condition.text": "a red teapot",
        "condition.weight": 0.01,  # room to move
        **STILL,
    },
    "hidden_neuron": {"condition": "hidden_neuron", "condition.layer": "fc7", "condition.unit": 7},
    "places": {"condition": "places", "condition.target": "alp", **STILL},
}
"""One condition of each kind in the paper; `product` and `mixture` combine these, and `context` needs a picture."""


@dataclass(frozen=True)
class Cell:
    """Hold one run of the study: its folder below `out/runs`, its keys for `ppgn_core.sample`, and its steps."""

    folder: str
    keys: Mapping[str, Any]
    n_steps: int


def cells(n_chains: int, n_steps: int, n_classes: int, priors: list[str]) -> Iterator[Cell]:
    """Yield the runs of the study for some of `PRIORS`.

    Runs in `mixing/` have another seed than those in `quality/`, or some chains would be the same.

    Raises:
        UserError: no such prior, or more classes than mini has.
    """
    for prior in priors:
        if prior not in PRIORS:
            raise UserError(f"priors={prior}: there is no such prior; {nearest(prior, PRIORS)}")
    labels = mini().labels["classifier"]
    if not 1 <= n_classes <= len(labels):
        raise UserError(f"classes={n_classes}: allowed are 1 to {len(labels)}, the classes of mini")
    classes = [labels[i * len(labels) // n_classes].synset for i in range(n_classes)]
    shared = {"n_chains": n_chains, "writer": ["samples", "trace", "codes", "record"]}
    for prior in priors:
        setting = PRIORS[prior]
        epsilons = {"epsilon1": setting.epsilon1, "epsilon3": setting.epsilon3}
        usual = {"sampler": "random_start", **shared, **setting.keys, **epsilons}
        for synset in classes:
            steps = setting.steps or n_steps
            asked = {**CONDITIONS["alexnet"], "condition.target": synset, "save_every": steps}
            yield Cell(f"quality/{prior}/{synset}", {**usual, **asked}, steps)
        for name, condition in CONDITIONS.items():
            for epsilon1, epsilon3 in setting.tried:
                varied = {"epsilon1": epsilon1, "epsilon3": epsilon3, "seed": 1, "save_every": max(1, n_steps // 50)}
                folder = f"mixing/{prior}_{name}_{epsilon1:g}_{epsilon3:g}"
                yield Cell(folder, {**usual, **condition, **varied}, n_steps)


def paper(
    data: str | None = None,
    judge: Annotated[dict[str, Any] | str, Judge] = "efficientnet_lite0",
    out: str = "evaluated",
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 8,
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 200,
    classes: Annotated[int, ">= 1", "< 1e9"] = 16,
    priors: list[str] | None = None,
    photographs: Annotated[int, ">= 2", "<= 1000000"] = 60,
    burn_in: Annotated[float, ">= 0", "< 1"] = 0.5,
    device: str = "auto",
    cache: str | None = None,
    overrides: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> None:
    """Draw the runs that the paper's comparisons need on mini, measure them, and write report.html and results.md.

    For a table like Table S3 every prior, with settings with which it draws well, draws the same classes. For mixing
    every prior runs under each of four conditions, without and with noise (ε3), and with a weaker prior (ε1). As in the
    paper, C's input is not shifted (`condition.shift=0`). Each prior keeps its own ε2, so two priors differ in more
    than the prior itself; `ppgn study findings` compares priors with everything else equal. Runs already in `out` are
    not repeated.

    Args:
        data: folder of photographs to compare with, with a subfolder for each class, named after it or its synset id.
        judge: the network that judges; its keys are `judge.KEY`.
        out: folder for report.html, results.md and, in `runs`, the runs.
        n_chains: number of chains in every run.
        n_steps: number of steps of every chain.
        classes: number of classes that every prior draws.
        priors: names of the priors to try, separated by commas; null for all.
        photographs: largest number of photographs of each class, the first by name.
        burn_in: share of a chain's steps at its start that is left out when mixing is measured.
        device: device of the chains and of the judge: auto, cpu, cuda, mps.
        cache: folder for cached verdicts; null for ppgn/verdicts in the system's folder of caches.
    """
    measure = prepared([], data, judge, out, photographs, burn_in, device, cache)
    chosen = list(cells(n_chains, n_steps, classes, priors or list(PRIORS)))
    folders = draw(home(out, "out") / "runs", chosen, [f"device={device}", *overrides])
    measure(folders, ["ppgn", "study", *arguments])


def draw(out: Path, chosen: Sequence[Cell], overrides: Sequence[str] = ()) -> list[Path]:
    """Make those runs of the study that are not in `out` yet; return the folders of all that have samples.

    A run whose chains all stopped at values that are not finite is reported, and the others continue.

    Raises:
        UserError: `out` has a symbolic link, or a run was refused.
        KeyboardInterrupt: the run was interrupted; results so far are kept.
    """
    refuse_links(out)
    finished = []
    for cell in progress(chosen, "drawing"):
        folder = out / cell.folder
        make(folder, cell.n_steps, cell.keys, overrides)
        if samples(folder, cell.n_steps):
            finished.append(folder)
        else:
            print(f"ppgn study: {folder}: no chain reached step {cell.n_steps}; it is left out", file=sys.stderr)
    return finished
