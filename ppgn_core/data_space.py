"""Check that chains run in image space, for components that work on images."""

from __future__ import annotations

from .errors import UserError
from .protocols import Generator


def require_images(generator: Generator, option: str) -> None:
    """Require that the codes of `generator` are RGB images `(3, H, W)`.

    Raises:
        UserError: they are not; the message begins with `option`.
    """
    shape = tuple(generator.code.shape)
    if len(shape) != 3 or shape[0] != 3:
        raise UserError(f"{option}: works on images; this generator's codes are {shape}, allowed is generator=identity")
