"""What a step costs: `ppgn_core` beside the same maths straight in torch, and beside the original's order of passes.

    python benchmarks/step.py --scale mini
    python benchmarks/step.py --scale full --repeats 5 --steps 1

The networks have random weights, which cost what trained ones do. Repeats of the three are interleaved, so that what
else the machine does falls on all alike; the ratios are medians over repeats. Per chain and step,

- core:     one forward and backward of G and of C, all chains in one batch; E is C; networks as a model gives them
- torch:    the same, as a loop with no framework around it
- original: chain by chain, G and E forward for R(h), then G and C forward and backward, as in Nguyen et al.'s release;
            there E runs to its end too, not to fc6 only
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from ppgn_alexnet import alexnet, generator
from ppgn_alexnet.condition import ClassCondition
from ppgn_joint.noiseless import NoiselessJoint
from torch import Tensor

from ppgn_core.chain import chain
from ppgn_core.energy import Energy
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise
from ppgn_core.samplers import MalaApprox

TARGET = 3
EPSILONS = (1e-2, 1.0, 1e-3)
SCALES = {
    "mini": (alexnet.MINI, replace(generator.MINI, smooth=0.1)),  # as the one that ships
    "full": (alexnet.CAFFENET, generator.ORIGINAL),
}


def networks(scale: str, device: str) -> tuple[generator.UpConv, alexnet.AlexNet]:
    torch.manual_seed(0)
    table, up = SCALES[scale]
    both = generator.UpConv(up), alexnet.AlexNet(replace(table, batch_norm=False))
    return tuple(network.to(device).eval().requires_grad_(False) for network in both)  # type: ignore[return-value]


def core(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Callable[[], object]:
    labels = Labels([Label(i, f"n{i}", (f"class {i}",)) for i in range(c.config.n_classes)])
    own_g, own_c = copy.deepcopy((g, c))  # a model changes the memory format
    loaders = {"generator": lambda: own_g, "encoder": lambda: own_c, "classifier": lambda: own_c}
    model = Model("random", loaders, {"classifier": labels}, 0, h.device)
    energy = Energy(generator.UpConvGenerator(model), NoiselessJoint(model), ClassCondition(model, target=TARGET))
    states = chain(MalaApprox(energy, ChainNoise(0, len(h), h.device), *EPSILONS), h, n_steps=10**9)
    next(states)
    return partial(next, states)


def codes_and_logits(c: alexnet.AlexNet, x: Tensor) -> tuple[Tensor, Tensor]:
    value = c.preprocess(x)
    for name, layer in c.layers.items():
        value = layer(value)
        if name == "fc6":
            code = value.detach()
    return code, value


def straight(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Callable[[], object]:
    epsilon1, epsilon2, epsilon3 = EPSILONS

    def step() -> None:
        nonlocal h
        h.requires_grad_()
        code, logits = codes_and_logits(c, g(h))
        (gradient,) = torch.autograd.grad(logits.log_softmax(1)[:, TARGET].sum(), h)
        h = h.detach()
        h = h + epsilon1 * (code - h) + epsilon2 * gradient + epsilon3 * torch.randn_like(h)

    return step


def original(g: generator.UpConv, c: alexnet.AlexNet, h: Tensor) -> Callable[[], object]:
    epsilon1, epsilon2, epsilon3 = EPSILONS

    def step_of(k: int) -> None:
        one = h[k : k + 1].detach()
        with torch.no_grad():
            code, _ = codes_and_logits(c, g(one))
        one.requires_grad_()
        _, logits = codes_and_logits(c, g(one))
        (gradient,) = torch.autograd.grad(logits.log_softmax(1)[:, TARGET].sum(), one)
        with torch.no_grad():
            h[k] += (epsilon1 * (code - one) + epsilon2 * gradient + epsilon3 * torch.randn_like(one))[0]

    def step() -> None:
        for k in range(len(h)):
            step_of(k)

    return step


def seconds(step: Callable[[], object], n: int, device: str) -> float:
    began = time.perf_counter()
    for _ in range(n):
        step()
    if device != "cpu":
        getattr(torch, device.partition(":")[0]).synchronize()
    return (time.perf_counter() - began) / n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=SCALES, default="mini")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16], help="chains side by side")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--steps", type=int, default=10, help="steps timed in each repeat")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    g, c = networks(options.scale, options.device)
    repeats = f"median of {options.repeats} × {options.steps} steps"
    print(f"{options.scale} on {options.device}, {options.threads} threads, {repeats}")
    print("chains   core ms/step   torch ms/step   core/torch   original ms/step   original/core")
    for batch in options.batch:
        start = g.draw(ChainNoise(0, batch, options.device))
        ways = [make(g, c, start.clone()) for make in (core, straight, original)]
        rounds = []
        for repeat in range(-1, options.repeats):  # the first warms up
            order = ways if repeat % 2 else ways[::-1]
            taken = {way: seconds(way, options.steps, options.device) for way in order}
            if repeat >= 0:
                rounds.append([taken[way] for way in ways])
        ours, plain, theirs = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
        overhead = statistics.median(o / p for o, p, _ in rounds)
        gain = statistics.median(t / o for o, _, t in rounds)
        print(f"{batch:6d} {ours:14.2f} {plain:15.2f} {overhead:12.3f} {theirs:18.2f} {gain:15.2f}")


if __name__ == "__main__":
    main()
