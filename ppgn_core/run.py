"""A run: from config to a run folder.

config ─ registry ─► generator G, prior, condition ─► Energy ─► Sampler ─► chain of (State, Info) ─► Writers
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from .chain import chain
from .clock import Clock
from .console import explained, say
from .device import choose_device
from .energy import Energy
from .errors import UserError
from .given import home
from .interrupt import interruptible
from .keep import Keep
from .noise import ChainNoise
from .pictures import load_pictures
from .progress import Progress
from .protocols import Generator, Info, State, Writer
from .provenance import provenance
from .registry import Registry
from .run_folder import RunFolder
from .signature import NUMBERS, PICTURES
from .writers.codes import Saved, load_codes

GIVEN = (*NUMBERS, *PICTURES)


def run(config: DictConfig, registry: Registry, out: Path, overrides: Sequence[str]) -> bool:
    """Sample as `config` says and leave the files of the chosen writers in the folder `out`.

    Returns whether it was asked to end before its last step.

    Raises:
        UserError: what is asked for cannot be had, told before anything is written; or every chain stopped.
    """
    source = home(config.resume, "resume") if config.resume else None
    saved = load_codes(source) if source else None
    device = choose_device(config.device)
    folder = RunFolder(out, source, bool(config.get("overwrite")))
    context: dict[str, Any] = {name: config[name] for name in GIVEN}
    context |= {"device": device, "noise": ChainNoise(config.seed, config.n_chains, device)}
    context |= {"out": out, "run_folder": folder}
    context["clock"] = Clock()
    context["run"] = provenance(config, overrides, device, start=saved.step if saved else 0)

    def build(kind: str) -> Any:
        return registry.build(kind, config[kind], **context)

    context["model"] = build("model") if config.get("model") is not None else None
    context["generator"] = build("generator")
    context["energy"] = Energy(context["generator"], build("prior"), build("condition"), context["clock"])
    keep = Keep(config.keep, context["energy"]) if config.keep is not None else None
    sampler = build("sampler")
    writers = [registry.build("writer", chosen, **context) for chosen in (config.get("writer") or {}).values()]
    writers.sort(key=lambda writer: getattr(writer, "commits", False))  # what a resumed run starts from comes last

    h, step, last_step = _start(config, context, saved)
    states = chain(sampler, h, config.n_steps - step, step, last_step)
    try:
        with ExitStack() as stack:
            stack.enter_context(folder.opened(saved.files, saved.step) if saved else folder.opened())
            stack.enter_context(_closed(writers))
            interrupted = stack.enter_context(interruptible())
            progress = stack.enter_context(Progress(step, config.n_steps))
            for state, info in states:
                progress.update(state)
                last = state.step == config.n_steps or interrupted()
                old = saved is not None and state.step == saved.step < config.n_steps
                if (last or state.step % config.save_every == 0) and not old:
                    if keep:
                        info = replace(info, kept=keep(state, info))
                    for writer in writers:
                        writer.write(state, info)
                    last = last or not _alive(state, info).any()
                if last:
                    break
    except OSError as error:
        raise UserError(f"out={out}: {explained(error)}") from error
    if keep and keep.kept:
        say(str(keep))
    elif keep:
        print(f"ppgn: {keep}", file=sys.stderr)
    _report(state, info, out)
    return interrupted()


@contextmanager
def _closed(writers: Sequence[Writer]) -> Iterator[None]:
    """Close every writer at the end, whatever happens; of several errors the first one counts, as others follow of it.
    """
    first: BaseException | None = None
    try:
        yield
    except BaseException as error:
        first = error
    for writer in writers:
        try:
            writer.close()
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def _start(config: DictConfig, context: Mapping[str, Any], saved: Saved | None) -> tuple[Tensor, int, Tensor | None]:
    """Codes to start from, the steps they have behind them, and `last_step` as `chain` takes it."""
    generator: Generator = context["generator"]
    noise: ChainNoise = context["noise"]
    if saved is None and config.init is None:
        return generator.draw(noise), 0, None
    if saved is None:
        if context["model"] is None:
            raise UserError(f"init={config.init}: model=null does not say how large pictures are; give model=NAME")
        return _encoded(generator, config, context["model"].image_size, noise), 0, None
    if saved.step > config.n_steps:  # as many are allowed: the last files may be missing
        raise UserError(f"n_steps={config.n_steps}: {config.resume} has {saved.step} steps; allowed are that and more")
    wanted = (config.n_chains, *generator.code.shape)
    if saved.h.shape != wanted:
        given = tuple(saved.h.shape)
        raise UserError(
            f"resume={config.resume}: its codes are {given}; allowed in this run are {wanted}, chains first"
        )
    return saved.h.to(noise.device), saved.step, saved.last_step.to(noise.device)


def _encoded(generator: Generator, config: DictConfig, size: int, noise: ChainNoise) -> Tensor:
    """The codes of the pictures `init`, which the chains take in turn, with noise on them."""
    encode = getattr(generator, "encode", None)
    if encode is None:
        raise UserError(f"init={config.init}: this generator has no encoder (encode) to lead pictures back to codes")
    pictures = load_pictures(config.init, size, "init", config.n_chains).to(noise.device)
    with torch.no_grad():
        codes = encode(pictures)
    h = codes[[chain % len(codes) for chain in noise.chains]]
    if config.init_noise > 0:
        h = h + config.init_noise * noise.normal(0, h.shape[1:], stream="init")
        h = h.clamp(generator.code.low, generator.code.high)
    return h


def _alive(state: State, info: Info) -> Tensor:
    return info.last_step == state.step


def _report(state: State, info: Info, out: Path) -> None:
    for k, step in enumerate(info.last_step.tolist()):
        if step < state.step:
            print(f"ppgn: chain {k} stopped after step {step}: a value was no longer finite", file=sys.stderr)
    grid = out / "grid.png"
    say(f"{state.step} steps: {grid if grid.exists() else out}")
    if not _alive(state, info).any():
        raise UserError("every chain stopped at a value that is not finite; smaller epsilons or step sizes may help")
