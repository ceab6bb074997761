"""The training loop every recipe shares: resumable, logged, with a picture every few minutes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from torchvision.utils import save_image

from ppgn_core.atomic import atomic


class Recipe(Protocol):
    """What is trained. `state` holds everything that a resumed run needs: modules, optimizers, random generators."""

    batch_size: int
    images: int

    def state(self) -> dict[str, Any]: ...

    def step(self, seen: int) -> Mapping[str, Tensor]:
        """One batch, the `seen` images before it given; returns scalars to log, detached."""
        ...

    def evaluate(self) -> Mapping[str, float]:
        """Figures on the validation images."""
        ...

    def picture(self) -> Tensor | None:
        """`(B, 3, H, W)` in [0, 1], eight to a row."""
        ...

    def export(self, folder: Path) -> None:
        """What the training was for, written where others will read it."""
        ...


def seed_step(generator: torch.Generator, seed: int, seen: int) -> None:
    """Make a step's randomness a function of the seed (up to 2²⁴) and of the images seen before it (up to 2⁴⁰)."""
    generator.manual_seed((seed << 40) + seen)


def train(
    recipe: Recipe, fabric: Fabric, out: Path, images: int, every_minutes: float = 5.0, log_every: int = 50
) -> None:
    """Run `recipe` until it has seen `images` images, going on from `out`'s checkpoint where there is one.

    Every `every_minutes`, and at the end or on Ctrl-C: a checkpoint, the validation figures, a picture and an export.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    progress = {"seen": 0, "seconds": 0.0}
    if checkpoint.exists():
        progress.update(fabric.load(checkpoint, recipe.state(), weights_only=True))
    writer = SummaryWriter(str(out / "tensorboard"))

    def keep() -> None:
        with atomic(checkpoint) as part:
            fabric.save(part, {**recipe.state(), **progress})
        figures = recipe.evaluate()
        for name, value in figures.items():
            writer.add_scalar(f"validation/{name}", value, progress["seen"])
        picture = recipe.picture()
        if picture is not None:
            save_image(picture.clamp(0, 1), out / f"picture_{progress['seen']:09d}.png")
            writer.add_images("picture", picture.clamp(0, 1), progress["seen"])
        recipe.export(out)
        said = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{progress['seen']:>9} images  {progress['seconds']:>7.0f} s  {said}", flush=True)

    with _interruptible() as asked_to_stop:
        started = kept = time.monotonic()
        steps = 0
        while progress["seen"] < images and not asked_to_stop():
            scalars = recipe.step(int(progress["seen"]))
            progress["seen"] += recipe.batch_size
            steps += 1
            if steps % log_every == 0:
                now = time.monotonic()
                progress["seconds"] += now - started
                writer.add_scalar(
                    "images_per_second", log_every * recipe.batch_size / (now - started), progress["seen"]
                )
                started = now
                for name, value in scalars.items():
                    writer.add_scalar(name, float(value), progress["seen"])
                if now - kept > 60 * every_minutes:
                    keep()
                    started = kept = time.monotonic()
        keep()
    writer.close()


@contextmanager
def _interruptible() -> Iterator[Any]:
    """Ctrl-C and SIGTERM ask for an end after the current step."""
    asked: list[int] = []
    before = {name: signal(name, lambda number, _: asked.append(number)) for name in (SIGINT, SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for name, handler in before.items():
            signal(name, handler)
