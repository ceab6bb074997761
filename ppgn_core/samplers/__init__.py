"""The samplers, one algorithm a file."""

from .annealed import Annealed
from .mala import MALA
from .mala_approx import MalaApprox
from .metropolis_hastings import MetropolisHastings
from .ula import ULA
from .underdamped import Underdamped

__all__ = ["MALA", "ULA", "Annealed", "MalaApprox", "MetropolisHastings", "Underdamped"]
