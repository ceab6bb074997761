"""`python -m ppgn_eval run=DIR data=DIR judge=NAME KEY=VALUE …`: judge what was drawn.

Measures the runs in those folders, and below them, and leaves report.html and results.md in `out`. `suite=paper` makes
the runs itself. What a judge has seen is kept, by the content of images, so a second time is quick; Ctrl-C keeps what
is done, and the same command goes on from there.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # until there is something to keep, Ctrl-C ends the process at once, without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ppgn_core.command.help import listing
from ppgn_core.console import command, say
from ppgn_core.errors import UserError
from ppgn_core.nearest import nearest
from ppgn_core.options import plugins

from .records import one_line

SHARED: dict[str, tuple[Any, str]] = {
    "run": ("null", "run folder, or a folder of them; several set apart by commas, or run=DIR again"),
    "data": ("null", "photographs to compare with: a folder for each class, named for it or for its synset id"),
    "judge": ("efficientnet_lite0", "the network that judges, one of those above, with its keys as judge.KEY=VALUE"),
    "out": ("evaluated", "folder for report.html and results.md"),
    "photographs": (60, "of each class at most, the first by name"),
    "burn_in": (0.5, "share of a chain's steps that its mixing is not measured on"),
    "device": ("auto", "that the judge works on: auto, cpu, cuda, mps"),
    "cache": ("null", "folder for what a judge has seen; null: ppgn/verdicts where the system keeps caches"),
    "suite": ("null", "paper: make the runs of the paper's comparisons in out/runs, then measure those"),
}
SUITE: dict[str, tuple[Any, str]] = {
    "n_chains": (8, "of every run of the suite"),
    "n_steps": (200, "of every chain of the suite"),
    "classes": (16, "that every prior of the suite draws"),
    "priors": ("null", "those of the suite to try, set apart by commas; null: all"),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line says; the exit code: 0, 2 after an error of the user's, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return command("ppgn_eval", lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    try:
        if not arguments or {"--help", "-h"} & set(arguments):
            _help()
        else:
            _evaluate(arguments)
        return 0
    except UserError as error:
        raise UserError(one_line(error, 1000)) from error
    except KeyboardInterrupt:
        print("ppgn_eval: interrupted; the same command goes on from what is done", file=sys.stderr)
        return 130


def _evaluate(arguments: Sequence[str]) -> None:
    given, judge_keys = _parsed(arguments)
    values = {key: given.get(key, default) for key, (default, _) in {**SHARED, **SUITE}.items()}
    values = {key: None if value == "null" else value for key, value in values.items()}
    _check(values)

    from ppgn_core.device import choose_device

    from .cache import Kept, default_folder
    from .evaluate import check_out, check_writable, evaluate
    from .paper import PRIORS, draw
    from .photographs import check
    from .photographs import folders as folders_of
    from .systems import find

    out = _path("out", str(values["out"] or "evaluated"))
    data, cache = (_path(key, str(values[key])) if values[key] else None for key in ("data", "cache"))
    runs = [_path("run", folder) for folder in values["run"] or []]
    check_out(out, runs)
    check_writable("cache", cache or default_folder())
    if data and not os.path.isdir(data):
        raise UserError(f"data={data}: no such folder; allowed is an ImageFolder, a folder of photographs a class")
    device = choose_device(str(values["device"]))
    judge = plugins.registry().build("judge", {**judge_keys, "name": values["judge"]}, device=device)
    for folder in (
        folders_of(data, judge.labels).values() if data and values["suite"] else ()
    ):  # before hours of drawing
        check(folder, values["photographs"])
    if values["suite"]:
        priors = str(values["priors"]).split(",") if values["priors"] else list(PRIORS)
        folders = draw(out / "runs", values["n_chains"], values["n_steps"], values["classes"], priors)
    else:
        folders = find(runs)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # from here on there is something to keep
        signal.signal(signal.SIGINT, signal.default_int_handler)
    kept = Kept(judge, cache or default_folder())
    evaluate(folders, kept, data, out, list(arguments), values["photographs"], values["burn_in"])
    say(str(out / "report.html").encode(errors="backslashreplace").decode())


def _path(key: str, text: str) -> Path:
    try:
        path = Path(text).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, nobody of that name, a null character
        raise UserError(f"{key}={one_line(text, 300)}: {getattr(error, 'strerror', None) or error}") from error
    return path


def _parsed(arguments: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys given, and those of the judge."""
    given: dict[str, Any] = {}
    judge: dict[str, Any] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals:
            raise UserError(f"{argument}: arguments are KEY=VALUE")
        if key == "run":
            given["run"] = given.get("run", []) + [folder for folder in value.split(",") if folder]
        elif key.startswith("judge.") and key != "judge.name":
            judge[key.removeprefix("judge.")] = _value(argument, value)
        elif key in SHARED or key in SUITE:
            given[key] = _value(argument, value) if isinstance({**SHARED, **SUITE}[key][0], int | float) else value
        else:
            raise UserError(f"{key}: no such key; {nearest(key, [*SHARED, *SUITE])}")
    return given, judge


def _value(argument: str, text: str) -> Any:
    try:
        return OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))["value"]  # type: ignore[index,call-overload]
    except (OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise UserError(f"{argument}: cannot be read: {str(error).splitlines()[0]}") from error


def _check(values: dict[str, Any]) -> None:
    if values["suite"] not in (None, "paper"):
        raise UserError(f"suite={values['suite']}: allowed is paper")
    if bool(values["suite"]) == bool(values["run"]):
        raise UserError("run: give run=DIR, the folder of a run, or suite=paper, which makes runs itself; not both")
    for key, least in {"photographs": 2, "n_chains": 1, "n_steps": 1, "classes": 1}.items():
        if not isinstance(values[key], int) or isinstance(values[key], bool) or values[key] < least:
            raise UserError(f"{key}={values[key]}: must be a whole number from {least}")
    if not isinstance(values["burn_in"], int | float) or not 0 <= values["burn_in"] < 1:
        raise UserError(f"burn_in={values['burn_in']}: must be a number from 0, less than 1")


def _help() -> None:
    print("python -m ppgn_eval run=DIR [data=DIR] [judge=NAME] [KEY=VALUE …]")
    print("python -m ppgn_eval suite=paper [data=DIR] [KEY=VALUE …]")
    registry = plugins.registry()
    for name in registry.names("judge"):
        signature = registry.find("judge", name).signature
        listing(f"judge={name}: {signature.summary}", {f"judge.{key}": key.doc for key in signature.keys})
    listing("keys", {f"{key}={value}": meaning for key, (value, meaning) in SHARED.items()})
    listing("keys of suite=paper", {f"{key}={value}": meaning for key, (value, meaning) in SUITE.items()})


if __name__ == "__main__":
    sys.exit(main())
