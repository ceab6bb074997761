"""Implement `ppgn train RECIPE data=DIR KEY=VALUE …`, which trains a network on a folder of photographs."""

from __future__ import annotations

import logging
import timeit
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from ppgn_core.api import component, components
from ppgn_core.device import choose_device
from ppgn_core.errors import UserError

if TYPE_CHECKING:
    from ppgn_core.model import Model

    from .loop import Recipe

Precision = Literal["auto", "32", "32-true", "bf16-mixed", "16-mixed"]


def train(
    recipe: Annotated[dict[str, Any], Recipe],
    data: str,
    out: str = "training/RECIPE",
    every_minutes: Annotated[float, ">= 0", "<= 1e6"] = 5.0,
    model: Annotated[dict[str, Any], Model] | None = None,
    seed: Annotated[int, ">= 0", "<= 8388607"] = 0,
    device: str = "auto",
    precision: Literal["auto", "32", "32-true", "bf16-mixed", "16-mixed"] = "auto",
    devices: Annotated[int, ">= 1", "<= 1024"] = 1,
    nodes: Annotated[int, ">= 1", "<= 65536"] = 1,
) -> None:
    """Train a network on a folder of photographs; the same command continues an interrupted training.

    Args:
        recipe: name of the recipe; its keys may be given as `recipe.KEY` or as `KEY`.
        data: an ImageFolder with the folders `train` and `val`.
        out: folder for checkpoint, weights, logs and pictures; a training in it is continued.
        every_minutes: minutes between two checkpoints, each with a validation and a picture unless these take long.
        model: model whose encoder is used if there is no `encoder=`; with its keys: `model.weights=…`.
        seed: seed of all randomness.
        device: auto, cpu, cuda or mps.
        precision: number format; `auto` is bfloat16 if the machine is fast at it, else float32.
        devices: number of processes on each machine, each with a GPU of its own and its share of every batch.
        nodes: number of machines, on each of which `srun` starts this command; torchrun says both by itself.
    """
    if model and "model" not in components()["recipe"][recipe["name"]].signature.given:
        raise UserError(f"model={model['name']}: recipe={recipe['name']} takes none")
    for part in ("train", "val"):
        if not Path(data, part).is_dir():
            raise UserError(f"data={data}: allowed is a folder with the folders train and val")
    from . import checkpoint, loop, processes

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its notes would precede an error's one line
    folder = Path(out.replace("RECIPE", recipe["name"]))
    chosen = choose_device(device)
    if precision == "auto":  # a continued training keeps its precision: a new measurement might differ
        before = checkpoint.precision(folder / "checkpoint.pt")
        precision = before if before in get_args(Precision) else _fastest(devices * nodes)  # type: ignore[assignment]
    if precision == "16-mixed" and chosen.type != "cuda":
        raise UserError(f"precision=16-mixed: it needs CUDA; allowed on {chosen.type} are 32 and bf16-mixed")
    fabric = processes.launched(chosen, precision, devices, nodes)
    context: dict[str, Any] = {"fabric": fabric, "data": data, "seed": seed}
    try:
        if model:
            context["model"] = component("model", model, device=fabric.device, seed=seed)
        made = component("recipe", recipe, **context)
        processes.check(made, recipe["name"], fabric)
        loop.train(made, folder, made.images, every_minutes=every_minutes, precision=precision, fabric=fabric)
        processes.end(fabric)
    except UserError as error:
        if fabric.local_rank:  # the first process of the machine says the same
            raise SystemExit(2) from error
        raise
    finally:
        if fabric.device.type == "cpu":  # after an error a GPU's processes might wait here for the others
            processes.end(fabric)


def _fastest(processes: int) -> Precision:
    """Choose bfloat16 if it multiplies matrices in two thirds of the time, since casts cost too; else float32.

    This is measured, as instruction sets say too little: AMX makes bfloat16 several times faster, AVX512-BF16 twice or
    not at all.
    """
    import torch

    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"

    if processes > 1:  # each would measure, and all must choose the same
        return "32-true"

    def seconds(dtype: torch.dtype) -> float:
        a = torch.ones(512, 512, dtype=dtype)  # larger ones take seconds where bfloat16 is slow
        return min(timeit.repeat(lambda: a @ a, repeat=3, number=1))

    return "bf16-mixed" if 1.5 * seconds(torch.bfloat16) < seconds(torch.float32) else "32-true"
