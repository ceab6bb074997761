"""The core from a wheel, away from the repository; and a plugin as the documentation writes it, beside it."""

from __future__ import annotations

import json
import os
import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
GUIDE = REPOSITORY / "docs" / "writing_a_condition.md"


def pip(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *map(str, arguments)], check=True)


def install(source: Path, target: Path, wheels: Path) -> Path:
    """Build a wheel of `source` and install it in the folder `target`."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, source)
    (wheel,) = wheels.glob("*.whl")
    pip("install", "--no-deps", "--target", target, wheel)
    return target


def python(*arguments: str, path: Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def core(tmp_path_factory) -> Path:
    """The core, installed from its wheel in a folder whose name has a space in it."""
    folder = tmp_path_factory.mktemp("from a wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "LICENSE", "README.md", "conf", "ppgn_core"):  # a copy: setuptools builds in place
        if (REPOSITORY / name).exists():
            subprocess.run(["cp", "-r", REPOSITORY / name, source], check=True)
    return install(source, folder / "site", folder / "wheels")


def test_core_runs_from_a_wheel(core, tmp_path):
    places = (
        "import ppgn_core; from ppgn_core.options.yaml_paths import CONF; print(ppgn_core.__path__[0], CONF, sep='\\n')"
    )
    where = python("-c", places, path=core, cwd=tmp_path).splitlines()
    assert where == [str(core / "ppgn_core"), str(core / "ppgn_core" / "conf")]
    shown = python("-m", "ppgn_core", "--help", path=core, cwd=tmp_path)
    assert "\n  paper " in shown and "n_chains=16" in shown
    assert "name: mala_approx" in python("-m", "ppgn_core", "sampler=paper", "--cfg", "job", path=core, cwd=tmp_path)


@pytest.fixture(scope="module")
def alone(core, tmp_path_factory) -> str:
    """A path that has the core and all that is installed here, but for plugins."""
    others = tmp_path_factory.mktemp("others")
    for place in map(Path, site.getsitepackages()):
        for entry in place.iterdir():
            if not entry.name.lower().startswith(("ppgn", "_ppgn", "__editable__")) and entry.suffix != ".pth":
                (others / entry.name).symlink_to(entry)
    return f"{core}{os.pathsep}{others}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "ppgn: sampler=mini: no such sampler; `pip install ppgn-mini` provides it; there are: annealed, "),
        (["model=null"], "ppgn: sampler=mini: "),
        (["writer=null"], "ppgn: sampler=mini: "),
        (["sampler=paper"], "ppgn: condition=alexnet: no such condition; `pip install ppgn-alexnet` provides it"),
        (["experiment=joint"], "ppgn: experiment=joint: no such experiment; `pip install ppgn-mini` provides it"),
        (["generator=null"], "ppgn: generator=null: no such generator; there are: "),
    ],
)
def test_the_core_alone_says_what_to_install(alone, tmp_path, arguments, told):
    environment = {**os.environ, "PYTHONPATH": alone}
    command = [sys.executable, "-S", "-m", "ppgn_core", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith(told) and done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("there", "here", "kind"), [("ppgn_core/conf", "conf", "*.yaml"), ("ppgn_core", "ppgn_core", "*.py")]
)
def test_nothing_is_missing_from_the_wheel(core, there, here, kind):
    def files(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob(kind)}

    assert files(core / there) == files(REPOSITORY / here) != set()


def fences() -> dict[str, str]:
    """The files that the guide shows, by name."""
    return dict(re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))


@pytest.mark.long
def test_condition_of_the_guide(tmp_path):
    source = tmp_path / "ppgn-mean-colour"
    source.mkdir()
    assert set(fences()) == {"mean_colour.py", "pyproject.toml"}
    for name, text in fences().items():
        (source / name).write_text(text, encoding="utf-8")
    assert len(fences()["mean_colour.py"].splitlines()) <= 20 and len(fences()["pyproject.toml"].splitlines()) == 6
    site = install(source, tmp_path / "site", tmp_path / "wheels")

    shown = python("-m", "ppgn_core", "--help", path=site, cwd=tmp_path)
    assert "mean_colour" in shown and "rgb=? sigma=0.1" in shown
    (command,) = re.findall(r"```bash\npython (.*)\n```", GUIDE.read_text(encoding="utf-8"))
    arguments = command.replace("'", "").split()
    python(*arguments, "n_chains=2", "n_steps=20", "out=red", path=site, cwd=tmp_path)
    trace = [json.loads(line) for line in (tmp_path / "red" / "trace.jsonl").read_text().splitlines()]
    for chain in (0, 1):
        first, *_, last = [row["log_prob"] for row in trace if row["chain"] == chain]
        assert last > first  # redder than it began
