"""Like goes beside like, and only what is probable is shown."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_facets.layout import on_grid
from ppgn_facets.writer import Facets

from ppgn_core.__main__ import main
from ppgn_core.energy import Energy
from ppgn_core.protocols import Info, Snapshot, State
from ppgn_core.run_folder import RunFolder


def test_clusters_stay_together() -> None:
    random = np.random.default_rng(0)
    kinds = random.permutation(np.repeat(np.arange(4), 16))
    centres = 20 * np.eye(4, 30)
    places = on_grid(centres[kinds] + random.normal(size=(64, 30)), columns=8)
    assert sorted(places) == list(range(64))
    grid = np.empty((8, 8), int)
    grid.flat[places] = kinds
    alike = np.concatenate([(grid[1:] == grid[:-1]).ravel(), (grid[:, 1:] == grid[:, :-1]).ravel()])
    assert alike.mean() > 0.7  # by chance a quarter


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_few_points_have_places_of_their_own(n: int) -> None:
    places = on_grid(np.random.default_rng(0).normal(size=(n, 6)), columns=int(np.ceil(np.sqrt(n))))
    assert len(set(places)) == n and max(places) < n


class Probable:
    """p(y | x) = the grey of x."""

    def log_prob(self, x):
        return x.mean((1, 2, 3)).log()

    def probability(self, log_prob):
        return log_prob.exp()


def snapshot(greys: list[float], step: int = 5) -> Snapshot:
    x = torch.tensor(greys).view(-1, 1, 1, 1).expand(-1, 3, 4, 4)
    h, zero = torch.tensor(greys)[:, None] * torch.ones(1, 8), torch.zeros(len(greys))
    state = State(step, h, x, x.mean((1, 2, 3)).log(), h, h)
    return Snapshot(state, Info(zero, zero, zero), torch.full((len(greys),), step))


def writer(folder: Path, **keys: float) -> Facets:
    return Facets(RunFolder(folder), {}, Energy(lambda h: h, None, Probable()), gap=0, **keys)  # type: ignore[arg-type]


def test_only_probable_samples_are_shown(tmp_path: Path) -> None:
    facets = writer(tmp_path, above=0.6)
    facets.write(snapshot([0.2, 0.7, 0.9]))
    facets.write(snapshot([0.8, 0.1, 0.65], step=6))
    facets.close()
    shown = set(np.asarray(Image.open(tmp_path / "facets.png")).ravel().tolist())
    assert shown == {round(255 * grey) for grey in (0.7, 0.9, 0.8, 0.65)}


def test_when_none_is_probable(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    facets = writer(tmp_path, above=0.6)
    facets.write(snapshot([0.2, 0.25]))
    facets.close()
    assert capsys.readouterr().err == (
        "ppgn: no facets.png: none of 2 samples has p(y | x) of writer.facets.above=0.6; the highest is 0.25\n"
    )
    assert not (tmp_path / "facets.png").exists()


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ppgn_core"])
    out = tmp_path / "run"
    keys = ["n_steps=2", "n_chains=4", "save_every=1", "writer.facets.above=0", f"out={out}"]
    assert main(["experiment=multifaceted", "condition.unit=3", *keys]) == 0
    with Image.open(out / "facets.png") as facets:
        assert facets.size == (4 * 130 - 2, 3 * 130 - 2)


def test_a_run_that_ended_before_its_first_step_leaves_nothing(tmp_path: Path) -> None:
    writer(tmp_path).close()
    assert not list(tmp_path.iterdir())


def test_a_resumed_run_shows_the_earlier_samples_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ppgn_core"])
    keys = ["experiment=multifaceted", "condition.unit=3", "n_chains=4", "save_every=1", "writer.facets.above=0"]
    assert main([*keys, "n_steps=2", f"out={tmp_path / 'whole'}"]) == 0
    assert main([*keys, "n_steps=1", f"out={tmp_path / 'parts'}"]) == 0
    assert main([f"resume={tmp_path / 'parts'}", "n_steps=2"]) == 0
    whole, parts = (np.asarray(Image.open(tmp_path / name / "facets.png")) for name in ("whole", "parts"))
    assert np.array_equal(whole, parts)
    assert main([*keys, "n_steps=1", f"out={tmp_path / 'parts'}", "overwrite=true"]) == 0
    with Image.open(tmp_path / "parts" / "facets.png") as facets:  # of the new run alone: 8 samples
        assert facets.size == (3 * 130 - 2, 3 * 130 - 2)
