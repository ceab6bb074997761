"""`resume=RUN_DIR n_steps=400`: the config that the run's record holds, with what the command line changes in it.

A record is somebody's data. Only the values of the project's own keys are taken from it, and each is checked as if it
had been typed; nothing in it names code, a folder to write to, or an option of Hydra's.
"""

from __future__ import annotations

import copy
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..errors import UserError
from ..given import home
from ..options.kinds import KINDS
from ..options.registry import Registry, unknown_option
from ..writers.record import NAME, seal
from .keys import TOP

OF_THIS_RUN = ("out", "resume", "overwrite")
"""Keys that a resumed run does not take from the record."""

LARGEST = 10_000_000
"""Bytes of a record that is read at all."""


def key(override: str) -> str:
    """`condition.text` of `++condition.text="oranges"`; empty for a flag."""
    found = re.match(r"(?:\+\+?|~)?([^=\s-][^=]*)=", override)
    return found[1] if found else ""


def folder_of(arguments: Sequence[str], name: str = "resume") -> Path | None:
    """The folder that `resume=` names among the arguments, None where there is none.

    Raises:
        UserError: it is said to be in the home of somebody who is not there.
    """
    given = [argument.partition("=")[2].strip("'\"") for argument in arguments if key(argument) == name]
    return home(given[-1], name) if given and given[-1] not in ("", "null") else None


@dataclass(frozen=True)
class Resumed:
    """The run that `resume=` names.

    Args:
        base: its stored config.
        choices: the overrides that choose its components.
    """

    base: Mapping[str, Any]
    choices: list[str]

    @classmethod
    def named_in(cls, overrides: Sequence[str], registry: Registry) -> Resumed | None:
        """The run that is named among the overrides, None where there is none.

        Raises:
            UserError: as of `stored`.
        """
        folder = folder_of(overrides)
        if folder is None:
            return None
        base = stored(folder, [*TOP, *KINDS], registry)
        return cls(base, choices(base, overrides))

    def restored(self, asked: DictConfig, unasked: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """As the function `restored`, of the stored config."""
        return restored(self.base, asked, unasked, overrides)


def stored(folder: Path, keys: Sequence[str], registry: Registry) -> dict[str, Any]:
    """The config of the run in `folder`: values of `keys`, those that the record has.

    Raises:
        UserError: there is no such run folder, its record is damaged, or it asks for what is not installed.
    """
    config = _read(folder)["config"]
    if not isinstance(config, dict):
        raise UserError(f"resume={folder}: {NAME} is damaged: its config is none")
    for name in config:
        if name not in keys:
            raise UserError(f"resume={folder}: {NAME} has a key that no run has: {str(name)[:40]}")
    for text in _strings(config):
        if "${" in text or text == "???":
            raise UserError(f"resume={folder}: {NAME} has a value that is no plain text: {text[:40]}")
    for kind, name in _chosen(config):
        if name not in registry.names(kind):
            raise UserError(f"resume={folder}: {unknown_option(kind, name, registry.names(kind))}")
    return {name: value for name, value in config.items() if name not in OF_THIS_RUN}


def choices(config: Mapping[str, Any], arguments: Sequence[str]) -> list[str]:
    """The overrides that choose the components of a stored config, so that the command line may change their keys."""
    own = {key(argument) for argument in arguments}
    writers = [name for kind, name in _chosen(config) if kind == "writer"]
    chosen = [f"{kind}={name}" for kind, name in _chosen(config) if kind != "writer" and kind not in own]
    chosen += [f"{kind}=null" for kind in KINDS if kind in config and not config[kind] and kind not in own]
    return chosen + ([f"writer=[{','.join(writers)}]"] if writers and "writer" not in own else [])


def restored(config: Mapping[str, Any], asked: DictConfig, unasked: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """A stored config with the changes that a command line makes.

    Args:
        asked, unasked: the config composed with the overrides of the command line and without them.
        overrides: of the command line: what it names counts as changed, though it be the default.
    """
    new: Any = OmegaConf.to_container(asked, resolve=True)
    old: Any = OmegaConf.to_container(unasked, resolve=True)
    result = copy.deepcopy(dict(config))
    named = [key(override).split(".") for override in overrides]
    for path in [*_changed(new, old), *named]:
        _take(result, new, path)
    for name in OF_THIS_RUN:
        result[name] = new.get(name)
    return OmegaConf.create({name: result.get(name, new[name]) for name in map(str, new)})


def _take(result: dict[str, Any], new: Mapping[str, Any], path: Sequence[str]) -> None:
    """Give `result` the value that `new` has at `path`; the whole component where another one is chosen."""
    *parents, last = path
    target, source = result, new
    for depth, name in enumerate(parents):
        if not isinstance(source.get(name), dict):
            return
        there = target.get(name)
        if not isinstance(there, dict) or there.get("name") != source[name].get("name"):
            _take(result, new, path[: depth + 1])
            return
        target, source = there, source[name]
    if last in source:
        target[last] = copy.deepcopy(source[last])
    elif path[0] in new and len(path) == 1:
        target.pop(last, None)


def _changed(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict) and value.get("name") == before.get("name"):
            yield from ([name, *rest] for rest in _changed(value, before))
        elif value != before:
            yield [name]


def _read(folder: Path) -> dict[str, Any]:
    path = folder / NAME
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UserError(f"resume={folder}: {NAME} is no file")
        if path.stat().st_size > LARGEST:
            raise UserError(f"resume={folder}: {NAME} is damaged: it has more than {LARGEST} bytes")
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "config" not in record:
            raise ValueError("it is no record of a run")
        if record.get("sha256") != seal(record):
            raise ValueError("its checksum does not fit")
        return record
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"resume={folder}: no run folder, {NAME} is missing") from None
    except OSError as error:
        raise UserError(f"resume={folder}: {NAME} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"resume={folder}: {NAME} is damaged: {error or 'it is nested too deeply'}") from error


def _chosen(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and name of each component that a config chooses."""
    for kind in KINDS:
        value = config.get(kind)
        parts = value.values() if kind == "writer" and isinstance(value, dict) else [value] if value else []
        for part in parts:
            if not isinstance(part, dict) or not isinstance(part.get("name"), str):
                raise UserError(f"resume: {NAME} is damaged: its {kind} has no name")
            yield kind, part["name"]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield str(name)
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
