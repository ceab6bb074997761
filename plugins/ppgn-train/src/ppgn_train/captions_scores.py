"""Score how well a captioner names nouns and colours: by what it says, and by what it ranks highest."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from ppgn_lrcn.captioner import Captioner
from torch import Tensor

from .captions_colour import NAMES, UNNAMED
from .captions_nouns import Kind, article, plural


@torch.no_grad()
def scores(
    captioner: Captioner, seen: Tensor, labels: Tensor, colours: Tensor, kinds: Sequence[Kind], sample: int = 640
) -> dict[str, float]:
    """Return scores over images: seen `(N, F)`, labels `(N,)`, objects' colours `(N,)` (`UNNAMED` where not known).

    - `says_noun`: the most likely caption, word by word, has a noun of the image's class. `says_colour`: it has a
      colour if one was measured. `said_colour_right`: that colour is the measured one.
    - `finds_noun`, `finds_noun_in_5`: log p("a NOUN" | x) is highest, or among the five highest, for one of the class
      among the foremost nouns of all classes, for `sample` of the images.
    - `finds_colour`, `finds_colour_in_2`: log p("a COLOUR NOUN" | x) likewise for the measured colour, among all.
    """
    spoken = [f" {captioner.vocabulary.decode(ids)} " for ids in captioner.greedy(seen).T.tolist()]
    nouns = [
        any(f" {form} " in text for noun in kinds[label].nouns for form in (noun, plural(noun)))
        for text, label in zip(spoken, labels.tolist(), strict=True)
    ]
    named = colours != UNNAMED
    tinted = [
        (next((w for w in text.split() if w in NAMES), ""), i) for text, i in zip(spoken, colours.tolist(), strict=True)
    ]
    pairs = [(word, NAMES[i]) for word, i in tinted if i != UNNAMED and word]

    foremost = list(dict.fromkeys(kind.nouns[0] for kind in kinds))
    truth = torch.tensor([[noun in kind.nouns for noun in foremost] for kind in kinds])
    few = torch.arange(0, len(labels), max(1, len(labels) // sample))
    table = torch.stack([_log_prob(captioner, seen[few], article(noun)) for noun in foremost], 1)
    rank = _rank(table, truth[labels[few]])

    tints = torch.full((len(labels), len(NAMES)), -torch.inf)
    for label in labels[named].unique().tolist():
        mine = (named & (labels == label)).nonzero()[:, 0]
        for i, name in enumerate(NAMES):
            tints[mine, i] = _log_prob(captioner, seen[mine], article(f"{name} {kinds[label].nouns[0]}"))
    tint = _rank(tints[named], torch.nn.functional.one_hot(colours[named], len(NAMES)).bool())
    return {
        "says_noun": sum(nouns) / len(nouns),
        "says_colour": len(pairs) / max(1, int(named.sum())),
        "said_colour_right": sum(word == name for word, name in pairs) / max(1, len(pairs)),
        "finds_noun": _share(rank < 1),
        "finds_noun_in_5": _share(rank < 5),
        "finds_colour": _share(tint < 1),
        "finds_colour_in_2": _share(tint < 2),
    }


def _log_prob(captioner: Captioner, seen: Tensor, text: str) -> Tensor:
    words = torch.tensor(captioner.vocabulary.encode(text), device=seen.device)[:, None]
    return captioner.log_prob(seen, words).cpu()


def _rank(table: Tensor, truth: Tensor) -> Tensor:
    """Return how many wrong entries of each row `(N, K)` exceed the highest of its true ones `(N, K)`."""
    best = table.masked_fill(~truth, -torch.inf).amax(1, keepdim=True)
    return ((table > best) & ~truth).sum(1)


def _share(right: Tensor) -> float:
    return float(right.float().mean()) if len(right) else 0.0
