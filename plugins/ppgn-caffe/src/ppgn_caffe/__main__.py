"""`python -m ppgn_caffe import NAME.caffemodel --to DIR`, `python -m ppgn_caffe ls NAME.caffemodel`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ppgn_core.console import command
from ppgn_core.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit code: 0, or 2 after an error of the user's, told in a line."""
    return command("ppgn_caffe", lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    given = _parser().parse_args(arguments)
    try:
        return _ls(given.file) if given.command == "ls" else _import(given)
    except UserError as error:
        text = " ".join(str(error).split())
        raise UserError(text if str(given.file) in text else f"{given.file}: {text}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ppgn_caffe", description="Networks of the original Caffe release.")
    commands = parser.add_subparsers(dest="command", required=True)
    shown = commands.add_parser("ls", help="show what is inside a .caffemodel")
    shown.add_argument("file", type=Path)
    brought = commands.add_parser("import", help="write a file's networks as safetensors, for model=original")
    brought.add_argument("file", type=Path, help=".caffemodel, or Places365's alexnet_places365.pth.tar")
    brought.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder of model.folder")
    brought.add_argument("--prototxt", type=Path, help="the net's layers, where the file itself does not tell them")
    brought.add_argument("--mean", type=Path, help="mean image (.binaryproto) to subtract in place of the mean pixel")
    brought.add_argument("--labels", type=Path, help="the classes, one a line: synset_words.txt, categoryIndex_….txt")
    brought.add_argument("--vocabulary", type=Path, help="LRCN's words, one a line")
    brought.add_argument("--role", help="what it is to be in the model, where that is not what it is in the release")
    return parser


def _ls(path: Path) -> int:
    from .caffemodel import read_layers
    from .card import listing

    layers = read_layers(path)
    for line in listing(layers):
        print(line)
    n = sum(blob.size for layer in layers for blob in layer.blobs)
    print(f"{len(layers)} layers, {n:,} values")
    return 0


def _import(given: argparse.Namespace) -> int:
    from .imported import ROLES, Given, networks, write

    if given.role not in (None, *ROLES):
        raise UserError(f"--role {given.role}: allowed are {', '.join(ROLES)}")
    found = networks(given.file, Given(given.prototxt, given.mean, given.vocabulary, given.labels))
    if given.role:
        if len(found) > 1:
            raise UserError(f"--role {given.role}: the file has several networks, {', '.join(found)}")
        found = {given.role: next(iter(found.values()))}
    for file, network in zip(write(given.file, found, given.to), found.values(), strict=True):
        print(f"{file}: {network.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
