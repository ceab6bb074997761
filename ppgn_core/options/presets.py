"""Presets are options of a group that are YAML files, in `conf/` or in a plugin."""

from __future__ import annotations

import re
from pathlib import Path

from . import plugins
from .yaml_paths import CONF, folder


def presets(group: str, more: Path | None = None) -> dict[str, str]:
    """Return the presets of a group by name, each with the comment at the top of its file.

    Args:
        more: a folder with the user's own configs, as given by `--config-dir`.
    """
    texts = {name: file.read_text(encoding="utf-8") for name, file in files(group, more).items()}
    return {name: next(iter(re.findall(r"(?m)^# (?!@)(.+)", text)), "") for name, text in texts.items()}


def in_force(group: str, name: str) -> dict[str, str]:
    """Return the top-level keys that a preset of a group sets, as one with `# @package _global_` may."""
    file = files(group).get(name)
    text = file.read_text(encoding="utf-8") if file else ""
    if not text.startswith("# @package _global_"):
        return {}
    return dict(re.findall(r"(?m)^(\w+): ([^\s#].*?)(?: #.*)?$", text))  # yaml is slow to import


def files(group: str, more: Path | None = None) -> dict[str, Path]:
    """Return the file of each preset of a group, by name."""
    places = (CONF, *map(folder, plugins.presets()), *([more] if more else []))
    return {file.stem: file for place in places for file in sorted((place / group).glob("*.yaml"))}
