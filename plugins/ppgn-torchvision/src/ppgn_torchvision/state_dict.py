"""Fill a network defined by others with weights from a user's file, however a training script laid them out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from torch import Tensor, nn

from ppgn_core import weights
from ppgn_core.errors import UserError
from ppgn_core.state_dict import read_state_dict
from ppgn_core.user_input import home

OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
"""torchvision's names before 2018, `norm.1.weight` for `norm1.weight`."""


def fill(network: nn.Module, path: str, arch: str, key: str) -> None:
    """Load the state dict at `path`, as safetensors or a pickle of tensors only, into `network`.

    Raises:
        UserError: in the same cases as `read_state_dict`, or if it belongs to another network; the message names the
            first mismatch.
    """
    source = f"{key}={path}"
    tensors = read_state_dict(home(path, key), source)
    weights.fill(
        network, adapted(tensors, network.state_dict(), f"{source}: not of {arch}"), f"{source}: not of {arch}"
    )


def adapted(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Return a file's tensors by the network's own names, as far as they can be matched.

    A prefix that all of the network's tensors have is taken away, and tensors without it are left out. A head of the
    same shapes under another name, or the only layer with weights of a Sequential, is the network's. Auxiliary heads
    count in training alone: one that the file lacks keeps the network's own values, and an extra one is left out.

    Args:
        own: the network's own tensors by name.
        source: beginning of the error messages.

    Raises:
        UserError: several tensors of the file may be the head.
    """
    named = {OLD_DENSENET.sub(r"\1\2", name): value for name, value in tensors.items() if name != "n_averaged"}
    prefix = _prefix(named, own)
    beside = {name: value for name, value in named.items() if not name.startswith(prefix)}
    named = {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}
    missing = [name for name in own if name not in named and not name.endswith("num_batches_tracked")]
    spare = {name: value for name, value in {**beside, **named}.items() if name not in own}
    head = {name.rpartition(".")[0] for name in missing if not _auxiliary(name)}
    if len(head) == 1:
        named |= _renamed(spare, own, head.pop(), named, source)
    named |= {name: own[name] for name in missing if _auxiliary(name)}
    return {name: value for name, value in named.items() if name in own or not _auxiliary(name)}


def _auxiliary(name: str) -> bool:
    return name.lower().startswith("aux")


def _prefix(named: Mapping[str, Tensor], own: Collection[str]) -> str:
    """Return the prefix under which most of the network's tensors are; it is empty if that is none."""
    hits = Counter({"": len(named.keys() & set(own))})
    for name in named:
        for dot in (match.end() for match in re.finditer(r"\.", name)):
            if name[dot:] in own:
                hits[name[:dot]] += 1
    return max(hits, key=lambda prefix: (hits[prefix], -len(prefix)))


def _renamed(
    spare: Mapping[str, Tensor], own: Mapping[str, Tensor], head: str, named: dict[str, Tensor], source: str
) -> dict[str, Tensor]:
    """Return the tensors of the network's module `head`, which the file has under another name."""

    def shapes(tensors: Mapping[str, Tensor], module: str) -> dict[str, tuple[int, ...]]:
        own = {name.rpartition(".")[2]: tuple(value.shape) for name, value in tensors.items() if _of(name) == module}
        return {kind: shape for kind, shape in own.items() if kind != "num_batches_tracked"}

    def _of(name: str) -> str:
        return name.rpartition(".")[0]

    wanted = shapes(own, head)
    fitting = [module for module in dict.fromkeys(map(_of, spare)) if shapes(spare, module) == wanted]
    if len(fitting) > 1:
        raise UserError(f"{source}, it has no {head}; {' and '.join(fitting[:5])} may both be it")
    if not fitting:
        return {}
    for kind in wanted:
        named.pop(f"{fitting[0]}.{kind}", None)
    return {f"{head}.{kind}": spare[f"{fitting[0]}.{kind}"] for kind in wanted}
