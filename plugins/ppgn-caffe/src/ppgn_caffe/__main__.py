"""Import and inspect by `python -m ppgn_caffe FILE to=DIR KEY=VALUE …`, the same as `ppgn caffe`."""

from __future__ import annotations

import sys
from functools import partial

from ppgn_core.api import command_line

main = partial(command_line, "caffe")
"""Run an import with these arguments (by default those of the process) and return the exit code."""

if __name__ == "__main__":
    sys.exit(main())
