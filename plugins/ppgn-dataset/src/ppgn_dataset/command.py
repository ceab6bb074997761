"""Implement `ppgn dataset out=DIR KEY=VALUE …`, which makes a data set of samples."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from typing import Annotated, Literal

from ppgn_core.console import say
from ppgn_core.errors import UserError
from ppgn_core.interrupt import interruptible
from ppgn_core.user_input import home

from .asked import asked
from .files import Files
from .progress import progress
from .recipe import Recipe, shards
from .work import share, work


def dataset(
    out: str,
    classes: list[str] | None = ["all"],  # noqa: B006, never changed
    captions: list[str] | None = None,
    per_class: Annotated[int, ">= 1", "< 1e9"] = 50,
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 16,
    per_shard: Annotated[int, ">= 1", "< 1e9"] = 256,
    seed: Annotated[int, ">= 0", "< 2147483648"] = 0,
    format: Literal["png", "jpg"] = "png",
    workers: Annotated[int, ">= 1", "<= 10000"] = 1,
    threads: Annotated[int, ">= 1", "<= 10000"] = 1,
    overrides: Sequence[str] = (),
) -> None:
    """Make a data set of samples, as WebDataset shards; the same command continues an interrupted one.

    All other KEY=VALUE are those of a run: `prior=none`, `n_steps=100`, `keep="probability>0.9"`, `device=cuda`.
    Several such commands share the work, on machines that share the folder. On machines of one kind a shard has the
    same bytes whichever process makes it, and however often one is killed.

    Args:
        out: folder of the data set.
        classes: classes, as `condition.target` takes them; `all`; null for the condition as it is.
        captions: captions instead of classes, as `condition.text` takes them: `captions=[oranges,a beach]`.
        per_class: number of samples of each class or caption.
        n_chains: largest number of chains that run side by side; all are of one class.
        per_shard: largest number of samples in a shard; a killed process loses the shard that it is making.
        seed: seed of the data set; each sample's depends on it and on the sample's index.
        format: file format of the pictures.
        workers: number of processes to start on this machine.
        threads: number of torch's threads in each process.
    """
    if n_chains > per_shard:
        raise UserError(f"per_shard={per_shard}: allowed are n_chains={n_chains} or more")
    if classes == []:
        raise UserError("classes=[]: allowed are all, null, or one or more")
    with interruptible() as interrupted, closing(Files(home(out, "out").absolute())) as files:
        key, chosen, every, run = asked(classes, captions, overrides)
        config = {name: value for name, value in run["config"].items() if name not in ("seed", "n_chains")}
        versions = {**run["versions"], "pillow": version("pillow")}
        recipe = Recipe(key, chosen, per_class, n_chains, per_shard, seed, format, threads, every, config, versions)
        if interrupted():
            raise KeyboardInterrupt
        files.begin(recipe)
        n = len(shards(recipe))
        for k in files.discard_damaged(n):
            say(f"{files.shard(k)}: does not match its checksum, and is made again")
        with progress(files, n) as watch:
            if workers == 1:
                work(recipe, files, interrupted, watch)
            else:
                share(recipe, files, workers, interrupted, watch)
        found = files.index(recipe, n)
    say(f"{found} samples in {n} shard{'s' * (n > 1)}: {files.named(n)}")
    if lost := per_class * len(recipe.classes) - found:
        say(f"{lost} more are missing, whose chains stopped or were left out by keep")
