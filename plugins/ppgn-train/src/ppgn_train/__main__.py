"""Train by `python -m ppgn_train recipe=NAME data=DIR KEY=VALUE …`, the same as `ppgn train`."""

from __future__ import annotations

import sys
from functools import partial

from ppgn_core.api import command_line

main = partial(command_line, "train")
"""Run a training with these arguments (by default those of the process) and return the exit code."""

if __name__ == "__main__":
    sys.exit(main())
