"""What may be wrong with the samples of a run folder, and links in it that lead elsewhere."""

from __future__ import annotations

import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

STEPS = 22
SIDE = 16
"""Of a sample, in pixels."""

Change = Callable[[Path, random.Random], None]
"""Of a run folder that was fine before."""


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def sample_cases(touch: str, outside: Path) -> dict[str, Change]:
    def one(change: Change) -> Change:
        def changed(run: Path, rng: random.Random) -> None:
            change(rng.choice(sorted((run / "samples").iterdir())), rng)

        return changed

    def bomb(path: Path, rng: random.Random) -> None:
        head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
        parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
        chunks = (struct.pack(">I", len(c)) + t + c + struct.pack(">I", zlib.crc32(t + c)) for t, c in parts)
        replace(path, b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    def cut(path: Path, rng: random.Random) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: rng.randrange(20, len(content) - 20)])

    def postscript(path: Path, rng: random.Random) -> None:
        program = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 {SIDE} {SIDE}\n(%pipe%{touch}) (w) file closefile\n"
        replace(path, program.encode() + b"%%EOF\n")

    def size(width: int, height: int) -> Change:
        return one(lambda path, rng: Image.new("RGB", (width, height)).save(path))

    def every(width: int, height: int) -> Change:
        def change(run: Path, rng: random.Random) -> None:
            for path in (run / "samples").iterdir():
                Image.new("RGB", (width, height)).save(path)

        return change

    def pipe(path: Path, rng: random.Random) -> None:
        path.unlink()
        os.mkfifo(path)

    def last_is_missing(run: Path, rng: random.Random) -> None:
        for path in (run / "samples").glob(f"*_step_{STEPS:04d}.png"):
            path.unlink()

    def alike(run: Path, rng: random.Random) -> None:
        for path in (run / "samples").iterdir():
            shutil.copyfile(outside / "picture.png", path)

    def palette(path: Path, rng: random.Random) -> None:
        Image.open(path).convert("P").save(path)

    def folder(path: Path, rng: random.Random) -> None:
        path.unlink()
        path.mkdir()

    def samples_is_a_file(run: Path, rng: random.Random) -> None:
        shutil.rmtree(run / "samples")
        (run / "samples").write_text("")

    return {
        "a sample is cut": one(cut),
        "a sample is a text": one(lambda path, rng: replace(path, b"no picture")),
        "a sample is empty": one(lambda path, rng: replace(path, b"")),
        "a sample is a JPEG": one(lambda path, rng: Image.open(path).save(path, "JPEG")),
        "a sample is a program in PostScript": one(postscript),
        "a sample is 50,000 pixels wide": one(bomb),
        "a sample is a pipe": one(pipe),
        "a sample is a folder": one(folder),
        "a sample is of another size": size(SIDE + 1, SIDE),
        "a sample is of one pixel": size(1, 1),
        "all samples are of one pixel": every(1, 1),
        "all samples are lines": every(5000, 1),
        "there are no samples": lambda run, rng: shutil.rmtree(run / "samples"),
        "the last samples are missing": last_is_missing,
        "samples is a file": samples_is_a_file,
        "odd all samples are one": alike,
        "odd a sample with a palette": one(palette),
        "odd a sample is missing": one(lambda path, rng: path.unlink()),
    }


def link_cases(outside: Path) -> dict[str, Change]:
    def moved(run: Path, rng: random.Random) -> None:
        shutil.rmtree(run / "samples")
        (run / "samples").symlink_to(outside)

    def replaced(name: str, target: Path | str) -> Change:
        def change(run: Path, rng: random.Random) -> None:
            (run / name).unlink(missing_ok=True)
            (run / name).symlink_to(target)

        return change

    return {
        "samples leads elsewhere": moved,
        "trace.jsonl leads nowhere": replaced("trace.jsonl", outside / "nowhere"),
        "trace.jsonl leads to a device": replaced("trace.jsonl", "/dev/zero"),
        "run.json leads to itself": replaced("run.json", "run.json"),
        "odd a link of the report's name": replaced("report.html", outside / "kept.txt"),
        "odd a link to all above": replaced("above", ".."),
    }
