"""Check an installed component by its name: everything that its kind promises."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any

import torch

from ..api import assembled, component
from ..config.overrides import from_keys
from ..errors import UserError
from ..noise import ChainNoise
from ..options import plugins
from ..options.annotation import WRITTEN, notes
from ..options.bounds import BOUND
from ..options.kinds import KINDS
from ..options.option import Option
from .contracts import BATCH, check_condition_on, check_generator, check_prior, check_sampler
from .model import check_model
from .moves import check_device, check_float64, check_pickle
from .whole_run import TOY, check_run
from .writer import check_writer

PARTS = {"model", "generator", "energy", "run", "run_folder", "out"}
"""Parts of the run that a component may hold and that belong to one process and one type of numbers."""


def check(kind: str, config: str | Mapping[str, Any], *overrides: str) -> None:
    """Check an installed component: its help, its protocol, and a run of ten steps with a resume.

    Components that hold no part of the run are also tried in float64, on another device and in another process.

    Args:
        kind: `condition`, `prior`, …, `command`, or a kind of a plugin that brings a check.
        config: the component's name, or a mapping with its name and keys.
        overrides: the rest of the run as on the command line; what they leave out is of `experiment=toy`.

    Raises:
        AssertionError: a promise is broken; the line says which, and what to change.
        UserError: there is no such kind or component.
    """
    chosen = {"name": config} if isinstance(config, str) else dict(config)
    registry = plugins.registry()
    if kind not in registry.kinds:
        raise UserError(f"{kind}: no such kind; there are: {', '.join(registry.kinds)}")
    option = registry.find(kind, chosen["name"])
    _described(option)
    place = registry.kinds[kind].check
    assert place, f"{kind}: its package brings no check; register the kind with check='module:function'"
    check_kind = resolve_name(place)
    if kind not in KINDS:
        check_kind(lambda **given: component(kind, chosen, **given))
        return
    keys = [f"+writer={option.name}" if kind == "writer" else f"{kind}={option.name}"]
    keys += from_keys({option.at(key): value for key, value in chosen.items() if key != "name"})[0]
    ready = assembled(*TOY, *overrides, *keys)
    context = {**vars(ready.context), "noise": ChainNoise(0, BATCH, ready.context.device)}
    alone = option.signature.given.isdisjoint(PARTS)
    check_kind(lambda **given: component(kind, chosen, **{**context, **given}), ready, alone)
    check_run(*overrides, *keys)


def _described(option: Option) -> None:
    place = f"{option.kind}={option.name}"
    assert option.signature.summary, f"{place}: has no description in --help; give it a docstring"
    bare = [key.name for key in option.signature.keys if not key.annotation]
    assert not bare, f"{place}: {', '.join(bare)} has no type; annotate it, so that values are checked"
    for key in option.signature.keys:
        for note in notes(key.annotation):
            known = note == WRITTEN or BOUND.fullmatch(note)
            assert known, f"{place}: {key.name} has the note {note!r}, which is no bound; write it as '>= 0' or '< 1'"


def generator(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered generator."""
    made = make()
    check_generator(made)
    h = made.draw(ChainNoise(0, BATCH))
    if alone:
        check_float64(made, "__call__", h)
        check_device(lambda device: make(device=device), "__call__", h)
        check_pickle(made, "__call__", h)


def prior(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered prior on the codes of the run's generator."""
    G = ready.context.generator
    check_prior(lambda noise: make(noise=noise), G)
    h = G.draw(ChainNoise(0, BATCH))
    with torch.no_grad():
        x = G(h)
    if alone or ready.config.generator.name == "disc":
        check_float64(make(), "score", h, x, gradient=False)
        check_device(lambda device: make(device=device, noise=ChainNoise(0, BATCH, device)), "score", h, x)
    if alone:
        check_pickle(make(), "score", h, x)


def condition(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered condition on data that the run's generator draws."""
    G = ready.context.generator
    with torch.no_grad():
        x = G(G.draw(ChainNoise(0, BATCH)))
    check_condition_on(lambda noise: make(noise=noise), x)
    if alone:
        made = make()
        check_float64(made, "log_prob", x, gradient=getattr(made, "differentiable", True))
        check_device(lambda device: make(device=device, noise=ChainNoise(0, BATCH, device)), "log_prob", x)
        check_pickle(make(), "log_prob", x)


def sampler(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered sampler on the run's energy."""
    check_sampler(make(), ready.context.generator.draw(ChainNoise(0, BATCH)))


def writer(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered writer on the snapshots of a short run."""
    snapshots = list(ready.saved_steps())[:3]
    check_writer(lambda folder: make(run_folder=folder, out=folder.path), snapshots)


def model(make: Callable[..., Any], ready: Any, alone: bool) -> None:
    """Check a registered bundle of networks."""
    check_model(make(device=torch.device("cpu")))


def command(make: Callable[..., Any]) -> None:
    """Check that a command runs in an empty folder and returns None or an exit code."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            code = make()
        finally:
            os.chdir(before)
    assert code is None or isinstance(code, int), f"returns a {type(code).__name__}; return None, or an exit code"
