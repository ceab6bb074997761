"""Check that a recipe keeps the promises of `ppgn_train.loop.Recipe`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

MEMBERS = ("batch_size", "images", "seed", "state", "step", "evaluate", "picture", "export")


def check_recipe(make: Callable[..., Any]) -> None:
    """Check that a recipe trains, goes on from its state as if it had not stopped, and exports its network.

    It is given six small random pictures in each of the folders `train` and `val`.

    Args:
        make: function that builds the recipe; it is given `fabric`, `data` and `seed`.

    Raises:
        AssertionError: a promise is broken; the line says which, and what to change.
    """
    from lightning_fabric import Fabric

    from .loop import seed_dropout

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _draw(folder / "data")

        def made() -> Any:
            return make(fabric=Fabric(accelerator="cpu", devices=1), data=str(folder / "data"), seed=0)

        def step(recipe: Any, seen: int) -> Any:
            seed_dropout(recipe.seed, seen)  # as the loop does
            return recipe.step(seen)

        recipe = made()
        lacking = [name for name in MEMBERS if not hasattr(recipe, name)]
        assert not lacking, f"{', '.join(lacking)}: there is none; see ppgn_train.loop.Recipe"
        for name, part in recipe.state().items():
            assert hasattr(part, "state_dict"), f"state: {name} has no state_dict(); name modules and optimizers there"
        scalars = step(recipe, 0)
        for name, value in scalars.items():
            single = isinstance(value, torch.Tensor) and value.dim() == 0 and not value.requires_grad
            assert single, f"step: {name} is no single detached number; return loss.detach()"
        again = made()
        for name, part in again.state().items():
            part.load_state_dict(recipe.state()[name].state_dict())
        one, two = step(recipe, recipe.batch_size), step(again, recipe.batch_size)
        change = "draw the batch from a generator seeded by seed_step, and name all that changes in state()"
        for name in one:
            message = f"step: {name} differs after a resume; {change}"
            torch.testing.assert_close(two[name], one[name], msg=message)
        for name, score in recipe.evaluate().items():
            assert isinstance(score, float), f"evaluate: {name} is a {type(score).__name__}; return floats"
        picture = recipe.picture()
        fits = picture is None or (picture.dim() == 4 and picture.shape[1] == 3 and not picture.requires_grad)
        assert fits, f"picture: shape {tuple(getattr(picture, 'shape', ()))}; return RGB pictures (B, 3, H, W), or None"
        (folder / "out").mkdir()
        recipe.export(folder / "out")
        assert any((folder / "out").iterdir()), "export: writes nothing; write the network into the folder"


def _draw(data: Path) -> None:
    from PIL import Image

    for k, part in enumerate(("train", "val")):
        for kind in ("one", "two"):
            (data / part / kind).mkdir(parents=True)
            for i in range(3):
                random = torch.Generator().manual_seed(100 * k + 10 * len(kind) + i)
                pixels = torch.randint(256, (80, 80, 3), generator=random, dtype=torch.uint8)
                Image.fromarray(pixels.numpy()).save(data / part / kind / f"{i}.png")
