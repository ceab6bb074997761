"""`python -m ppgn_core GROUP=OPTION KEY=VALUE …`"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # until there is something to keep, Ctrl-C ends the process at once, without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys

from .command.sample import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
