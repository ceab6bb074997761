"""A judge is a classifier that took no part in drawing the pictures that it judges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ppgn_core import blame
from ppgn_core.api import component
from ppgn_core.device import choose_device
from ppgn_core.errors import PluginError
from ppgn_core.model import Labels


class Verdict(NamedTuple):
    """Hold the results of one pass over images: `features` `(B, D)` and `logits` `(B, K)`."""

    features: Tensor
    logits: Tensor


@runtime_checkable
class Judge(Protocol):
    """Any network with this interface can judge.

    Args:
        name: name of the judge in a report.
        key: identifies network and weights: judges with equal keys give equal verdicts, so verdicts can be cached.
        labels: labels of its K classes.
    """

    name: str
    key: str
    labels: Labels

    def __call__(self, x: Tensor) -> Verdict:
        """Judge each image of RGB `(B, 3, H, W)` in [0, 1], of any size, independently; the verdict is on the CPU."""
        ...


def built(config: Mapping[str, Any] | str, device: str) -> Judge:
    """Build the judge of a name, or of its config, and check that it has what reports and caches ask of it.

    Raises:
        UserError: there is no such judge or device, or a key of it is not allowed.
        PluginError: somebody else's judge lacks its name, key or labels, or one of them is something else.
    """
    judge: Judge = component("judge", config, device=choose_device(device))
    for name, kind in (("name", str), ("key", str), ("labels", Labels)):
        value = blame.call(judge, name, getattr, judge, name, None)
        if not isinstance(value, kind):
            found = "it has none" if value is None else f"it is a {type(value).__name__}"
            module = "ppgn_core.model.Labels" if kind is Labels else "str"
            raise PluginError(f"{blame.origin(judge, name)}: {name}: {found}, must be a {module}")
    return judge


def judged(judge: Judge, x: Tensor) -> Verdict:
    """Return a judge's verdict on images after checking it.

    Raises:
        PluginError: somebody else's judge failed, or its verdict is something else than `Verdict` says.
    """
    method = "judge(x)"
    verdict = blame.call(judge, method, judge, x)
    if not isinstance(verdict, Verdict):
        problem = f"{method} returned a {type(verdict).__name__}, must be a ppgn_eval.judge.Verdict"
        raise PluginError(f"{blame.origin(judge, method)}: {problem}")
    on_cpu, n = torch.empty(0), len(x)
    blame.check_tensor(judge, method, verdict.features, on_cpu, (n, -1), "features, one row for each picture,")
    blame.check_tensor(judge, method, verdict.logits, on_cpu, (n, len(judge.labels)), "one logit for each class,")
    return verdict


class Classifier:
    """Use a classifier as a judge: its features are the input of its last linear layer, its logits the output.

    Args:
        preprocess: function applied to RGB images in [0, 1] first; None if the network does this itself.
        units: indices of the outputs to use, in the order of `labels`; all by default.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        labels: Labels,
        device: torch.device | str = "cpu",
        preprocess: Callable[[Tensor], Tensor] | None = None,
        units: list[int] | None = None,
    ) -> None:
        self.name, self.labels, self.units = name, labels, units
        self.key = f"{name} {preprocess} {fingerprint(network)}"
        self.network = network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self.preprocess, self.device = preprocess, device
        self.last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]

    @torch.no_grad()
    def __call__(self, x: Tensor, batch_size: int = 64) -> Verdict:
        verdicts = [self._judged(batch.to(self.device)) for batch in x.split(batch_size)]
        return Verdict(*(torch.cat(parts).cpu() for parts in zip(*verdicts, strict=True)))

    def _judged(self, x: Tensor) -> Verdict:
        seen: list[Tensor] = []
        with self.last.register_forward_pre_hook(lambda _, given: seen.append(given[0])):
            x = self.preprocess(x.clamp(0, 1)) if self.preprocess else x.clamp(0, 1)
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        return Verdict(seen[-1], logits if self.units is None else logits[:, self.units])


def fingerprint(network: nn.Module) -> str:
    """Hash all weights: equal for equal networks."""
    total = hashlib.sha256()
    for name, value in network.state_dict().items():
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]
