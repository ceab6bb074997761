"""Every option composes, with the types of its factory's signature."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

import pytest
from hydra import compose, initialize
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from ppgn_core.config import compose as configs
from ppgn_core.config.configure import configure
from ppgn_core.config.keys import TOP
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS
from ppgn_core.options.yaml_paths import CONF, folder

OPTIONS = list(zip_longest(*([(kind, name) for name in plugins.registry().names(kind)] for kind in KINDS)))
"""Rows with an option of each kind, as long as there are any, as to compose takes a while."""
PRESETS = [
    (file.parent.name, file.stem)
    for place in (CONF, *map(folder, plugins.presets()))
    for file in sorted(place.glob("*/*.yaml"))
]


@pytest.fixture
def composed(registry):
    configs.install()

    def call(*overrides: str):
        with initialize(version_base="1.3", config_path=None):
            return compose("config", ["model=blank", *overrides])

    return call


@pytest.mark.parametrize("row", OPTIONS)
def test_every_registered_option_composes(composed, row):
    chosen = [option for option in row if option]
    config = composed(*(f"{kind}={name}" for kind, name in chosen))
    for kind, name in chosen:
        option = config.writer[name] if kind == "writer" else config[kind]
        assert option.name == name
        keys = plugins.registry().find(kind, name).signature.keys
        assert set(option) == {"name", *(key.name for key in keys)}


@pytest.mark.parametrize(("group", "name"), PRESETS)
def test_every_preset_composes(composed, group, name):
    config = composed(f"{group}={name}")
    assert set(config) == {*TOP, *KINDS}  # a preset brings no key of its own
    for kind in KINDS[:-1]:
        assert config[kind].name in plugins.registry().names(kind)


def test_presets_are_found():
    assert ("sampler", "paper") in PRESETS and ("sampler", "official") in PRESETS


def test_defaults(composed):
    config = composed()
    assert {kind: config[kind].name for kind in KINDS[1:-1]} == {
        "generator": "upconv",
        "prior": "noiseless_joint",
        "condition": "alexnet",
        "sampler": "annealed",
    }
    assert set(config.writer) == {"grid", "gif", "samples", "trace", "codes", "record"}
    assert config.n_chains == 16 and config.n_steps == 50 and config.out is None


def test_default_model_is_mini(registry):
    configs.install()
    with initialize(version_base="1.3", config_path=None):
        assert compose("config").model.name == "mini"


def test_official_is_global(composed):
    config = composed("sampler=official", "epsilon2=3")
    assert (config.epsilon1, config.epsilon2, config.epsilon3) == (1e-5, 3, 1e-17)
    assert config.sampler.normalize and config.sampler.clip and config.sampler.name == "mala_approx"


def test_types_come_from_the_signature(composed):
    config = composed("condition=mean_colour", "condition.rgb=[1,0,0]", "condition.sigma=1")
    assert config.condition.rgb == [1.0, 0.0, 0.0] and isinstance(config.condition.rgb[0], float)
    assert isinstance(config.condition.sigma, float)
    with pytest.raises(ConfigCompositionException):
        composed("condition=mean_colour", "condition.sigma=wide")


def test_whoever_gives_a_dict_names_its_keys(composed, registry):
    def weighted(weights: Mapping[str, float] = {}):
        """Weights."""

    registry.register("condition", "weighted", weighted, "tests")
    config = composed("condition=weighted", "condition.weights={red: 1}", "condition.weights.blue=2")
    assert config.condition.weights == {"red": 1.0, "blue": 2.0}
    with pytest.raises(ConfigCompositionException):
        composed("condition=weighted", "condition.weights.blue=much")


def test_writers_are_chosen_one_by_one(composed):
    assert set(composed("writer=grid").writer) == {"grid"}
    assert set(composed("writer=[trace,codes]").writer) == {"trace", "codes"}


@pytest.mark.parametrize(
    ("overrides", "chosen"),
    [
        (["writer=[trace,codes]", "+writer=strip"], {"trace", "codes", "strip"}),
        (["+writer=strip", "writer=trace", "+writer=[mp4,plot]"], {"trace", "strip", "mp4", "plot"}),
        (["writer=null", "+writer=strip"], {"strip"}),
        (["+writer=strip", "+writer=mp4"], {"grid", "gif", "samples", "trace", "codes", "record", "strip", "mp4"}),
    ],
)
def test_writers_are_added_to_those_chosen(registry, overrides, chosen):
    """Hydra alone leaves out what is added beside `writer=`, or refuses."""
    config, _ = configure(overrides, registry)
    assert set(config.writer) == chosen


def test_presets_of_a_plugin(registry, tmp_path, monkeypatch):
    conf = tmp_path / "plugin_with_presets" / "conf"
    (conf / "condition").mkdir(parents=True)
    (tmp_path / "plugin_with_presets" / "__init__.py").touch()
    (conf / "condition" / "red.yaml").write_text("defaults: [mean_colour, _self_]\nrgb: [1, 0, 0]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, ["pkg://plugin_with_presets.conf"]))
    assert folder("pkg://plugin_with_presets.conf") == conf
    configs.install()
    with initialize(version_base="1.3", config_path=None):
        condition = compose("config", ["model=blank", "sampler=paper", "condition=red", "condition.sigma=2"]).condition
    assert OmegaConf.to_container(condition) == {"name": "mean_colour", "rgb": [1.0, 0.0, 0.0], "sigma": 2.0}
