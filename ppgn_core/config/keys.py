"""List the top-level keys of a config, which belong to no component."""

from __future__ import annotations

TOP: dict[str, str] = {
    "n_chains": 'Annotated[int, ">= 1", "< 1e9"]',
    "batch_size": 'Annotated[int | None, ">= 1", "< 1e9"]',
    "n_steps": 'Annotated[int, ">= 1", "< 1e15"]',
    "seed": 'Annotated[int, ">= 0"]',
    "save_every": 'Annotated[int, ">= 1"]',
    "switch_every": 'Annotated[int, ">= 1"]',
    "init_noise": 'Annotated[float, ">= 0"]',
    "epsilon1": 'Annotated[float, ">= 0"]',
    "epsilon2": "float",
    "epsilon3": 'Annotated[float, ">= 0"]',
    "as_in_the_paper": "bool",
    "keep": "str | None",
    "objective": "str | None",
    "init": "str | None",
    "mask": "str | None",
    "device": "str",
    "precision": 'Literal[32, "bf16", "auto"]',
    "out": "str | None",
    "resume": "str | None",
    "overwrite": "bool",
}
"""The top-level keys with their types and bounds. A negative epsilon2 leads away from the condition."""
