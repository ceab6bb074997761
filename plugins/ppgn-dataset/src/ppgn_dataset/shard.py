"""Make a shard: run its batches of chains, and pack their samples in a tar file of WebDataset's layout."""

from __future__ import annotations

import io
import json
import math
import re
import shlex
import tarfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

from ppgn_core.api import assembled
from ppgn_core.data_space import pictures
from ppgn_core.images import encoded, to_uint8

from .recipe import Batch, Recipe


def packed(recipe: Recipe, plan: Sequence[Batch], interrupted: Callable[[], bool]) -> bytes:
    """Return the tar file of a shard: its bytes depend on the recipe, the versions and the machine's arithmetic alone.

    Members are `CLASS/INDEX.png`, `.cls` and `.json`. A folder for each class is what torchvision's ImageFolder reads,
    once the shards are unpacked. A chain that stopped or that `keep` left out has none.

    Raises:
        UserError: a run cannot be made.
        KeyboardInterrupt: the work was interrupted.
    """
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for batch in plan:
            for name, data in _members(recipe, batch, interrupted):
                member = tarfile.TarInfo(name)  # its time and owner are 0
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return held.getvalue()


def run(recipe: Recipe, batch: Batch) -> Any:
    """Assemble the chains of a batch (`ppgn_core.api.assembled`)."""
    asked = {recipe.key: recipe.classes[batch.asked]["asked"]} if recipe.key else {}
    return assembled(*recipe.overrides, **asked, seed=batch.seed, n_chains=batch.size)


def _members(recipe: Recipe, batch: Batch, interrupted: Callable[[], bool]) -> Iterator[tuple[str, bytes]]:
    chains = run(recipe, batch)
    last = deque(chains.saved_steps(interrupted), maxlen=1).pop()
    if interrupted():
        raise KeyboardInterrupt
    drawn = pictures(last.state.x, chains.context.generator)
    assert drawn is not None  # the command has checked it
    images, log_prob = to_uint8(drawn), last.state.log_prob
    probability = getattr(chains.energy.condition, "probability", None)
    p = probability(log_prob) if probability else None
    asked, record = recipe.classes[batch.asked], chains.context.run
    for k in last.samples.nonzero().flatten().tolist():
        key = f"{folder(asked)}/{batch.first + k:08d}"
        facts = {
            **{name: asked.get(name) for name in ("label", "synset", "caption")},
            "class": asked["index"],
            "seed": batch.seed,
            "chain": k,
            "step": last.state.step,
            "log_prob": _number(log_prob, k),
            "probability": _number(p, k),
            "recipe": {
                "command": shlex.join(["python", "-m", "ppgn_core", *record["overrides"]]),
                **{name: record[name] for name in ("overrides", "versions", "device")},
                "threads": recipe.threads,
            },
        }
        form = recipe.format.replace("jpg", "jpeg")  # as Pillow names it; PNG ignores the quality
        yield f"{key}.{recipe.format}", encoded(images[k], form, quality=95)
        yield f"{key}.cls", str(asked["index"]).encode()
        yield f"{key}.json", json.dumps(facts, ensure_ascii=False).encode()


def folder(asked: dict[str, Any]) -> str:
    """Return the folder of a class inside a shard, in plain letters: in the order of names, it is that of indices."""
    return f"{asked['index']:05d}_{re.sub(r'[^A-Za-z0-9]+', '_', asked['label'])[:40].strip('_')}".strip("_")


def _number(values: Tensor | None, k: int) -> float | None:
    number = math.nan if values is None else float(values[k])
    return number if math.isfinite(number) else None
