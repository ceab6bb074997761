"""Run the training loop that all recipes share: resumable, logged, with a picture every few minutes."""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ppgn_core.atomic import atomic
from ppgn_core.console import say
from ppgn_core.images import enlarged, tile, to_uint8
from ppgn_core.interrupt import interruptible

from . import checkpoint, returned
from .claim import claim, writing
from .processes import Together

GAP = 2
"""Pixels between the pictures that are saved as one."""
REST = 4
"""The next validation comes no sooner than after this many times the time that the last one took."""
LEAST = 64
"""Least longer side of a picture that is saved, in pixels: smaller ones are enlarged by a whole factor."""


class Recipe(Protocol):
    """A recipe says what is trained and how.

    A step depends only on `state`, on the seed and on the number of images seen before, so a killed training continues
    as if it had never stopped.
    """

    batch_size: int
    images: int
    seed: int

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs: modules, optimizers, anything that has a `state_dict`."""
        ...

    def step(self, seen: int) -> Mapping[str, Tensor]:
        """Train on one batch after `seen` images; return scalars to log, detached."""
        ...

    def evaluate(self) -> Mapping[str, float]:
        """Return scores on the validation images."""
        ...

    def picture(self) -> Tensor | None:
        """Return pictures `(B, 3, H, W)` in [0, 1], eight to a row, or None."""
        ...

    def export(self, folder: Path) -> None:
        """Write the trained network into the folder."""
        ...


def seed_step(generator: torch.Generator, seed: int, seen: int) -> None:
    """Seed a step's randomness by the seed (up to 2²³) and the number of images seen before it (up to 2³⁹)."""
    generator.manual_seed((seed << 40) + seen)


def seed_dropout(seed: int, seen: int, rank: int = 0) -> None:
    """Seed torch's own randomness in a step, unlike any seed of `seed_step`, and in every process another."""
    torch.manual_seed((seed << 40) + (1 << 39) + seen + rank)


def train(
    recipe: Recipe,
    out: Path,
    images: int,
    every_minutes: float = 5.0,
    log_every: int = 50,
    precision: str = "",
    fabric: Fabric | None = None,
) -> None:
    """Run `recipe` until it has seen `images` images, continuing from `out`'s checkpoint if there is one.

    Every `every_minutes`, and at the end or when asked to stop, a checkpoint is saved, followed by its validation
    figures, a picture and an export. If these take long, they are made more rarely, so that they take a fifth of the
    time at most. A continued training makes them again first, in case it was killed before they were complete.

    Args:
        precision: number format that the recipe computes in, to be recorded in the checkpoint.
        fabric: the Fabric of the recipe, if it has several processes. All of them call this; the first one writes.

    Raises:
        UserError: the folder cannot be written or belongs to another training, its checkpoint is damaged or of another
            recipe, or the weights are no longer finite.
        KeyboardInterrupt: it was asked to stop; what it has learnt is saved.
    """
    together = Together(fabric)
    with ExitStack() as stack:
        together.first(lambda: stack.enter_context(claim(out)))
        stack.enter_context(writing(out))
        stack.enter_context(_quiet_disk_errors())
        asked = stack.enter_context(interruptible())
        path = out / "checkpoint.pt"
        progress: dict[str, Any] = {"seen": 0, "seconds": 0.0, "precision": precision}
        goes_on = path.exists()
        if goes_on:
            progress |= checkpoint.load(path, recipe.state())
        writer = None
        if together.rank == 0:  # Entries logged after the checkpoint will be logged again.
            writer = SummaryWriter(str(out / "tensorboard"), purge_step=progress["seen"] + 1)

        kept_at = reported_at = -1
        rests_until = -math.inf

        def keep(last: bool = False) -> None:
            nonlocal kept_at, reported_at, rests_until
            if kept_at != progress["seen"]:
                checkpoint.save(path, recipe.state(), progress)
                kept_at = progress["seen"]
            began = time.monotonic()
            if reported_at != kept_at and (last or began >= rests_until):
                assert writer is not None
                _report(recipe, out, writer, progress)
                ended, reported_at = time.monotonic(), kept_at
                rests_until = ended + REST * (ended - began)

        if goes_on:
            kept_at = progress["seen"]
            together.first(keep)
            if kept_at >= images and together.rank == 0:
                say(f"images={images}: {out} has seen {kept_at} already; its weights are there")
        kept = before = time.monotonic()
        logged_at, since_log = progress["seen"], 0.0
        (stop,) = together.any(asked())
        while progress["seen"] < images and not stop:
            seed_dropout(recipe.seed, progress["seen"], together.rank)
            scalars = returned.scalars(recipe, recipe.step(progress["seen"]))
            progress["seen"] += recipe.batch_size
            before, passed = time.monotonic(), time.monotonic() - before
            progress["seconds"] += passed
            since_log += passed
            if progress["seen"] // recipe.batch_size % log_every == 0:
                figures = together.mean(scalars)
                if since_log > 0:  # a clock may stand still
                    figures["images_per_second"] = (progress["seen"] - logged_at) / since_log
                if writer:
                    for name, value in figures.items():
                        writer.add_scalar(name, value, progress["seen"])
                logged_at, since_log = progress["seen"], 0.0
            stop, due = together.any(asked(), before - kept >= 60 * every_minutes)
            if due:
                together.first(keep)
                kept = before = time.monotonic()
        together.first(lambda: keep(last=True))
        if writer:
            writer.close()
        if progress["seen"] < images:
            together.interrupt()


def _report(recipe: Recipe, out: Path, writer: SummaryWriter, progress: Mapping[str, Any]) -> None:
    """Log and print the validation figures at a checkpoint, save its picture, and export its networks."""
    seen = progress["seen"]
    figures = returned.figures(recipe, recipe.evaluate())
    for name, value in figures.items():
        writer.add_scalar(f"validation/{name}", value, seen)
    picture = returned.picture(recipe, recipe.picture())
    if picture is not None:
        images = np.stack([enlarged(image, LEAST) for image in to_uint8(picture)])
        with atomic(out / f"picture_{seen:09d}.png") as temporary:
            Image.fromarray(tile(images, GAP, min(len(images), 8))).save(temporary)
        writer.add_images("picture", picture.clamp(0, 1), seen)
    recipe.export(out)
    writer.flush()
    summary = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    say(f"{seen:>9} images  {progress['seconds']:>7.0f} s  {summary}")


@contextmanager
def _quiet_disk_errors() -> Iterator[None]:
    """Keep TensorBoard's thread from printing a disk error that its writer raises again."""
    before = threading.excepthook

    def tell(arguments: Any) -> None:
        if not issubclass(arguments.exc_type, OSError):
            before(arguments)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = before
