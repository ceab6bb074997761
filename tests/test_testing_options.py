"""The checks of runs, writers and commands notice what they are there to notice."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Annotated

import pytest
import torch

from ppgn_core.api import assembled
from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.testing import check, check_run, check_writer
from ppgn_core.testing.whole_run import TOY

from .conftest import MeanColour


class Counting(MeanColour):
    """A condition that depends on how often it was asked.

    Args:
        rgb: the colour.
    """

    def __init__(self, rgb: list[float] = [1.0, 0.0, 0.0], sigma: float = 0.1) -> None:  # noqa: B006
        super().__init__(rgb, sigma)
        self.asked = 0

    def log_prob(self, x):
        self.asked += 1
        return super().log_prob(x) / self.asked


class Failing(Counting):
    def log_prob(self, x):
        raise KeyError("a")


def test_runs(registry):
    for condition in (Counting, Failing):
        registry.register("condition", condition.__name__.lower(), condition, "tests")
    with pytest.raises(AssertionError, match="a resumed run is not the same as one without a break"):
        check_run("condition=counting")
    with pytest.raises(AssertionError, match=r"a run fails: condition=failing .*KeyError"):
        check_run("condition=failing")


def test_bounds_that_are_none(registry):
    def odd(sigma: Annotated[float, "=> 0"] = 1.0) -> MeanColour:
        """Ask for red."""
        return MeanColour([1.0, 0.0, 0.0], sigma)

    registry.register("condition", "odd", odd, "tests")
    with pytest.raises(AssertionError, match=r"condition=odd: sigma has the note '=> 0', which is no bound"):
        check("condition", "odd")


def test_traces(registry):
    """The chains are the same, but not what is written of them."""

    class Remembering(MeanColour):
        def __init__(self, rgb: list[float] = [1.0, 0.0, 0.0]) -> None:  # noqa: B006
            super().__init__(rgb)
            self.asked = 0

        def log_prob(self, x):
            self.asked += 1
            return super().log_prob(x) + self.asked

    registry.register("condition", "remembering", Remembering, "tests")
    with pytest.raises(AssertionError, match="the trace of a resumed run is not that of one without a break"):
        check_run("condition=remembering")


class Numbered:
    """A writer of one file, which is called after the first step that it sees.

    Args:
        out: the run's folder.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.steps: list[int] = []

    def write(self, snapshot):
        self.steps.append(snapshot.state.step)

    def close(self):
        (self.out / f"{self.steps[0]}.txt").write_text("closed")


def test_files_of_a_resumed_run(registry):
    registry.register("writer", "numbered", Numbered, "tests")
    with pytest.raises(AssertionError, match=r"a resumed run has other files: 6\.txt"):
        check_run("+writer=numbered")


@pytest.fixture(scope="module")
def snapshots():
    return list(itertools.islice(assembled(*TOY, "n_steps=2").saved_steps(), 2))


class Writer:
    files: tuple[str, ...] = ("steps.txt",)

    def __init__(self, folder):
        self.folder, self.steps = folder.path, []

    def write(self, snapshot):
        self.steps.append(str(snapshot.state.step))

    def close(self):
        with atomic(self.folder / "steps.txt") as temporary:
            temporary.write_text(",".join(self.steps))


class Changing(Writer):
    def write(self, snapshot):
        super().write(snapshot)
        snapshot.state.x.clamp_(0.4, 0.5)


class Impatient(Writer):
    def close(self):
        self.steps[0]
        super().close()


class Random(Writer):
    def write(self, snapshot):
        self.steps.append(str(torch.rand(())))


class Outside(Writer):
    def close(self):
        super().close()
        (self.folder.parent / "steps.txt").write_text("here")


class Untidy(Writer):
    def close(self):
        super().close()
        (self.folder / ".steps.txt").write_text("half")


class Silent(Writer):
    def close(self):
        pass


class Unnamed(Writer):
    files = ()


@pytest.mark.parametrize(
    ("writer", "complaint"),
    [
        (Changing, r"write: changes state\.x in place"),
        (Impatient, "close: fails if nothing was written"),
        (Random, "write: draws from the global random generator"),
        (Outside, r"write: writes outside the run's folder \(steps\.txt\)"),
        (Untidy, r"close: leaves temporary files \(\.steps\.txt\)"),
        (Silent, "close: there is no file after a whole run"),
        (Unnamed, r"files: does not name steps\.txt"),
    ],
)
def test_writers(snapshots, writer, complaint):
    assert check_writer(Writer, snapshots) == {"steps.txt"}
    with pytest.raises(AssertionError, match=complaint):
        check_writer(writer, snapshots)


def test_a_writer_that_changes_a_state_with_a_nan(snapshots):
    broken = [copy.deepcopy(snapshot) for snapshot in snapshots]
    for snapshot in broken:
        snapshot.state.x[0] = float("nan")
    assert check_writer(Writer, broken) == {"steps.txt"}
    with pytest.raises(AssertionError, match=r"write: changes state\.x in place"):
        check_writer(Changing, broken)


def test_options(registry):
    def verbose() -> str:
        """Return what it should print."""
        return "done"

    def untyped(rgb=(1, 0, 0)):
        """Have a key without a type."""

    def undescribed(number: int = 1) -> None: ...

    for command in (verbose, untyped, undescribed):
        registry.register("command", command.__name__, command, "tests")
    with pytest.raises(AssertionError, match="returns a str; return None, or an exit code"):
        check("command", "verbose")
    with pytest.raises(AssertionError, match="command=untyped: rgb has no type; annotate it"):
        check("command", "untyped")
    with pytest.raises(AssertionError, match="command=undescribed: has no description in --help"):
        check("command", "undescribed")
    with pytest.raises(UserError, match=r"conditions: no such kind; there are: .*condition"):
        check("conditions", "toy_colour")
