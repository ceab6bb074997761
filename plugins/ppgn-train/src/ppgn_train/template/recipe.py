"""Define a recipe: a linear autoencoder of small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ppgn_core import Register, hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lightning_fabric import Fabric
    from torch import Tensor


class NewPlugin:
    """Train a linear autoencoder, x̂ = B·A·x, on photographs that are made small.

    Args:
        size: side of the photographs, in pixels.
        units: number of units of its code.
        learning_rate: learning rate of Adam.
        batch_size: number of photographs in a step.
        images: number of photographs to train on, repeats counted.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        seed: int = 0,
        size: Annotated[int, ">= 1", "<= 64"] = 8,
        units: Annotated[int, ">= 1", "<= 4096"] = 16,
        learning_rate: Annotated[float, "> 0"] = 1e-3,
        batch_size: Annotated[int, ">= 1"] = 16,
        images: Annotated[int, ">= 1"] = 20_000,
    ) -> None:
        import torch
        from torch import nn

        from ppgn_train.photographs import load_parts

        self.fabric, self.seed, self.batch_size, self.images = fabric, seed, batch_size, images
        self.size, self.units = size, units
        self.photographs, self.validation = load_parts(data, size)
        torch.manual_seed(seed)
        numbers = 3 * size * size
        network = nn.Sequential(nn.Flatten(), nn.Linear(numbers, units), nn.Linear(units, numbers))
        self.network, self.optimizer = fabric.setup(network, torch.optim.Adam(network.parameters(), learning_rate))

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds; a killed training goes on from it as if it had never stopped."""
        return {"network": self.network, "optimizer": self.optimizer}

    def step(self, seen: int) -> Mapping[str, Tensor]:
        """Train on one batch; which one depends on the seed and on the number of photographs seen before."""
        import torch

        from ppgn_train.loop import seed_step

        generator = torch.Generator()
        seed_step(generator, self.seed, seen)
        picked = torch.randint(len(self.photographs.images), (self.batch_size,), generator=generator)
        loss = self._loss(self.photographs.images[picked])
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.optimizer.step()
        return {"error": loss.detach()}

    def evaluate(self) -> Mapping[str, float]:
        """Return scores on the photographs of `val`."""
        return {"error": float(self._loss(self.validation.images).detach())}

    def picture(self) -> Tensor | None:
        """Return pictures to look at, eight to a row: photographs, and below what the network makes of them."""
        import torch

        x = self.fabric.to_device(self.validation.images[:8].float() / 255)
        return torch.cat([x, self.network(x).detach().view_as(x)]).float().cpu()

    def export(self, folder: Path) -> None:
        """Write the network as new_plugin.safetensors."""
        from ppgn_core.weights import save

        table = {"new_plugin": {"size": self.size, "units": self.units}}
        save(folder / "new_plugin.safetensors", self.network.state_dict(), table)

    def _loss(self, images: Tensor) -> Tensor:
        x = self.fabric.to_device(images.float() / 255)
        return (self.network(x) - x.flatten(1)).square().mean()


@hookimpl
def register_recipes(register: Register) -> None:
    register("new_plugin", NewPlugin)
