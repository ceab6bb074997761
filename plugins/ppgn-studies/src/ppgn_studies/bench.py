"""`ppgn bench` measures what a step costs, where its time goes, and how close that is to what the machine can do."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import torch
from ppgn_alexnet import alexnet, generator
from ppgn_alexnet.bilateral import bilateral
from ppgn_alexnet.condition import ClassCondition
from ppgn_joint.noiseless import NoiselessJoint
from ppgn_mini.model import mini
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from ppgn_core.api import chains, component
from ppgn_core.chain import chain
from ppgn_core.console import terminal
from ppgn_core.device import choose_device
from ppgn_core.energy import Energy
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise

Step = Callable[[], object]
Row = Literal["annealed", "default", "imagenet", "lrcn", "shared", "full"]


class Peak(NamedTuple):
    """Hold the fastest operation of the machine, its GFLOP, and the GFLOP/s that it reached."""

    step: Step
    gigaflops: float
    reached: float


TARGET = 3
PEAK = -1
"""Place of the fastest operation among the ways of a row."""
EPSILONS = {"epsilon1": 1e-2, "epsilon2": 1.0, "epsilon3": 1e-3}
RUNS: dict[str, tuple[str, ...]] = {
    "annealed": ("sampler.steps=1000000",),
    "default": ("sampler=random_start",),
    "imagenet": ("sampler=random_start", "condition=imagenet", "condition.target=lemon"),
    "lrcn": ("sampler=random_start", "condition=lrcn", "condition.text=oranges"),
}
SCALES = {"shared": (generator.MINI, alexnet.MINI), "full": (generator.ORIGINAL, alexnet.CAFFENET)}


def bench(
    rows: Sequence[Row] = ("annealed", "default", "imagenet", "lrcn", "shared", "full"),
    chains: Sequence[Annotated[int, ">= 1", "<= 4096"]] = (1, 16),
    repeats: Annotated[int, ">= 1", "<= 1000"] = 7,
    steps: Annotated[int, ">= 1", "<= 10000"] = 3,
    threads: Annotated[int | None, ">= 1", "<= 1024"] = None,
    device: str = "auto",
) -> None:
    """Measure what a step costs, where its time goes, and how close that is to what the machine can do.

    Within a row all ways take turns, so that what else the machine does falls on all alike; ratios are medians over
    repeats. A step of the core is compared with the same mathematics written straight in torch, and with the order of
    passes of the original release: chain by chain, G and E forward for R(h), then G and C forward and backward. The
    peak is that of the fastest of three convolutions and a matrix product.

    Args:
        rows: what to measure. `annealed` and `default` are the two halves of the default run, along falling noise
            levels and along Eq. 11; `imagenet` and `lrcn` are the second with another condition; `shared` and `full`
            have networks of random weights, where E is C, of the size of mini's and of the paper's.
        chains: numbers of chains side by side.
        repeats: number of repeats of each measurement.
        steps: number of steps timed in each repeat.
        threads: number of torch's threads; null for torch's own choice.
        device: auto, cpu, cuda or mps.
    """
    place, before = choose_device(device), torch.get_num_threads()
    torch.set_num_threads(threads or before)
    table = Table("row", "chains", "ms a step", "core / torch", "original / core", "GFLOP", "% of peak")
    peak = _peak(place)
    for name in rows:
        for n in chains:
            table.add_row(name, str(n), *_measured(_ways(name, n, place), repeats, steps, place, peak))
    measured = f"{repeats} × {steps} steps; peak {peak.reached:.0f} GFLOP/s"
    terminal().print(f"{place}, {torch.get_num_threads()} threads; {measured}")
    terminal().print(table)
    if "default" in rows:
        terminal().print(_parts(max(chains), repeats, place))
    torch.set_num_threads(before)


def _ways(name: str, n: int, place: torch.device) -> list[Step]:
    """Return a step of the core, and if there are others to compare it with, in torch and in the original's order."""
    if name in SCALES:
        torch.manual_seed(0)
        up, table = SCALES[name]
        g, c = generator.UpConv(up), alexnet.AlexNet(replace(table, batch_norm=False))
        for network in (g, c):
            network.to(place).eval().requires_grad_(False)
        h = g.draw(ChainNoise(0, n, place))
        return [make(g, c, h.clone()) for make in (_core, _straight, _original)]
    states: Iterator[Any] = chains(*RUNS[name], n_chains=n, batch_size=n, n_steps=10**8, device=str(place))
    next(states)
    step = partial(next, states)
    return [step, _default(n, place)] if name == "default" else [step]


def _measured(ways: Sequence[Step], repeats: int, steps: int, place: torch.device, peak: Peak) -> list[str]:
    core = ways[0]
    core()
    with FlopCounterMode(display=False) as counter:
        core()
    gigaflops = counter.get_total_flops() / 1e9
    rounds = []
    for repeat in range(1 + repeats):
        order = [*enumerate(ways), (PEAK, peak.step)][:: -1 if repeat % 2 else 1]
        rounds.append({k: _seconds(way, steps, place) for k, way in order})
    del rounds[0]  # it warmed up

    def ratio(a: int, b: int) -> str:
        return f"{statistics.median(taken[a] / taken[b] for taken in rounds):.2f}" if max(a, b) < len(ways) else "–"

    seconds = statistics.median(taken[0] for taken in rounds)
    per_second = statistics.median(taken[PEAK] / taken[0] for taken in rounds) / peak.gigaflops
    of_peak = f"{100 * gigaflops * per_second:.0f}"
    return [f"{1e3 * seconds:.1f}", ratio(0, 1), ratio(2, 0), f"{gigaflops:.2f}", of_peak]


def _seconds(step: Step, n: int, place: torch.device) -> float:
    began = time.perf_counter()
    for _ in range(n):
        step()
    if place.type != "cpu":
        getattr(torch, place.type).synchronize()
    return (time.perf_counter() - began) / n


def _peak(place: torch.device) -> Peak:
    """Return the fastest of three convolutions and a matrix product, of the sizes that G has with 16 chains."""
    a, b = torch.rand(2, 1024, 1024, device=place)
    candidates: list[tuple[Step, float]] = [(partial(torch.mm, a, b), 2e-9 * 1024**3)]
    for channels, side in ((256, 16), (160, 32), (64, 64)):
        x = torch.rand(16, channels, side, side, device=place).to(memory_format=torch.channels_last)
        w = torch.rand(channels, channels, 3, 3, device=place).to(memory_format=torch.channels_last)
        candidates.append((partial(F.conv2d, x, w, padding=1), 2e-9 * 16 * side**2 * channels**2 * 9))
    peaks = (Peak(step, n, n / min(_seconds(step, 3, place) for _ in range(5))) for step, n in candidates)
    return max(peaks, key=lambda peak: peak.reached)


def _parts(n: int, repeats: int, place: torch.device) -> Table:
    """Return where the time of a step of the default run goes, each part measured on its own."""
    model = mini(place)
    g, e, c = (model.network(role) for role in ("generator", "encoder", "classifier"))
    h = g.draw(ChainNoise(0, n, place)).clamp(min=0).requires_grad_()
    with torch.no_grad():
        x = g(h, 0.0)

    def back(value: Tensor, to: Tensor) -> object:
        return torch.autograd.grad(value.sum(), to)

    leaf = x.clone().requires_grad_()
    parts: dict[str, Step] = {
        "G, forward and back": lambda: back(g(h, 0.0), h),
        "its filter, forward and back": lambda: back(bilateral(leaf, g.config.smooth), leaf),
        "C, forward and back": lambda: back(c(leaf), leaf),
        "E to fc6, forward": lambda: torch.no_grad()(e.activations)(x, ("fc6",)),
    }
    seconds = {
        name: statistics.median(_seconds(part, 1, place) for _ in range(repeats)) for name, part in parts.items()
    }
    table = Table("part of a default step", "ms", "%", title=f"{n} chains")
    for name, taken in seconds.items():
        table.add_row(name, f"{1e3 * taken:.1f}", f"{100 * taken / sum(seconds.values()):.0f}")
    return table


def _core(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Step:
    labels = Labels([Label(i, f"n{i}", (f"class {i}",)) for i in range(c.config.n_classes)])
    own_g, own_c = copy.deepcopy((g, c))  # a model changes the memory format
    loaders = {"generator": lambda: own_g, "encoder": lambda: own_c, "classifier": lambda: own_c}
    model = Model("random", loaders, {"classifier": labels}, 0, h.device)
    energy = Energy(generator.UpConvGenerator(model), NoiselessJoint(model), ClassCondition(model, target=TARGET))
    noise = ChainNoise(0, len(h), h.device)
    states = chain(component("sampler", "mala_approx", energy=energy, noise=noise, **EPSILONS), h, n_steps=10**9)
    next(states)
    return partial(next, states)


def _codes_and_logits(c: alexnet.AlexNet, x: Tensor) -> tuple[Tensor, Tensor]:
    value = c.preprocess(x)
    for name, layer in c.layers.items():
        value = layer(value)
        if name == "fc6":
            code = value.detach()
    return code, value


def _code_and_gradient(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> tuple[Tensor, Tensor]:
    """Return R(h) and ∇log p(y | h), by one pass forward and one back."""
    h = h.detach().requires_grad_()
    code, logits = _codes_and_logits(c, g(h.view_as(h)))  # a leaf is refused by the hooks that count FLOPs
    (gradient,) = torch.autograd.grad(logits.log_softmax(1)[:, TARGET].sum(), h)
    return code, gradient


def _straight(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Step:
    epsilon1, epsilon2, epsilon3 = EPSILONS.values()

    def step() -> None:
        nonlocal h
        code, gradient = _code_and_gradient(g, c, h)
        h = h + epsilon1 * (code - h) + epsilon2 * gradient + epsilon3 * torch.randn_like(h)

    return step


def _original(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Step:
    epsilon1, epsilon2, epsilon3 = EPSILONS.values()

    def step() -> None:
        for one in h.split(1):
            with torch.no_grad():
                code, _ = _codes_and_logits(c, g(one))  # to its end, as there, not to fc6 only
            _, gradient = _code_and_gradient(g, c, one)
            one += epsilon1 * (code - one) + epsilon2 * gradient + epsilon3 * torch.randn_like(one)

    return step


def _default(n: int, place: torch.device, shift: int = 5) -> Step:
    """Return a step of the default run, written straight in torch: C sees x shifted, and E's fc6 is the prior's R."""
    model = mini(place)
    g, e, c = (model.network(role) for role in ("generator", "encoder", "classifier"))
    h = g.draw(ChainNoise(0, n, place)).clamp(min=0)
    epsilon1, epsilon2 = 0.05, 100.0

    def step() -> None:
        nonlocal h
        h.requires_grad_()
        x = g(h.view_as(h))
        padded, side = F.pad(x, [shift] * 4, mode="reflect"), x.shape[-1]
        corners = torch.randint(2 * shift + 1, (n, 2)).tolist()
        seen = torch.stack([p[:, a : a + side, b : b + side] for p, (a, b) in zip(padded, corners, strict=True)])
        (gradient,) = torch.autograd.grad(c(seen).log_softmax(1)[:, TARGET].sum(), h)
        with torch.no_grad():
            code = e.activations(x.detach(), ("fc6",))["fc6"]
            h = (h + epsilon1 * (code - h) + epsilon2 * gradient).clamp(0, g.config.high)

    return step
