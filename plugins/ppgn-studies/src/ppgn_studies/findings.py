"""`ppgn study findings` measures the paper's qualitative findings on mini."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.estimate import UNKNOWN, Estimate, mean
from ppgn_eval.judge import Judge
from ppgn_eval.mixing import FEWEST, modes, spacing
from ppgn_eval.quality import named
from ppgn_eval.runs import grid, images, samples
from ppgn_mini.model import mini
from rich.table import Table
from scipy.spatial.distance import pdist
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.atomic import atomic
from ppgn_core.console import terminal
from ppgn_core.model import Labels
from ppgn_core.noise import ChainNoise
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .making import make

CLASSES = ("lemon", "goldfish", "mushroom", "pizza")
UNITS = (7, 8, 9, 10)
"""Units of the classifier's layer fc7."""

NOISY = {"epsilon3": 0.1}
PIXELS = {"generator": "identity", "epsilon3": 0}
FREE = {"prior": "none", "epsilon2": 2}
RANDOM = {"sampler": "random_start"}
SAME = {"epsilon2": 20, "epsilon3": 0.1, "generator.network": "generator"}
"""Settings shared by chains that differ in their prior; 20 is the ε2 with which DGN-AM draws best."""

PRIORS = {
    "gaussian": {"prior": "gaussian", "epsilon1": 0.01, **SAME},
    "dae_h": {"prior": "dae_h", "epsilon1": 0.01, **SAME},
    "noiseless_joint": {"prior": "noiseless_joint", "epsilon1": 0.1, **SAME},
    "joint": {"prior": "joint", "epsilon1": 0.1, **SAME},
    "noiseless_joint, epsilon1 = 0.01": {"prior": "noiseless_joint", "epsilon1": 0.01, **SAME},
    "joint, epsilon1 = 0.01": {"prior": "joint", "epsilon1": 0.01, **SAME},
}
"""First each prior with its own ε1, as in the paper, since scores that are not divided by σ² have different scales;
then the joint ones with the ε1 of the others, since noise adds up to ε3 / √(2·ε1), which differs with it."""


@dataclass(frozen=True)
class Finding:
    """Hold settings that are compared.

    Args:
        settings: keys for `ppgn_core`, by the names that the table shows.
        neurons: whether hidden neurons are asked for, instead of classes.
        saves: number of states of a chain that are saved after its start.
    """

    settings: Mapping[str, Mapping[str, Any]]
    neurons: bool = False
    saves: int = 2

    @property
    def asked(self) -> dict[str, dict[str, Any]]:
        """Return the conditions' keys by the names of their folders."""
        if self.neurons:
            keys = {"condition": "hidden_neuron", "condition.layer": "fc7"}
            return {f"fc7_{unit}": {**keys, "condition.unit": unit} for unit in UNITS}
        return {name: {"condition.target": name, "condition.shift": 0} for name in CLASSES}


FINDINGS = {
    "modes of a class that chains visit": Finding(PRIORS, saves=40),
    "modes of a hidden neuron that chains visit": Finding(PRIORS, neurons=True, saves=40),
    "larger ε3 hurts": Finding({f"epsilon3 = {e}": {"epsilon3": e} for e in (0, 0.1, 0.3, 1)}),
    "ε1 first helps mixing, then drowns the class": Finding(
        {f"epsilon1 = {e}": {"epsilon1": e, **NOISY} for e in (0, 0.01, 0.03, 0.1, 0.3, 1)}
    ),
    "PPGN-x blurs, and without a prior the classifier is fooled": Finding(
        {
            "no prior, E climbed": {**PIXELS, **FREE, "condition.classifier": "encoder", "epsilon2": 0.05},
            "no prior": {**PIXELS, **FREE},
            "total_variation": {"experiment": "total_variation"},
            "PPGN-x": {"experiment": "ppgn_x"},
            "joint_x": {**PIXELS, "prior": "joint_x", "epsilon1": 0.03, "epsilon2": 2},
            "noiseless joint PPGN-h": {},
        }
    ),
}


def findings(
    out: str = "findings",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 200,
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 8,
    overrides: Sequence[str] = (),
) -> None:
    """Draw under every setting that a finding of the paper compares, and measure what differs.

    Each setting draws a few classes or hidden neurons. As in the paper, the classifier's input is not shifted
    (`condition.shift=0`). Settings that compare priors differ only in the prior and its weight ε1; ε2, ε3, G and the
    number of steps are equal. The joint priors are tried with the ε1 of the others too. For each setting it prints
      sure    mean p(y | x) of the classifier that the chains climb,
      judge   how often the independent classifier names the class (chance is 1.6 %),
      moved   RMS difference of 8 × 8 thumbnails between the middle and the end of a chain,
      sharp   mean |difference| of neighbouring pixels (0.077 of mini's validation photographs),
      modes   number of modes in the second half of a chain: clusters in the independent classifier's features,
      apart   distance of the last samples of two chains in these features; 1 is the median distance of a last sample
              to the nearest other one of the same class or neuron, which is also the radius of a mode,
    each with its standard error, binomial for `judge`, over classes or neurons for `apart`, over chains for the others.
    One sheet of pictures is saved for each finding. Runs already in `out` are not repeated.

    Args:
        out: folder for the runs.
        n_steps: number of steps of every chain.
        n_chains: number of chains in every run.
    """
    place, judge, console = home(out, "out"), efficientnet_lite0(), terminal()
    for number, (title, finding) in enumerate(FINDINGS.items(), start=1):
        every = max(1, n_steps // finding.saves)
        usual = {"n_chains": n_chains, "save_every": every, "writer": ["grid", "samples", "trace", "codes", "record"]}
        table = Table("setting", "sure", "judge", "moved", "sharp", "modes", "apart", title=title)
        sheet, chains = [], {}
        for k, (name, changes) in enumerate(finding.settings.items()):
            for asked, keys in finding.asked.items():
                folder = place / f"{number}_{k}" / asked
                make(folder, n_steps, {**RANDOM, **keys, **usual, **changes}, overrides)
                sheet.append(({"setting": name, "asked for": asked}, grid(folder)))
                chains[name, asked] = _chains(folder, n_steps, every, judge)
        last = [np.concatenate([chains[name, asked].ends for name in finding.settings]) for asked in finding.asked]
        radius = spacing(last)
        for name in finding.settings:
            ours = {asked: chains[name, asked] for asked in finding.asked}
            table.add_row(name, *_measured(ours, radius, None if finding.neurons else judge.labels))
        console.print(table)
        with atomic(place / f"finding_{number}.png") as temporary:
            draw(sheet).save(temporary)
    console.print(_pulled_back())


@dataclass(frozen=True)
class Chains:
    """Hold the results of the chains of one run.

    Args:
        images, middles: samples at the end and half-way, `(n, 3, H, W)`.
        features: the judge's features of the second half of each chain, `(n, states, D)`.
        logits: the judge's logits for `images`.
        sure: p(y | x) at the end, if the condition has a probability.
    """

    images: Tensor
    middles: Tensor
    features: NDArray[np.float32]
    logits: Tensor
    sure: list[float]

    @property
    def ends(self) -> NDArray[np.float32]:
        return self.features[:, -1]


def _chains(folder: Path, steps: int, every: int, judge: Judge) -> Chains:
    saved = [step for step in range(0, steps + 1, every) if step >= steps // 2]
    saved += [steps] * (saved[-1] != steps)
    states = [images(samples(folder, step)) for step in saved]
    verdicts = [judge(x) for x in states]
    features = np.stack([verdict.features.numpy() for verdict in verdicts], axis=1)
    rows = map(json.loads, (folder / "trace.jsonl").read_text(encoding="utf-8").splitlines())
    sure = [row["probability"] for row in rows if row["step"] == steps and row["probability"] is not None]
    return Chains(states[-1], states[0], features, verdicts[-1].logits, sure)


def _measured(ours: Mapping[str, Chains], radius: float, labels: Labels | None) -> list[str]:
    """Return a row of the table; `labels` are the judge's if classes are asked for, and None if neurons are."""
    end, middle = (torch.cat([getattr(c, name) for c in ours.values()]) for name in ("images", "middles"))
    judged = UNKNOWN
    if labels is not None:
        truth = [labels.find(asked).index for asked, c in ours.items() for _ in c.images]
        judged = named(torch.cat([c.logits for c in ours.values()]), torch.tensor(truth))
    square = mean((_thumbnails(end) - _thumbnails(middle)).square().mean((1, 2, 3)).tolist())
    moved = Estimate(math.sqrt(square.value), square.error / (2 * math.sqrt(square.value))) if square.value else square
    visited = [modes(chain, radius) for c in ours.values() for chain in c.features if len(chain) >= FEWEST]
    apart = mean(float(pdist(c.ends).mean()) / radius for c in ours.values() if len(c.ends) > 1)
    sure = mean(p for c in ours.values() for p in c.sure)
    return [str(sure), judged.percent, *map(str, (moved, mean(_sharpness(end)), mean(visited), apart))]


def _thumbnails(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(x, 8)


def _sharpness(x: Tensor) -> list[float]:
    """Return the mean difference of neighbouring pixels for each picture."""
    across, down = (x.diff(dim=dim).abs().mean((1, 2, 3)) for dim in (-1, -2))
    return ((across + down) / 2).tolist()


@torch.no_grad()
def _pulled_back() -> Table:
    """Tabulate how much of the noise on samples' codes is left after one pass through G∘E (Fig. S16)."""
    model = mini()
    G, E = model.network("generator"), model.network("encoder")
    noise = ChainNoise(0, 64)
    h = G.draw(noise).clamp(min=0)
    for _ in range(5):  # move to codes of pictures, as chains without a condition do
        h = E.activations(G(h), ("fc6",))["fc6"]
    table = Table("σ", "left of the noise", title="G∘E pulls noisy codes back: |R(h + n) − R(h)| / |n|")
    for sigma in (0.1, 0.3, 1.0, 3.0):
        n = sigma * noise.normal(1, h.shape[1:])
        R = [E.activations(G(code), ("fc6",))["fc6"] for code in (h + n, h)]
        table.add_row(f"{sigma:g}", str(mean(((R[0] - R[1]).norm(dim=1) / n.norm(dim=1)).tolist())))
    return table
