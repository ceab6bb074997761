"""Read the layers of a .prototxt: their order, types and settings, in protobuf's text format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ppgn_core.errors import UserError
from ppgn_core.weights import regular

from .caffemodel import KINDS, NEW, OLD_KINDS, V0, Layer, padded

TOKEN = re.compile(r"""\s*(?:#[^\n]*\s*)*(?:("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.+-]+|[{}:;,<>\[\]])|$)""")
MAX_BYTES = 4 << 20
MAX_DEPTH = 32
SETTINGS = {name for group in (*NEW.values(), V0) for name in group.values()}
ENUMS = {"MAX": 0.0, "AVE": 1.0, "STOCHASTIC": 2.0, "ACROSS_CHANNELS": 0.0, "WITHIN_CHANNEL": 1.0}
V1_KINDS = {kind.upper(): kind for kind in KINDS.values()} | {"INNER_PRODUCT": "InnerProduct"}

Fields = list[tuple[str, Any]]


def read_prototxt(path: Path) -> list[Layer]:
    """Read the layers of a .prototxt, in its order and without blobs.

    Raises:
        UserError: there is no such file, or it is not in protobuf's text format.
    """
    regular(path, f"prototxt={path}")
    try:
        with path.open(encoding="utf-8") as file:
            fields = _block(_tokens(file.read(MAX_BYTES)), 0)
        layers = [value for name, value in fields if name in ("layer", "layers") and isinstance(value, list)]
        return padded([_layer(value) for value in layers])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # includes files that are not text
        raise UserError(f"{path}: not a prototxt: {error}") from None


def in_order(described: list[Layer], stored: list[Layer]) -> list[Layer]:
    """Combine a prototxt's layers with the blobs of the same name in a caffemodel, as Caffe loads a net."""
    blobs = {layer.name: layer.blobs for layer in stored if layer.blobs}
    return [replace(layer, blobs=blobs.get(layer.name, [])) for layer in described]


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}: {text[at : at + 20]!r}")
        at = match.end()
        if match[1]:
            yield match[1]


def _block(tokens: Iterator[str], depth: int) -> Fields:
    """Read the fields up to the block's end; a value is a string, or the fields of a block."""
    if depth > MAX_DEPTH:
        raise ValueError("blocks are nested too deeply")
    fields: Fields = []
    for name in tokens:
        if name in "}>" and depth:
            return fields
        if name in ",;":
            continue
        value = next(tokens, None)
        if value == ":":
            value = next(tokens, None)
        if value is None or not re.match(r"\w", name):
            raise ValueError(f"{name!r} has no value")
        if value in ("{", "<"):
            fields.append((name, _block(tokens, depth + 1)))
        elif value == "[":
            items = [one for one in iter(lambda: next(tokens, "]"), "]") if one != ","]
            if set(items) & set("{}<>[:;"):
                raise ValueError(f"{name!r} is a list of blocks, which no layer of these networks has")
            fields += [(name, one.strip("\"'")) for one in items]
        else:
            fields.append((name, value.strip("\"'")))
    if depth:
        raise ValueError("a block is not closed")
    return fields


def _layer(fields: Fields) -> Layer:
    """Convert the fields of one layer.

    V0 nests the layer within the block; other versions nest its settings in blocks of their own.
    """
    inner = [value for name, value in fields if name == "layer" and isinstance(value, list)]
    own = dict(inner[0] if inner else fields)
    kind = str(own.get("type", ""))
    layer = Layer(str(own.get("name", "")), OLD_KINDS.get(kind, V1_KINDS.get(kind, kind)))
    for name, value in own.items():
        settings = value if isinstance(value, list) and name.endswith("_param") else [(name, value)]
        for key, text in settings:
            key = {"kernelsize": "kernel_size"}.get(key, key)
            if key in SETTINGS and isinstance(text, str):
                layer.settings[key] = ENUMS[text] if text in ENUMS else float(text)
    layer.bottoms, layer.tops = ([str(v) for n, v in fields if n == end] for end in ("bottom", "top"))
    return layer
