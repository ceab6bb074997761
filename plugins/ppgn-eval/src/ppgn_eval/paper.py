"""`suite=paper`: the runs that the paper's comparisons take on mini, made here.

For a table like Table S3 every prior, as it draws well, draws the same classes. For mixing every prior
walks under each of four conditions, without and with noise (ε3), and with less of the prior (ε1). As in the paper, C is
shown the picture as it is (`condition.shift=0`). A prior keeps the ε2 that it draws well with, so what differs between
two is not the prior alone; `python -m ppgn_mini.findings` compares priors with all else equal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.nearest import nearest

from .runs import make, refuse_links, samples
from .study import shown


@dataclass(frozen=True)
class Setting:
    """How a prior draws well with mini.

    Args:
        keys: besides ε1 and ε3, for `ppgn_core`.
        epsilon1, epsilon3: as in Eq. 11.
        noise: the ε3 that is tried beside none, in units of the space that the chains walk in.
    """

    keys: Mapping[str, object]
    epsilon1: float
    epsilon3: float = 0.0
    noise: float = 0.1

    @property
    def tried(self) -> list[tuple[float, float]]:
        """ε1 and ε3 of the runs that mixing is measured on: without noise, with it, and with less of the prior."""
        less = float(f"{self.epsilon1 / 3:.1g}")
        return list(dict.fromkeys([(self.epsilon1, 0.0), (self.epsilon1, self.noise), (less, self.noise)]))


def _pixels(epsilon1: float, epsilon2: float, epsilon3: float = 0.0, **keys: object) -> Setting:
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

CONDITIONS: dict[str, Mapping[str, object]] = {
    "alexnet": {"condition": "alexnet", "condition.target": "goldfish", **STILL},
    "lrcn": {
        "condition": "lrcn",
        "condition.text": '"a red teapot"',
        "condition.weight": 0.01,  # room to move
        **STILL,
    },
    "hidden_neuron": {"condition": "hidden_neuron", "condition.layer": "fc7", "condition.unit": 7},
    "places": {"condition": "places", "condition.target": "alp", **STILL},
}
"""Each sort of the paper's; `product` and `mixture` are made of these, and `context` needs a picture."""


@dataclass(frozen=True)
class Cell:
    """One run of the suite: its folder below `out`, and what it gives to `ppgn_core`."""

    folder: str
    keys: Mapping[str, object]


def cells(n_chains: int, n_steps: int, n_classes: int, priors: list[str]) -> Iterator[Cell]:
    """The runs of the suite for some of `PRIORS`.

    Chains of `mixing/` have another seed than those of `quality/`, or some would be the same.
    """
    labels = mini().labels["classifier"]
    if not 1 <= n_classes <= len(labels):
        raise UserError(f"classes={n_classes}: allowed are 1 to {len(labels)}, the classes of mini")
    classes = [labels[i * len(labels) // n_classes].synset for i in range(n_classes)]
    shared = {"n_chains": n_chains, "writer": "[samples,trace,codes,record]"}
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


def draw(out: Path, n_chains: int, n_steps: int, n_classes: int, priors: list[str]) -> list[Path]:
    """Make the runs of the suite that are not in `out` yet; the folders of all that came to samples.

    A run whose chains all came to values that are not finite is told of, and the others go on.

    Raises:
        UserError: no such prior, a symbolic link in `out`, or a run was refused.
        KeyboardInterrupt: what was drawn is kept.
    """
    for prior in priors:
        if prior not in PRIORS:
            raise UserError(f"priors={prior}: the suite has no such prior; {nearest(prior, PRIORS)}")
    refuse_links(out)
    found = []
    for cell in shown(list(cells(n_chains, n_steps, n_classes, priors)), "drawing"):
        folder = out / cell.folder
        code = make(folder, n_steps, cell.keys)
        if code == 130:
            raise KeyboardInterrupt
        if code and not (folder / "run.json").is_file():
            raise UserError(f"suite=paper: the run {folder} failed")
        if samples(folder, n_steps):
            found.append(folder)
        else:
            print(f"ppgn_eval: {folder}: no chain reached step {n_steps}; it is left out", file=sys.stderr)
    return found


def mini() -> Model:
    """The model that is installed by that name."""
    model: Model = component("model", {"name": "mini"}, device="cpu")
    return model
