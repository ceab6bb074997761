"""What a data set asks for: the classes of a condition, captions, or the condition as it is."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch

from ppgn_core.api import assembled, component
from ppgn_core.clock import Clock
from ppgn_core.data_space import pictures
from ppgn_core.errors import UserError, shown
from ppgn_core.model import Label, Labels
from ppgn_core.user_input import key_of

OWN = ("resume", "overwrite", "writer", "save_every", "objective")
"""Keys of a run that mean nothing in a data set."""
TARGET, TEXT = "condition.target", "condition.text"

Asked = list[dict[str, Any]]
"""For each class or caption: `index`, `label`, and `asked`, the value of its key; classes have a `synset`."""


def asked(
    classes: list[str] | None, captions: list[str] | None, overrides: Sequence[str]
) -> tuple[str, Asked, list[str], dict[str, Any]]:
    """Check everything that can be checked before the first run.

    Returns:
        The key that each class or caption sets (empty if none does), the classes or captions, the overrides of every
        run, and the record of such a run.

    Raises:
        UserError: a key, a class or a caption is not allowed, or the data are not pictures.
    """
    own = {key_of(override) for override in overrides}
    if captions is not None:
        if classes != ["all"]:
            raise UserError(f"captions={shown(captions)}: allowed are classes or captions")
        if not captions or len(set(captions)) < len(captions):
            raise UserError(f"captions={shown(captions)}: allowed are one or more, each once")
        overrides = overrides if "condition" in own else ["condition=lrcn", *overrides]
    key, what, first = (TEXT, "captions", captions[0]) if captions else (TARGET, "classes", 0) if classes else ("",) * 3
    for one in (*OWN, *((TARGET, TEXT) if key else ())):
        if one in own:
            raise UserError(f"{one}: a data set takes none{'; give classes or captions' * (one in (TARGET, TEXT))}")
    none = UserError(f"{what}: this condition has none; allowed are classes=…, captions=[…] and classes=null")
    try:
        chains = assembled(*overrides, n_chains=1, **({key: first} if key else {}))
    except UserError as error:
        if key and str(error).startswith(f"{key}: no such key"):
            raise none from error
        raise
    context, energy = chains.context, chains.energy
    with torch.no_grad():
        x = energy.generator(chains.h)
    if pictures(x, energy.generator) is None:
        raise UserError(f"generator={chains.config.generator.name}: its data are no pictures, {tuple(x.shape[1:])}")
    found: Asked = [{"index": 0, "label": "", "asked": None}]
    if captions:
        for text in captions:
            component("condition", {**chains.config.condition, "text": text}, **{**vars(context), "clock": Clock()})
        found = [{"index": k, "label": text, "caption": text, "asked": text} for k, text in enumerate(captions)]
    elif classes:
        labels = getattr(energy.condition, "classes", None)
        if labels is None:
            raise none
        found = _named(labels, classes)
    return key, found, list(overrides), dict(context.run)


def _named(labels: Labels, classes: list[str]) -> Asked:
    """Return the classes of these names, each once."""
    chosen = list(labels) if classes == ["all"] else [labels.find(name, "classes") for name in classes]
    return [
        {"index": one.index, "label": str(one), "synset": one.synset or None, "asked": _unambiguous(labels, one)}
        for one in {one.index: one for one in chosen}.values()
    ]


def _unambiguous(labels: Labels, label: Label) -> str:
    """Return what `condition.target` finds this class by: an index may also be another class's name."""
    for text in (label.synset, *label.names, str(label.index)):
        with suppress(UserError):
            if text and labels.find(text) == label:
                return text
    raise UserError(f"classes={label.index}: no name, synset id or index finds {label} alone")
