"""A model bundles trained networks, class names and a code range for the components that need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import blame
from .errors import UserError
from .labels import Label, Labels

if TYPE_CHECKING:
    import torch

    from .clock import Clock
    from .noise import ChainNoise
    from .protocols import Layered
    from .views import Views

__all__ = ["Label", "Labels", "Model"]


@dataclass
class Model:
    """Bundle networks that belong together.

    Args:
        name: name of the model, as in `model=NAME`.
        loaders: functions that load each network on first use, by role: `generator`, `encoder`, `classifier`, …
        labels: class names, by the role of the classifier that they belong to.
        image_size: side of the generator's images, in pixels.
        shift: largest random shift, in pixels, that suits each network's input (see `views`), by role; 0 for all
            others.
        device: device that the networks are on.
        code_layer: layer of the encoder whose values are the generator's codes.
    """

    name: str
    loaders: Mapping[str, Callable[[], Any]]
    labels: Mapping[str, Labels]
    image_size: int
    device: torch.device | str = "cpu"
    shift: Mapping[str, int] = field(default_factory=dict)
    code_layer: str = "fc6"
    _loaded: dict[str, Any] = field(default_factory=dict, repr=False)
    _views: dict[Any, Views] = field(default_factory=dict, repr=False)

    def network(self, role: str, needs: Sequence[str] = (), key: str | None = None) -> Any:
        """Return the network with that role, frozen and in eval mode; it is loaded once and shared by all callers.

        Args:
            needs: attributes that the caller needs the network to have, such as `activations` or `config.sigma`.
            key: config key that chose the role, for error messages.

        Raises:
            UserError: the bundle has no such network, the network lacks what is needed, or its number of classes
                differs from the number of names.
        """
        network, prefix = self._network(role, key), f"{key}={role}: " if key else ""
        if lacking := [name for name in needs if not _has(network, name)]:
            fitting = ", ".join(other for other in sorted(self.loaders) if self._fits(other, needs)) or "none"
            prefix += f"model={self.name}'s network {role!r}, of type {type(network).__name__}, has no {lacking[0]}"
            raise UserError(f"{prefix}; allowed are {fitting}")
        return network

    def _fits(self, role: str, needs: Sequence[str]) -> bool:
        try:
            network = self._network(role)
        except UserError:  # the file of a network that nobody asked for is missing
            return False
        return all(_has(network, name) for name in needs)

    def _network(self, role: str, key: str | None = None) -> Any:
        if role not in self.loaders:
            prefix = f"{key}={role}: " if key else ""
            roles = ", ".join(sorted(self.loaders)) or "none"
            raise UserError(f"{prefix}model={self.name} has no network {role!r}; it has: {roles}")
        if role not in self._loaded:
            import torch

            network = self.loaders[role]()
            if isinstance(network, torch.nn.Module):
                network = network.requires_grad_(False).eval().to(self.device)
                network = network.to(memory_format=torch.channels_last)  # faster
            n = getattr(getattr(network, "config", None), "n_classes", None)
            if role in self.labels and n not in (None, names := len(self.labels[role])):
                problem = f"its network {role!r} has {n} classes, but there are {names} class names"
                raise UserError(f"model={self.name}: {problem}")
            blame.remember_network(network, self, role)
            self._loaded[role] = network
        return self._loaded[role]

    def classes(self, role: str, key: str | None = None) -> Labels:
        """Return the classes of the network with that role; `key` is the config key that chose it, for error messages.

        Raises:
            UserError: the bundle has no such network, or it is not a classifier.
        """
        if role not in self.labels:
            self.network(role, key=key)
            prefix, allowed = f"{key}={role}: " if key else "", ", ".join(sorted(self.labels))
            raise UserError(
                f"{prefix}model={self.name}: its network {role!r} is not a classifier; allowed are {allowed}"
            )
        return self.labels[role]

    def views(self, role: str, shift: int | None, noise: ChainNoise | None, clock: Clock) -> Views:
        """Return the augmentation of a network's input: random shifts by up to `shift` pixels, none if it is 0.

        The same arguments return the same object, so that conditions on one network share its forward pass.

        Args:
            role: role of the network.
            shift: largest shift in pixels; None for the one that suits the network.
            noise, clock: the run's noise and clock, see `ppgn_core.views.Views`.

        Raises:
            UserError: `shift` is out of its range.
        """
        from .views import Views

        shift = self.shift.get(role, 0) if shift is None else shift
        key = shift, noise, clock
        if key not in self._views:
            self._views[key] = Views(noise, clock, self.image_size, shift)
        return self._views[key]


def check_layer(network: Layered, layer: str, key: str, role: str) -> None:
    """Raise UserError if a network has no such layer; `key` is the config key that named it, `role` the network's."""
    if layer not in network.layers:
        raise UserError(f"{key}={layer}: {role} has no such layer; allowed are {', '.join(network.layers)}")


def _has(network: Any, name: str) -> bool:
    for part in name.split("."):
        if not hasattr(network, part):
            return False
        network = getattr(network, part)
    return True
