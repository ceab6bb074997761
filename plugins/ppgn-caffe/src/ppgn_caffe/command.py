"""Implement `ppgn caffe FILE to=DIR KEY=VALUE …`, which imports the files of the original release."""

from __future__ import annotations

from typing import Literal

from ppgn_core.errors import UserError
from ppgn_core.user_input import home


def caffe(
    file: str,
    to: str | None = None,
    role: Literal["generator", "encoder", "classifier", "places", "captioner", "captioner_cnn"] | None = None,
    labels: str | None = None,
    vocabulary: str | None = None,
    mean: str | None = None,
    prototxt: str | None = None,
) -> None:
    """Import the networks in a file of the original Caffe release for `model=original`, or list the file's layers.

    Args:
        file: a .caffemodel, or Places365's alexnet_places365.pth.tar.
        to: folder for the networks, to be used as `model.folder`; without it the layers of the file are listed.
        role: role of the network in the model, if it is not the one that it has in the release.
        labels: text file of the classes, one a line, such as synset_words.txt or categoryIndex_places205.txt.
        vocabulary: text file of LRCN's words, one a line.
        mean: mean image (.binaryproto or .npy) to subtract instead of the mean pixel.
        prototxt: the net's description, if the file itself does not record the order of its layers.
    """
    texts = {"labels": labels, "vocabulary": vocabulary, "mean": mean, "prototxt": prototxt}
    if to is not None:
        _import(file, to, role, texts)
    elif needless := [key for key, value in {"role": role, **texts}.items() if value is not None]:
        raise UserError(f"to is required by {needless[0]}: the folder to import to, to=DIR")
    else:
        _list(file)


def _list(file: str) -> None:
    from .caffemodel import read_layers
    from .card import listing

    layers = read_layers(home(file, "file"))
    for line in listing(layers):
        print(line)
    n = sum(blob.size for layer in layers for blob in layer.blobs)
    print(f"{len(layers)} layers, {n:,} values")


def _import(file: str, to: str, role: str | None, texts: dict[str, str | None]) -> None:
    from .imported import SideFiles, networks, write

    path = home(file, "file")
    by_role = networks(path, SideFiles(**{key: home(text, key) for key, text in texts.items() if text is not None}))
    if role and len(by_role) > 1:
        raise UserError(f"role={role}: {file} has several networks, {', '.join(by_role)}; leave role out")
    if role:
        by_role = {role: next(iter(by_role.values()))}
    for written, network in zip(write(path, by_role, home(to, "to")), by_role.values(), strict=True):
        print(f"{written}: {network.what}")
