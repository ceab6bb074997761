"""Implement `ppgn ecg-train`, which trains the generator as a variational autoencoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
from torch import nn

from ppgn_core import UserError, weights
from ppgn_core.console import say

from . import networks, signals

KEPT = 1024
"""Codes of drawn signals that are stored with the weights, for priors."""


def train(
    out: str = "ecg.safetensors",
    steps: Annotated[int, ">= 1"] = 3000,
    batch_size: Annotated[int, ">= 1"] = 64,
    learning_rate: Annotated[float, "> 0"] = 2e-3,
    beta: Annotated[float, ">= 0"] = 3e-4,
    width: Annotated[int, ">= 16"] = 256,
    seed: Annotated[int, ">= 0"] = 0,
) -> None:
    """Train a generator of ECG-like signals, in about a minute.

    Args:
        out: file for the weights.
        steps: number of training steps.
        batch_size: number of signals in a step; all are drawn anew.
        learning_rate: largest learning rate of Adam.
        beta: weight of the divergence of codes from N(0, 1) (Higgins et al. 2017).
        width: width of the layers.
        seed: seed of all randomness.
    """
    path = Path(out).expanduser()
    if path.exists():
        raise UserError(f"out={out}: it exists; allowed is a new file")
    random = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    E, G = networks.encoder(width), networks.generator(width)
    optimizer = torch.optim.Adam([*E.parameters(), *G.parameters()], learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    for step in range(steps):
        x, _ = signals.draw(batch_size, random)
        mean, log_variance = E(x).chunk(2, 1)
        h = mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=random)
        error = (G(h) - x).square().mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        optimizer.zero_grad()
        (error + beta * divergence).backward()
        nn.utils.clip_grad_norm_([*E.parameters(), *G.parameters()], 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % max(1, steps // 6) == 0:
            say(f"{step + 1} steps: error {error:.4f}, divergence {divergence:.2f}")
    with torch.no_grad():
        codes = E(signals.draw(KEPT, random)[0])[:, : networks.CODE]
    tensors = {f"G.{name}": value for name, value in G.state_dict().items()} | {"codes": codes}
    weights.save(path, tensors, {"ecg": {"width": width}})
    say(str(path))
