"""The command line of a training: the keys that all recipes share, and all of them checked before anything is made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ppgn_core.errors import UserError, shown
from ppgn_core.nearest import nearest
from ppgn_core.options.registry import Registry

from . import bounds

PRECISIONS = ("auto", "32", "32-true", "bf16-mixed", "16-mixed")

MEANINGS = {
    "data": "an ImageFolder with the folders train and val",
    "out": "folder for checkpoint, weights, logs and pictures; goes on from what is there",
    "every_minutes": "minutes between two checkpoints, validations and pictures",
    "model": "whose encoder it is for, where there is no encoder=; with its keys: model.weights=…",
    "seed": "of all randomness",
    "device": "auto, cpu, cuda, mps",
    "precision": f"{', '.join(PRECISIONS)}; auto is bfloat16 where the machine is fast at it",
}


@dataclass
class Shared:
    """The keys of every recipe."""

    data: str = MISSING
    out: str = "training/RECIPE"
    every_minutes: Annotated[float, ">= 0", "<= 1e6"] = 5.0
    model: Any = None
    seed: Annotated[int, ">= 0", "<= 8388607"] = 0
    device: str = "auto"
    precision: str = "auto"


@dataclass
class Options:
    """What a command line says: the recipe's name and its own keys, and those that all share."""

    recipe: str
    own: dict[str, Any]
    shared: Shared


def read(registry: Registry, arguments: Sequence[str]) -> Options:
    """Read `KEY=VALUE …`.

    Raises:
        UserError: no such recipe or key, or a value that is not allowed; the message names it.
    """
    given = _given(arguments)
    recipe = given.pop("recipe", "")
    option = registry.find("recipe", str(recipe))
    annotations = {key.name: key.annotation for key in option.signature.keys}
    mine = {key: value for key, value in given.items() if key in {f.name for f in fields(Shared)}}
    own = {key: value for key, value in given.items() if key in annotations or key not in mine}
    for key in own:
        if key not in annotations:
            raise UserError(f"{key}: no such key; {nearest(key, {*annotations, *MEANINGS})}")
    try:
        shared: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Shared), {"data": "?"} | mine))
        values = OmegaConf.to_container(OmegaConf.merge(option.schema, own))
    except OmegaConfBaseException as error:
        key = re.split(r"[\[.]", str(error.full_key))[0]
        annotation = ({f.name: str(f.type) for f in fields(Shared)} | annotations).get(key, "")
        raise UserError(f"{key}={shown(given.get(key))}: allowed are {bounds.allowed(annotation)}") from error
    assert isinstance(values, dict)
    bounds.check(annotations, values)  # type: ignore[arg-type]
    bounds.check({f.name: str(f.type) for f in fields(Shared)}, vars(shared))
    _check(shared, recipe, option.signature.given, annotations)
    shared.out = shared.out.replace("RECIPE", str(recipe))
    return Options(str(recipe), own, shared)


def _given(arguments: Sequence[str]) -> dict[str, Any]:
    """The values by key; `model=NAME` is short for `model.name=NAME`."""
    for argument in arguments:
        if not re.match(r"\w[\w.]*=", argument):
            raise UserError(f"{shown(argument)}: arguments are KEY=VALUE")
        if "${" in argument:
            raise UserError(f"{shown(argument)}: allowed are values as they are, without ${{…}}")
        if re.match(r"name[.=]", argument):
            raise UserError(f"{shown(argument)}: no such key; a recipe is chosen by recipe=NAME")
        try:
            OmegaConf.from_dotlist([argument])
        except Exception as error:  # YAML's errors and OmegaConf's own have no common kind
            raise UserError(f"{shown(argument)}: {' '.join(str(error).split())}") from error
    try:
        given = OmegaConf.to_container(OmegaConf.from_dotlist([re.sub("^model=", "model.name=", a) for a in arguments]))
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
    assert isinstance(given, dict)
    return {str(key): value for key, value in given.items()}


def _check(shared: Shared, recipe: str, context: frozenset[str], own: Sequence[str] | dict[str, str]) -> None:
    model = shared.model
    if model is not None:
        if "model" not in context:
            raise UserError(f"model: recipe={recipe} takes none; allowed are {', '.join(sorted(own))}")
        if not isinstance(model, dict) or not isinstance(model.get("name"), str):
            raise UserError("model is required by the keys of it: give model=NAME")
    if shared.precision not in PRECISIONS:
        raise UserError(f"precision={shared.precision}: allowed are {', '.join(PRECISIONS)}")
    for part in ("train", "val"):
        if shared.data == "?" or not Path(shared.data, part).is_dir():
            raise UserError(f"data={shared.data}: allowed is a folder with the folders train and val")
