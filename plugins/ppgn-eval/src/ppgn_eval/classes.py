"""Which of a judge's classes a run asked for."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ppgn_torchvision.loaded import IMAGENET

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model

FOREIGN = ("imagenet", "torchvision")
"""Conditions whose classes are those of ImageNet, whatever the model."""


def asked_for(config: dict[str, Any], labels: Labels) -> int | None:
    """The class of `labels` that the condition of a run's config names; None where it names none, or several.

    A `target` is found by the run's own model first, so that an index or a synset id is the same class to both. A
    caption (`text`) asks for a class if it ends in one of its names, in the singular or the plural: "a red teapot".
    """
    condition = config["condition"]
    if isinstance(condition.get("text"), str):
        return _ending(condition["text"], labels)
    target = condition.get("target")
    if not isinstance(target, int | str):
        return None
    if condition["name"] in FOREIGN and not condition.get("names"):
        own = Labels.named(IMAGENET)
    else:
        own = _labels(config["model"]["name"], condition.get("classifier") or "classifier")
    label = _find(str(target), own)
    return _same(label, labels) if label else _index(str(target), labels)


def of_folder(name: str, labels: Labels, model: str = "mini") -> int | None:
    """The class that a folder of photographs is named for, by name or by synset id as the model knows it."""
    found = _index(name, labels)
    label = _find(name, _labels(model, "classifier")) if found is None else None
    return _same(label, labels) if label else found


def _same(label: Label, labels: Labels) -> int | None:
    """The class of other `labels` that has its synset id, or else its first name."""
    return next((found for name in (label.synset, str(label)) if (found := _index(name, labels)) is not None), None)


def _index(name: str, labels: Labels) -> int | None:
    label = _find(name, labels) if name and not name.isdigit() else None
    return label.index if label else None


def _find(name: str, labels: Labels) -> Label | None:
    try:
        return labels.find(name)
    except UserError:
        return None


@cache
def _labels(model: str, role: str) -> Labels:
    """Those of an installed model's network; none where there is no such model or network."""
    try:
        found: Model = component("model", {"name": model}, device="cpu")
    except UserError:
        return Labels([])
    return found.labels.get(role, Labels([]))


def _ending(text: str, labels: Labels) -> int | None:
    words = " ".join(re.findall(r"[\w'-]+", text.lower()))
    named = [(len(name), label.index) for label in labels for name in label.names if _ends(words, name.lower())]
    return max(named)[1] if named else None


def _ends(words: str, name: str) -> bool:
    plurals = (name, f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies")
    return any(words == form or words.endswith(f" {form}") for form in plurals)
