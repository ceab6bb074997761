"""Train the captioner, LRCN's two LSTMs, on the classifier's features and on captions made from labels and pixels.

Only the LSTMs learn. The photographs are turned into adversarial examples through the frozen classifier.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from ppgn_lrcn.captioner import MINI, Captioner, look
from ppgn_lrcn.vocabulary import EOS, Vocabulary
from torch import Tensor

from ppgn_core.model import check_layer

from .adversarial import adversarial_example
from .captions import Captions
from .captions_colour import UNNAMED, Colours, measure, plausible
from .captions_nouns import kinds
from .captions_scores import scores
from .photographs import Photographs, jitter_colour, load_parts, shift_and_flip
from .schedule import OneCycle
from .seeded import SeededRecipe


class CaptionerRecipe(SeededRecipe):
    """Train the captioner by AdamW with a one-cycle schedule on −log p(w_t | w_<t, x), the mean over words.

    Args:
        classifier: path of a `classifier.safetensors`, as exported by `recipe=classifier`.
        names: path of a tab-separated list of classes, with columns `wnid` and `synonyms`, for folders that the
            built-in table of nouns lacks.
        layer: layer of the classifier that provides the features; colour must be visible there.
        images: length of the one-cycle schedule, in images.
        variants: number of augmented copies of each photograph (mirrored, shifted, colours slightly changed), whose
            colours are measured again.
        repaint: share of the copies whose red, green and blue are shuffled, for things made in any colour.
        adversarial: length (L2) of the step that turns each photograph into an adversarial example, in pixels of [0,
            1], as in `recipe=classifier`.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        classifier: str,
        cache: str | None = None,
        names: str | None = None,
        layer: str = "fc6",
        images: Annotated[int, ">= 1", "<= 5e11"] = 600_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 256,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 4e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 0.02,
        variants: Annotated[int, ">= 1", "<= 64"] = 4,
        repaint: Annotated[float, ">= 0", "<= 1"] = 0.3,
        adversarial: Annotated[float, ">= 0", "<= 1000"] = 0.75,
        shift: Annotated[int, ">= 0", "<= 31"] = 5,
        jitter: Annotated[float, ">= 0", "<= 1"] = 0.15,
        seed: int = 0,
    ) -> None:
        super().__init__(fabric, images, batch_size, seed)
        self.adversarial = adversarial
        network = AlexNet.load(Path(classifier), key="classifier").requires_grad_(False).to(fabric.device)
        check_layer(network, layer, "layer", "classifier")
        train, val = load_parts(data, network.config.resize, cache)
        self.kinds = kinds(train.classes, names)
        self.captions = Captions(self.kinds)
        self.vocabulary = Vocabulary([EOS, *self.captions.words()], self.captions.alternatives())

        self.classifier = network.to(memory_format=torch.channels_last)
        features, classes = math.prod(network.shape(layer)), network.config.n_classes
        self.config = replace(MINI, features=features, layer=layer, classes=classes)
        paint = torch.tensor(["paint" in kind.marks for kind in self.kinds])
        variants_of = [_variant(train, k, paint, seed, shift, jitter, repaint) for k in range(variants)]
        self.photographs, self.labels = torch.cat(variants_of), train.labels.repeat(variants)
        self.colours, self.val_colours = measure(self.photographs), measure(val.images)
        self.val_seen, self.val_labels = self._look_at_all(val.images), val.labels
        known = plausible(self.colours.object[: len(train.labels)], train.labels, len(self.kinds)) | paint[:, None]
        self.colours, self.val_colours = (
            _only(known, colours, labels)
            for colours, labels in ((self.colours, self.labels), (self.val_colours, self.val_labels))
        )
        self.spread = self._look_at_all(train.images[:: len(train.images) // 4000 + 1]).std(0).clamp_min(1e-3)

        captioner = Captioner(self.config, self.vocabulary)
        optimizer = torch.optim.AdamW(captioner.parameters(), lr=learning_rate, weight_decay=weight_decay)
        self.captioner, self.optimizer = fabric.setup(captioner, optimizer)
        self.schedule = OneCycle(self.optimizer, learning_rate, self.n_steps, rise=0.2)

    def state(self) -> dict[str, Any]:
        return {"captioner": self.captioner, "optimizer": self.optimizer, "schedule": self.schedule}

    def _words(self, labels: Tensor, colours: Colours) -> Tensor:
        """Draw a caption for each image, `(T, B)`, zeros after the end."""
        texts = self.captions.draw(labels, colours, self.generator)
        return torch.nn.utils.rnn.pad_sequence([torch.tensor(self.vocabulary.encode(text)) for text in texts])

    def _look(self, x: Tensor) -> Tensor:
        """Return the captioner's input for images in [0, 1], `(B, 3, H, W)` → `(B, features + classes)`."""
        with self.fabric.autocast():
            return look(self.classifier, x, self.config).float()

    @torch.no_grad()
    def _look_at_all(self, images: Tensor) -> Tensor:
        parts = images.split(256)
        return torch.cat([self._look(self.fabric.to_device(part).float() / 255) for part in parts])

    def step(self, seen: int) -> Mapping[str, Tensor]:
        self.captioner.train()
        self.schedule.at(seen // self.batch_size)
        picked = self.pick(seen, len(self.labels))
        words = self._words(self.labels[picked], Colours(*(c[picked] for c in self.colours)))
        x, words = self.fabric.to_device((self.photographs[picked].float() / 255, words))

        def loss_of(x: Tensor) -> Tensor:
            return -self.captioner.module.log_prob(self._look(x) / self.spread, words).sum() / _length(words)

        if self.adversarial:
            x = adversarial_example(x, loss_of, self.adversarial)
        loss = loss_of(x)
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.captioner, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self.schedule.step()
        return {"perplexity": loss.detach().exp()}

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Return perplexity on validation captions, and how often nouns and colours are right (`captions_scores`)."""
        captioner = self.captioner.module.eval()
        self.generator.manual_seed(self.seed)
        words = self._words(self.val_labels, self.val_colours)
        seen = self.val_seen / self.spread
        log_prob = captioner.log_prob(seen, self.fabric.to_device(words))
        perplexity = float((-log_prob.sum() / _length(words)).exp())
        right = scores(captioner, seen, self.val_labels, self.val_colours.object, self.kinds)
        return {"perplexity": perplexity, **right}

    def export(self, folder: Path) -> None:
        """Write `captioner.safetensors`, scaled to take the classifier's output as it is."""
        captioner = copy.deepcopy(self.captioner.module)
        features, classes = self.spread.split([self.config.features, self.config.classes])
        with torch.no_grad():
            captioner.visual[0].weight.div_(features)
            captioner.image.weight[:, self.config.visual :].div_(classes)
        captioner.save(folder / "captioner.safetensors")


def _variant(
    photographs: Photographs, k: int, paint: Tensor, seed: int, shift: int, jitter: float, repaint: float
) -> Tensor:
    """Return the photographs, uint8: unchanged for k = 0, else shifted, mirrored, jittered and partly repainted."""
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
    """Return the colours without those of objects that are not known to have them."""
    object_ = colours.object
    return colours._replace(object=torch.where(known[labels, object_.clamp_min(0)], object_, UNNAMED))


def _length(words: Tensor) -> Tensor:
    """Return the number of words in all captions `(T, B)` together, including their ends."""
    return (words > 0).sum() + words.shape[1]
