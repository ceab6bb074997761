"""The condition `lrcn`: pictures of what a caption says (section 4.4 of arXiv 1612.00005)."""

from __future__ import annotations

import torch
from torch import Tensor

from ppgn_core.clock import Clock, InTurn
from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .captioner import Captioner


class LRCN:
    """Pictures of what a caption says: w · log p(y | x) = w · Σ_t log p(w_t | w_<t, x), the end of sentence included.

    The first LSTM sees no image, so it runs once for the whole chain; a step costs the classifier's pass and LSTM 2.

    Args:
        model: with the networks `captioner` and `network`.
        text: the caption; a list for one after another, `switch_every` steps each.
        captioner: role of the captioner.
        weight: w. A sum over words is steeper in h than a class, and overshoots with the ε2 that suits that one; a
            weight of its own lets a caption share ε2 with classes, in a product too.
        network, layer: role of the network whose features it sees, and its layer; None are those it was trained on.
        truncated: the original release's gradient, of each word as LSTM 2 sees the image at that word alone.

    Raises:
        UserError: a word is outside the vocabulary, the layer is not there or has another width, or w is not positive.
    """

    def __init__(
        self,
        model: Model,
        text: str | list[str],
        captioner: str = "captioner",
        weight: float = 0.03,
        network: str | None = None,
        layer: str | None = None,
        truncated: bool = False,
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
    ) -> None:
        if weight <= 0:
            raise UserError(f"condition.weight={weight}: allowed are positive numbers")
        self.weight = weight
        self.captioner: Captioner = model.network(captioner)
        read = [self._read(one) for one in (text if isinstance(text, list) else [text])]
        self.captions = InTurn(read, clock or Clock(), switch_every, n_steps, "condition.text")
        network = network or self.captioner.config.network
        self.network, self.truncated = model.network(network), truncated
        self.layer = layer or self.captioner.config.layer
        layers = getattr(self.network, "layers", {self.layer: None})
        if self.layer not in layers:
            raise UserError(f"condition.layer={self.layer}: {network} has no such layer; it has: {', '.join(layers)}")

    @torch.no_grad()
    def _read(self, text: str) -> tuple[Tensor, Tensor]:
        """The caption's words `(T, 1)`, and what the first LSTM makes of them."""
        words = torch.tensor(self.captioner.vocabulary.encode(text), device=self.captioner.word.weight.device)[:, None]
        return words, self.captioner.language(words)

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, 3, H, W)` → `(B,)`, differentiable in `x`."""
        features = self.network.activations(x, (self.layer,))[self.layer].flatten(1)
        if features.shape[1] != self.captioner.config.features:
            raise UserError(
                f"condition.layer={self.layer}: it has {features.shape[1]} values, and the captioner was trained on "
                f"{self.captioner.config.layer}'s {self.captioner.config.features}"
            )
        return self.weight * self.captioner.log_prob(features, *self.captions.now, truncated=self.truncated)

    def probability(self, log_prob: Tensor) -> Tensor:
        """p(y | x)^(1/T), a word's in the geometric mean, so that long captions compare with short ones."""
        return (log_prob / (self.weight * len(self.captions.now[0]))).exp()
