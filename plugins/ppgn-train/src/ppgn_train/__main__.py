"""`python -m ppgn_train recipe=NAME data=DIR KEY=VALUE …`: train a network on a folder of photographs."""

from __future__ import annotations

import logging
import re
import sys
import timeit
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ppgn_core import plugins
from ppgn_core.errors import UserError
from ppgn_core.help import listing
from ppgn_core.registry import Registry

RECIPES = {
    "encoder": "ppgn_train.encoder:EncoderRecipe",
    "classifier": "ppgn_train.classifier:ClassifierRecipe",
    "generator": "ppgn_train.generator:GeneratorRecipe",
    "generator_joint": "ppgn_train.generator_joint:JointGeneratorRecipe",
    "captioner": "ppgn_train.captioner:CaptionerRecipe",
    "dae_x": "ppgn_train.dae:ImageDAERecipe",
    "dae_h": "ppgn_train.dae:CodeDAERecipe",
    "patches": "ppgn_train.patches:PatchesRecipe",
}

SHARED: dict[str, tuple[Any, str]] = {
    "data": ("?", "an ImageFolder with the folders train and val"),
    "out": ("training/RECIPE", "folder for checkpoint, weights, logs and pictures; goes on from what is there"),
    "every_minutes": (5.0, "minutes between two checkpoints, validations and pictures"),
    "model": (None, "whose encoder it is for, where there is no encoder=; with its keys: model.weights=…"),
    "seed": (0, "of all randomness"),
    "device": ("auto", "auto, cpu, cuda, mps"),
    "precision": ("auto", "auto (bfloat16 where the machine is fast at it), 32, bf16-mixed, …: as in Lightning Fabric"),
}


def main(arguments: list[str] | None = None) -> int:
    """Train what the command line says; the exit code: 0, or 2 after an error of the user's, told in a line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    registry = Registry(("recipe",))
    for name, place in RECIPES.items():
        registry.register("recipe", name, place, "ppgn-train")
    try:
        if not arguments or {"--help", "-h"} & set(arguments):
            _help(registry)
            return 0
        _train(registry, arguments)
        return 0
    except UserError as error:
        print(f"ppgn_train: {str(error).replace('recipe.', '')}", file=sys.stderr)
        return 2


def _train(registry: Registry, arguments: list[str]) -> None:
    for argument in arguments:
        if "=" not in argument:
            raise UserError(f"{argument}: arguments are KEY=VALUE")
    named = [re.sub("^model=", "model.name=", argument) for argument in arguments]
    given = OmegaConf.to_container(OmegaConf.from_dotlist(named))
    assert isinstance(given, dict)
    name, model = given.pop("recipe", ""), given.pop("model", None)
    signature = registry.find("recipe", str(name)).signature
    keys = {key.name for key in signature.keys}
    if model and "model" not in signature.context:
        raise UserError(f"model: recipe={name} takes none; allowed are {', '.join(sorted(keys))}")
    if model and "name" not in model:
        raise UserError("model is required by the keys of it: give model=NAME")
    shared = {key: given.get(key, default) for key, (default, _) in SHARED.items()}
    if shared["data"] == "?" or not Path(shared["data"], "train").is_dir() or not Path(shared["data"], "val").is_dir():
        raise UserError(f"data={shared['data']}: allowed is a folder with the folders train and val")

    from lightning_fabric import Fabric

    from .loop import train

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its notes would stand before an error's one line
    device, precision = str(shared["device"]), str(shared["precision"])
    fabric = Fabric(accelerator=device, devices=1, precision=_precision() if precision == "auto" else precision)  # type: ignore[arg-type]
    own = {str(key): value for key, value in given.items() if key in keys or key not in SHARED}
    context: dict[str, Any] = {"fabric": fabric, "seed": int(shared["seed"])}
    if model:
        context["model"] = plugins.registry().build("model", model, device=fabric.device, seed=context["seed"])
    recipe = registry.build("recipe", {"name": name, **own}, **context)
    out = Path(str(shared["out"]).replace("RECIPE", str(name)))
    train(recipe, fabric, out, recipe.images, every_minutes=float(shared["every_minutes"]))


def _precision() -> str:
    """bfloat16 where it multiplies matrices in two thirds of the time, since casts cost too; float32 elsewhere.

    Measured, as instructions tell too little: AMX makes bfloat16 several times faster, AVX512-BF16 twice or not at all.
    """
    import torch

    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"

    def seconds(dtype: torch.dtype) -> float:
        a = torch.ones(1024, 1024, dtype=dtype)
        return min(timeit.repeat(lambda: a @ a, repeat=10, number=1))

    return "bf16-mixed" if 1.5 * seconds(torch.bfloat16) < seconds(torch.float32) else "32-true"


def _help(registry: Registry) -> None:
    print("python -m ppgn_train recipe=NAME data=DIR [KEY=VALUE …]")
    for name in registry.names("recipe"):
        signature = registry.find("recipe", name).signature
        listing(f"recipe={name}: {signature.summary}", {str(k): k.doc for k in signature.keys})
    listing("every recipe", {f"{key}={value}": meaning for key, (value, meaning) in SHARED.items()})


if __name__ == "__main__":
    sys.exit(main())
