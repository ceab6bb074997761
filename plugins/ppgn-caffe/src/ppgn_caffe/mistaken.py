"""Recognise what kind of file was given instead of a Caffe net, from its first bytes."""

from __future__ import annotations

from .wire import Corrupt, Message

MEAN = "a mean image, for mean="
NUMPY = "an array of NumPy's"
PROTOTXT = "a prototxt, which describes a net and has no weights"

BEGINNINGS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, such as Caffe writes with snapshot_format: HDF5",
    b"PK\x03\x04": "a zip, such as torch.save and numpy.savez write",
    b"\x80\x02": "a pickle, such as torch.save writes",
    b"\x93NUMPY": NUMPY,
    b"\x1f\x8b": "compressed by gzip",
    b"\xfd7zXZ": "compressed by xz",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"version https://git-lfs": "a pointer of Git LFS to a file that was not fetched",
}


def kind_of(data: memoryview) -> str | None:
    """Describe in words what the file is; None if it may be a Caffe net, or is unknown."""
    start = bytes(data[:4096])
    for beginning, kind in BEGINNINGS.items():
        if start.startswith(beginning):
            return kind
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < len(data):
        return "a file of safetensors"
    if (text := _text(start)) is not None:
        if text.lstrip().lower().startswith(("<!doctype", "<html")):
            return "a web page, where a download may have failed"
        words = ("layer {", "layers {", "layer{", "layers{", "input:", "train_net:", "net:")
        return PROTOTXT if any(word in text for word in words) else "a text"
    return _message(data)


def _text(start: bytes) -> str | None:
    try:
        text = start.decode("utf-8", "strict" if len(start) < 4096 else "ignore")
    except ValueError:
        return None
    return text if text.replace("\n", " ").replace("\t", " ").replace("\r", " ").isprintable() else None


def _message(data: memoryview) -> str | None:
    """Recognise a message by its first fields.

    A net begins with a name, a solver's state and an image with a number.
    """
    try:
        fields = dict(value for value, _ in zip(Message(data).fields(), range(8), strict=False))
    except Corrupt:
        return None
    if not isinstance(fields.get(1), int):
        return None
    if isinstance(fields.get(2), memoryview):
        net = bytes(fields[2][:80]).decode("utf-8", "replace")  # type: ignore[index]
        return f"a solverstate, from which training goes on; the weights are in {net!r}"
    return MEAN if fields.keys() & {5, 8} else None
