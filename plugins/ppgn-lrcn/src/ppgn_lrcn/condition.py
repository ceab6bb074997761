"""The condition `lrcn` asks for pictures that match a caption (section 4.1 of arXiv 1612.00005)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor

from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.user_input import word

from .captioner import Captioner, look

ALONE, TOGETHER = 1.0, 0.15
"""Default weights w: for one word compared with its rivals, which is as steep in h as a class, and for several words,
whose sum is steeper. Words that pull in different directions, such as red and teapot, never become certain, and with a
greater w a chain jumps back and forth between them."""


class LRCN:
    """Ask for what a caption says: log p(y | x) = Σ_t log p(w_t | w_<t, x), including the end of sentence.

    Many words of "a school bus" could be said otherwise without changing the picture: "a yellow school bus" or "the
    bus". The sum makes chains climb against those alternatives too, which spoils the pictures. If the captioner knows
    which words distinguish things, a word is therefore compared with its `rivals` alone, p(w_t | w_<t, x, w_t or a
    rival is said), and words without rivals are left out.

    The first LSTM sees no image, so it runs once for the whole chain; a step costs one pass of the classifier and of
    LSTM 2.

    Args:
        model: bundle with the networks `captioner` and `network`.
        text: the caption, or a list of captions that take turns, `switch_every` steps each.
        captioner: role of the captioner.
        weight: w, the power of p(y | x) that is climbed. A sum over words is steeper in h than a class and overshoots
            with an ε2 tuned for classes; a weight of its own lets captions share ε2 with classes, also in a product.
            None means 1 as in the paper, or if a single word is compared with its rivals, as in "oranges"; else 0.15.
        among: `rivals`, or `all` for the paper's sum over all words against all others. None means `rivals`, and `all`
            as in the paper.
        network, layer: role and layer of the network that provides the features; None for those that the captioner was
            trained on.
        shift: largest random shift of the network's input, in pixels, as in `condition=alexnet`.
        truncated: whether to use the original release's gradient, which counts each word's dependence on the image at
            that word alone.

    Raises:
        UserError: a word is not in the vocabulary, or there is no such layer or it has another width.
    """

    def __init__(
        self,
        model: Model,
        text: str | list[str],
        captioner: str = "captioner",
        weight: Annotated[float | None, "> 0"] = None,
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
            for t, (word_id, others) in enumerate(zip(ids, rivals, strict=True)):
                among[t, 0, [word_id, *others]] = True
        weight = self.given_weight or (ALONE if among is not None and counted == 1 else TOGETHER)
        return _Caption(words, self.captioner.language(words), among, counted, weight)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B, 3, H, W)` → `(B,)`, differentiable in `x`."""
        config = self.captioner.config
        seen = look(self.network, self.views(x), config, self.layer)
        if seen.shape[1] != (expected := config.features + config.classes):
            values = "values, classes too" if config.classes else "values"
            raise UserError(
                f"condition.layer={self.layer}: it has {seen.shape[1]} {values}, and the captioner was trained on "
                f"{config.layer}'s {expected}"
            )
        caption = self.captions.now
        return self.captioner.log_prob(seen, caption.words, caption.language, caption.among, self.truncated)

    @property
    def weight(self) -> float:
        """Return w, the power of p(y | x) that is climbed, for the current caption."""
        return self.captions.now.weight

    def probability(self, log_prob: Tensor) -> Tensor:
        """Return p(y | x)^(1/T), the geometric mean over the counted words, so that long and short captions compare."""
        return (log_prob / self.captions.now.counted).exp()


@dataclass(frozen=True)
class _Caption:
    """Hold words `(T, 1)`, LSTM 1's output, allowed words `(T, 1, n_words)`, number of counted words, and weight w."""

    words: Tensor
    language: Tensor
    among: Tensor | None
    counted: int
    weight: float
