"""The autoencoder: E leads a signal to a code, G draws a signal from a code."""

from __future__ import annotations

from torch import nn

from .signals import LENGTH

CODE = 8


def encoder(width: int) -> nn.Sequential:
    """Make E, `(B, LENGTH)` → `(B, 2 · CODE)`: mean and log variance of each unit of the code."""
    return nn.Sequential(
        nn.Unflatten(1, (1, LENGTH)),
        nn.Conv1d(1, width // 8, 9, 2, 4),
        nn.GELU(),
        nn.Conv1d(width // 8, width // 4, 9, 2, 4),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(width // 4 * LENGTH // 4, width),
        nn.GELU(),
        nn.Linear(width, 2 * CODE),
    )


def generator(width: int) -> nn.Sequential:
    """Make G, `(B, CODE)` → `(B, LENGTH)`."""
    return nn.Sequential(
        nn.Linear(CODE, width),
        nn.GELU(),
        nn.Linear(width, width),
        nn.GELU(),
        nn.Linear(width, width),
        nn.GELU(),
        nn.Linear(width, LENGTH),
    )
