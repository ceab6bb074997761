"""An environment that has packages of this project from wheels, and all other libraries that are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

REPOSITORY = Path(__file__).parent.parent
LINES = """
import json, sys
from ppgn_core.command.main import main

for line in json.loads(sys.argv[1]):
    if main(line):
        sys.exit(f"{line} failed")
"""
BUILD = """
import os, sys
from setuptools.build_meta import build_wheel

into, *sources = sys.argv[1:]
for source in sources:
    os.chdir(source)
    build_wheel(into)
"""
"""What `pip wheel` does for each package in processes of its own, as `test_wheel` has it."""

PARTS = {"core": ("pyproject.toml", "LICENSE", "README.md", "conf", "ppgn_core")}


class Fresh:
    """The environment, in a folder of its own."""

    def __init__(self, folder: Path, packages: Iterable[str]) -> None:
        self.folder, self.site, libraries = folder, folder / "site", folder / "libraries"
        libraries.mkdir()
        sources = []
        for name in packages:  # copies, as setuptools builds in place
            source = REPOSITORY if name == "core" else REPOSITORY / "plugins" / f"ppgn-{name}"
            sources.append(folder / name)
            sources[-1].mkdir()
            for part in PARTS.get(name, ("pyproject.toml", "src")):
                subprocess.run(["cp", "-r", source / part, sources[-1]], check=True)
        self.install(*sources)
        for path in map(Path, sys.path):
            for one in path.iterdir() if path.name in ("site-packages", "dist-packages") else ():
                ours = one.name.startswith(("ppgn", "__editable__", "_distutils_hack", "distutils"))
                if not ours and one.suffix != ".pth" and not (libraries / one.name).exists():
                    (libraries / one.name).symlink_to(one)
        self.path = f"{self.site}{os.pathsep}{libraries}"

    def install(self, *sources: Path) -> None:
        """Build wheels of packages and unpack them, which installs what has no scripts of its own."""
        wheels = self.folder / f"wheels of {sources[0].name}"
        wheels.mkdir()
        built = subprocess.run([sys.executable, "-c", BUILD, wheels, *sources], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        for wheel in wheels.glob("*.whl"):
            ZipFile(wheel).extractall(self.site)

    def __call__(self, *arguments: str | Path, cwd: Path) -> str:
        """Run Python there and return what it printed."""
        python = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
        environment = {**os.environ, "PYTHONPATH": self.path, "PYTHONNOUSERSITE": "1", "PYTEST_ADDOPTS": ""}
        done = subprocess.run([python, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ppgn(self, *lines: list[str], cwd: Path) -> str:
        """Run command lines one after another in one process and return what they printed."""
        return self("-c", LINES, json.dumps(lines), cwd=cwd)
