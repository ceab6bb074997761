"""Draw sweep.png, which shows every run's grid or strip, labelled with the settings that differ."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ..run_folder import STRIP
from .sweep_folders import through


class Sheet(Callback):
    """Draw the sheet when Hydra reports the end of a sweep, even if runs failed."""

    def __init__(self) -> None:
        self.runs: list[tuple[dict[str, str], Path | None]] = []

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if job_return.status == JobStatus.COMPLETED and job_return.hydra_cfg is not None:
            overrides = dict(override.partition("=")[::2] for override in job_return.overrides or [])
            out = Path(job_return.hydra_cfg.hydra.runtime.output_dir)
            self.runs.append(
                (overrides, next((out / name for name in (STRIP, "grid.png") if (out / name).exists()), None))
            )

    @through
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        import numpy as np
        from PIL import Image

        runs = [(overrides, Image.open(path).convert("RGB")) for overrides, path in self.runs if path]
        columns = 1 if any(path and path.name == STRIP for _, path in self.runs) else None
        self.runs = []
        if runs:
            from ..images import save_png
            from ..sheet import draw

            command = shlex.join(["python", "-m", "ppgn_core", *sys.argv[1:]])
            path = Path(config.hydra.sweep.dir) / "sweep.png"
            save_png(path, np.asarray(draw(runs, columns)), {"command": command})
