"""PPGN samples from p(h | y) by h ← h + ε1·∇log p(h) + ε2·∇log p(y | h) + N(0, ε3²) (arXiv 1612.00005, Eq. 11).

With ε3 = 0, the default of the model `mini`, chains climb to a maximum instead of sampling.

Importing this package is quick: torch is imported only when a run needs it.
"""

import signal
import sys

if sys.argv and (sys.argv[0] == "-m" or sys.argv[0].endswith(("/ppgn", "\\ppgn.exe"))):
    # a command is starting: until it has results to save, Ctrl-C ends it at once and silently
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from .api import chains, components, sample
from .errors import UserError
from .hookspecs import Register, hookimpl

__all__ = ["Register", "UserError", "chains", "components", "hookimpl", "sample"]
