"""Keep the trials in a study of Optuna, in a file of SQLite, which any later command continues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from ppgn_core.console import quiet
from ppgn_core.errors import UserError

from .objectives import Measured
from .space import Range, Setting

FILE = "study.db"
NAME = "tune"
SETTINGS, VALUES, ERROR = "settings", "values", "accuracy_error"


class Study:
    """Suggest settings and remember what was measured of them.

    What is suggested depends on the seed and on the finished trials alone, so an interrupted study goes on as if it had
    never stopped.

    Args:
        folder: the folder that has, or is to have, study.db.
        settings: what the study is of; a study in the folder must be of the same.
        space: the ranges of the keys.
        own: the setting that is tried first.
        seed: seed of the suggestions.

    Raises:
        UserError: study.db cannot be read, or is of other settings.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], space: Mapping[str, Range], own: Setting, seed: int
    ) -> None:
        self.folder, self.space, self.own, self.seed = folder, space, own, seed
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with self._readable():
            url = URL.create("sqlite", database=str((folder / FILE).absolute()))
            self.study = optuna.create_study(
                storage=url.render_as_string(),
                study_name=NAME,
                directions=["maximize", "minimize"],
                load_if_exists=True,
            )
            before = self.study.user_attrs.get(SETTINGS)
            self._check(json.loads(json.dumps(settings)), before)
            self.study.set_user_attr(SETTINGS, settings)
            for trial in self.study.get_trials(states=[TrialState.RUNNING, TrialState.WAITING]):  # it was killed
                self.study.tell(trial.number, state=TrialState.FAIL)

    @property
    def finished(self) -> list[FrozenTrial]:
        """Return the finished trials, in their order."""
        with self._readable():
            return self.study.get_trials(states=[TrialState.COMPLETE])

    @property
    def front(self) -> list[FrozenTrial]:
        """Return the trials that no other one beats in both objectives, the most accurate first."""
        with self._readable():
            return sorted(self.study.best_trials, key=lambda trial: (-trial.values[0], trial.values[1], trial.number))

    @contextmanager
    def trial(self) -> Iterator[tuple[int, Setting, list[Measured]]]:
        """Yield the number of a new trial, its setting, and a list that takes what was measured of it."""
        done = len(self.finished)
        with self._readable(), quiet():
            self.study.sampler = optuna.samplers.TPESampler(seed=(self.seed * 1_000_003 + done) % 2**32)
            if not done:
                self.study.enqueue_trial(self.own)
            trial = self.study.ask()
            setting = {key: values.suggest(trial, key) for key, values in self.space.items()}
        result: list[Measured] = []
        try:
            yield trial.number, setting, result
        finally:
            with self._readable():
                if result:
                    trial.set_user_attr(VALUES, setting)
                    trial.set_user_attr(ERROR, result[0].accuracy.error)
                    self.study.tell(trial, [result[0].accuracy.value, result[0].alike])
                else:
                    self.study.tell(trial, state=TrialState.FAIL)

    def _check(self, settings: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        names = [name for name in settings if before and before.get(name) != settings[name]]
        if names:
            told = f"it holds a study of other settings ({', '.join(names)})"
            raise UserError(f"out={self.folder}: {told}; allowed is another folder, or the settings that it began with")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError, AssertionError) as error:
            reason = str(getattr(error, "orig", None) or error.__cause__ or error).strip().partition("\n")[0]
            raise UserError(f"out={self.folder}: {FILE} cannot be used: {reason}") from error


def setting_of(trial: FrozenTrial) -> Setting:
    """Return the values that a finished trial was drawn with."""
    return dict(trial.user_attrs[VALUES])
