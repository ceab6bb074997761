"""Ask a condition for its classes."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch

from ppgn_core import components
from ppgn_core.api import component, configured
from ppgn_core.clock import Clock
from ppgn_core.labels import Labels
from ppgn_core.noise import ChainNoise

from .limits import Limits
from .settings import read
from .turn import Turn

MOST = 32
"""Lists that are held; the oldest is forgotten first."""


@dataclass(frozen=True)
class Asked:
    """Hold the classes of a condition.

    Args:
        place: folder for what is drawn of them, which tells the model and the condition.
    """

    labels: Labels
    place: str


class ClassNames:
    """Build conditions, as a run would, to ask each for its classes, and remember what it said.

    Args:
        base: overrides of the studio's command line.
        turn: lock that sessions hold for a step; networks are loaded in between.
    """

    def __init__(self, base: tuple[str, ...], limits: Limits, turn: Turn) -> None:
        self.base, self.limits, self.turn = base, limits, turn
        self.first = configured(*base)
        self._known: dict[str, Labels | None] = {}
        self._lock = threading.Lock()

    def asked(self, values: Mapping[str, Any]) -> Asked | None:
        """Return the classes that the `target` of the chosen condition may name; None if there are none.

        Args:
            values: flat values of the page's form.

        Raises:
            UserError: a value is not allowed, or the model or the condition cannot be built.
        """
        values = {key: value for key, value in values.items() if key != "condition.target"}
        settings = read(values, self.base, self.limits, {})
        chosen = settings.keys.get("condition") or self.first.get("condition") or {}
        option = components()["condition"].get(str(chosen.get("name")))
        if option is None or "target" not in [key.name for key in option.signature.keys]:
            return None
        config = configured(*settings.base, **settings.keys)
        condition = {key: value for key, value in config["condition"].items() if key != "target"}
        names = [_name("model", config["model"]), _name("condition", condition)]
        key = json.dumps([config["model"], condition], sort_keys=True, default=str)
        with self._lock:
            if key not in self._known:
                with self.turn:
                    self._known[key] = _classes(config["model"], condition)
                while len(self._known) > MOST:
                    del self._known[next(iter(self._known))]
            labels = self._known[key]
        return None if labels is None else Asked(labels, "/".join(names))


def _classes(model: Mapping[str, Any] | None, condition: Mapping[str, Any]) -> Labels | None:
    given = {"device": torch.device("cpu"), "noise": ChainNoise(0, 1), "clock": Clock(), "seed": 0}
    bundle = component("model", model, **given) if model is not None else None
    labels: Labels | None = getattr(component("condition", condition, model=bundle, **given), "classes", None)
    return labels


def _name(kind: str, config: Mapping[str, Any] | None) -> str:
    """Return a component's name, and a number for its keys if they are not those by default."""
    if config is None:
        return "none"
    defaults = {key.name: key.default for key in components()[kind][config["name"]].signature.keys}
    own = {key: value for key, value in config.items() if key != "name" and value != defaults.get(key)}
    if not own:
        return str(config["name"])
    return f"{config['name']}-{sha256(json.dumps(own, sort_keys=True, default=str).encode()).hexdigest()[:8]}"
