"""`python -m ppgn_train recipe=NAME data=DIR KEY=VALUE …`: the same as `ppgn train`."""

from __future__ import annotations

import sys
from functools import partial

from ppgn_core.api import command_line

main = partial(command_line, "train")
"""The exit code of a training by its arguments, those of the process where there are none."""

if __name__ == "__main__":
    sys.exit(main())
