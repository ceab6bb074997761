"""Make captions for photographs from their labels and the colours of their pixels.

    [a photo of] [a | the | some] [COLOUR] NOUN [in blue water | under a blue sky | on a COLOUR background | …]

Each part is drawn anew every time an image is used, so that all phrasings are learnt. A colour is named only if it was
measured with confidence. Otherwise MIXED and BUSY stand in its place, just as often: if captions without colours were
more likely for pictures of uncertain colour, climbing "a school bus" would remove the yellow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain

import torch
from ppgn_lrcn.vocabulary import tokenize
from torch import Tensor

from .captions_colour import NAMES, UNNAMED, Colours
from .captions_nouns import Kind, article, plural

# Probability of each part, where it applies.
FOREMOST, PLURAL, COLOUR, BACKGROUND, AROUND, PHOTO = 0.5, 0.4, 0.6, 0.3, 0.7, 0.05
SURROUNDINGS = {
    ("water", "blue"): ("in blue water", "in the water", "in water"),
    ("water", "green"): ("in green water", "in the water"),
    ("sky", "blue"): ("under a blue sky", "against a blue sky", "in front of a blue sky"),
    ("grass", "green"): ("on green grass", "in the grass", "in green grass"),
}
BEHIND = ("on a {} background", "with a {} background", "in front of a {} background", "against a {} background")
MIXED, BUSY = "multicoloured", "busy"
"""Words that replace the colour of things and of backgrounds whose colour is uncertain."""

N_DICE = 9


class Captions:
    """Draw captions for images of the given kinds, one kind a class."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)

    def draw(self, labels: Tensor, colours: Colours, generator: torch.Generator) -> list[str]:
        """Draw one caption for each of N images, labels `(N,)`, from their colours and the generator's state alone."""
        dice = torch.rand(len(labels), N_DICE, generator=generator).tolist()
        rows = torch.stack([labels, *(c.long() for c in colours)], 1).tolist()
        return [
            say(self.kinds[label], _name(colour), _name(behind), _name(above), iter(d))
            for (label, colour, behind, above), d in zip(rows, dice, strict=True)
        ]

    def words(self) -> list[str]:
        """Return all the words that captions of these kinds can have, sorted."""
        texts = [*NAMES, MIXED, BUSY, "a an the some pair photo of", *BEHIND, *chain(*SURROUNDINGS.values())]
        for kind in self.kinds:
            texts += kind.nouns
            if "mass" not in kind.marks:
                texts += map(plural, kind.nouns)
        return sorted({word for text in texts for word in tokenize(text)})

    def alternatives(self) -> list[list[list[str]]]:
        """Return things, their plurals, colours and surroundings, each by the first words of its names.

        A colour that begins a name, as in red panda, is used for other things too and does not identify the thing.
        """
        colours = {*NAMES, MIXED, BUSY}
        one = [_beginnings(kind.nouns, colours) for kind in self.kinds]
        many = [_beginnings(map(plural, kind.nouns), colours) for kind in self.kinds if "mass" not in kind.marks]
        around = sorted({mark for mark, _ in SURROUNDINGS} | {"background"})
        return [one, many, [[colour] for colour in sorted(colours)], [[word] for word in around]]


def _beginnings(nouns: Iterable[str], colours: Set[str]) -> list[str]:
    names = [words[1:] if len(words) > 1 and words[0] in colours else words for words in map(tokenize, nouns)]
    return sorted({words[0] for words in names if words})


def _name(index: int) -> str:
    return "" if index == UNNAMED else NAMES[index]


def say(kind: Kind, colour: str, behind: str, above: str, dice: Iterator[float]) -> str:
    """Compose a caption for one of `kind`; unmeasured colours are empty; each of `dice` is uniform in [0, 1)."""
    noun = kind.nouns[0]
    foremost, other = next(dice), next(dice)
    if len(kind.nouns) > 1 and foremost > FOREMOST:
        noun = _pick(kind.nouns[1:], other)
    uncountable = noun in kind.nouns and bool(kind.marks & {"mass", "pair"})
    many = next(dice) < PLURAL and not uncountable
    tinted = next(dice) < COLOUR and not {*NAMES, "golden"} & set(noun.split())
    phrase = f"{colour or MIXED} " * tinted + (plural(noun) if many else noun)
    which = next(dice)
    if many or "mass" in kind.marks:
        phrase = f"some {phrase}" if which < 0.15 else phrase
    elif "pair" in kind.marks:
        phrase = f"a pair of {phrase}" if which < 0.3 else phrase
    elif which < 0.78:
        phrase = article(phrase) if which < 0.7 else f"the {phrase}"
    seen = {"water": behind, "grass": behind, "sky": above}
    around = [words for (mark, hue), words in SURROUNDINGS.items() if mark in kind.marks and hue == seen[mark]]
    with_background, how, which = next(dice), next(dice), next(dice)
    if with_background < BACKGROUND:
        if around and how < AROUND:
            phrase += " " + _pick(around[0], which)
        else:
            phrase += " " + _pick(BEHIND, which).format(behind or BUSY)
    photo = phrase.startswith(("a ", "an ", "the ", "some ")) or many or uncountable
    return f"a photo of {phrase}" if photo and next(dice, 1.0) < PHOTO else phrase


def _pick(options: Sequence[str], die: float) -> str:
    return options[int(die * len(options))]
