"""More than two hundred damaged files: each ends in one line, in bounded memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from .networks import PEAK
from .schema import SMALL, alexnet, net

SCRIPT = (
    PEAK
    + """
import contextlib, hashlib, io, json
from pathlib import Path
from ppgn_core.api import command_line
told = []
for path in sorted(Path(sys.argv[1]).glob("*.caffemodel")):
    error, folder = io.StringIO(), path.with_suffix("")
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        code = command_line("caffe", [str(path), f"to={folder}"])
    made = sorted(file.name for file in folder.iterdir()) if folder.exists() else []
    whole = hashlib.sha256((folder / "places.safetensors").read_bytes()).hexdigest() if made else None
    told.append([path.name, code, error.getvalue(), made, whole])
print(json.dumps([told, peak_kilobytes()]))
"""
)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def damaged(random: np.random.Generator) -> dict[str, bytes]:
    """Files by name: cut off, with a bit turned outside of the values, or with a length that is too large."""
    made = net(alexnet(**SMALL))
    data = made.SerializeToString()
    values = np.zeros(len(data), bool)
    lengths: list[tuple[int, int]] = []  # where the number of bytes of what follows stands
    last = 0
    for layer in made.layer:
        parts = [layer, *layer.blobs]
        for part in parts:
            start = data.find(part.SerializeToString(), last)
            size = len(varint(part.ByteSize()))
            assert data[start - size : start] == varint(part.ByteSize())
            lengths.append((start - size, start))
        for blob in layer.blobs:
            floats = np.array(blob.data, np.float32).tobytes()
            start = data.find(floats, last)
            values[start : start + len(floats)] = True
            lengths.append((start - len(varint(len(floats))), start))
            last = start
    end = int(np.flatnonzero(values)[-1])
    files = {f"cut_{i:03d}": data[:at] for i, at in enumerate(random.integers(1, end, 80))}
    for i, at in enumerate(random.choice(np.flatnonzero(~values[:end]), 160, replace=False)):
        turned = bytearray(data)
        turned[at] ^= 1 << random.integers(8)
        files[f"turned_{i:03d}"] = bytes(turned)
    for i in range(60):
        start, stop = lengths[random.integers(len(lengths))]
        same = b"\xff" * (stop - start - 1) + b"\x7f"
        files[f"long_{i:03d}"] = data[:start] + (same, b"\xff" * 9 + b"\x01", varint(2**31 - 1))[i % 3] + data[stop:]
    return {"whole": data, **files}


def test_each_ends_in_one_line(tmp_path: Path) -> None:
    """A bit may stand where nothing is read, such as in the name of a top; then the networks must be the same."""
    files = damaged(np.random.default_rng(0))
    assert len(files) == 301
    for name, data in files.items():
        (tmp_path / f"{name}.caffemodel").write_bytes(data)
    command, one = [sys.executable, "-c", SCRIPT, str(tmp_path)], {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=one)
    assert done.returncode == 0, done.stderr
    told, kilobytes = json.loads(done.stdout)
    outcomes = {name.removesuffix(".caffemodel"): rest for name, *rest in told}
    code, error, _, whole = outcomes.pop("whole")
    assert (code, error) == (0, "") and whole
    refused = 0
    for name, (code, error, made, found) in outcomes.items():
        if code == 0:
            assert name.startswith("turned") and error == "" and found == whole, name
            continue
        refused += 1
        assert code == 2 and error.count("\n") == 1 and error.startswith("ppgn caffe: "), (name, error)
        assert f"{name}.caffemodel: " in error and "Traceback" not in error
        assert made == [], name
    assert refused >= 200
    assert kilobytes < 1e6
