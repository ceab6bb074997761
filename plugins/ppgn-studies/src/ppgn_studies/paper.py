"""`ppgn study paper`: the runs that the paper's comparisons take on mini, drawn and measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ppgn_eval.command import path, prepared
from ppgn_eval.runs import samples
from ppgn_eval.study import shown
from ppgn_mini.model import mini

from ppgn_core.errors import UserError
from ppgn_core.nearest import nearest

from .making import make, refuse_links

if TYPE_CHECKING:
    from ppgn_eval.judge import Judge


@dataclass(frozen=True)
class Setting:
    """How a prior draws well with mini.

    Args:
        keys: besides ε1 and ε3, for `ppgn_core.sample`.
        epsilon1, epsilon3: as in Eq. 11.
        noise: the ε3 that is tried beside none, in units of the space that the chains walk in.
    """

    keys: Mapping[str, Any]
    epsilon1: float
    epsilon3: float = 0.0
    noise: float = 0.1

    @property
    def tried(self) -> list[tuple[float, float]]:
        """ε1 and ε3 of the runs that mixing is measured on: without noise, with it, and with less of the prior."""
        less = float(f"{self.epsilon1 / 3:.1g}")
        return list(dict.fromkeys([(self.epsilon1, 0.0), (self.epsilon1, self.noise), (less, self.noise)]))


def _pixels(epsilon1: float, epsilon2: float, epsilon3: float = 0.0, **keys: Any) -> Setting:
    return Setting({"generator": "identity", "epsilon2": epsilon2, **keys}, epsilon1, epsilon3, epsilon3 or 0.03)


PRIORS = {
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
"""The settings of the presets; `none_x` is no prior among images."""

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
"""Each sort of the paper's; `product` and `mixture` are made of these, and `context` needs a picture."""


@dataclass(frozen=True)
class Cell:
    """One run of the study: its folder below `out/runs`, and what it gives to `ppgn_core.sample`."""

    folder: str
    keys: Mapping[str, Any]


def cells(n_chains: int, n_steps: int, n_classes: int, priors: list[str]) -> Iterator[Cell]:
    """The runs of the study for some of `PRIORS`.

    Chains of `mixing/` have another seed than those of `quality/`, or some would be the same.

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
        usual = {**shared, **setting.keys, "epsilon1": setting.epsilon1, "epsilon3": setting.epsilon3}
        for synset in classes:
            asked = {**CONDITIONS["alexnet"], "condition.target": synset, "save_every": n_steps}
            yield Cell(f"quality/{prior}/{synset}", {**usual, **asked})
        for name, condition in CONDITIONS.items():
            for epsilon1, epsilon3 in setting.tried:
                varied = {"epsilon1": epsilon1, "epsilon3": epsilon3, "seed": 1, "save_every": max(1, n_steps // 50)}
                yield Cell(f"mixing/{prior}_{name}_{epsilon1:g}_{epsilon3:g}", {**usual, **condition, **varied})


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
    """Draw the runs that the paper's comparisons take on mini, measure them, and leave report.html and results.md.

    For a table like Table S3 every prior, as it draws well, draws the same classes. For mixing every prior walks under
    each of four conditions, without and with noise (ε3), and with less of the prior (ε1). As in the paper, C is shown
    the picture as it is (`condition.shift=0`). A prior keeps the ε2 that it draws well with, so what differs between
    two is not the prior alone; `ppgn study findings` compares priors with all else equal. Runs already in `out` are
    not made again.

    Args:
        data: photographs to compare with: a folder for each class, named for it or for its synset id.
        judge: the network that judges; its keys are `judge.KEY`.
        out: folder for report.html, results.md and, in `runs`, the runs.
        n_chains: of every run.
        n_steps: of every chain.
        classes: that every prior draws.
        priors: those to try, set apart by commas; null: all.
        photographs: of each class at most, the first by name.
        burn_in: share of a chain's steps that its mixing is not measured on.
        device: that chains run on and the judge works on: auto, cpu, cuda, mps.
        cache: folder for what a judge has seen; null: ppgn/verdicts where the system keeps caches.
    """
    measure = prepared([], data, judge, out, photographs, burn_in, device, cache)
    chosen = list(cells(n_chains, n_steps, classes, priors or list(PRIORS)))
    found = draw(path("out", out) / "runs", n_steps, chosen, [f"device={device}", *overrides])
    measure(found, ["ppgn", "study", *arguments])


def draw(out: Path, n_steps: int, chosen: Sequence[Cell], overrides: Sequence[str] = ()) -> list[Path]:
    """Make those runs that are not in `out` yet; the folders of all that came to samples.

    A run whose chains all came to values that are not finite is told of, and the others go on.

    Raises:
        UserError: a symbolic link in `out`, or a run was refused.
        KeyboardInterrupt: what was drawn is kept.
    """
    refuse_links(out)
    found = []
    for cell in shown(chosen, "drawing"):
        folder = out / cell.folder
        make(folder, n_steps, cell.keys, overrides)
        if samples(folder, n_steps):
            found.append(folder)
        else:
            print(f"ppgn study: {folder}: no chain reached step {n_steps}; it is left out", file=sys.stderr)
    return found
