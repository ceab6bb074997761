"""`python -m ppgn_mini.findings [out=DIR] [KEY=VALUE …]`: the paper's qualitative findings, measured on mini.

Runs `ppgn_core` under every setting that a finding compares, a few classes each, the classifier being shown the picture
as it is (`condition.shift=0`), as in the paper. Prints beside each setting
  sure    mean p(y | x) of the classifier that the chains climb,
  judge   how often the independent classifier names the class (chance is 1.6 %),
  moved   RMS difference of 8 × 8 thumbnails between the middle and the end of a chain: whether it stays in a mode,
  sharp   mean |difference| of neighbouring pixels (0.077 of mini's validation photographs),
and one sheet of pictures for each finding. Runs already in `out` are not made again. Other arguments go to `ppgn_core`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.judge import Judge
from ppgn_eval.quality import accuracy
from ppgn_eval.runs import grid, images, make, parsed, samples
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.atomic import atomic
from ppgn_core.noise import ChainNoise
from ppgn_core.sheet import draw

from .model import mini

CLASSES = ("lemon", "goldfish", "mushroom", "pizza")
N_CHAINS, N_STEPS = 8, 200
NOISY = {"epsilon3": "0.1"}
PIXELS = {"generator": "identity", "epsilon3": "0"}
FREE = {"prior": "none", "epsilon2": "2"}

FINDINGS: dict[str, dict[str, Mapping[str, str]]] = {
    "DGN-AM stays in a mode, joint chains leave it": {
        "gaussian": {"experiment": "dgn_am", **NOISY},
        "dae_h": {"experiment": "ppgn_h", **NOISY},
        "noiseless_joint": NOISY,
        "joint": {"experiment": "joint", **NOISY},
    },
    "larger ε3 hurts": {f"epsilon3 = {e}": {"epsilon3": e} for e in ("0", "0.1", "0.3", "1")},
    "ε1 first helps mixing, then drowns the class": {
        f"epsilon1 = {e}": {"epsilon1": e, **NOISY} for e in ("0", "0.01", "0.03", "0.1", "0.3", "1")
    },
    "PPGN-x blurs, and without a prior the classifier is fooled": {
        "no prior, E climbed": {**PIXELS, **FREE, "condition.classifier": "encoder", "epsilon2": "0.05"},
        "no prior": {**PIXELS, **FREE},
        "total_variation": {"experiment": "total_variation"},
        "PPGN-x": {"experiment": "ppgn_x"},
        "joint_x": {**PIXELS, "prior": "joint_x", "epsilon1": "0.03", "epsilon2": "2"},
        "noiseless joint PPGN-h": {},
    },
}


def main(arguments: list[str]) -> int:
    """Run, measure, print; the exit code of the first run that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    given = parsed(arguments)
    out, steps = Path(given.pop("out", "findings")), int(given.get("n_steps", N_STEPS))
    judge, console = efficientnet_lite0(), Console(width=None if sys.stdout.isatty() else 120)
    for number, (finding, settings) in enumerate(FINDINGS.items(), start=1):
        table = Table("setting", "sure", "judge", "moved", "sharp", title=finding)
        sheet = []
        for k, (name, changes) in enumerate(settings.items()):
            folder = out / f"{number}_{k}"
            for target in CLASSES:
                keys = {
                    "condition.target": target,
                    "condition.shift": 0,
                    "n_chains": N_CHAINS,
                    "save_every": steps // 2,
                }
                keys |= {"writer": "[grid,samples,trace,record]", **changes, **given}
                if code := make(folder / target, steps, keys):
                    return code
                sheet.append(({"setting": name, "class": target}, grid(folder / target)))
            table.add_row(name, *_measured(folder, steps, judge))
        console.print(table)
        with atomic(out / f"finding_{number}.png") as temporary:
            draw(sheet).save(temporary)
    console.print(_pulled_back())
    return 0


def _measured(folder: Path, steps: int, judge: Judge) -> list[str]:
    ends, middles, truth, sure = [], [], [], []
    for target in CLASSES:
        run = folder / target
        ends.append(images(samples(run, steps)))
        middles.append(images(samples(run, steps // 2)))
        truth += [judge.labels.find(target).index] * len(ends[-1])
        rows = map(json.loads, (run / "trace.jsonl").read_text().splitlines())
        sure += [row["probability"] for row in rows if row["step"] == steps]
    end, middle = torch.cat(ends), torch.cat(middles)
    moved = (_thumbnails(end) - _thumbnails(middle)).square().mean().sqrt()
    named = accuracy(judge(end).logits, torch.tensor(truth))
    return [f"{sum(sure) / len(sure):.2f}", f"{named:.0%}", f"{moved:.3f}", f"{_sharpness(end):.3f}"]


def _thumbnails(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(x, 8)


def _sharpness(x: Tensor) -> float:
    return float((x.diff(dim=-1).abs().mean() + x.diff(dim=-2).abs().mean()) / 2)


@torch.no_grad()
def _pulled_back() -> Table:
    """How much of the noise on the codes of samples is left after one pass through G∘E (Fig. S16)."""
    model = mini()
    G, E = model.network("generator"), model.network("encoder")
    noise = ChainNoise(0, 64)
    h = G.draw(noise).clamp(min=0)
    for _ in range(5):  # codes of pictures, as chains without a condition come to have them
        h = E.activations(G(h), ("fc6",))["fc6"]
    table = Table("σ", "left of the noise", title="G∘E pulls noisy codes back: |R(h + n) − R(h)| / |n|")
    for sigma in (0.1, 0.3, 1.0, 3.0):
        n = sigma * noise.normal(1, h.shape[1:])
        R = [E.activations(G(code), ("fc6",))["fc6"] for code in (h + n, h)]
        table.add_row(f"{sigma:g}", f"{float(((R[0] - R[1]).norm(dim=1) / n.norm(dim=1)).mean()):.2f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
