from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ppgn_core.__main__ import main
from ppgn_core.hookspecs import GROUP
from ppgn_core.model import Model
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry


class MeanColour:
    """log p(y | x) = −|mean colour of x − rgb|² / 2σ²."""

    def __init__(self, rgb: list[float], sigma: float = 0.1) -> None:
        self.rgb, self.sigma = rgb, sigma

    def log_prob(self, x):
        return -(x.mean((2, 3)) - x.new_tensor(self.rgb)).square().sum(1) / (2 * self.sigma**2)


def blank(device, size: int = 8) -> Model:
    """An image size and no network."""
    return Model("blank", {}, {}, size, device)


PICTURE = Path(__file__).parent.parent / "docs" / "photographs" / "coffee.jpg"
ON_IMAGES = {"total_variation", "blur", "jitter", "patch", "dae_x", "joint_x"}
"""Priors whose chains walk in the space of images."""

QUICK = ["model=blank", "generator=identity", "prior=none", "condition=mean_colour", "n_chains=2", "n_steps=4"]
"""A run that needs no trained network."""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What Hydra is told of logging, by command lines that nobody would type, ends with the test."""
    before = {name: logging.getLogger(name).handlers[:] for name in (None, "hydra")}
    yield
    for name, handlers in before.items():
        logger = logging.getLogger(name)
        for handler in logger.handlers[:]:
            if handler not in handlers and isinstance(handler, logging.StreamHandler):
                logger.removeHandler(handler)


@cache
def installed() -> tuple[Registry, list[str]]:
    """Load the plugins once, as to read their signatures takes a while."""
    return plugins.load(entry_points(group=GROUP))


@pytest.fixture
def registry(monkeypatch) -> Registry:
    """What is installed, and with it a model and a condition that need no trained network."""
    loaded, presets = installed()
    registry = Registry(tuple(loaded.kinds.values()))
    registry._options = {kind: dict(options) for kind, options in loaded._options.items()}
    registry.register("model", "blank", blank, "tests")
    registry.register("condition", "mean_colour", MeanColour, "tests")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    return registry


@pytest.fixture
def command(registry, monkeypatch, tmp_path, capsys):
    """`command("a=1", …)` runs the command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def tree(folder: Path) -> set[str]:
    """All that is in a folder."""
    return {os.path.relpath(path, folder) for path in folder.rglob("*")}
