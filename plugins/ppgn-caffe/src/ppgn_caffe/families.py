"""Recognise which network a file holds by the types and shapes of its layers; names are only a hint."""

from __future__ import annotations

from collections.abc import Sequence

from ppgn_core.errors import UserError

from .caffemodel import Layer
from .fitting import Layers
from .upconv import DENSE, ORIGINAL

LETTERS = {"Convolution": "C", "InnerProduct": "D", "Deconvolution": "U", "Embed": "E", "LSTM": "L"}
ALEXNET = [*(f"conv{i}" for i in range(1, 6)), "fc6", "fc7", "fc8"]
GENERATOR = [*DENSE, *(up.name for up in ORIGINAL.ups)]
LANGUAGE = ["embedding", "lstm1", "lstm2", "predict"]
WITHOUT = {"ReLU": "relu", "Pooling": "pool", "LRN": "norm"}


def recognised(layers: Sequence[Layer]) -> tuple[str, Layers]:
    """Return the family, `generator`, `alexnet` or `lrcn`, and the layers by that family's names.

    Raises:
        UserError: the network belongs to none of these families.
    """
    weighty = [i for i, layer in enumerate(layers) if layer.blobs]
    letters = {i: _letter(layers[i]) for i in weighty}
    spoken = [i for i in weighty if letters[i] in "EL"]
    if spoken:
        after = [i for i in weighty if letters[i] == "D" and i > spoken[-1]]
        spoken += [i for i in weighty if layers[i].name == "predict"] or after[:1]
    names = dict(zip(spoken, LANGUAGE, strict=False)) if [letters[i] for i in spoken] == [*"ELLD"] else {}
    rest = [i for i in weighty if i not in spoken]
    signature = "".join(letters[i] for i in rest)
    for family, wanted, pattern in (("alexnet", ALEXNET, "CCCCCDDD"), ("generator", GENERATOR, "DDD" + "U" * 9)):
        present = {layers[i].name for i in rest}
        if signature == pattern and not set(wanted) <= present:
            names |= dict(zip(rest, wanted, strict=True))
            names |= _between(layers, names, family)
        elif len(present & set(wanted)) < 0.75 * len(wanted):
            continue
        elif family == "alexnet" and set(wanted) <= present and (more := sorted(present - set(wanted))):
            kind = next(layer.kind for layer in layers if layer.name == more[0])
            problem = f"it has weights in the layer {more[0]} too, of the type {kind}"
            raise UserError(f"{problem}; CaffeNet and AlexNet have none there")
        return "lrcn" if spoken and family == "alexnet" else family, Layers(layers, names)
    listed = ", ".join(_described(layers[i]) for i in weighty[:8]) + (", …" if len(weighty) > 8 else "")
    raise UserError(
        f"another architecture, with weights in the layers {listed or '(none)'}; known are the generator (3 inner "
        "products, 9 deconvolutions), CaffeNet, AlexNet and Places205 (5 convolutions, 3 inner products), and LRCN "
        "(CaffeNet, embedding, two LSTMs, predict)"
    )


def _letter(layer: Layer) -> str:
    """Return the letter of a layer's type, or of its shape if the file has no types."""
    if layer.kind:
        return LETTERS.get(layer.kind, "?")
    return {4: "C", 2: "D"}.get(layer.blobs[0].ndim, "?")


def _between(layers: Sequence[Layer], weighty: dict[int, str], family: str) -> dict[int, str]:
    """Name the layers without weights after the layer with weights that they follow."""
    names, last = {}, ""
    for i, layer in enumerate(layers):
        last = weighty.get(i, last)
        if not layer.blobs and last and layer.kind in WITHOUT:
            kind = WITHOUT[layer.kind]
            names[i] = f"relu_{last}" if family == "generator" else f"{kind}{last[-1]}"
    return names


def _described(layer: Layer) -> str:
    shape = "×".join(map(str, layer.blobs[0].shape))
    return f"{layer.name[:40]} ({layer.kind[:20]} {shape})"
