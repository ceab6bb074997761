"""The captioner: LRCN's two LSTMs, trained on the classifier's features and on captions made from labels and pixels.

The classifier is frozen, so its features of a few variants of every photograph are computed once; the LSTMs see those.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI as ENCODER
from ppgn_lrcn.captioner import MINI, Captioner
from ppgn_lrcn.vocabulary import EOS, Vocabulary, tokenize
from torch import Tensor

from .adversarial import misleading
from .captions import Captions
from .captions_colour import UNNAMED, Colours, measure, plausible
from .captions_nouns import kinds
from .captions_scores import scores
from .features import Features
from .loop import seed_step
from .photographs import Photographs, jitter_colour, load, shift_and_flip


class CaptionerRecipe:
    """AdamW and a one-cycle schedule on −log p(w_t | w_<t, x), the mean over words.

    Args:
        data: an ImageFolder with `train` and `val`.
        cache: folder for the decoded photographs and the features.
        classifier: `classifier.safetensors`, as the classifier's recipe exports it.
        names: a tab-separated list of classes, with `wnid` and `synonyms`, for folders that no table of nouns knows.
        layer: of the classifier, that the captioner sees; one through which colour passes.
        images: length of the one-cycle schedule, in images.
        variants: of each photograph: mirrored, moved, its colours a little changed; their colours are measured anew.
        repaint: share of the variants of things made in any colour whose red, green and blue are shuffled.
        blur: standard deviation of what is added to the features, in theirs: no word may hang on one fine detail.
        adversarial: length of the step, in the same unit, by which the features then go where the caption is likeliest
            to be missed, as those of `recipe=classifier` do.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        classifier: str,
        cache: str | None = None,
        names: str | None = None,
        layer: str = "fc6",
        images: int = 300_000,
        batch_size: int = 256,
        learning_rate: float = 4e-3,
        weight_decay: float = 0.02,
        variants: int = 4,
        repaint: float = 0.3,
        blur: float = 0.3,
        adversarial: float = 1.5,
        shift: int = 5,
        jitter: float = 0.15,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.seed = fabric, images, batch_size, seed
        self.blur, self.adversarial = blur, adversarial
        self.generator = torch.Generator()
        train, val = (load(Path(data, part), ENCODER.resize, cache) for part in ("train", "val"))
        self.kinds = kinds(train.classes, names)
        self.captions = Captions(self.kinds)
        self.vocabulary = Vocabulary([EOS, *sorted({w for text in self.captions.words() for w in tokenize(text)})])

        see = Features(fabric, classifier, layer, cache)
        paint = torch.tensor(["paint" in kind.marks for kind in self.kinds])
        features, colours = [], []
        for k in range(variants):
            variant = _variant(train, k, paint, seed, shift, jitter, repaint)
            features.append(see(variant, repr((k, seed, shift, jitter, repaint))))
            colours.append(measure(variant))
        self.features = torch.cat(features)
        self.labels = train.labels.repeat(variants)
        self.colours = Colours(*(torch.cat(column) for column in zip(*colours, strict=True)))
        self.val_features, self.val_colours = see(val.images, "val"), measure(val.images)
        self.val_labels = val.labels
        known = plausible(self.colours.object[: len(train.labels)], train.labels, len(self.kinds)) | paint[:, None]
        self.colours, self.val_colours = (
            _only(known, colours, labels)
            for colours, labels in ((self.colours, self.labels), (self.val_colours, self.val_labels))
        )
        self.spread = self.features[:: len(self.features) // 4000 + 1].float().std(0).clamp_min(1e-3)

        captioner = Captioner(replace(MINI, features=self.features.shape[1], layer=layer), self.vocabulary)
        optimizer = torch.optim.AdamW(captioner.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.captioner, self.optimizer = fabric.setup(captioner, optimizer)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, learning_rate, total_steps=-(-images // batch_size) + 1, pct_start=0.2
        )

    def state(self) -> dict[str, Any]:
        return {"captioner": self.captioner, "optimizer": self.optimizer, "schedule": self.schedule}

    def _words(self, labels: Tensor, colours: Colours) -> Tensor:
        """A caption for each, `(T, B)`, zeros after the end."""
        said = self.captions.draw(labels, colours, self.generator)
        return torch.nn.utils.rnn.pad_sequence([torch.tensor(self.vocabulary.encode(text)) for text in said])

    def step(self, seen: int) -> Mapping[str, Tensor]:
        self.captioner.train()
        seed_step(self.generator, self.seed, seen)
        picked = torch.randint(len(self.labels), (self.batch_size,), generator=self.generator)
        words = self._words(self.labels[picked], Colours(*(c[picked] for c in self.colours)))
        features = self.features[picked].float() / self.spread
        features = features + self.blur * torch.randn(features.shape, generator=self.generator)
        features, words = self.fabric.to_device((features, words))
        if self.adversarial:
            log_prob = self.captioner.module.log_prob
            features = misleading(features, lambda features: -log_prob(features, words).sum(), self.adversarial)
        loss = -self.captioner.module.log_prob(features, words).sum() / _length(words)
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.captioner, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self.schedule.step()
        return {"perplexity": loss.detach().exp()}

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Perplexity on validation captions, and how often nouns and colours are right (`captions_scores`)."""
        captioner = self.captioner.module.eval()
        self.generator.manual_seed(self.seed)
        words = self._words(self.val_labels, self.val_colours)
        features = self.fabric.to_device(self.val_features.float() / self.spread)
        log_prob = captioner.log_prob(features, self.fabric.to_device(words))
        perplexity = float((-log_prob.sum() / _length(words)).exp())
        right = scores(captioner, features, self.val_labels, self.val_colours.object, self.kinds)
        return {"perplexity": perplexity, **right}

    def picture(self) -> Tensor | None:
        return None

    def export(self, folder: Path) -> None:
        """`captioner.safetensors`, which takes the classifier's features as they are."""
        captioner = copy.deepcopy(self.captioner.module)
        first = captioner.image if captioner.visual is None else captioner.visual[0]
        with torch.no_grad():
            first.weight.div_(self.spread)
        captioner.save(folder / "captioner.safetensors")


def _variant(
    photographs: Photographs, k: int, paint: Tensor, seed: int, shift: int, jitter: float, repaint: float
) -> Tensor:
    """The photographs, uint8: as they are for k = 0, else moved, mirrored, jittered and some of them repainted."""
    if k == 0:
        return photographs.images
    generator = torch.Generator().manual_seed(seed * 1000 + k)
    parts = []
    for images, labels in zip(photographs.images.split(1024), photographs.labels.split(1024), strict=True):
        x = jitter_colour(shift_and_flip(images, shift, generator).float() / 255, jitter, generator)
        order = torch.rand(len(x), 3, generator=generator).argsort(1)
        chosen = (torch.rand(len(x), generator=generator) < repaint) & paint[labels]
        order = torch.where(chosen[:, None], order, torch.arange(3))
        parts.append((x.gather(1, order[:, :, None, None].expand_as(x)) * 255).round().byte())
    return torch.cat(parts)


def _only(known: Tensor, colours: Colours, labels: Tensor) -> Colours:
    """The colours, without those of objects that are not known to have them."""
    object_ = colours.object
    return colours._replace(object=torch.where(known[labels, object_.clamp_min(0)], object_, UNNAMED))


def _length(words: Tensor) -> Tensor:
    """Words in all the captions `(T, B)` together, their ends included."""
    return (words > 0).sum() + words.shape[1]
