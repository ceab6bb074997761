"""Say what can be drawn of data, which need not be pictures, and which chains run in image space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import blame
from .errors import PluginError, UserError

if TYPE_CHECKING:
    from torch import Tensor

    from .protocols import Generator


def require_images(generator: Generator, option: str) -> None:
    """Require that the codes of `generator` are RGB images `(3, H, W)`.

    Raises:
        UserError: they are not; the message begins with `option`.
    """
    shape = tuple(generator.code.shape)
    if len(shape) != 3 or shape[0] != 3:
        problem = f"needs chains in image space, and this generator's codes have the shape {shape}"
        raise UserError(f"{option}: {problem}; allowed is generator=identity")


def pictures(x: Tensor, generator: Generator | None = None) -> Tensor | None:
    """Return data as RGB pictures `(B, 3, H, W)`, nominally in [0, 1], or None if they cannot be drawn.

    RGB images `(B, 3, H, W)` stay as they are, grey ones `(B, 1, H, W)` become RGB; of anything else a generator with
    the method `pictures(x)` draws pictures itself.

    Raises:
        PluginError: the generator draws something else.
    """
    draw = getattr(generator, "pictures", None)
    if draw is not None:
        drawn: Tensor = blame.call(generator, "pictures", draw, x)
        blame.check_tensor(generator, "pictures", drawn, x, (len(x), 3, -1, -1), "RGB pictures,")
        return drawn
    if x.dim() == 4 and x.shape[1] in (1, 3):
        return x.expand(-1, 3, -1, -1)
    return None


def undrawn(x: Tensor, generator: Generator) -> str | None:
    """Say in a line why no picture is made of data; None if pictures are made."""
    try:
        if pictures(x[:1], generator) is not None:
            return None
    except PluginError as error:
        return str(error)
    shape = tuple(x.shape[1:])
    plotted = len(shape) in (1, 2)
    kind = "writer=plot draws them as curves" if plotted else "a generator with the method pictures(x) can draw them"
    return f"data of the shape {shape} are not pictures, so samples are saved as arrays (.npy); {kind}"
