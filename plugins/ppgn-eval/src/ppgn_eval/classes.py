"""Find out which of a judge's classes a run asked for."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ppgn_torchvision.loaded import IMAGENET

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model

FOREIGN = ("imagenet", "torchvision")
"""Conditions that always have the classes of ImageNet, whatever the model."""


def asked_for(config: dict[str, Any], labels: Labels) -> int | None:
    """Return the class of `labels` that the condition of a run's config names; None if it names none or several.

    A `target` is looked up in the run's own model first, so that an index or a synset id means the same class to both.
    A caption (`text`) asks for a class if it ends in one of its names, in the singular or the plural: "a red teapot".
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


def of_folder(name: str, labels: Labels) -> int | None:
    """Return the class that a folder of photographs is named after, by name or by mini's synset id."""
    index = _index(name, labels)
    label = _find(name, _labels("mini", "classifier")) if index is None else None
    return _same(label, labels) if label else index


def _same(label: Label, labels: Labels) -> int | None:
    """Return the class of other `labels` with the same synset id, or else with the same first name."""
    return next((index for name in (label.synset, str(label)) if (index := _index(name, labels)) is not None), None)


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
    """Return the labels of an installed model's network; none if there is no such model or network."""
    try:
        bundle: Model = component("model", {"name": model}, device="cpu")
    except UserError:
        return Labels([])
    return bundle.labels.get(role, Labels([]))


def _ending(text: str, labels: Labels) -> int | None:
    words = " ".join(re.findall(r"[\w'-]+", text.lower()))
    named = [(len(name), label.index) for label in labels for name in label.names if _ends(words, name.lower())]
    return max(named)[1] if named else None


def _ends(words: str, name: str) -> bool:
    plurals = (name, f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies")
    return any(words == form or words.endswith(f" {form}") for form in plurals)
