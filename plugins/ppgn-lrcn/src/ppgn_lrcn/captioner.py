"""LRCN's captioner: two LSTMs, the second of which sees the image (LRCN-2f of Donahue et al. 2015, arXiv 1411.4389).

h1_t = LSTM1(embedding(w_{t-1}), h1_{t-1})        language alone
h2_t = LSTM2([h1_t, image features], h2_{t-1})    "factored": the image enters here, at every word
p(w_t | w_<t, x) = softmax(W h2_t + b)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgn_core import weights
from ppgn_core.table import Table

from .vocabulary import Vocabulary


@dataclass(frozen=True)
class CaptionerConfig(Table):
    """The sizes of one captioner.

    Args:
        features: width of the image features.
        layer: of the classifier, which the features come from.
        embedding, hidden: widths of the word embedding and of both LSTMs.
        visual: width of a ReLU layer between features and LSTM 2; None, as in the release, where there is none.
        classes: of the classifier, whose log p(class | x) LSTM 2 sees too; 0, as in the release, where it does not.
        dropout: of embedding, features and both LSTMs' outputs while training.
        network: role of the network that the features come from.
    """

    features: int
    layer: str
    embedding: int
    hidden: int
    visual: int | None = None
    classes: int = 0
    dropout: float = 0.0
    network: str = "classifier"


# The captioner of the paper (section 4.1) as released: 8800 words of COCO and the end of sentence, and CaffeNet's fc8,
# where the paper has its softmax.
LRCN_2F = CaptionerConfig(features=1000, layer="fc8", embedding=1000, hidden=1000, dropout=0.5)

# What tells things apart is the classifier's own answer; the few visual units are free for colours.
MINI = CaptionerConfig(features=256, layer="fc6", embedding=64, hidden=192, visual=32, classes=64, dropout=0.2)


def look(network: Any, x: Tensor, config: CaptionerConfig, layer: str | None = None) -> Tensor:
    """What a captioner sees of images `(B, 3, H, W)`: `(B, features + classes)`, one pass of the classifier.

    Args:
        layer: another one than the captioner was trained on.
    """
    layer = layer or config.layer
    values = network.activations(x, (layer, network.top) if config.classes else (layer,))
    seen = [values[layer].flatten(1)]
    if config.classes:
        seen.append(values[network.top].log_softmax(1))
    return torch.cat(seen, 1)


class Captioner(nn.Module):
    """p(caption | image features), one word after the other. LSTM weights in PyTorch's gate order (i, f, g, o)."""

    def __init__(self, config: CaptionerConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        self.embedding = nn.Embedding(len(vocabulary), config.embedding)
        self.lstm1 = nn.LSTM(config.embedding, config.hidden)
        self.visual = nn.Sequential(nn.Linear(config.features, config.visual), nn.ReLU()) if config.visual else None
        self.image = nn.Linear((config.visual or config.features) + config.classes, 4 * config.hidden, bias=False)
        self.lstm2 = nn.LSTMCell(config.hidden, config.hidden)
        self.word = nn.Linear(config.hidden, len(vocabulary))
        self.dropout = nn.Dropout(config.dropout)

    def language(self, words: Tensor) -> Tensor:
        """LSTM 1's share in LSTM 2's gates, `(T, N, 4 · hidden)`, for captions `(T, N)`: no image is needed."""
        before = torch.cat([torch.zeros_like(words[:1]), words[:-1]])
        h1, _ = self.lstm1(self.dropout(self.embedding(before)))
        return F.linear(self.dropout(h1), self.lstm2.weight_ih, self.lstm2.bias_ih)

    def gates(self, seen: Tensor) -> Tensor:
        """The image's share in LSTM 2's gates, `(B, 4 · hidden)`, for what it sees, `(B, features + classes)`."""
        features, classes = seen.split([self.config.features, self.config.classes], 1)
        features = self.dropout(features)
        features = features if self.visual is None else self.dropout(self.visual(features))
        return self.image(torch.cat([features, classes], 1))

    def logits(self, language: Tensor, gates: Tensor, truncated: bool = False) -> Tensor:
        """`(T, B, n_words)`: before each word, what comes next. `language` is `(T, B or 1, 4 · hidden)`.

        `truncated`: no gradient goes back from a word to what LSTM 2 saw before it.
        """
        h = c = gates.new_zeros(len(gates), self.config.hidden)
        steps = []
        for said in language:
            h, c = (h.detach(), c.detach()) if truncated else (h, c)
            i, f, g, o = (said + gates + F.linear(h, self.lstm2.weight_hh, self.lstm2.bias_hh)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            steps.append(h)
        return self.word(self.dropout(torch.stack(steps)))

    def log_prob(
        self,
        seen: Tensor,
        words: Tensor,
        language: Tensor | None = None,
        among: Tensor | None = None,
        truncated: bool = False,
    ) -> Tensor:
        """Σ_t log p(w_t | w_<t, x) `(B,)`, the end of sentence included.

        Args:
            seen: `(B, features + classes)`, as `look` finds it.
            words: `(T, B)`, or `(T, 1)`: one caption for all; what follows its first word 0 is not counted.
            language: of those words, where it is already known.
            among: `(T, 1 or B, n_words)` bool, the words that could be said in the place of each, itself too: p is then
                given that one of them is. None are all.
            truncated: as of `logits`.
        """
        language = self.language(words) if language is None else language
        logits = self.logits(language, self.gates(seen), truncated)
        if among is not None:
            logits = logits.masked_fill(~among, -torch.inf)
        terms = logits.log_softmax(2).gather(2, words.expand(-1, len(seen)).unsqueeze(2)).squeeze(2)
        ended = (words == 0).cumsum(0) - (words == 0).long() > 0
        return terms.masked_fill(ended, 0).sum(0)

    @torch.no_grad()
    def greedy(self, seen: Tensor, longest: int = 16) -> Tensor:
        """The likeliest next word, time after time: `(longest, B)`, zeros after the end."""
        gates = self.gates(seen)
        words = torch.zeros(0, len(seen), dtype=torch.long, device=seen.device)
        ended = torch.zeros(len(seen), dtype=torch.bool, device=seen.device)
        for _ in range(longest):  # captions are short: running them anew is simpler than carrying four states
            padded = torch.cat([words, words.new_zeros(1, len(seen))])
            word = self.logits(self.language(padded), gates)[-1].argmax(1).masked_fill(ended, 0)
            words, ended = torch.cat([words, word[None]]), ended | (word == 0)
        return words

    def save(self, path: Path, dtype: torch.dtype | None = None) -> str:
        """Write weights, sizes and vocabulary; returns the file's sha256."""
        known = {"vocabulary": self.vocabulary.words, "kinds": self.vocabulary.kinds}
        architecture = {"captioner": asdict(self.config), **known}
        return weights.save(path, self.state_dict(), architecture, dtype)

    @classmethod
    def load(cls, path: Path, sha256: str | None = None) -> Captioner:
        """The captioner of `path`, in eval mode.

        Raises:
            UserError: as `ppgn_core.weights.ConfiguredNetwork.load`; its words are no vocabulary.
        """
        tensors, architecture = weights.load(path, sha256)

        def make() -> Captioner:
            config = CaptionerConfig.from_dict(weights.of_kind(architecture, "captioner"))
            words, kinds = weights.of_kind(architecture, "vocabulary"), architecture.get("kinds", ())
            return cls(config, Vocabulary.of(words, kinds))

        return weights.made(make, tensors, f"weights={path}")
