"""`python -m ppgn_train recipe=NAME data=DIR KEY=VALUE …`: train a network on a folder of photographs."""

from __future__ import annotations

import signal

if __name__ == "__main__":  # until there is something to keep, Ctrl-C ends the process at once, without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import logging
import sys
import timeit
from dataclasses import fields
from pathlib import Path
from typing import Any

from ppgn_core.command.help import listing
from ppgn_core.console import command
from ppgn_core.device import choose_device
from ppgn_core.errors import UserError
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry

from .options import MEANINGS, PRECISIONS, Options, Shared, read


def main(arguments: list[str] | None = None) -> int:
    """Train what the command line says; the exit code: 0, or 2 after an error of the user's, told in a line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    registry = plugins.registry()
    return command("ppgn_train", lambda: _main(registry, arguments))


def _main(registry: Registry, arguments: list[str]) -> int:
    try:
        if not arguments or {"--help", "-h"} & set(arguments):
            _help(registry)
        else:
            _train(registry, read(registry, arguments))
        return 0
    except UserError as error:
        raise UserError(str(error).replace("recipe.", "")) from error
    except KeyboardInterrupt:
        print("ppgn_train: interrupted; what was kept is there", file=sys.stderr)
        return 130


def _train(registry: Registry, options: Options) -> None:
    shared = options.shared
    from lightning_fabric import Fabric

    from . import checkpoint
    from .loop import train

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its notes would stand before an error's one line
    device = choose_device(shared.device)
    precision = shared.precision
    if precision == "auto":  # as it was, where a training goes on: measured again it might not be the same
        before = checkpoint.precision(Path(shared.out, "checkpoint.pt"))
        precision = before if before in PRECISIONS else _precision()
    if precision == "16-mixed" and device.type != "cuda":
        raise UserError(f"precision=16-mixed: it is for CUDA; allowed on {device.type} are 32 and bf16-mixed")
    devices = 1 if device.index is None else [device.index]
    fabric = Fabric(accelerator=device.type, devices=devices, precision=precision)  # type: ignore[arg-type]
    context: dict[str, Any] = {"fabric": fabric, "seed": shared.seed}
    if shared.model:
        context["model"] = plugins.registry().build("model", shared.model, device=fabric.device, seed=shared.seed)
    recipe = registry.build("recipe", {"name": options.recipe, **options.own}, **context)
    train(recipe, Path(shared.out), recipe.images, every_minutes=shared.every_minutes, precision=precision)


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
    defaults = {field.name: field.default for field in fields(Shared)}
    said = {name: "?" if value == "???" else value for name, value in defaults.items()}
    listing("every recipe", {f"{name}={said[name]}": meaning for name, meaning in MEANINGS.items()})


if __name__ == "__main__":
    sys.exit(main())
