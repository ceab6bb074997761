"""Every command that the READMEs show is run, with fewer and shorter chains."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
README = REPOSITORY / "README.md"
GUIDE = REPOSITORY / "docs" / "guide.md"
SHORT = ["n_chains=2", "n_steps=2"]


def commands(text: str) -> list[str]:
    """The lines that begin with `python -m ppgn_core`, in a block or in backquotes, without their comments."""
    return re.findall(r"^\s*`?(python -m ppgn_core.*?)\s*(?:#.*|`.*)?$", text, re.MULTILINE)


ALL = {
    line: path
    for path in [*sorted(REPOSITORY.glob("plugins/*/README.md")), README, GUIDE]
    for line in commands(path.read_text(encoding="utf-8"))
}

BY_OTHERS = (
    "condition=clip",
    "condition=product",
    "condition=mixture",
    "condition=places condition.target=seashore",
    "condition=imagenet condition.target=volcano",
    "condition=torchvision condition.arch=resnet50",
    "condition=hidden_neuron condition.network=places",
    "prior=score_h condition=lrcn",
    "generator=identity prior=gaussian",
    "ppgn_core condition.target=lemon",
    "experiment=ppgn_x",
    "experiment=multifaceted",
    "experiment=diversity",
    "experiment=maco",
    "experiment=blur",
    "experiment=inpaint init=docs/photographs/coffee.jpg",
)
"""Of READMEs of plugins, what the guide's lines or other tests run each time; `test_commands_shown` reads the lines."""

LONG = {line for line, path in ALL.items() if path not in (README, GUIDE) and any(part in line for part in BY_OTHERS)}


def test_the_guide_shows_commands():
    assert sum(path == GUIDE for path in ALL.values()) >= 8


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=line, marks=[pytest.mark.long] if line in LONG else []) for line in ALL]
)
def test_a_command_does_what_it_says(command, line):
    arguments = [argument.replace("=docs/", f"={REPOSITORY}/docs/") for argument in shlex.split(line)[3:]]
    if "--help" in arguments:
        code, out, _ = command(*arguments)
        assert code == 0 and "python -m ppgn_core" in out
        return
    arguments = [re.sub(r"^n_steps=.*", SHORT[1], argument) for argument in arguments]
    given = {argument.partition("=")[0] for argument in arguments}
    short = [argument for argument in SHORT if argument.partition("=")[0] not in given]
    code, _, err = command(*arguments, *short)
    assert code == 0
    few = r"ppgn: no facets\.png: .+|ppgn: .+: without effect, as the first \d+ steps follow noise levels; .+"
    unexpected = [line for line in err.splitlines() if not re.fullmatch(few, line)]  # two steps are few
    assert not unexpected or "-m" in arguments  # Hydra's launcher logs
    grids = list(Path().rglob("grid.png"))
    assert len(grids) == (4 if "-m" in arguments else 1)


def demo() -> list[str]:
    """The command that `make demo` runs once everything is installed."""
    plan = subprocess.run(
        ["make", "--dry-run", "demo"], cwd=REPOSITORY, capture_output=True, text=True, check=True, env=os.environ
    ).stdout
    (line,) = (line for line in plan.splitlines() if "ppgn_core" in line and "pip" not in line)
    return shlex.split(line)


def test_make_demo_runs_the_command_under_the_picture():
    shown = [line for line in ALL if 'condition.text="oranges"' in line]
    assert shlex.split(shown[0])[1:] == demo()[1:-1]
    assert demo()[-1] == "out=runs/oranges"


def test_the_picture_was_made_by_that_command():
    """Pictures carry the command line that makes them again."""
    from PIL import Image

    with Image.open(REPOSITORY / "docs" / "oranges.png") as picture:
        text = " ".join(str(value) for value in picture.info.values())
        assert shlex.split(str(picture.info["command"]))[1:] == demo()[1:]
    assert "oranges" in text and "noiseless_joint" in text


def test_links_lead_somewhere():
    for path in [README, *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("plugins/*/README.md")]:
        for link in re.findall(r"\]\(((?!https?:)[^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
