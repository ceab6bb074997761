"""Hydra's view of the registry: every registered component is an option of its group, with keys, types and defaults.

Three places hold configs, searched in this order: `conf/`, the plugins' own presets, the registry. A preset is an
option under another name that begins with a registered one: `defaults: [mala_approx, _self_]`.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from . import plugins
from .errors import UserError
from .keep import parse
from .places import CONF
from .registry import KINDS

SCHEME = "ppgn"

NUMBERS: dict[str, tuple[type, float]] = {
    "n_chains": (int, 1),
    "n_steps": (int, 1),
    "seed": (int, 0),
    "save_every": (int, 1),
    "switch_every": (int, 1),
    "init_noise": (float, 0),
    "epsilon1": (float, 0),
    "epsilon2": (float, -math.inf),
    "epsilon3": (float, 0),
}
"""The top-level numbers: type and lowest value. A negative epsilon2 leads away from the condition."""


class RegistrySource(ConfigSource):
    """`condition/lrcn` is the config made of that factory's signature. No YAML, and no import of the factory."""

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        kind, name = self._split(config_path)
        # writers are chosen several at a time, so each has a place of its own
        package = f"writer.{name}" if kind == "writer" else kind
        schema = plugins.registry().find(kind, name).schema
        return ConfigResult(self.provider, f"{SCHEME}://{kind}/{name}", schema.copy(), {"package": package})

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


def _run_folder(*choices: str | None) -> str:
    """The first that is given: `out`, the run that is resumed, or Hydra's dated folder."""
    return str(Path(next(choice for choice in choices if choice)).expanduser())


def check(config: DictConfig) -> None:
    """What no single component can check.

    Raises:
        UserError: a top-level number out of its range, a `keep` that is no comparison, noise on no picture, or a key
            without a value.
    """
    for key, (kind, low) in NUMBERS.items():
        value: Any = config[key]
        right = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
        if not right or not math.isfinite(value) or value < low:
            sort = "a whole number" if kind is int else "a number"
            least = f" from {low:g}" if math.isfinite(low) else ""
            raise UserError(f"{key}={value}: must be {sort}{least}")
    if config.keep is not None:
        parse(config.keep)
    if config.init_noise > 0 and config.init is None:
        raise UserError(f"init_noise={config.init_noise}: there is no picture to put it on; give init=PATH")
    for key in sorted(OmegaConf.missing_keys(config)):
        group = key.partition(".")[0]
        raise UserError(f"{key} is required by {group}={config[group].get('name', '')}: give {key}=…")


def writable(out: Path) -> None:
    """Raises UserError if nothing can be written into that folder."""
    if not os.access(out, os.W_OK | os.X_OK):
        raise UserError(f"out={out}: the folder cannot be written")
