"""PPGN: sample from p(h | y) by h ← h + ε1·∇log p(h) + ε2·∇log p(y | h) + N(0, ε3²) (arXiv 1612.00005, Eq. 11).

With ε3 = 0, as `mini` has it by default, chains climb and do not sample.

Importing this is quick: torch is not imported before a run needs it.
"""

import signal
import sys

if sys.argv and (sys.argv[0] == "-m" or sys.argv[0].endswith(("/ppgn", "\\ppgn.exe"))):
    # a command starts: until there is something to keep, Ctrl-C ends it at once and without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from .api import chains, components, sample
from .errors import UserError
from .hookspecs import Register, hookimpl

__all__ = ["Register", "UserError", "chains", "components", "hookimpl", "sample"]
