"""Implement `ppgn doctor`, which examines the installation and prints what a bug report should contain."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

from ..errors import UserError
from ..hookspecs import GROUP
from ..options import plugins

LIBRARIES = ("torch", "numpy", "hydra-core", "omegaconf", "safetensors", "pluggy", "pillow")
VARIABLES = ("PPGN_WITHOUT", "PPGN_DEBUG", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PYTHONPATH")
SUMS = "sha256.json"
"""Table of checksums beside a package's weights."""


def show() -> int:
    """Examine the installation: versions, devices, plugins, weights. A bug report should contain what it prints.

    Every installed component is imported, and the checksum of every network is compared. The exit code is 1 if
    something is wrong.
    """
    problems: list[str] = []
    for line in (*_machine(), *_plugins(problems), *_weights(problems)):
        print(line, flush=True)
    print(f"\n{len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}{':' if problems else ''}")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


def _machine() -> Iterator[str]:
    import torch

    yield f"ppgn-core {version('ppgn-core')}, Python {platform.python_version()}, {platform.platform()}"
    yield ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    devices = [f"cpu ({torch.get_num_threads()} threads)", *gpus, *["mps"] * torch.backends.mps.is_available()]
    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
    yield f"devices: {', '.join(devices)}; torch is built for {built}"
    variables = [f"{name}={_short(os.environ[name])}" for name in VARIABLES if name in os.environ]
    yield f"variables: {' '.join(variables) or 'none'}"


def _plugins(problems: list[str]) -> Iterator[str]:
    registry = plugins.registry()
    problems += plugins.PROBLEMS
    yield "\nplugins"
    for entry in sorted(entry_points(group=GROUP), key=lambda one: (plugins.package_of(one), one.name)):
        package = plugins.package_of(entry)
        options = [registry.find(kind, name) for kind in registry.kinds for name in registry.names(kind)]
        own = [option for option in options if option.package == package]
        for option in own:
            try:
                option.signature, option.load()
            except UserError as error:
                problems.append(str(error))
            except Exception as error:  # of one of the project's own packages
                problems.append(f"{option.origin}: cannot be imported: {type(error).__name__}: {error}")
        counts = {kind: sum(option.kind == kind for option in own) for kind in registry.kinds}
        brings = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing"
        number = entry.dist.version if entry.dist else "?"
        yield f"  {package} {number}  {_short(str(_place(entry) or 'no such module'))}  {brings}"


def _weights(problems: list[str]) -> Iterator[str]:
    from ..weights import digest, digests

    yield "\nweights"
    for entry in entry_points(group=GROUP):
        place = _place(entry)
        if place is None or not place.is_dir():
            continue
        for folder in sorted({path.parent for name in ("*.safetensors", SUMS) for path in place.rglob(name)}):
            table = folder / SUMS
            try:
                sums = digests(table) if table.is_file() else {}
            except UserError as error:
                problems.append(str(error))
                sums = {}
            paths = {path.stem: path for path in folder.glob("*.safetensors")}
            for name in sorted({*paths, *sums}):
                path, expected = paths.get(name, folder / f"{name}.safetensors"), sums.get(name)
                try:
                    sum_ = digest(path)
                except OSError as error:
                    problems.append(f"{_short(str(path))}: {error.strerror or error}")
                    continue
                state = "no checksum recorded" if expected is None else "as recorded" if sum_ == expected else "CHANGED"
                if expected is not None and sum_ != expected:
                    problems.append(f"{_short(str(path))}: its sha256 is {sum_[:12]}…, expected {expected[:12]}…")
                yield f"  {_short(str(path))}  {path.stat().st_size} bytes  sha256 {sum_[:12]}…  {state}"


def _place(entry: EntryPoint) -> Path | None:
    """Return the folder of a plugin's package, or the file of its only module, without importing it."""
    try:
        spec = importlib.util.find_spec(entry.module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


def _short(path: str) -> str:
    """Write `~` for the home folder, whose name is nobody's business."""
    return path.replace(str(Path.home()), "~") if Path.home() != Path("/") else path
