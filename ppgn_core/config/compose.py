"""Make every registered component an option in Hydra, with its keys, types and defaults.

Configs are searched in this order: `conf/`, the plugins' own presets, the registry. A preset is an option under another
name that extends a registered one: `defaults: [mala_approx, _self_]`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from ..options import plugins
from ..options.kinds import KINDS
from ..options.yaml_paths import CONF
from ..user_input import home

SCHEME = "ppgn"

_COMPOSING = threading.RLock()
"""Lock for composing, as Hydra keeps its state in global variables."""


class RegistrySource(ConfigSource):
    """Provide `condition/lrcn` as the config of that factory's signature, without YAML and without importing the
    factory.
    """

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        kind, name = self._split(config_path)
        # several writers may be chosen, so each has its own package
        package = f"writer.{name}" if kind == "writer" else kind
        option = plugins.registry().find(kind, name)
        schema = option.schema.copy()
        for key in option.signature.keys:  # so that keys of a nested component can be set: generator.of.smooth=0
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
    """Tell Hydra where to look: `conf/`, then the plugins' presets, then the registry."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("ppgn_core", f"file://{CONF}")
        for place in plugins.presets():
            search_path.append("presets", place)
        search_path.append("registry", f"{SCHEME}://")


def install() -> None:
    """Register the config source and the search path with Hydra.

    By itself Hydra finds plugins only in the namespace `hydra_plugins`.
    """
    for plugin in (RegistrySource, SearchPath):
        Plugins.instance().register(plugin)
    OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def composed(overrides: Sequence[str]) -> DictConfig:
    """Compose the config from overrides as on a command line, leaving Hydra's global state unchanged."""
    with _COMPOSING:
        Plugins.instance().register(RegistrySource)  # nobody else uses its scheme
        places = ",".join(f"'{place}'" for place in (*plugins.presets(), f"{SCHEME}://"))
        instance = GlobalHydra.instance()
        theirs, instance.hydra = instance.hydra, None  # we may be inside somebody else's hydra.main
        try:
            with initialize_config_dir(str(CONF), version_base="1.3"):
                return compose("config", [*overrides, f"hydra.searchpath=[{places}]"])
        finally:
            GlobalHydra.set_instance(instance)
            instance.hydra = theirs


def _run_folder(*choices: str | None) -> str:
    """Return the first folder that is set: `out`, the run that is resumed, or Hydra's dated folder."""
    return str(home(next(choice for choice in choices if choice), "out"))
