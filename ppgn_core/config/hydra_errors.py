"""Translate Hydra's errors to one line that names the key, what was given and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from ..errors import UserError
from ..nearest import nearest
from ..options.bundled import unknown_option
from ..options.registry import Registry

SORTS = {
    r"converted to Integer": "a whole number",
    r"converted to Float": "a number",
    r"valid bool|converted to Boolean": "true or false",
    r"not a ListConfig": "a list: [a,b,c]",
}


def explain(error: Exception, registry: Registry) -> Exception:
    """Return the error to raise instead; `error` itself if it was not caused by the command line."""
    if isinstance(error, MissingConfigException):
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        if not group:
            return UserError(_line(error))
        return UserError(unknown_option(group, name, sorted({*(error.options or []), *registry.names(group)})))
    if isinstance(error, OverrideParseException) and "=" not in error.override:
        return UserError(f"{error.override}: not KEY=VALUE; a value with spaces needs quotes: 'KEY=a red teapot'")
    if isinstance(error, OverrideParseException):
        return UserError(f"{error.override}: {_line(error)}")
    if isinstance(error, OSError) and error.strerror:
        place = f"out={error.filename}: the folder cannot be made" if error.filename else "the working directory"
        return UserError(f"{place}: {error.strerror}")
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return UserError(_unknown_key(cause))
    if isinstance(cause, ValidationError):
        override = re.match(r"Error merging override (.*)", str(error))
        return UserError(f"{override[1] if override else cause.full_key}: {_wrong_type(cause)}")
    if isinstance(error, HydraException | OmegaConfBaseException) or _raised_by(error) in ("hydra", "omegaconf"):
        return UserError(_line(error))
    return error


def _raised_by(error: Exception) -> str:
    """Return the top package of the code that raised the error, as Hydra often raises Python's own errors."""
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    return str(at.tb_frame.f_globals.get("__name__", "")).partition(".")[0] if at else ""


def _line(error: Exception) -> str:
    return re.sub(r" See https?://\S+( for details)?", "", " ".join(str(error).split()))


def _unknown_key(error: OmegaConfBaseException) -> str:
    full_key = str(error.full_key)
    parent: Any = error.parent_node
    if not isinstance(parent, DictConfig):
        return f"{full_key}: no such key"
    prefix = full_key.rpartition(".")[0]
    allowed = [f"{prefix}.{key}" if prefix else key for key in map(str, parent) if key not in ("name", "hydra")]
    nested = [] if prefix else list(_nested_keys(parent))
    return f"{full_key}: no such key; {nearest(full_key, allowed + nested)}"


def _nested_keys(config: DictConfig) -> Iterator[str]:
    """Yield `condition.text`, … as suggestions for a user who forgot the group."""
    for group in map(str, config):
        node = config._get_node(group)
        if group != "hydra" and isinstance(node, DictConfig) and not node._is_none():
            yield from (f"{group}.{key}" for key in map(str, node) if key != "name")


def _wrong_type(error: OmegaConfBaseException) -> str:
    text = str(error).splitlines()[0]
    sort = next((sort for pattern, sort in SORTS.items() if re.search(pattern, text)), None)
    return f"must be {sort}" if sort else text
