"""Run folders that nobody should have to trust, for `python -m ppgn_eval`: damaged, odd, or made to do harm."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from .samples_eval import SIDE, STEPS, Change, link_cases, replace, sample_cases

EXECUTED = "executed"
"""A file that appears in the folder of the cases if anything in one of them was executed."""

OUTSIDE = "outside"
"""A folder there that links lead to, and that nothing may change."""

CHAINS = 2


def cases(folder: Path, seed: int) -> Iterator[tuple[str, Path]]:
    """Names and run folders, made one at a time below `folder`, the same for a seed.

    Names that begin with `odd` can be judged, all others are to be refused.
    """
    outside = folder / OUTSIDE
    outside.mkdir(parents=True)
    (outside / "kept.txt").write_text("kept")
    Image.new("RGB", (SIDE, SIDE), "red").save(outside / "picture.png")
    touch = f"touch {folder / EXECUTED}"
    changes: dict[str, Change] = {
        **_records(),
        **_traces(),
        **sample_cases(touch, outside),
        **link_cases(outside),
    }
    for number, (name, change) in enumerate(changes.items()):
        rng = random.Random(f"{seed} {name}")
        run = folder / f"case_{number:02d}"
        sound(run, touch, rng)
        change(run, rng)
        yield name, run


def sound(folder: Path, touch: str, rng: random.Random) -> None:
    """A run that can be judged, but for overrides that would do harm."""
    (folder / "samples").mkdir(parents=True)
    lines = []
    for chain in range(CHAINS):
        for step in range(STEPS + 1):
            image = Image.frombytes("RGB", (SIDE, SIDE), rng.randbytes(3 * SIDE * SIDE))
            image.save(folder / "samples" / f"chain_{chain:03d}_step_{step:04d}.png")
            lines.append(json.dumps({"chain": chain, "step": step, "log_prob": -rng.random(), "acceptance": None}))
    (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")
    config = {
        "model": {"name": "mini"},
        "generator": {"name": "upconv"},
        "prior": {"name": "gaussian"},
        "condition": {"name": "alexnet", "target": "goldfish"},
        "sampler": {"name": "mala_approx"},
        "epsilon1": 0.1,
        "epsilon2": 1.0,
        "epsilon3": 0.0,
        "n_chains": CHAINS,
        "n_steps": STEPS,
        "seed": 0,
    }
    harm = ["--config-dir=/", "+x._target_=os.system", f"+x.command='{touch}'", "hydra.run.dir=..", "~writer"]
    record = {"config": config, "overrides": harm, "step": STEPS, "seconds": 1.5, "start": 0, "stopped": []}
    (folder / "run.json").write_text(json.dumps({**record, "command": f"; {touch}"}))


def _set(key: str, value: Any) -> Change:
    """Puts a value at a key of run.json, dots leading inwards."""

    def change(run: Path, rng: random.Random) -> None:
        record = json.loads((run / "run.json").read_text())
        *within, last = key.split(".")
        inner = record
        for part in within:
            inner = inner[part]
        inner[last] = value
        (run / "run.json").write_text(json.dumps(record))

    return change


def _written(name: str, content: bytes) -> Change:
    return lambda run, rng: replace(run / name, content)


def _cut(name: str) -> Change:
    def change(run: Path, rng: random.Random) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: rng.randrange(1, len(content) - 2)])

    return change


def _pipe(name: str) -> Change:
    def change(run: Path, rng: random.Random) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return change


def _folder(name: str) -> Change:
    def change(run: Path, rng: random.Random) -> None:
        (run / name).unlink()
        (run / name).mkdir()

    return change


def _records() -> dict[str, Change]:
    markup = "<script>alert(1)</script><img src=x onerror=alert(1)>|`x`"
    never: dict[str, list[Any]] = {
        "config": [None, [], 3, {}],
        "config.model": [None, "mini"],
        "config.model.name": [None, ["mini"], "", "m" * 200],
        "config.prior.name": [3, "a\nb", "\ud800"],
        "config.condition": [[], "alexnet"],
        "config.condition.classifier": [["classifier"]],
        "config.epsilon1": [[1, 2], float("nan"), "0.1", True],
        "config.epsilon3": [None, float("inf")],
        "config.n_chains": [0, 2.5, "two", 10**30],
        "step": [-1, 0.5, "22", None, [22], 10**25, STEPS + 1],
        "seconds": [-1, "1", float("nan"), []],
        "start": [-3, "0", 1.5],
        "stopped": [3, {}],
    }
    return {
        "run.json is cut": _cut("run.json"),
        "run.json is empty": _written("run.json", b""),
        "run.json is a list": _written("run.json", b"[1, 2]"),
        "run.json is not UTF-8": _written("run.json", b'{"config": "\xff\xfe"}'),
        "run.json is a million lists deep": _written("run.json", b"[" * 10**6 + b"]" * 10**6),
        "run.json is 500 mappings deep": _written("run.json", b'{"config":' * 500 + b"1" + b"}" * 500),
        "run.json is a folder": _folder("run.json"),
        "run.json is a pipe": _pipe("run.json"),
        "run.json is a number of many digits": _written("run.json", b'{"step": ' + b"9" * 10_000 + b"}"),
        **{f"{key} is {str(value)[:30]!r}": _set(key, value) for key, values in never.items() for value in values},
        "a long text": _set("config.condition.target", "x" * 10**6),
        "odd markup as a prior": _set("config.prior.name", markup),
        "odd markup as a key": _set(f"config.{markup.replace('.', '')}", 1),
        "odd markup as a target": _set("config.condition.target", markup),
        "odd a name of the file system": _set("config.prior.name", "../../../../etc/passwd"),
        "odd interpolation": _set("config.prior.weights", "${oc.env:HOME}"),
        "odd a target to instantiate": _set("config.prior._target_", "os.system"),
        "odd a model that is none": _set("config.model.name", "ppgn_core.nowhere:lost"),
        "odd out and resume elsewhere": _set("config.out", "/"),
    }


def _traces() -> dict[str, Change]:
    def blank(run: Path, rng: random.Random) -> None:
        lines = (run / "trace.jsonl").read_text().split("\n")
        lines.insert(rng.randrange(len(lines) - 1), "")
        (run / "trace.jsonl").write_text("\n".join(lines))

    def line(content: str) -> Change:
        def change(run: Path, rng: random.Random) -> None:
            lines = (run / "trace.jsonl").read_text().split("\n")
            lines[rng.randrange(len(lines) - 1)] = content
            (run / "trace.jsonl").write_text("\n".join(lines))

        return change

    def wide(run: Path, rng: random.Random) -> None:
        lines = (json.dumps({"chain": k, "step": k, "log_prob": 0}) for k in range(20_000))
        (run / "trace.jsonl").write_text("\n".join(lines))

    return {
        "trace.jsonl is cut": _cut("trace.jsonl"),
        "trace.jsonl is empty": _written("trace.jsonl", b""),
        "trace.jsonl has a blank line": blank,
        "trace.jsonl is not UTF-8": _written("trace.jsonl", b'{"chain": "\xff"}\n'),
        "trace.jsonl is a pipe": _pipe("trace.jsonl"),
        "trace.jsonl is a folder": _folder("trace.jsonl"),
        "trace.jsonl is a table of holes": wide,
        "trace.jsonl is deep": line("[" * 10**5),
        **{
            f"a line of trace.jsonl is {content}": line(content)
            for content in (
                "[]",
                "null",
                "{}",
                '{"chain": "0", "step": 0}',
                '{"chain": -1, "step": 0}',
                '{"chain": 0, "step": 1.5}',
                '{"chain": 0, "step": 0, "log_prob": [1]}',
                '{"chain": 0, "step": 0, "log_prob": NaN}',
                '{"chain": 0, "step": 0, "acceptance": "all"}',
            )
        },
    }
