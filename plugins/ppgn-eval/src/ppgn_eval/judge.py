"""What looks at pictures: a network that tells classes apart and was no part of drawing them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ppgn_core.model import Labels


class Verdict(NamedTuple):
    """What one pass over images finds: `features` `(B, D)` and `logits` `(B, K)`."""

    features: Tensor
    logits: Tensor


@runtime_checkable
class Judge(Protocol):
    """A network as the measures see it.

    Args:
        name: what a report calls it.
        key: names network and weights: two judges of one key say the same of every image, so verdicts can be kept.
        labels: its K classes.
    """

    name: str
    key: str
    labels: Labels

    def __call__(self, x: Tensor) -> Verdict:
        """RGB `(B, 3, H, W)` in [0, 1], of any size, to what the judge makes of each image alone."""
        ...


class Classifier:
    """A classifier as a judge: its features are what its last linear layer takes, its logits what comes out.

    Args:
        preprocess: what it sees of RGB images in [0, 1]; none where the network sees to that.
        units: the outputs that are its classes, in the order of `labels`; all of them by default.
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
        found = [self._judged(batch.to(self.device)) for batch in x.split(batch_size)]
        return Verdict(*(torch.cat(parts).cpu() for parts in zip(*found, strict=True)))

    def _judged(self, x: Tensor) -> Verdict:
        seen: list[Tensor] = []
        hook = self.last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            x = self.preprocess(x.clamp(0, 1)) if self.preprocess else x.clamp(0, 1)
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        finally:
            hook.remove()
        return Verdict(seen[-1], logits if self.units is None else logits[:, self.units])


def fingerprint(network: nn.Module) -> str:
    """A hash of all weights: equal for equal networks."""
    total = hashlib.sha256()
    for name, value in network.state_dict().items():
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()[:16]
