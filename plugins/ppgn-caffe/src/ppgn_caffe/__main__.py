"""Import and inspect the release's files: `python -m ppgn_caffe import NAME.caffemodel --to DIR`, `… ls
NAME.caffemodel`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ppgn_core.console import command
from ppgn_core.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, or 2 after a user's error, which is printed in one line."""
    return command("ppgn_caffe", lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _ls(options.file) if options.command == "ls" else _import(options)
    except UserError as error:
        text = " ".join(str(error).split())
        raise UserError(text if str(options.file) in text else f"{options.file}: {text}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ppgn_caffe", description="Networks of the original Caffe release.")
    commands = parser.add_subparsers(dest="command", required=True)
    ls = commands.add_parser("ls", help="show what is inside a .caffemodel")
    ls.add_argument("file", type=Path)
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
    by_role = networks(given.file, Given(given.prototxt, given.mean, given.vocabulary, given.labels))
    if given.role:
        if len(by_role) > 1:
            raise UserError(f"--role {given.role}: the file has several networks, {', '.join(by_role)}")
        by_role = {given.role: next(iter(by_role.values()))}
    for file, network in zip(write(given.file, by_role, given.to), by_role.values(), strict=True):
        print(f"{file}: {network.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
