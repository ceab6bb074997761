"""Name the plugin that caused a failure: its option, its package, the method, and what it should have done."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .console import explained
from .errors import PluginError, shown

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

ROLES: Mapping[str, str] = {
    "__call__": "generator",
    "draw": "generator",
    "encode": "generator",
    "pictures": "generator",
    "score": "prior",
    "denoise": "prior",
    "log_prob": "condition",
    "init": "sampler",
    "step": "sampler",
    "write": "writer",
    "close": "writer",
}
"""What a component is that nobody registered, by the method that is called."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "generator": ("__call__", "code", "draw"),
    "prior": ("score",),
    "condition": ("log_prob",),
    "sampler": ("init", "step"),
    "writer": ("write", "close"),
}
"""What a component of each kind must have (`ppgn_core.protocols`)."""


@dataclass(frozen=True)
class Origin:
    """Say which option of which package a component was built from, and whether the package is one of the project's.

    A failure of the project's own components is a bug, which a traceback shows. `part` is the role of a model's
    network.
    """

    kind: str
    name: str
    package: str
    own: bool = False
    part: str = ""

    def __str__(self) -> str:
        part = f", its {self.part}" if self.part else ""
        return f"{self.kind}={self.name} (package {self.package}){part}"


_BUILT: dict[int, tuple[weakref.ref[Any], Origin]] = {}


def remember(component: Any, origin: Origin) -> None:
    """Remember the option that a component was built from, for as long as the component lives."""
    key = id(component)
    try:
        _BUILT[key] = weakref.ref(component, lambda _: _BUILT.pop(key, None)), origin
    except TypeError:  # a component with __slots__, or a tuple; its class names it well enough
        return


def remember_network(network: Any, model: Any, role: str) -> None:
    """Remember which model a network belongs to, if the model is somebody else's; the first role stays.

    The project's own networks are not remembered: where one fails, the component that called it is to blame.
    """
    known = _known(model)
    if known is not None and not known.own and _known(network) is None:
        remember(network, replace(known, part=role))


def origin(component: Any, method: str = "") -> Origin:
    """Return the option that a component was built from; its class and module if no registry built it.

    A component of the project's own that works with a network of somebody else's model fails by that network.
    """
    known = _known(component)
    if known is None:
        kind = type(component)
        own = kind.__module__.partition(".")[0] == __package__
        return Origin(ROLES.get(method, "component"), kind.__qualname__, kind.__module__, own)
    parts = map(_known, vars(component).values()) if known.own and hasattr(component, "__dict__") else ()
    return next((part for part in parts if part is not None and part.part), known)


def check_has(component: Any, kind: str) -> None:
    """Check that a component has what its kind needs.

    Raises:
        PluginError: something is missing.
    """
    for name in NEEDED.get(kind, ()):
        if not hasattr(component, name):
            made = shown(type(component).__name__)
            raise PluginError(f"{origin(component, NEEDED[kind][0])}: {made} has no {name}, which a {kind} needs")


def _known(component: Any) -> Origin | None:
    reference, known = _BUILT.get(id(component), (None, None))
    return known if reference is not None and reference() is component else None


def call(component: Any, method: str, function: Callable[..., T], *arguments: Any) -> T:
    """Call a component's method, and report an exception in it with the name of its plugin.

    Raises:
        PluginError: the method of somebody else's component raised what neither the user nor the machine caused. The
            exception itself is its cause, which PPGN_DEBUG=1 shows.
    """
    try:
        return function(*arguments)
    except Exception as error:
        if explained(error) is not None:
            raise
        culprit, where = _innermost(error.__traceback__, component, method)
        if culprit.own:
            raise
        raise PluginError(": ".join(filter(None, (str(culprit), where, described(error))))) from error


def described(error: Exception) -> str:
    """Describe an exception in one line, with the way to its traceback."""
    text = shown(" ".join(str(error).split()))
    return f"{type(error).__name__}{f': {text}' if text else ''}; PPGN_DEBUG=1 shows the traceback"


def _innermost(traceback: TracebackType | None, component: Any, method: str) -> tuple[Origin, str]:
    """Return the innermost component that was at work, perhaps a term of the one that was called, and its method."""
    innermost = origin(component, method), method
    while traceback is not None:
        code = traceback.tb_frame.f_code
        one = traceback.tb_frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if one is not component and _known(one) is not None:
            innermost = origin(one), code.co_name
        traceback = traceback.tb_next
    return innermost


def check_tensor(component: Any, method: str, value: Any, like: Tensor, shape: tuple[int, ...], what: str) -> None:
    """Check what a component's method returned.

    Args:
        like: tensor whose device the value must be on.
        shape: shape that it must have; a −1 stands for any size.
        what: what the method returns, for the message.

    Raises:
        PluginError: it is no tensor, has another shape or device, or holds no floating-point numbers.
    """
    import torch

    sizes = ", ".join("*" if size < 0 else str(size) for size in shape)
    needed = f"{what} ({sizes}{',' if len(shape) == 1 else ''})"
    if not isinstance(value, torch.Tensor):
        problem = f"returned a {type(value).__name__}, must be a tensor, {needed}"
    elif value.dim() != len(shape) or any(b not in (a, -1) for a, b in zip(value.shape, shape, strict=True)):
        problem = f"returned the shape {tuple(value.shape)}, must be {needed}"
    elif not value.is_floating_point():
        problem = f"returned {value.dtype}, must be floating-point numbers, {needed}"
    elif value.device != like.device:
        problem = f"returned a tensor on {value.device}, must be on {like.device}, where its input is"
    else:
        return
    raise PluginError(f"{origin(component, method)}: {method} {problem}")
