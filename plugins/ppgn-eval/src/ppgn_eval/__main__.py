"""`python -m ppgn_eval run=DIR data=DIR judge=NAME KEY=VALUE …`: the same as `ppgn evaluate`."""

from __future__ import annotations

import sys
from functools import partial

from ppgn_core.api import command_line

main = partial(command_line, "evaluate")
"""The exit code of an evaluation by its arguments, those of the process where there are none."""

if __name__ == "__main__":
    sys.exit(main())
