"""A vocabulary numbers words; word 0 both begins and ends a sentence, as in Donahue et al. 2015."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from ppgn_core.errors import UserError, shown
from ppgn_core.nearest import nearest

EOS, UNK = "<eos>", "<unk>"

LONGEST = 100
"""Largest number of words in a caption. Captioners learn sentences of 20 words; each word costs a step of two LSTMs."""


def tokenize(text: str) -> list[str]:
    """Split text into words in lower case, without punctuation.

    >>> tokenize("A spider's web, on well-lit grass!")
    ['a', "spider's", 'web', 'on', 'well-lit', 'grass']
    """
    text = unicodedata.normalize("NFC", text.lower().replace("’", "'"))
    return re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text)


class Vocabulary:
    """Hold the words that a captioner knows, numbered in order.

    Args:
        words: all words, with `<eos>` first; `<unk>` is among them if rare words were trained as one.
        kinds: lists of alternatives, such as things or colours; each alternative is a list of its synonyms:
            `[[["orange", "fruit"], ["school", "bus"]], [["red"], ["blue"]]]`.

    Raises:
        ValueError: `<eos>` is not first, or a word occurs twice.
        KeyError: a word in `kinds` is not in `words`.
    """

    def __init__(self, words: Sequence[str], kinds: Sequence[Sequence[Sequence[str]]] = ()) -> None:
        if not words or words[0] != EOS or len(set(words)) != len(words):
            raise ValueError(f"a vocabulary is distinct words, {EOS} first")
        self.words = tuple(words)
        self._ids = {word: i for i, word in enumerate(words)}
        self.kinds = kinds
        self._entries = [[{self._ids[word] for word in entry} for entry in kind] for kind in kinds]

    @classmethod
    def of(cls, words: Any, kinds: Any) -> Vocabulary:
        """Make a vocabulary from untrusted JSON.

        Raises:
            ValueError: it is not a vocabulary; the message says why.
        """
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("the vocabulary is no list of words")
        try:
            return cls(words, kinds)
        except (KeyError, TypeError) as error:
            raise ValueError(f"kinds are no lists of lists of words of the vocabulary: {error}") from None

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the words of `text`, followed by the end of sentence.

        Raises:
            UserError: there are no words, more than 100, or unknown ones; the message names these and the nearest known
                ones.
        """
        tokens, prefix = tokenize(text), f"condition.text={shown(text)!r}"
        if not tokens:
            raise UserError(f"{prefix}: no words in it; allowed is a caption such as 'a {self.words[-1]}'")
        if len(tokens) > LONGEST:
            raise UserError(f"{prefix}: it has {len(tokens)} words; allowed are {LONGEST}")
        unknown = [word for word in dict.fromkeys(tokens) if word not in self._ids]
        if unknown:
            known = [word for word in self.words if word not in (EOS, UNK)]
            parts = "; ".join(f"{shown(w)!r} is not in the vocabulary, {nearest(w, known)}" for w in unknown[:5])
            raise UserError(f"{prefix}: {parts}{f'; and {len(unknown) - 5} more' if unknown[5:] else ''}")
        return [*(self._ids[word] for word in tokens), 0]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the words up to the end of sentence."""
        ids = list(ids)
        return " ".join(self.words[i] for i in (ids[: ids.index(0)] if 0 in ids else ids))

    def rivals(self, word: int) -> set[int]:
        """Return the alternatives of a word: all words of its kinds except its synonyms."""
        kinds = [kind for kind in self._entries if any(word in entry for entry in kind)]
        entries = [entry for kind in kinds for entry in kind]
        return set().union(*entries) - set().union(*(entry for entry in entries if word in entry))
