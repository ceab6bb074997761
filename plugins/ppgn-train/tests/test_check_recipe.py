"""`check_recipe` notices what it is there to notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_train.template.recipe import NewPlugin as Linear
from ppgn_train.testing import check_recipe

from ppgn_core.testing import check


class Stateless(Linear):
    def state(self) -> dict[str, Any]:
        return {**super().state(), "seen": 3}


class Attached(Linear):
    def step(self, seen: int) -> Any:
        super().step(seen)
        return {"error": self._loss(self.photographs.images)}


class Forgetful(Linear):
    """Its state lacks the network."""

    def state(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer}


class Tensors(Linear):
    def evaluate(self) -> Any:
        return {"error": torch.tensor(0.5)}


class Grey(Linear):
    def picture(self) -> torch.Tensor:
        return torch.zeros(8, 1, 8, 8)


class Silent(Linear):
    def export(self, folder: Path) -> None:
        pass


class Endless(Linear):
    """It does not say how many images it trains on."""

    def __init__(self, *given: Any, **keys: Any) -> None:
        super().__init__(*given, **keys)
        del self.images


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        (Endless, "images: there is none"),
        (Stateless, r"state: seen has no state_dict\(\)"),
        (Attached, "step: error is no single detached number"),
        (Forgetful, "step: error differs after a resume"),
        (Tensors, "evaluate: error is a Tensor; return floats"),
        (Grey, r"picture: shape \(8, 1, 8, 8\); return RGB pictures"),
        (Silent, "export: writes nothing"),
    ],
)
def test_bad_recipes(recipe: type[Linear], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_recipe(recipe)


def test_a_good_recipe() -> None:
    check_recipe(Linear)


@pytest.mark.parametrize("recipe", [pytest.param("classifier", marks=pytest.mark.long), "dae_x", "encoder", "patches"])
def test_installed_recipes(recipe: str) -> None:
    """The others need a trained encoder; `test_recipes` and `test_kills` train them, and the classifier daily."""
    check("recipe", {"name": recipe, "batch_size": 4})
