"""Write .hydra/config.yaml and .hydra/overrides.yaml, for tools that look for them beside a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..atomic import write_bytes
from ..protocols import Snapshot


class HydraFolder:
    """Write the config and the overrides as Hydra's own runs have them: .hydra/config.yaml, .hydra/overrides.yaml.

    run.json has the same and more; `resume` and `ppgn again` read that one.
    """

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.folder, self.run = out / ".hydra", run

    def write(self, snapshot: Snapshot) -> None:
        if not self.folder.exists():
            for name in ("config", "overrides"):
                text = yaml.safe_dump(self.run[name], sort_keys=False, allow_unicode=True)
                write_bytes(self.folder / f"{name}.yaml", text.encode())

    def close(self) -> None:
        pass
