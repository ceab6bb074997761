"""The condition `clip` asks for what a text says, or for something like a picture, through any CLIP of open_clip."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.clock import Clock, Schedule
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.pictures import load_pictures
from ppgn_core.user_input import word
from ppgn_core.views import Views

from .network import load


class Clip:
    """Ask for a text: p(y | x) is the probability of the text among others, given the picture.

    log p(y | x) = log softmax_k(cos(x, t_k)/τ), where t_0 is what is asked for and the others are `among`, and cos is
    that of CLIP's vectors (Radford et al. 2021, section 2.3). t_0 is the vector of the text, or the normalised sum of
    several texts' and pictures' vectors, each times its weight. The gradient passes through the picture alone.

    Args:
        model: bundle whose pictures the network sees.
        text: what to draw, in anybody's words; or a list of texts that take turns, `switch_every` steps each. It may be
            empty if there is an image.
        image: path of a picture to draw something like, instead of a text or beside it, or of a folder of them.
        also: further texts with their weights, such as `{in watercolour: 0.5, blurry: -0.3}`.
        among: the texts that what is asked for is compared with; null for the names of the model's classes (ImageNet's
            1000 if it has none), except those that a text says.
        template: text into which each of those names is put, in place of `{}`.
        arch: one of `open_clip.list_models()`, or `hf-hub:OWNER/NAME`.
        weights: `default` to download open_clip's first ones for that network, or one of their names; the path of a
            state dict; or `random`.
        weight: w, the power of p(y | x) that is climbed, as in `condition=imagenet`.
        views: number of augmented copies of a picture (shifted and mirrored, new at every step) whose cosines are
            averaged.
        shift: largest shift of a copy, in pixels of the network's input.
        flip: whether a copy is mirrored with probability ½.

    Raises:
        UserError: nothing is asked for, a picture cannot be read, the weighted vectors cancel out, or the network is
            not available.
    """

    def __init__(
        self,
        model: Model,
        text: str | list[str] = "",
        image: str | None = None,
        also: Mapping[str, float] = {},
        among: list[str] | None = None,
        template: str = "a photo of a {}",
        arch: str = "ViT-B-32",
        weights: str = "default",
        weight: Annotated[float, "> 0"] = 0.05,
        views: Annotated[int, ">= 1", "<= 1024"] = 1,
        shift: Annotated[int, ">= 0"] = 16,
        flip: bool = True,
        noise: ChainNoise | None = None,
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
        seed: int = 0,
    ) -> None:
        texts = [word(one, "condition.text") for one in (text if isinstance(text, list) else [text] if text else [])]
        if not all(one.strip() for one in texts) or (not texts and image is None):
            raise UserError(f"condition.text={text}: allowed is a text, or a picture as condition.image")
        clock = clock or Clock()
        self.weight = weight
        self.towers = load(arch, weights, model.device, seed)
        beside = [float(share) * self.towers.texts([what])[0] for what, share in also.items()]
        side = self.towers.preprocess(torch.zeros(1, 3, 64, 64)).shape[-1]
        if image is not None:
            pictures = load_pictures(image, side, "condition.image").to(model.device)
            beside += [*torch.no_grad()(self.towers.pictures)(self.towers.preprocess(pictures))]
        turns = [self._vector(one, beside) for one in (texts or [None])]  # type: ignore[list-item]
        self.asked = Schedule(turns, clock, switch_every, n_steps, "condition.text")
        others = _names(model, texts, template) if among is None else [word(one, "condition.among") for one in among]
        if not others:
            raise UserError("condition.among=[]: allowed are some other texts, null for the names of classes")
        self.others = self.towers.texts(others)
        self.views = Views(noise, clock, side, shift, flip, views)
        what = " / ".join(texts) or "what the picture shows"
        self.remarks = [f"condition=clip: p(y | x) is that of {what!r} among {len(others)} other texts"]

    def _vector(self, text: str | None, beside: Sequence[Tensor]) -> Tensor:
        """Return the normalised sum of the vectors that one turn asks for, `(1, D)`."""
        summed = torch.stack([*([] if text is None else [self.towers.texts([text])[0]]), *beside]).sum(0)
        if float(summed.norm()) < 1e-3:
            raise UserError(f"condition.also: with {text!r} its weights cancel out; allowed are others")
        return F.normalize(summed, dim=0)[None]

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x), `(B, 3, H, W)` → `(B,)`, differentiable in `x`."""
        seen = self.views(self.towers.preprocess(x))
        cosines = self.towers.pictures(seen) @ torch.cat([self.asked.now, self.others]).T
        return (self.towers.scale * cosines.unflatten(0, (-1, len(x))).mean(0)).log_softmax(1)[:, 0]

    def probability(self, log_prob: Tensor) -> Tensor:
        return log_prob.exp()


def _names(model: Model, texts: Sequence[str], template: str) -> list[str]:
    """Return the class names, each put into the template, except those of classes that a text mentions."""
    if "{}" not in template:
        raise UserError(f"condition.template={template}: allowed is a text with {{}} where the name belongs")
    said = " ".join(texts).casefold()
    if "classifier" in model.labels:
        labels = [label.names for label in model.labels["classifier"]]
    else:
        from ppgn_torchvision.loaded import IMAGENET

        labels = [(name,) for name in IMAGENET]
    here = lambda name: re.search(rf"\b{re.escape(name.casefold())}", said)  # noqa: E731
    return [template.replace("{}", names[0]) for names in labels if not any(map(here, names))]
