"""The floors of the house hold, and every package is in the contract that says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).parent.parent


def test_the_import_contract_holds():
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_package_and_module_has_its_floor():
    contract = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    packages = {path.name for path in REPOSITORY.glob("plugins/*/src/*") if (path / "__init__.py").exists()}
    assert set(contract["root_packages"]) == {"ppgn_core", *packages}
    floors, above, *_ = contract["contracts"]
    assert set(above["source_modules"]) == packages
    named = {name for layer in floors["layers"] for name in layer.replace("|", ":").replace(" ", "").split(":")}
    modules = {path.stem for path in (REPOSITORY / "ppgn_core").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules - {"__init__", "__pycache__", "py"} == named
