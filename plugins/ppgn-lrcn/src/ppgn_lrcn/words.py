"""`ppgn words`: what a caption may say."""

from __future__ import annotations

from typing import Annotated, Any

from rich.console import Console

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .vocabulary import EOS, UNK, Vocabulary


def show(
    beginning: str = "", model: Annotated[dict[str, Any] | str, Model] = "mini", captioner: str = "captioner"
) -> None:
    """List the words that a caption may have, `condition=lrcn condition.text="…"`: those that tell things apart first.

    Args:
        beginning: of the words to list; all where there is none.
        model: the bundle of networks.
        captioner: the captioner of the bundle, by its role.
    """
    vocabulary: Vocabulary = component("model", model, device="cpu").network(captioner, key="captioner").vocabulary
    telling = {word for kind in vocabulary.kinds for entry in kind for word in entry}
    words = [word for word in vocabulary.words if word not in (EOS, UNK) and word.startswith(beginning.lower())]
    if not words:
        raise UserError(f"beginning={beginning}: no word of the {len(vocabulary.words)} begins so")
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    for kind in vocabulary.kinds:
        console.print(" · ".join(" ".join(word for word in entry if word in words) for entry in kind), "\n")
    console.print(" ".join(word for word in words if word not in telling))
