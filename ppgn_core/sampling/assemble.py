"""Assemble chains from a config: build every component, and the codes that the chains start from.

config ─ registry ─► generator G, prior, condition ─► Energy ─► Sampler ─► snapshots ─► writers
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from .. import blame
from ..chain import chain, picked
from ..clock import Clock
from ..device import choose_device, in_bf16
from ..energy import Energy
from ..errors import UserError
from ..noise import ChainNoise
from ..options.registry import Registry
from ..pictures import load_pictures
from ..protocols import Generator, Sampler, Snapshot, State, Writer
from ..run_context import RunContext
from ..run_folder import RunFolder
from ..user_input import home
from ..writers.codes import Saved, load_codes
from .batches import Batches, at_a_time
from .provenance import provenance
from .sample_filter import SampleFilter

FROM_CONFIG = [field.name for field in fields(RunContext) if field.type in ("int", "float", "bool", "str | None")]


@dataclass(frozen=True)
class Chains:
    """Hold chains that are ready to run.

    Args:
        config: config that the chains were built from.
        context: values that their components received from the run.
        sampler: sampler that takes the steps.
        filter: filter set by `keep`; None if all samples are kept.
        h: starting codes, `(B, *code)`.
        saved: saved state of the run that these chains continue; None if they start afresh.
        writers: function that makes the config's writers for the run's folder and its context.
        samplers: function that makes the sampler of a config for its context.
    """

    config: DictConfig
    context: RunContext
    sampler: Sampler
    filter: SampleFilter | None
    h: Tensor
    saved: Saved | None
    writers: Callable[[RunFolder, RunContext], list[Writer]]
    samplers: Callable[[DictConfig, RunContext], Sampler]

    @property
    def start(self) -> int:
        """Return the number of steps that the chains have already taken."""
        return self.saved.step if self.saved else 0

    @property
    def energy(self) -> Energy:
        """Return the generator, the prior and the condition together."""
        assert self.context.energy is not None  # `assemble` has made it
        return self.context.energy

    def __iter__(self) -> Iterator[Snapshot]:
        """Yield a snapshot of the start, then one of every step."""
        n_steps = self.config.n_steps - self.start
        if self.saved is None:
            return chain(self.sampler, self.h, n_steps)
        last_step = self.saved.last_step.to(self.h.device)
        memory = {name: value.to(self.h.device) for name, value in self.saved.memory.items()}
        return chain(self.sampler, self.h, n_steps, self.start, last_step, memory)

    def after(self, snapshot: Snapshot, rows: Sequence[int], config: DictConfig, moved: Mapping[str, Any]) -> Chains:
        """Return chains that go on from a snapshot with the ε and the sampler's keys of another config.

        A sampler is two functions without memory, so one with other numbers can take over at any step.

        Args:
            rows: for each chain, the chain whose state it goes on from.
            moved: what differs, for the record.
        """
        snapshot = picked(snapshot, rows)
        record = dict(self.context.run)
        chosen = {} if list(rows) == list(range(len(rows))) else {"chains": list(rows)}
        if what := {**moved, **chosen}:
            record["moves"] = [*record.get("moves", ()), {"step": snapshot.state.step, **what}]
        epsilons = {name: config[name] for name in ("epsilon1", "epsilon2", "epsilon3")}
        context = replace(self.context, run=record, **epsilons)
        state = snapshot.state
        saved = Saved(state.h, snapshot.last_step, state.step, dict(state.memory))
        made = self.samplers(config, context)
        return replace(self, config=config, context=context, sampler=made, h=state.h, saved=saved)

    def saved_steps(
        self, stop: Callable[[], bool] = lambda: False, watch: Callable[[State], object] = lambda state: None
    ) -> Iterator[Snapshot]:
        """Yield the snapshots to be saved: every `save_every` steps and the last, filtered by `keep`.

        Args:
            stop: function called after every step; chains end if it returns True.
            watch: function called with the state of every step.
        """
        for snapshot in self:
            step = snapshot.state.step
            watch(snapshot.state)
            if self.saved is None and step == 0:
                self._tell_of_no_gradient(snapshot.state)
            last = step == self.config.n_steps or stop()
            old = self.saved is not None and step == self.start < self.config.n_steps
            if (last or step % self.config.save_every == 0) and not old:
                if self.filter:
                    snapshot = replace(snapshot, kept=self.filter(snapshot))
                yield snapshot
                last = last or not snapshot.alive.any()
            if last:
                return

    def _tell_of_no_gradient(self, state: State) -> None:
        """Print a line if no chain has anything to climb, as where a classifier's head is filled with zeros."""
        by_gradient = getattr(self.sampler, "uses_gradient", True)
        if by_gradient and not state.condition_score.any():  # nan counts as any
            remark = "the condition's gradient is exactly zero at the start, in every chain; the prior alone moves them"
            print(f"ppgn: {remark}", file=sys.stderr)


def assemble(
    config: DictConfig,
    registry: Registry,
    overrides: Sequence[str] = (),
    objects: Mapping[str, Any] | None = None,
) -> Chains:
    """Build all components that `config` asks for, and the chains.

    Args:
        overrides: overrides that the config was composed with, for the record.
        objects: ready-made components by kind, used instead of those that the config describes.

    Raises:
        UserError: a component that the config asks for cannot be built.
    """
    objects = objects or {}
    saved = load_codes(home(config.resume, "resume")) if config.resume else None
    device = choose_device(config.device)
    noise = ChainNoise(config.seed, config.n_chains, device)
    context = RunContext(
        **{name: config[name] for name in FROM_CONFIG},
        device=device,
        noise=noise,
        clock=Clock(),
        run=provenance(config, overrides, device, start=saved.step if saved else 0, objects=objects),
    )

    def build(kind: str, config: DictConfig, context: RunContext) -> Any:
        made = objects[kind] if kind in objects else registry.build(kind, config[kind], **vars(context))
        blame.check_has(made, kind)
        return made

    if config.get("model") is not None or "model" in objects:
        context = replace(context, model=build("model", config, context))
    generator: Generator = build("generator", config, context)
    context = replace(context, generator=generator)
    bf16 = in_bf16(config.get("precision", 32), device)
    prior, condition = (build(kind, config, context) for kind in ("prior", "condition"))
    energy = Energy(generator, prior, condition, context.clock, bf16)
    context = replace(context, energy=energy)
    sample_filter = SampleFilter(config.keep, energy) if config.keep is not None else None

    def samplers(config: DictConfig, context: RunContext) -> Sampler:
        made = build("sampler", config, context)
        size = at_a_time(config, device)
        if config.n_chains > size and not getattr(made, "couples_chains", False):
            return Batches(made, noise, size)
        return made

    def writers(folder: RunFolder, context: RunContext) -> list[Writer]:
        writer_context = replace(context, out=folder.path, run_folder=folder)
        chosen = (config.get("writer") or {}).values()
        built = [registry.build("writer", one, **vars(writer_context)) for one in chosen]
        for writer in built:
            blame.check_has(writer, "writer")
        # the codes last: resuming relies on it
        return sorted(built, key=lambda writer: getattr(writer, "commits", False))

    sampler, h = samplers(config, context), _start(config, context, generator, saved)
    return Chains(config, context, sampler, sample_filter, h, saved, writers, samplers)


def _start(config: DictConfig, context: RunContext, generator: Generator, saved: Saved | None) -> Tensor:
    """Return the codes that the chains start from."""
    noise = context.noise
    wanted = (config.n_chains, *generator.code.shape)
    if saved is None and config.init is None:
        h = blame.call(generator, "draw", generator.draw, noise)
        empty = torch.empty(0, device=noise.device)
        blame.check_tensor(generator, "draw", h, empty, wanted, "codes, one for each chain,")
        return h
    if saved is None:
        if context.model is None:
            raise UserError(f"init={config.init}: with model=null the size of pictures is unknown; give model=NAME")
        return _encoded(config, noise, generator, context.model.image_size)
    if saved.step > config.n_steps:  # equality is allowed: the final files may be missing
        taken = f"the run in {config.resume} has taken {saved.step} steps"
        raise UserError(f"n_steps={config.n_steps}: {taken}; allowed are {saved.step} or more")
    if saved.h.shape[1:] == wanted[1:] and len(saved.h) != config.n_chains:
        n = len(saved.h)
        raise UserError(f"n_chains={config.n_chains}: the run in {config.resume} has {n} chains; allowed is {n}")
    if saved.h.shape != wanted:
        shape = tuple(saved.h.shape)
        raise UserError(f"resume={config.resume}: its codes have the shape {shape}, but this run's have {wanted}")
    return saved.h.to(noise.device)


def _encoded(config: DictConfig, noise: ChainNoise, generator: Generator, size: int) -> Tensor:
    """Encode the pictures of `init`, assign them to the chains in turn, and add noise."""
    encode = getattr(generator, "encode", None)
    if encode is None:
        raise UserError(f"init={config.init}: this generator has no encoder (encode) to turn pictures into codes")
    pictures = load_pictures(config.init, size, "init", config.n_chains).to(noise.device)
    batches = pictures.split(at_a_time(config, pictures.device))
    with torch.no_grad():
        codes = torch.cat([blame.call(generator, "encode", encode, batch) for batch in batches])
    h = codes[[chain % len(codes) for chain in noise.chains]]
    if config.init_noise > 0:
        h = h + config.init_noise * noise.normal(0, h.shape[1:], stream="init")
        h = generator.code.clamp(h)
    return h
