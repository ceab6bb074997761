"""Make small real things for the names that command lines of the pages use: photographs, runs, networks, files."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch
from safetensors.torch import save_file

from ppgn_core.command.main import main

REPOSITORY = Path(__file__).parent.parent
MINI = REPOSITORY / "plugins/ppgn-mini/src/ppgn_mini/networks"
TOY = ["experiment=toy", "n_chains=2", "n_steps=2"]


def _run(out: str, *arguments: str) -> None:
    assert main([*(arguments or TOY), f"out={out}"]) == 0


def _caffe() -> ModuleType:
    """How the tests of ppgn-caffe write Caffe's files."""
    path = REPOSITORY / "plugins/ppgn-caffe/tests/schema.py"
    spec = importlib.util.spec_from_file_location("schema_of_caffe", path)
    assert spec and spec.loader
    module = sys.modules["schema_of_caffe"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _caffemodel(name: str) -> None:
    caffe = _caffe()
    alexnet = caffe.alexnet(**caffe.SMALL)
    nets = {
        "generator": lambda: caffe.generator(**caffe.SMALL_UP),
        "lrcn_caffenet_iter_110000": lambda: [*alexnet, *caffe.lrcn(4, 7, 5, 4)],
    }
    caffe.write(Path(), name, nets.get(name, lambda: alexnet)(), None)
    Path("vocabulary.txt").write_text("a\nred\nteapot\n")
    Path("synset_words.txt").write_text("".join(f"n{i:08d} thing {i}\n" for i in range(7)))
    Path("categoryIndex_places205.txt").write_text("".join(f"/a/a_{name} {i}\n" for i, name in enumerate("abcdefg")))


def _every_class() -> None:
    """Let the photographs have all classes of mini."""
    from ppgn_mini.model import mini

    for label in mini().labels["classifier"]:
        folder = Path("photographs/val", label.synset)
        if not folder.exists():
            shutil.copytree(next(Path("photographs/val").iterdir()), folder)


def _resnet18() -> None:
    from torchvision.models import resnet18

    torch.manual_seed(0)
    save_file(resnet18().state_dict(), "resnet18.safetensors")


def _of_mini(name: str) -> None:
    """Copy a network of mini, as the folder of the repository may have a space in its name."""
    shutil.copy(MINI / f"{name}.safetensors", ".")


MADE: dict[str, tuple[str, Callable[[], object]]] = {
    r"(?<=weights=)FILE(?=.*resnet18|\b.*targets?=)": ("resnet18.safetensors", _resnet18),
    r"(?<=generator\.weights=)FILE": ("generator.safetensors", lambda: _of_mini("generator")),
    r"(?<=encoder=)(FILE|\S*encoder\.safetensors)": ("encoder.safetensors", lambda: _of_mini("encoder")),
    r"(?<=start=)\S+\.safetensors": ("generator_joint.safetensors", lambda: _of_mini("generator_joint")),
    r"(?<=classifier=)\S+": ("classifier.safetensors", lambda: _of_mini("classifier")),
    r"(?<=ppgn_mini\.pack )\S+": ("encoder.safetensors", lambda: _of_mini("encoder")),
    r"PICTURE\.png": ("a_run/grid.png", lambda: _run("a_run")),
    r"(?<=(again|index) )DIR": ("a_run", lambda: _run("a_run")),
    r"runs/slurm": ("runs/slurm", lambda: _run("runs/slurm", "-m", *TOY, "seed=0,1")),
    r"rows/random": ("rows/random", lambda: _run("rows/random", "n_chains=2", "n_steps=2")),
    r"(?<=run=)(runs|outputs|judged)\b": ("drawn", lambda: _run("drawn", "n_chains=2", "n_steps=2")),
    r"(?<=study classes data=)DIR|(?<=study imagenet data=)DIR": ("photographs/val", _every_class),
    r"(?<=data=)(DIR|PHOTOGRAPHS|photographs)\b(?= out=evaluated)": ("photographs/val", lambda: None),
    r"(?<=run=drawn data=)DIR|(?<=(?:paper|sixty) data=)DIR|(?<=groups data=)DIR": ("photographs/val", lambda: None),
    r"(?<=data=)DATA/val": ("photographs/val", lambda: None),
    r"(?<=data=)(DIR|DATA|PHOTOGRAPHS)\b": ("photographs", lambda: None),
    **{
        rf"{name}\.caffemodel": (f"{name}.caffemodel", lambda name=name: _caffemodel(name))  # type: ignore[misc]
        for name in (
            *("generator", "bvlc_reference_caffenet", "lrcn_caffenet_iter_110000"),
            "places205CNN_iter_300000",
        )
    },
}
"""What stands in a line for a file or folder of the reader, what it becomes, and how that is made.

Photographs lie in the folder already.
"""


def filled(line: str) -> str:
    """The line with things that there are, which are made."""
    for pattern, (name, make) in MADE.items():
        if re.search(pattern, line):
            make()
            line = re.sub(pattern, name, line)
    return line


@contextmanager
def laboratory(line: str) -> Iterator[None]:
    """While the line runs, the program of the page answers in the folder `laboratory`, if the line asks for it."""
    animal = REPOSITORY / "plugins/ppgn-gradient-free/examples/animal.py"
    if "laboratory" not in line:
        yield
        return
    process = subprocess.Popen([sys.executable, str(animal), "laboratory"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
