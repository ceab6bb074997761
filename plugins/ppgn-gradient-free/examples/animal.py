"""Play the animal of a closed loop: a neuron that likes orange answers each picture twice, with noise.

python animal.py FOLDER &
python -m ppgn_core sampler=cma_es condition=scores condition.folder=FOLDER prior=none n_steps=20 save_every=1
"""

import csv
import random
import sys
import time
from pathlib import Path

from PIL import Image

ORANGE = (255, 140, 0)


def answer(picture: Path) -> float:
    """Return spikes per second: fewer, the farther the mean colour is from orange."""
    pixels = Image.open(picture).convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return 50 - sum(abs(a - b) for a, b in zip(pixels, ORANGE, strict=True)) / 10 + random.gauss(0, 0.5)


folder = Path(sys.argv[1])
while True:
    for generation in sorted(folder.glob("generation_*")):
        if not (generation / "scores.csv").exists():
            rows = [[picture.name, answer(picture), answer(picture)] for picture in sorted(generation.glob("*.png"))]
            with (generation / "part.csv").open("w", newline="") as file:
                csv.writer(file).writerows([["file", "first", "second"], *rows])
            (generation / "part.csv").rename(generation / "scores.csv")
    time.sleep(0.05)
