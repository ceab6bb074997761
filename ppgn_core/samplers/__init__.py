"""The samplers, one algorithm a file."""

from .mala_approx import MalaApprox

__all__ = ["MalaApprox"]
