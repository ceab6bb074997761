"""Implement `ppgn tune KEY=VALUE …`, which looks for settings that are both accurate and diverse."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from ppgn_core.api import configured
from ppgn_core.console import heed_interrupts, say
from ppgn_core.errors import UserError
from ppgn_core.lock import locked
from ppgn_core.user_input import home

if TYPE_CHECKING:
    from ppgn_eval.judge import Judge


def tune(
    out: str = "tuning",
    trials: Annotated[int, ">= 1", "<= 100000"] = 50,
    targets: list[str] | None = None,
    wanted: list[str] | None = None,
    judge: Annotated[dict[str, Any] | str, Judge] = "efficientnet_lite0",
    epsilon1: list[float] | None = None,
    epsilon2: list[float] | None = None,
    epsilon3: list[float] | None = None,
    guidance: list[float] | None = None,
    n_steps: list[int] | None = None,
    decades: Annotated[float, "> 0", "<= 20"] = 2.0,
    overrides: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> None:
    """Look for ε1, ε2, ε3 and a number of steps that make samples both accurate and diverse, by Optuna.

    All other KEY=VALUE are those of a run. Each trial draws pictures with one setting, of which a judge says how many
    show what was asked for, and MS-SSIM how alike they are within a class. The first trial has the run's own setting.
    The study is kept in `study.db`: the same command continues it, and a larger `trials` goes further. The results are
    `trade_off.png`, `front.png` with the pictures of the settings that none beats in both, and a preset for each of
    these: `--config-dir OUT experiment=tuned`.

    Args:
        out: folder for the study and its results.
        trials: number of trials in the whole study.
        targets: values of condition.target that each trial draws; null for the run's own.
        wanted: classes of the judge, one for each target; null for those that the targets name.
        judge: network that judges the pictures; its keys are `judge.KEY`. It should not be the one that is climbed.
        epsilon1: lowest and highest ε1; null for a range around the run's own.
        epsilon2: lowest and highest ε2; null for a range around the run's own.
        epsilon3: lowest and highest ε3; null for a range around the run's own, and none if that is 0.
        guidance: lowest and highest guidance of a sampler that has it; null for a range around the run's own.
        n_steps: lowest and highest number of steps; null for half of the run's own to its own.
        decades: width of a range around the run's own value, in powers of ten.
    """
    from ppgn_eval.judge import built

    from . import results
    from .objectives import draw, measure, wishes
    from .space import GUIDANCE, own_setting, ranges
    from .study import FILE, Study

    place, config = home(out, "out"), configured(*overrides)
    given = {"epsilon1": epsilon1, "epsilon2": epsilon2, "epsilon3": epsilon3, GUIDANCE: guidance, "n_steps": n_steps}
    space = ranges(config, given, decades)
    if place.exists() and (not place.is_dir() or (any(place.iterdir()) and not (place / FILE).is_file())):
        raise UserError(f"out={out}: it is there already and holds no study; allowed is a new folder, or a study's")
    judging = built(judge, config["device"])
    asked = wishes(overrides, targets or [], wanted or [], judging)
    for wish in asked:  # before anything is written: what is drawn can be measured
        draw(wish.overrides, {**own_setting(config, space), "n_steps": 1})
    heed_interrupts()  # from here on there are results to save
    place.mkdir(parents=True, exist_ok=True)
    settings = {
        "run": {key: value for key, value in config.items() if key not in ("out", "overwrite", "device", "writer")},
        "targets": targets,
        "wanted": wanted,
        "judge": judging.key,
        **{key: [one.low, one.high] for key, one in space.items()},
    }
    with locked(place):
        study = Study(place, settings, space, own_setting(config, space), config["seed"])
        try:
            while (done := len(study.finished)) < trials:
                began = time.monotonic()
                with study.trial() as (number, setting, result):
                    measured = measure(asked, setting, judging)
                    results.save_pictures(place, number, measured.pictures)
                    result.append(measured)
                figures = f"{measured.accuracy.percent} right  MS-SSIM {measured.alike:.3f}"
                took = time.monotonic() - began
                say(f"trial {number}  {results.in_words(setting)}  {figures}  {took:.1f} s  {done + 1}/{trials}")
        finally:
            if finished := study.finished:
                results.write(place, finished, study.front, ["ppgn", "tune", *arguments])
    say(str(place / "trade_off.png"))
    say(f"python -m ppgn_core --config-dir {place} experiment={results.PRESET} …")
