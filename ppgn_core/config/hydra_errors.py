"""Translate Hydra's errors to one line that names the key, what was given and what is allowed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten
from types import FrameType
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from ..errors import UserError, shown
from ..nearest import nearest
from ..options.bundled import unknown_option
from ..options.presets import presets
from ..options.registry import Registry

SORTS = {
    r"converted to Integer": "a whole number",
    r"converted to Float": "a number",
    r"valid bool|converted to Boolean": "true or false",
    r"not a ListConfig": "a list: [a,b,c]",
}

LAUNCHERS = ("joblib", "ray", "submitit")
"""Packages that run the jobs of a sweep in other processes, and raise an error of their own if one of these dies."""

PLUGINS = "hydra_plugins"
"""Package of Hydra's launchers, by which these are called; a run itself may use one of them, as scikit-learn does."""


@contextmanager
def translated(registry: Registry) -> Iterator[None]:
    """Raise the errors of the block as `explain` returns them."""
    try:
        yield
    except Exception as error:
        user_error = explain(error, registry)
        if user_error is error:
            raise
        raise user_error from error


def explain(error: Exception, registry: Registry) -> Exception:
    """Return the error to raise instead; `error` itself if it was not caused by the command line."""
    if isinstance(error, MissingConfigException):
        group, _, name = (error.missing_cfg_file or "").rpartition("/")
        if not group:
            return UserError(_line(error))
        return UserError(
            unknown_option(group, name, sorted({*(error.options or []), *registry.names(group), *presets(group)}))
        )
    if isinstance(error, OverrideParseException):
        return UserError(f"{error.override}: {_unreadable(error.override, registry)}")
    if isinstance(error, OSError) and error.strerror:
        place = f"out={error.filename}: the folder cannot be made" if error.filename else "the working directory"
        return UserError(f"{place}: {error.strerror}")
    if several := re.match(r"Ambiguous value for argument '(.*?)'\n", str(error), re.DOTALL):
        return UserError(f"{several[1]}: one value is allowed; `ppgn -m {several[1]}` makes a run of each")
    causes = (error.__cause__, error.__context__)
    cause = next((cause for cause in causes if isinstance(cause, OmegaConfBaseException)), error)
    preset = re.match(r"In '(.*?)': ", str(error))  # the YAML file that the error was found in
    place = f"{preset[1]}.yaml: " if preset else ""
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return UserError(place + _unknown_key(cause))
    if isinstance(cause, ValidationError):
        override = re.match(r"Error merging override (.*)", str(error))
        key = re.sub("='(.*)'$", r"=\1", override[1]) if override else cause.full_key
        return UserError(f"{place}{key}: {_wrong_type(cause)}" if key else place + _wrong_type(cause))
    if isinstance(error, HydraException | OmegaConfBaseException):
        return UserError(_line(error))
    frames = [frame for frame in _frames(error) if _package(frame) not in sys.stdlib_module_names]
    packages = {_package(frame) for frame in frames}
    lost = next((name for name in LAUNCHERS if {name, PLUGINS} <= packages), None)
    if lost and not isinstance(error, OSError):
        told = shorten(str(error) or type(error).__name__, 300)
        return UserError(f"the launcher failed; what the runs save is kept; {lost} says: {told}")
    if frames and _package(frames[-1]) in ("hydra", "omegaconf", "yaml"):  # often Python's own errors, or YAML's
        files = [frame.f_locals["config_path"] for frame in frames if frame.f_code.co_name == "load_config"]
        return UserError(f"{files[-1].removesuffix('.yaml')}.yaml: {_line(error)}" if files else _line(error))
    return error


def _unreadable(override: str, registry: Registry) -> str:
    """Say what to change in an override that Hydra's grammar cannot read."""
    if override.replace("-", "_") in registry.names("command"):
        return f"a command, not KEY=VALUE; call it by `ppgn {override} …`"
    if "=" not in override:
        return "not KEY=VALUE; a value with spaces needs quotes: 'KEY=a red teapot'"
    for opening, closing in ("[]", "{}", "()"):
        if override.count(opening) != override.count(closing):
            return f"there are not as many {opening} as {closing}; text that has some needs quotes: KEY='a (1)!'"
    told = "text in lists and mappings needs quotes, unless it is letters from a to z, digits, spaces and . / _ - +"
    return f"it cannot be read; {told}: KEY={{a: {{text: 'what? é!'}}}}"


def _frames(error: Exception) -> Iterator[FrameType]:
    """Yield the frames that the error passed through, ending with the one that raised it."""
    at = error.__traceback__
    while at:
        yield at.tb_frame
        at = at.tb_next


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or " ".join(str(error.__cause__ or error.__context__ or "").split())
    text = text or type(error).__name__
    return re.sub(r" See https?://\S+( for details)?", "", text)


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
    if merged := re.match(r"Merge error: \w+ is not a subclass of (\w+)\. value: (.*)", text):
        named = "a preset chooses an option in its defaults: `- override /KIND: NAME`"
        return f"{shown(merged[2])} is given where keys of {merged[1]} are expected; {named}"
    sort = next((sort for pattern, sort in SORTS.items() if re.search(pattern, text)), None)
    return f"must be {sort}" if sort else text
