"""Hydra's view of the registry: every registered component is an option of its group, with keys, types and defaults.

Three places hold configs, searched in this order: `conf/`, the plugins' own presets, the registry. A preset is an
option under another name that begins with a registered one: `defaults: [mala_approx, _self_]`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from hydra import compose, initialize
from hydra._internal.utils import get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from . import plugins
from .bounds import check as check_bounds
from .bounds import in_words
from .errors import UserError
from .given import home
from .keep import parse
from .nearest import nearest
from .places import CONF
from .registry import KINDS

SCHEME = "ppgn"

TOP: dict[str, str] = {
    "n_chains": 'Annotated[int, ">= 1", "< 1e9"]',
    "n_steps": 'Annotated[int, ">= 1", "< 1e15"]',
    "seed": 'Annotated[int, ">= 0"]',
    "save_every": 'Annotated[int, ">= 1"]',
    "switch_every": 'Annotated[int, ">= 1"]',
    "init_noise": 'Annotated[float, ">= 0"]',
    "epsilon1": 'Annotated[float, ">= 0"]',
    "epsilon2": "float",
    "epsilon3": 'Annotated[float, ">= 0"]',
    "as_in_the_paper": "bool",
    "keep": "str | None",
    "init": "str | None",
    "mask": "str | None",
    "device": "str",
    "out": "str | None",
    "resume": "str | None",
    "overwrite": "bool",
}
"""The top-level keys with their types and bounds. A negative epsilon2 leads away from the condition."""


TYPES: list[tuple[str, tuple[type, ...], str]] = [
    ("int", (int,), "a whole number"),
    ("float", (int, float), "a number"),
    ("bool", (bool,), "true or false"),
    ("str", (str,), "text"),
]


class RegistrySource(ConfigSource):
    """`condition/lrcn` is the config made of that factory's signature. No YAML, and no import of the factory."""

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        kind, name = self._split(config_path)
        # writers are chosen several at a time, so each has a place of its own
        package = f"writer.{name}" if kind == "writer" else kind
        option = plugins.registry().find(kind, name)
        schema = option.schema.copy()
        for key in option.signature.keys:  # a component inside it has its keys in reach too: generator.of.smooth=0
            if key.nested and isinstance(key.default, str) and key.default in plugins.registry().names(key.nested):
                inner = OmegaConf.to_container(plugins.registry().find(key.nested, key.default).schema)
                schema[key.name] = inner
        return ConfigResult(self.provider, f"{SCHEME}://{kind}/{name}", schema, {"package": package})

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.strip("/") in ("", *KINDS)

    def is_config(self, config_path: str) -> bool:
        kind, name = self._split(config_path)
        return kind in KINDS and name in plugins.registry().names(kind)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        if config_path.strip("/") == "":
            return [] if results_filter == ObjectType.CONFIG else sorted(KINDS)
        return [] if results_filter == ObjectType.GROUP else plugins.registry().names(config_path.strip("/"))

    @staticmethod
    def _split(config_path: str) -> tuple[str, str]:
        kind, _, name = config_path.strip("/").removesuffix(".yaml").rpartition("/")
        return kind, name


class SearchPath(SearchPathPlugin):
    """Where Hydra looks: `conf/`, then the plugins' presets, then the registry."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("ppgn_core", f"file://{CONF}")
        for place in plugins.presets():
            search_path.append("presets", place)
        search_path.append("registry", f"{SCHEME}://")


def install() -> None:
    """Make Hydra know all this. Hydra finds plugins of its own accord only in the namespace `hydra_plugins`."""
    for plugin in (RegistrySource, SearchPath):
        Plugins.instance().register(plugin)
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def _check_type(key: str, value: Any, annotation: str) -> None:
    if value is None and "None" in annotation:
        return
    types, words = next((types, words) for kind, types, words in TYPES if kind in annotation)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        limits = in_words(annotation)
        raise UserError(f"{key}={value}: must be {words}{limits}")


class _Flags(argparse.ArgumentParser):
    """Hydra's own flags, refused in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.replace('argument ', '')}; --hydra-help lists these flags")


def check_flags(arguments: Sequence[str]) -> None:
    """Raises UserError where flags are not as Hydra reads them, or one runs what a pickle says."""
    parser = get_args_parser()
    parser.__class__ = _Flags
    flags = [argument for argument in arguments if argument not in ("--help", "-h", "--version")]
    if parser.parse_args(flags).experimental_rerun:
        raise UserError("--experimental-rerun: a pickle may run anything; resume=DIR goes on with a run, from its data")


def composed(overrides: Sequence[str]) -> DictConfig:
    """The config that the overrides come to, as on a command line."""
    with initialize(version_base="1.3", config_path=None):
        return compose("config", list(overrides))


def _run_folder(*choices: str | None) -> str:
    """The first that is given: `out`, the run that is resumed, or Hydra's dated folder."""
    return str(home(next(choice for choice in choices if choice), "out"))


def check(config: DictConfig) -> None:
    """What no single component can check.

    Raises:
        UserError: a key that nobody reads, a value of another type or out of its bounds, a `keep` that is no
            comparison, noise on no picture, or a key without a value.
    """
    for name in map(str, config):
        if name not in (*TOP, *KINDS):
            inside = " (a preset of a group needs `# @package _global_`)" if name == "experiment" else ""
            raise UserError(f"{name}: no such key; {nearest(name, (*TOP, *KINDS))}{inside}")
    for kind in KINDS:
        if kind not in ("model", "writer") and config.get(kind) is None:
            raise UserError(f"{kind}: a run needs one; there are: {', '.join(plugins.registry().names(kind))}")
    for key, annotation in TOP.items():
        _check_type(key, config[key], annotation)
        check_bounds(key, config[key], annotation)
    if config.keep is not None:
        parse(config.keep)
    if config.init_noise > 0 and config.init is None:
        raise UserError(f"init_noise={config.init_noise}: there is no picture to put it on; give init=PATH")
    for key in sorted(OmegaConf.missing_keys(config)):
        group = key.partition(".")[0]
        raise UserError(f"{key} is required by {group}={config[group].get('name', '')}: give {key}=…")
