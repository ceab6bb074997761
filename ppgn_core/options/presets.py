"""Presets: options of a group that are YAML files, in `conf/` or beside a plugin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from . import plugins
from .yaml_paths import CONF, folder


def presets(group: str, more: Path | None = None) -> dict[str, str]:
    """The presets of a group by name, each with what the comment at the top of its file says.

    Args:
        more: a folder of configs of the user's own, as `--config-dir` names it.
    """
    return {name: _comment(file) for name, file in _files(group, more).items()}


def in_force(group: str, name: str) -> dict[str, str]:
    """The top-level keys that a preset of a group sets, as one with `# @package _global_` may."""
    file = _files(group).get(name)
    text = file.read_text(encoding="utf-8") if file else ""
    if not text.startswith("# @package _global_"):
        return {}
    values: dict[str, Any] = yaml.safe_load(re.sub(r"(?m)^(\w+): (\S+)$", r"\1: '\2'", text))
    return {key: value for key, value in values.items() if isinstance(value, str)}


def _files(group: str, more: Path | None = None) -> dict[str, Path]:
    found = {}
    for place in (CONF, *map(folder, plugins.presets()), *([more] if more else [])):
        for file in sorted((place / group).glob("*.yaml")):
            found[file.stem] = file
    return found


def _comment(file: Path) -> str:
    comments = re.findall(r"(?m)^# (?!@)(.+)", file.read_text(encoding="utf-8"))
    return comments[0] if comments else ""
