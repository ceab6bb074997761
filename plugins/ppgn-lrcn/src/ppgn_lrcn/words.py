"""Implement `ppgn words`, which lists what a caption may say."""

from __future__ import annotations

from typing import Annotated, Any

from ppgn_core.api import component
from ppgn_core.console import terminal
from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .vocabulary import EOS, UNK, Vocabulary


def show(
    beginning: str = "", model: Annotated[dict[str, Any] | str, Model] = "mini", captioner: str = "captioner"
) -> None:
    """List the words that a caption may use (`condition=lrcn condition.text="…"`), those with alternatives first.

    Args:
        beginning: first letters of the words to list; all words are listed without it.
        model: the bundle of networks.
        captioner: role of the captioner in the bundle.
    """
    vocabulary: Vocabulary = component("model", model, device="cpu").network(captioner, key="captioner").vocabulary
    telling = {word for kind in vocabulary.kinds for entry in kind for word in entry}
    words = [word for word in vocabulary.words if word not in (EOS, UNK) and word.startswith(beginning.lower())]
    if not words:
        raise UserError(f"beginning={beginning}: none of the {len(vocabulary.words)} words begins with it")
    console = terminal(highlight=False)
    for kind in vocabulary.kinds:
        entries = [" ".join(word for word in entry if word in words) for entry in kind]
        if any(entries):
            console.print(" · ".join(filter(None, entries)), "\n")
    console.print(" ".join(word for word in words if word not in telling))
