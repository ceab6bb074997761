"""Load any classifier of timm, if timm is installed."""

from __future__ import annotations

from typing import Any

from torchvision.transforms import InterpolationMode

from ppgn_core.errors import UserError, reason
from ppgn_core.nearest import nearest

from .loaded import IMAGENET, Loaded, transforms
from .state_dict import fill


def load_timm(name: str, weights: str, classes: list[str] | None, group: str) -> Loaded:
    """Load a network of timm as `networks.load` does; the weights' config determines the transforms.

    Raises:
        UserError: timm is not installed, there is no such network, or the weights are not available or do not fit.
    """
    key = f"{group}.arch=timm:{name}"
    try:
        import timm
    except ImportError:
        raise UserError(f"{key}: timm is not installed; pip install timm, or name one of torchvision's") from None
    if name.partition(".")[0] not in timm.list_models():
        raise UserError(f"{key}: timm has no such network; {nearest(name, timm.list_models())}")
    keys: dict[str, Any] = {"num_classes": len(classes)} if classes else {}
    try:
        network = timm.create_model(name, pretrained=weights == "default", **keys).eval()
    except (OSError, RuntimeError) as error:
        raise UserError(f"{key}: weights={weights} are not available: {reason(error)}") from None
    if weights not in ("default", "random"):
        fill(network, weights, f"timm:{name}", f"{group}.weights")
    config = timm.data.resolve_data_config(model=network)
    side = config["input_size"][-1]
    names = classes or IMAGENET
    n_classes: Any = network.num_classes
    if n_classes != len(names):
        names = [f"class {i}" for i in range(n_classes)]
    resize, how = int(side / config["crop_pct"]), InterpolationMode(config["interpolation"])
    return Loaded(network, names, transforms(resize, side, how, config["mean"], config["std"]))
