"""The condition `lrcn`: pictures of what a caption says (section 4.1 of arXiv 1612.00005)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError
from ppgn_core.given import word
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise

from .captioner import Captioner, look

ALONE, TOGETHER = 0.5, 0.015
"""w of one word weighed against its rivals, which is as steep in h as a class, and w of a sum of words: of those that
pull apart, as towards red and towards a teapot, none is ever sure, and with a greater w a chain leaps to and fro."""


class LRCN:
    """Pictures of what a caption says: log p(y | x) = Σ_t log p(w_t | w_<t, x), the end of sentence included.

    Of "a school bus" much could as well be said otherwise, "a yellow school bus" or "the bus". Such words have no part
    in what is drawn, and climbing against them, as the sum does, spoils it. Where the captioner knows which words tell
    things apart, a word is therefore weighed against its `rivals` alone, p(w_t | w_<t, x, w_t or a rival is said), and
    words that have none are left out.

    The first LSTM sees no image, so it runs once for the whole chain; a step costs the classifier's pass and LSTM 2.

    Args:
        model: with the networks `captioner` and `network`.
        text: the caption; a list for one after another, `switch_every` steps each.
        captioner: role of the captioner.
        weight: w, the power of p(y | x) that is climbed. A sum over words is steeper in h than a class, and overshoots
            with the ε2 that suits that one; a weight of its own lets a caption share ε2 with classes, in a product too.
            None: 1 as in the paper; else 0.5 where one word alone is weighed against its rivals, as in "oranges", and
            0.015 for several.
        among: `rivals`, or `all`: the paper's sum over all words against all others. None: `rivals`, and `all` as in
            the paper.
        network, layer: role of the network whose features it sees, and its layer; None are those it was trained on.
        shift: pixels that the network sees the picture moved by at most, as of `condition=alexnet`.
        truncated: the original release's gradient, of each word as LSTM 2 sees the image at that word alone.

    Raises:
        UserError: a word is outside the vocabulary, the layer is not there or has another width, or w is not positive.
    """

    def __init__(
        self,
        model: Model,
        text: str | list[str],
        captioner: str = "captioner",
        weight: float | None = None,
        among: Literal["rivals", "all"] | None = None,
        network: str | None = None,
        layer: str | None = None,
        truncated: bool = False,
        shift: int | None = None,
        noise: ChainNoise | None = None,
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
        as_in_the_paper: bool = False,
    ) -> None:
        if weight is not None and weight <= 0:
            raise UserError(f"condition.weight={weight}: allowed are positive numbers")
        if as_in_the_paper:
            weight, among = weight or 1.0, among or "all"
        self.given_weight, self.among = weight, among or "rivals"
        self.captioner: Captioner = model.network(captioner, ("vocabulary", "gates"), "condition.captioner")
        read = [self._read(one) for one in (text if isinstance(text, list) else [text])]
        clock = clock or Clock()
        self.captions = Schedule(read, clock, switch_every, n_steps, "condition.text")
        network = network or self.captioner.config.network
        self.views = model.views(network, shift, noise, clock)
        needs = ("activations", "top") if self.captioner.config.classes else ("activations",)
        self.network, self.truncated = model.network(network, needs, "condition.network"), truncated
        self.layer = layer or self.captioner.config.layer
        layers = getattr(self.network, "layers", {self.layer: None})
        if self.layer not in layers:
            raise UserError(f"condition.layer={self.layer}: {network} has no such layer; it has: {', '.join(layers)}")

    @torch.no_grad()
    def _read(self, text: str) -> _Caption:
        vocabulary, device = self.captioner.vocabulary, self.captioner.word.weight.device
        ids = vocabulary.encode(word(text, "condition.text"))
        words = torch.tensor(ids, device=device)[:, None]
        rivals = [sorted(vocabulary.rivals(number)) for number in ids]
        among, counted = None, len(ids)
        if self.among == "rivals" and any(rivals):
            among = torch.zeros(len(ids), 1, len(vocabulary), dtype=torch.bool, device=device)
            counted = sum(map(bool, rivals))
            for t, (said, others) in enumerate(zip(ids, rivals, strict=True)):
                among[t, 0, [said, *others]] = True
        weight = self.given_weight or (ALONE if among is not None and counted == 1 else TOGETHER)
        return _Caption(words, self.captioner.language(words), among, counted, weight)

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, 3, H, W)` → `(B,)`, differentiable in `x`."""
        config = self.captioner.config
        seen = look(self.network, self.views(x), config, self.layer)
        if seen.shape[1] != (expected := config.features + config.classes):
            values = "values, classes too" if config.classes else "values"
            raise UserError(
                f"condition.layer={self.layer}: it has {seen.shape[1]} {values}, and the captioner was trained on "
                f"{config.layer}'s {expected}"
            )
        said = self.captions.now
        return self.captioner.log_prob(seen, said.words, said.language, said.among, self.truncated)

    @property
    def weight(self) -> float:
        """w of the caption that is climbed now."""
        return self.captions.now.weight

    def probability(self, log_prob: Tensor) -> Tensor:
        """p(y | x)^(1/T), a counted word's in the geometric mean, so that long captions compare with short ones."""
        return (log_prob / self.captions.now.counted).exp()


@dataclass(frozen=True)
class _Caption:
    """Words `(T, 1)`, what LSTM 1 makes of them, what each could be `(T, 1, n_words)`; how many count, and w."""

    words: Tensor
    language: Tensor
    among: Tensor | None
    counted: int
    weight: float
