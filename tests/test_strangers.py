"""What strangers build on: the library, a notebook, and a package that brings a recipe, a command and a kind.

From wheels, in an environment that has nothing else of this project.
"""

from __future__ import annotations

import json

import pytest
from PIL import Image

from .fresh import Fresh

PLUGIN = '''
"""A package of somebody else's."""

from ppgn_core import hookimpl


class Thermometer:
    """A thermometer, in kelvin."""

    def __init__(self, place: str, offset: float = 0.0):
        self.place, self.offset = place, offset


def measure(place: str, thermometer: "Annotated[dict, Thermometer]" = "kelvin") -> None:
    """Measure how warm a place is."""
    from ppgn_core.api import component

    made = component("thermometer", thermometer, place=place)
    print(made.place, 273 + made.offset)


class MeanRecipe:
    """The mean of all photographs."""

    def __init__(self, fabric, data: str, seed: int = 0, images: int = 4, brighter: float = 0.0):
        from ppgn_train.photographs import load_parts

        self.images, self.seed, self.batch_size, self.brighter = images, seed, 2, brighter
        self.train, _ = load_parts(data, 8)
        self.mean = None

    def state(self):
        return {}

    def step(self, seen):
        self.mean = self.train.images.float().mean((0, 2, 3)) / 255 + self.brighter
        return {"mean": self.mean.mean()}

    def evaluate(self):
        return {"mean": float(self.mean.mean())}

    def picture(self):
        return None

    def export(self, folder):
        (folder / "mean.txt").write_text(repr([round(v, 3) for v in self.mean.tolist()]))


@hookimpl
def register_kinds(register):
    register("thermometer", "what tells how warm it is", given=("place",))


@hookimpl
def register_thermometers(register):
    register("kelvin", Thermometer)


@hookimpl
def register_commands(register):
    register("measure", measure)


@hookimpl
def register_recipes(register):
    register("mean", MeanRecipe)
'''

PYPROJECT = """
tool.setuptools.py-modules = ["stranger"]
[project]
name = "stranger"
version = "1"
dependencies = ["ppgn-core", "ppgn-train"]
entry-points.ppgn.stranger = "stranger"
"""

SCRIPT = """
from ppgn_core import components, sample

class Dark:
    def log_prob(self, x):
        return -50 * x.mean((1, 2, 3))

result = sample("experiment=toy", condition=Dark(), n_chains=2, n_steps=20)
print(tuple(result.images.shape), result.trace.log_prob[-1].min() > result.trace.log_prob[0].min())
print("mean" in components()["recipe"], result.save("run").name, len(result._repr_png_()) > 100)
"""


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory) -> Fresh:
    """Where the core, ppgn-train and the stranger's package are installed from wheels, and nothing else of PPGN."""
    fresh = Fresh(tmp_path_factory.mktemp("strangers"), ["core", "train"])
    source = fresh.folder / "stranger"
    source.mkdir()
    (source / "stranger.py").write_text(PLUGIN)
    (source / "pyproject.toml").write_text(PYPROJECT)
    fresh.install(source)
    return fresh


def test_a_script_of_ten_lines_in_a_notebook(anywhere, tmp_path):
    assert len([line for line in SCRIPT.splitlines() if line]) <= 10
    script = """
import json, nbformat, sys
from nbclient import NotebookClient

notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sys.argv[1:]])
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
print(json.dumps([cell.outputs for cell in notebook.cells]))
"""
    said, (shown,) = json.loads(anywhere("-c", script, SCRIPT, "result", cwd=tmp_path))
    assert "".join(output["text"] for output in said).splitlines() == ["(2, 3, 32, 32) tensor(True)", "True run True"]
    assert "image/png" in shown["data"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["condition"]["name"].endswith("Dark")


def test_a_command_a_kind_and_a_recipe_of_its_own(anywhere, tmp_path):
    for part in ("train", "val"):
        (tmp_path / "data" / part / "red").mkdir(parents=True)
        for k in range(2):
            Image.new("RGB", (9, 9), (204, 51, 0)).save(tmp_path / "data" / part / "red" / f"{k}.png")
    said = anywhere.ppgn(
        ["measure", "here", "offset=20"],
        ["--help"],
        ["list", "thermometer"],
        ["train", "mean", "data=data", "brighter=0.1", "device=cpu", "precision=32", "out=trained"],
        cwd=tmp_path,
    )
    assert said.startswith("here 293.0\n") and "Measure how warm a place is." in said and "kelvin" in said
    assert (tmp_path / "trained" / "mean.txt").read_text() == "[0.9, 0.3, 0.1]"
