"""`python -m ppgn_core GROUP=OPTION KEY=VALUE …`"""

from __future__ import annotations

import sys

from .command.sample import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
