"""`sample` returns a result: pictures, codes and numbers, which can be saved as a run folder."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .data_space import pictures
from .errors import UserError
from .images import encoded, tile, times_larger, to_uint8
from .user_input import home
from .writers.trace import NUMBERS, quantities

if TYPE_CHECKING:
    from .protocols import Snapshot
    from .sampling.assemble import Chains


@dataclass
class Trace:
    """Hold the numbers of every saved step and chain, `(S, B)` each; NaN if unknown or if the chain had stopped.

    Args:
        step: step number of each row, `(S,)`.
        log_prob: log p(y | x).
        probability: p(y | x), if the condition is a normalised probability.
        prior_norm, condition_norm: lengths of the terms ε1·∇log p(h) and ε2·∇log p(y | h) in the step that led to the
            row.
        acceptance: probability that the step was accepted.
    """

    step: Tensor
    log_prob: Tensor
    probability: Tensor
    prior_norm: Tensor
    condition_norm: Tensor
    acceptance: Tensor

    def rows(self) -> list[dict[str, float]]:
        """List the numbers by chain and step, like trace.jsonl: `pandas.DataFrame(result.trace.rows())`."""
        columns = {name: getattr(self, name).tolist() for name in NUMBERS}
        return [
            {"chain": chain, "step": step} | {name: columns[name][row][chain] for name in NUMBERS}
            for row, step in enumerate(self.step.tolist())
            for chain in range(self.log_prob.shape[1])
        ]


@dataclass
class Result:
    """Hold what the chains have drawn.

    Args:
        images: the last sample of each chain, `(B, 3, H, W)` in [0, 1]. With the filter `keep` it is the last sample
            that passed, and a chain without one has no row. Data that are not images are returned as the generator
            makes them.
        codes: final code h of each chain, `(B, *code)`.
        trace: the numbers of every saved step.
        command: command line that draws the same, or the Python call if components were passed as objects.
    """

    images: Tensor
    codes: Tensor
    trace: Trace
    command: str
    chains: Chains = field(repr=False)
    snapshots: list[Snapshot] = field(repr=False)

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write the same run folder as the command line would have written, and return its path.

        Args:
            overwrite: whether an earlier run in that folder may be replaced.

        Raises:
            UserError: the folder cannot be written, or already holds a run.
        """
        from .sampling.run import write

        if not self.snapshots:
            raise UserError(f"save: this run is saved already, in out={self.chains.config.out}")
        path = home(folder, "save").absolute()
        write(self.chains, self.snapshots, path, overwrite)
        return path

    def grid(self, gap: int = 2) -> Tensor:
        """Arrange all images in one picture, like grid.png: `(H, W, 3)` of 8 bits.

        Raises:
            UserError: there are none, as `keep` let none pass, or the data are not pictures.
        """
        if not len(self.images):
            raise UserError(f"grid: no sample passed keep={self.chains.config.keep}")
        drawn = pictures(self.images, self.chains.context.generator)
        if drawn is None:
            raise UserError(f"grid: data of the shape {tuple(self.images.shape[1:])} are not pictures")
        return torch.from_numpy(tile(to_uint8(drawn), gap))

    def __repr__(self) -> str:
        return f"<{len(self.codes)} chains, {int(self.trace.step[-1])} steps: {self.command}>"

    def _repr_png_(self) -> bytes | None:
        if not len(self.images) or pictures(self.images[:1], self.chains.context.generator) is None:
            return None
        grid = self.grid().numpy()
        return encoded(times_larger(grid, round(512 / max(grid.shape[:2]))))

    def _repr_html_(self) -> str | None:
        png = self._repr_png_()
        if png is None:
            return None
        return (
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}"><br>'
            f"<code>{html.escape(self.command)}</code>"
        )


def collect(chains: Chains, snapshots: Iterable[Snapshot], out: Path | None) -> Result:
    """Run chains to their end and collect what they draw, in memory or, if `out` is given, in that folder.

    Raises:
        UserError: every chain stopped at a value that is not finite, or `out` cannot be written.
    """
    from .sampling.run import check_alive, write

    kept: list[Snapshot] = []
    rows: list[dict[str, Tensor]] = []
    last: dict[int, Tensor] = {}

    def noted() -> Iterator[Snapshot]:
        for snapshot in snapshots:
            rows.append(_row(quantities(snapshot, chains.energy), snapshot))
            chosen = (
                range(len(snapshot.state.x)) if snapshot.kept is None else snapshot.kept.nonzero().flatten().tolist()
            )
            last.update((k, snapshot.state.x[k]) for k in chosen)
            if out is None:
                kept.append(snapshot)
            yield snapshot

    if out is None:
        *_, final = noted()
    else:
        final = write(chains, noted(), out)
    check_alive(final)
    x = torch.stack([last[k] for k in sorted(last)]) if last else final.state.x[:0]
    images = x.clamp(0, 1) if x.dim() == 4 and x.shape[1] == 3 else x
    trace = Trace(**{name: torch.stack([row[name] for row in rows]) for name in rows[0]})
    return Result(images, final.state.h, trace, chains.context.run["command"], chains, kept)


def _row(values: dict[str, Tensor | None], snapshot: Snapshot) -> dict[str, Tensor]:
    row = {"step": torch.tensor(snapshot.state.step)}
    for name in NUMBERS:
        value = values[name]
        row[name] = torch.where(snapshot.alive, torch.nan if value is None else value, torch.nan)
    return row
