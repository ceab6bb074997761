"""`python -m ppgn_core GROUP=OPTION KEY=VALUE …`"""

from __future__ import annotations

import signal
import sys

if __name__ == "__main__":  # until a run has something to keep, Ctrl-C ends the process at once, without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from .command.sample import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
