"""Words and their numbers. Word 0 ends a sentence, and begins it, as in Donahue et al. 2015."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from ppgn_core.errors import UserError, shown

EOS, UNK = "<eos>", "<unk>"

LONGEST = 100
"""Words that a caption may have. Captioners learn sentences of 20, and each word costs a step of two LSTMs."""


def tokenize(text: str) -> list[str]:
    """Split text into words in lower case, without punctuation.

    >>> tokenize("A spider's web, on well-lit grass!")
    ['a', "spider's", 'web', 'on', 'well-lit', 'grass']
    """
    text = unicodedata.normalize("NFC", text.lower().replace("’", "'"))
    return re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text)


class Vocabulary:
    """The words that a captioner knows, numbered in order.

    Args:
        words: `<eos>` first; `<unk>` among them where rare words were trained as one.
        kinds: lists of what is told from one another, such as things or colours; each entry is the words for one of
            them: `[[["orange", "fruit"], ["school", "bus"]], [["red"], ["blue"]]]`.

    Raises:
        ValueError: `<eos>` is not first, or a word is there twice.
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
        """From JSON that nobody vouches for.

        Raises:
            ValueError: what of it is no vocabulary.
        """
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError("the vocabulary is no list of words")
        try:
            return cls(words, kinds)
        except (KeyError, TypeError) as error:
            raise ValueError(f"kinds are no lists of lists of words of the vocabulary: {error}") from None

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str, key: str = "condition.text") -> list[int]:
        """The numbers of the words of `text`, and of the end of sentence.

        Raises:
            UserError: no words, more than 100, or some that are not known; the message names `key`, these and the
                nearest ones.
        """
        tokens, given = tokenize(text), f"{key}={shown(text)!r}"
        if not tokens:
            raise UserError(f"{given}: no words in it; allowed is a caption such as 'a {self.words[-1]}'")
        if len(tokens) > LONGEST:
            raise UserError(f"{given}: it has {len(tokens)} words; allowed are {LONGEST}")
        unknown = [word for word in dict.fromkeys(tokens) if word not in self._ids]
        if unknown:
            told = "; ".join(f"{shown(word)!r} is not in the vocabulary, {self._nearest(word)}" for word in unknown[:5])
            raise UserError(f"{given}: {told}{f'; and {len(unknown) - 5} more' if unknown[5:] else ''}")
        return [*(self._ids[word] for word in tokens), 0]

    def encode_rare(self, text: str) -> list[int]:
        """As `encode`, for training: unknown words become `<unk>`.

        Raises:
            KeyError: there is an unknown word and no `<unk>`.
        """
        return [*(self._ids[word] if word in self._ids else self._ids[UNK] for word in tokenize(text)), 0]

    def decode(self, ids: Sequence[int]) -> str:
        """The words as far as the end of sentence."""
        ids = list(ids)
        return " ".join(self.words[i] for i in (ids[: ids.index(0)] if 0 in ids else ids))

    def rivals(self, word: int) -> set[int]:
        """What would be said in the word's place of something else: its kinds' words, its synonyms left out."""
        kinds = [kind for kind in self._entries if any(word in entry for entry in kind)]
        entries = [entry for kind in kinds for entry in kind]
        return set().union(*entries) - set().union(*(entry for entry in entries if word in entry))

    def _nearest(self, word: str) -> str:
        known = [w for w in self.words if w not in (EOS, UNK)]
        near = difflib.get_close_matches(word, known, n=4, cutoff=0.6)
        near += [w for w in known if min(len(w), len(word)) > 3 and (w in word or word in w) and w not in near][:3]
        if near:
            return f"nearest: {', '.join(near)}"
        return f"which has {len(known)} words, such as {', '.join(known[-3:])}"
