"""A session holds chains that run in a thread of their own, and that a person watches and steers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppgn_core.api import after, assembled
from ppgn_core.errors import UserError, shown
from ppgn_core.protocols import Snapshot

from .again import Move, command_line, python
from .history import History
from .limits import Limits
from .saving import save
from .settings import Settings, at
from .turn import Turn

if TYPE_CHECKING:
    from ppgn_core.sampling.assemble import Chains

BUILDING, RUNNING, PAUSED, FINISHED, FAILED, CLOSED = "building", "running", "paused", "finished", "failed", "closed"


class Session:
    """Run chains from settings, and let them be paused, moved, branched and saved while they run.

    Every method may be called from any thread.

    Args:
        settings: what the chains are made from.
        limits: bounds of the studio.
        turn: lock that sessions hold for a step, so that they take turns; None for one of its own.
    """

    def __init__(self, settings: Settings, limits: Limits, turn: Turn | None = None) -> None:
        self.settings, self.limits = settings, limits
        self.history = History(limits.history)
        self.moves: list[Move] = []
        self.discarded: set[int] = set()
        self.key, self.version, self.status, self.error = secrets.token_hex(4), 0, BUILDING, ""
        self.exchanged = 0  # how often other chains took the place of these, by a branch or by going back
        self.chains: Chains | None = None
        self._before: tuple[Any, ...] | None = None
        self._steps: Iterator[Snapshot] = iter(())
        self._turn = turn or Turn()
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._work, name="ppgn-studio", daemon=True)
        self._thread.start()

    # what a person does

    def pause(self) -> None:
        """Stop after the current step; finished chains stay as they are."""
        self._go(PAUSED, {RUNNING})

    def go_on(self) -> None:
        """Continue a paused session."""
        self._go(RUNNING, {PAUSED})

    def move(self, **keys: Any) -> None:
        """Change ε1, ε2, ε3, the number of steps or the sampler's keys, from the next step on.

        Raises:
            UserError: the chains have not begun, a key cannot be moved, or a value is not allowed.
        """
        with self._changed:
            chains = self._begun()
            if not 1 <= (n_steps := keys.get("n_steps", 1)) <= self.limits.steps:
                raise UserError(f"n_steps={shown(n_steps)}: must be a whole number from 1 to {self.limits.steps}")
            now = {key: at(chains.config, key) for key in keys}
            if keys := {key: value for key, value in keys.items() if value != now[key]}:
                self._continue(after(chains, self.history.last, **keys), Move(self.history.last.state.step, keys))

    def branch(self, step: int, chain: int | None = None) -> None:
        """Go back to an earlier frame and run on from there, all chains or copies of one; `back` undoes it.

        Raises:
            UserError: there is no such frame or chain.
        """
        with self._changed:
            chains, n = self._begun(), len(self.history.last.last_step)
            if chain is not None and not 0 <= chain < n:
                raise UserError(f"chain={chain}: allowed are 0 to {n - 1}")
            rows = list(range(n)) if chain is None else [chain] * n
            history = self.history.until(step, rows)
            before = (self.chains, self.history, self.moves, self.discarded)
            moves = [move for move in self.moves if move.step <= step]
            dropped = {key: at(chains.config, key) for move in self.moves[len(moves) :] for key in move.keys}
            self.history, self.moves, self.discarded = history, moves, set()
            self.exchanged += 1
            self._continue(after(chains, history.last), Move(step, dropped, None if chain is None else tuple(rows)))
            self._before = before
            self.status = RUNNING

    def back(self) -> None:
        """Exchange the chains for those before the last branch.

        Raises:
            UserError: there was no branch.
        """
        with self._changed:
            if self._before is None:
                raise UserError("back: no chain was branched")
            now = (self.chains, self.history, self.moves, self.discarded)
            (self.chains, self.history, self.moves, self.discarded), self._before = self._before, now
            assert self.chains is not None
            self._steps = _continued(after(self.chains, self.history.last))
            self.status = PAUSED
            self.exchanged += 1
            self._note()

    def discard(self, chains: Sequence[int]) -> None:
        """Leave these chains out of what is saved, and no others."""
        with self._changed:
            self._begun()
            self.discarded = {k for k in chains if 0 <= k < len(self.history.last.last_step)}
            self._note()

    def save(self, folder: Path) -> Path:
        """Save the frames that are held as a run folder, without the discarded chains; return its path.

        Raises:
            UserError: there is nothing to save, or the folder cannot be written.
        """
        with self._changed:
            chains, frames = self._begun(), list(self.history.frames)
            discarded, moves = set(self.discarded), list(self.moves)
        return save(chains, frames, discarded, moves, folder)

    def close(self) -> None:
        """End the session and free what it holds."""
        with self._changed:
            self.status = CLOSED
            self.history, self._before, self._steps, self.chains = History(0), None, iter(()), None
            self._note()

    # what a person sees

    def wait(self, until: Callable[[], bool], seconds: float = 60.0) -> bool:
        """Wait until something holds, for at most so many seconds, and return whether it does."""
        with self._changed:
            return self._changed.wait_for(until, seconds)

    def glimpse(self) -> History:
        """Return the history as it is now, which later steps do not change."""
        with self._changed:
            one = self.history
            return replace(one, frames=list(one.frames), steps=list(one.steps), rows=list(one.rows))

    @property
    def step(self) -> int:
        return self.history.last.state.step if self.history.frames else 0

    def command(self) -> str:
        """Return the command line that makes the pictures again, with a remark if it alone does not."""
        with self._changed:
            return command_line(self._begun().context.run["command"], self.moves)

    def python(self) -> str:
        """Return the Python that makes the pictures again."""
        return python(self.settings, self.moves, self.step)

    # what the thread does

    def _work(self) -> None:
        try:
            with self._turn:
                chains = assembled(*self.settings.base, **self.settings.keys)
            with self._changed:
                if self.status == CLOSED:
                    return
                self.chains, self._steps, self.status = chains, iter(chains), RUNNING
            while self._ready():
                self._advance()
        except UserError as error:
            self._fail(str(error))
        except Exception as error:  # a component's fault must not leave a page waiting
            self._fail(f"{type(error).__name__}: {error}")

    def _ready(self) -> bool:
        """Wait until there is a step to take; return False once the session is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self.status in (RUNNING, CLOSED))
            return self.status == RUNNING

    def _advance(self) -> None:
        with self._changed:
            steps = self._steps
        with self._turn:
            snapshot = next(steps, None)
        with self._changed:
            if steps is not self._steps or self.status == CLOSED:
                return  # it was moved or branched meanwhile
            assert self.chains is not None
            if snapshot is not None:
                if snapshot.state.x.numel() > self.limits.values:
                    n = snapshot.state.x.numel()
                    raise UserError(f"n_chains: {n} values of pictures are too many; allowed are {self.limits.values}")
                self.history.add(snapshot, self.chains.energy.condition)
            if snapshot is None or self.step >= self.chains.config.n_steps or not snapshot.alive.any():
                self.status = FINISHED if self.status == RUNNING else self.status
            self._note()

    def _continue(self, chains: Chains, move: Move) -> None:
        if self.moves and self.moves[-1].step == move.step and move.rows is None:
            *self.moves, earlier = self.moves
            move = replace(move, keys={**earlier.keys, **move.keys}, rows=earlier.rows)
        self.moves = [*self.moves, move] if move.keys or move.rows else self.moves
        self.chains, self._steps = chains, _continued(chains)
        if self.status == FINISHED and self.step < chains.config.n_steps:
            self.status = RUNNING
        self._note()

    def _begun(self) -> Chains:
        if self.chains is None or not self.history.frames:
            raise UserError(f"the chains have not begun: {self.error or self.status}")
        return self.chains

    def _go(self, status: str, only: set[str]) -> None:
        with self._changed:
            if self.status in only:
                self.status = status
                self._note()

    def _fail(self, error: str) -> None:
        with self._changed:
            if self.status != CLOSED:
                self.status, self.error = FAILED, error
                self._note()

    def _note(self) -> None:
        self.version += 1
        self._changed.notify_all()


def _continued(chains: Chains) -> Iterator[Snapshot]:
    """Return the steps of continued chains, without the first state, which the history already has."""
    return islice(iter(chains), 1, None)
