"""Restore a run's config for `resume=RUN_DIR n_steps=400`, with the changes from the command line.

A record is untrusted data. Only values of the project's own keys are read from it, and each is checked as if it had
been typed; nothing in it can name code, a folder to write to, or an option of Hydra's.
"""

from __future__ import annotations

import copy
import json
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..errors import UserError
from ..options.bundled import unknown_option
from ..options.kinds import KINDS
from ..options.registry import Registry
from ..user_input import home, key_of
from ..writers.record import NAME, seal
from .components import choices, chosen, places_written
from .compose import composed
from .keys import TOP

OF_THIS_RUN = ("out", "resume", "overwrite")
"""Keys that a resumed run does not take from the record."""

LARGEST = 10_000_000
"""Largest record that is read, in bytes."""


def folder_of(arguments: Sequence[str], name: str = "resume") -> Path | None:
    """Return the folder that `resume=` names in the arguments, or None.

    Raises:
        UserError: the folder is in the home of a user who does not exist.
    """
    paths = [argument.partition("=")[2].strip("'\"") for argument in arguments if key_of(argument) == name]
    return home(paths[-1], name) if paths and paths[-1] not in ("", "null") else None


@dataclass(frozen=True)
class Resumed:
    """Hold the config of an earlier run, and how a command line changes it.

    Args:
        base: stored config of the run.
        choices: overrides that choose the run's components.
        places: keys of the stored config that say where files are written.
        single_keys: whether the command line only sets keys, and chooses no option that would set others.
    """

    base: Mapping[str, Any]
    choices: list[str]
    places: list[str]
    single_keys: bool = False

    @classmethod
    def named_in(cls, arguments: Sequence[str], registry: Registry, objects: Collection[str] = ()) -> Resumed | None:
        """Read the run that is named in the arguments of a command line; return None if none is.

        Args:
            objects: kinds whose components are objects, so that the run's own are not needed.

        Raises:
            UserError: there is no such run folder, its record is damaged, or it needs a component that is not
                installed.
        """
        folder = folder_of(arguments)
        if folder is None:
            return None
        record = read_record(folder, f"resume={folder}")
        if isinstance(record["config"], dict):
            record["config"] = {key: value for key, value in record["config"].items() if key not in objects}
        return cls.of(record, arguments, registry, f"resume={folder}")

    @classmethod
    def of(cls, record: Mapping[str, Any], arguments: Sequence[str], registry: Registry, prefix: str) -> Resumed:
        """Take the config of an untrusted record, which the arguments of a command line change.

        Args:
            prefix: beginning of an error message.

        Raises:
            UserError: its config is none, or needs a component that is not installed.
        """
        base = checked(record["config"], registry, prefix)
        if record.get("moves"):
            told = "its ε were moved by hand, or chains branched, as run.json says; this goes by its first settings"
            print(f"ppgn: {prefix}: {told}", file=sys.stderr)
        options = (*KINDS, "experiment", "")  # a flag has no key
        single_keys = all(key_of(argument) not in options for argument in arguments)
        own = {key_of(argument) for argument in arguments}
        return cls(base, choices(base, own), places_written(base, registry), single_keys)

    @cached_property
    def unasked(self) -> DictConfig:
        """Compose the config of the choices alone, as it is without the command line."""
        return composed(self.choices)

    def restored(self, asked: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """Return the stored config with the changes that a command line makes.

        Args:
            asked: config composed with the overrides of the command line.
            overrides: overrides of the command line; what they name counts as changed even if it is the default.

        Raises:
            UserError: the stored config alone says where a component would write files.
        """
        new: Any = OmegaConf.to_container(asked, resolve=True)
        old: Any = new if self.single_keys else OmegaConf.to_container(self.unasked, resolve=True)
        result = copy.deepcopy(dict(self.base))
        named = [path for override in overrides for path in _paths(override)]
        for place in self.places:
            if not any(place.split(".")[: len(path)] == path for path in named):
                raise UserError(f"{place}: a stored run does not decide where files are written; give {place}=… again")
        for path in [*_changed(new, old), *named]:
            _take(result, new, path)
        for name in OF_THIS_RUN:
            result[name] = new.get(name)
        return OmegaConf.create({name: result.get(name, new[name]) for name in map(str, new)})


def checked(config: Any, registry: Registry, prefix: str) -> dict[str, Any]:
    """Return those values of an untrusted record's config that another run may take.

    Args:
        prefix: beginning of an error message.

    Raises:
        UserError: it is no config, or needs a component that is not installed.
    """
    if not isinstance(config, dict):
        raise UserError(f"{prefix}: {NAME} is damaged: its config is not a mapping")
    for name in config:
        if name not in (*TOP, *KINDS):
            raise UserError(f"{prefix}: {NAME} has an unknown key: {str(name)[:40]}")
    for text in _strings(config):
        if "${" in text or text == "???":
            raise UserError(f"{prefix}: {NAME} has a value that is not plain text: {text[:40]}")
    for kind, name in chosen(config):
        if name not in registry.names(kind):
            raise UserError(f"{prefix}: {unknown_option(kind, name, registry.names(kind))}")
    return {name: value for name, value in config.items() if name not in OF_THIS_RUN}


def _paths(override: str) -> list[list[str]]:
    """Return the paths of what an override names: with `+writer=[a,b]` those writers, beside the run's own."""
    key, _, value = override.partition("=")
    if key == "+writer":
        return [["writer", name.strip()] for name in value.strip("[]").split(",") if name.strip()]
    return [key_of(override).split(".")]


def _take(result: dict[str, Any], new: Mapping[str, Any], path: Sequence[str]) -> None:
    """Copy the value at `path` from `new` to `result`; the whole component if another one is chosen."""
    *parents, last = path
    target, source = result, new
    for depth, name in enumerate(parents):
        if not isinstance(source.get(name), dict):
            return
        child = target.get(name)
        if not isinstance(child, dict) or child.get("name") != source[name].get("name"):
            _take(result, new, path[: depth + 1])
            return
        target, source = child, source[name]
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


def read_record(folder: Path, prefix: str) -> dict[str, Any]:
    """Read a run's record.

    Args:
        prefix: beginning of an error message.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = folder / NAME
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{prefix}: {NAME} is not a file")
        if status.st_size > LARGEST:
            raise UserError(f"{prefix}: {NAME} is damaged: it has more than {LARGEST} bytes")
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "config" not in record:
            raise ValueError("it is not the record of a run")
        if record.get("sha256") != seal(record):
            raise ValueError("its checksum does not match")
        return record
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{prefix}: not a run folder: it has no {NAME}") from None
    except OSError as error:
        raise UserError(f"{prefix}: {NAME} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{prefix}: {NAME} is damaged: {error or 'it is nested too deeply'}") from error


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
