"""Check what no single component can check: the top-level keys, and keys that depend on each other."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..errors import UserError, shown
from ..nearest import nearest
from ..options import plugins
from ..options.annotation import SORTS, choices, is_optional
from ..options.bounds import check as check_bounds
from ..options.bounds import in_words
from ..options.kinds import KINDS
from ..sampling.sample_filter import parse
from ..writers.trace import NUMBERS
from .components import options
from .keys import TOP

TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,)}


def check(config: DictConfig) -> None:
    """Check the keys that belong to no component, and combinations of keys.

    Raises:
        UserError: a key is unknown, has no value, or has a value of another type or out of its bounds; `keep` is not a
            comparison; `init_noise` is given without `init`; or `mask`, and nothing fills in pixels.
    """
    for name in map(str, config):
        if name not in (*TOP, *KINDS):
            inside = " (a preset of a group needs `# @package _global_`)" if name == "experiment" else ""
            raise UserError(f"{name}: no such key; {nearest(name, (*TOP, *KINDS))}{inside}")
    for kind in KINDS:
        if kind not in ("model", "writer") and config.get(kind) is None:
            raise UserError(f"{kind}: a run needs one; there are: {', '.join(_names(kind))}")
        _check_chosen(kind, config.get(kind))
    for key, annotation in TOP.items():
        _check_type(key, config[key], annotation)
        check_bounds(key, config[key], annotation)
    if config.keep is not None:
        parse(config.keep)
    if config.objective is not None:
        allowed = (*NUMBERS, *plugins.registry().objectives())
        if config.objective not in allowed:
            raise UserError(f"objective={config.objective}: no such quantity; {nearest(config.objective, allowed)}")
    if config.init_noise > 0 and config.init is None:
        raise UserError(f"init_noise={config.init_noise}: there is no picture to add noise to; give init=PATH")
    if config.mask is not None:
        plain: Any = OmegaConf.to_container(config)
        if not any("mask" in option.signature.given for _, option, _ in options("", plain, plugins.registry())):
            raise UserError(f"mask={shown(config.mask)}: nothing here fills in pixels; give experiment=inpaint")
    for key in sorted(OmegaConf.missing_keys(config)):
        group = key.partition(".")[0]
        raise UserError(f"{key} is required by {group}={config[group].get('name', '')}: give {key}=…")


def _check_chosen(kind: str, value: Any) -> None:
    """Check that a component is a mapping with its name, as it is unless a YAML file sets it by other means."""
    several = kind == "writer" and isinstance(value, DictConfig)
    parts = {str(name): part for name, part in value.items()} if several else {"": value}
    for name, part in parts.items():
        if part is None or (isinstance(part, DictConfig) and isinstance(part.get("name"), str)):
            continue
        place = f"{kind}.{name}" if several else kind
        if several and isinstance(part, DictConfig) and name in _names(kind):
            all_of_them = ",".join(parts)
            raise UserError(f"{place}: its keys are set, but it is not chosen; writer=[{all_of_them}] chooses it too")
        chosen = "[NAME,…]" if kind == "writer" else "NAME"
        raise UserError(
            f"{place}={shown(part)}: an option is chosen by {kind}={chosen}, or in the defaults of a preset by "
            f"`- override /{kind}: {chosen}`; there are: {', '.join(_names(kind))}"
        )


def _names(kind: str) -> list[str]:
    return plugins.registry().names(kind)


def _check_type(key: str, value: Any, annotation: str) -> None:
    if value is None and is_optional(annotation):
        return
    if allowed := choices(annotation):
        if str(value) not in map(str, allowed):
            raise UserError(f"{key}={shown(value)}: allowed are {', '.join(map(str, allowed))}")
        return
    kind, types = next((kind, types) for kind, types in TYPES.items() if kind in annotation)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise UserError(f"{key}={shown(value)}: must be {SORTS[kind]}{in_words(annotation)}")
