"""Convert LRCN's captioner from the layers embedding, lstm1, lstm2 and predict of its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from ppgn_lrcn.captioner import LRCN_2F, CaptionerConfig
from ppgn_lrcn.vocabulary import EOS, Vocabulary
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.user_input import lines

from .fitting import Layers

CNN = "captioner_cnn"
"""Role of the CaffeNet that was trained with the captioner and is stored in the same file."""


def captioner(layers: Layers, vocabulary: Vocabulary) -> tuple[CaptionerConfig, dict[str, Tensor]]:
    """Return the captioner's sizes and weights.

    Caffe's LSTM is i, f, o, g = W_xc·x + b_c + W_static·image + W_hc·(cont·h), c ← cont·f·c + i·g, h ← o·tanh c, with
    cont = 0 at a caption's first word. It equals ours with an initial state of zeros, after reordering the gates and
    with a single bias.

    Raises:
        UserError: the file has another architecture; the message names the layer or shape that does not fit.
    """
    words, embedding = layers.shape("embedding", 2, n=1)
    hidden = layers.shape("lstm1", 2, n=3)[0] // 4
    features = layers.shape("lstm2", 2, n=4, blob=2)[1]
    if words != len(vocabulary):
        raise UserError(f"the vocabulary has {len(vocabulary) - 1} words; the layer embedding knows {words - 1}")
    gates = 4 * hidden
    (embedded,) = layers.tensors("embedding", (words, embedding))
    x1, b1, h1 = map(_reordered, layers.tensors("lstm1", (gates, embedding), (gates,), (gates, hidden)))
    shapes = (gates, hidden), (gates,), (gates, features), (gates, hidden)
    x2, b2, image, h2 = map(_reordered, layers.tensors("lstm2", *shapes))
    word, bias = layers.tensors("predict", (words, hidden), (words,))
    weights = {
        "embedding.weight": embedded,
        "lstm1.weight_ih_l0": x1,
        "lstm1.weight_hh_l0": h1,
        "lstm1.bias_ih_l0": b1,
        "lstm1.bias_hh_l0": torch.zeros(gates),
        "image.weight": image,
        "lstm2.weight_ih": x2,
        "lstm2.weight_hh": h2,
        "lstm2.bias_ih": b2,
        "lstm2.bias_hh": torch.zeros(gates),
        "word.weight": word,
        "word.bias": bias,
    }
    return replace(LRCN_2F, features=features, embedding=embedding, hidden=hidden, network=CNN), weights


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the release's vocabulary: one word a line, numbered from 1; 0 is the end of a sentence.

    Raises:
        UserError: there is no such file, or a word occurs twice.
    """
    try:
        return Vocabulary([EOS, *lines(path, "vocabulary")])
    except ValueError as error:
        raise UserError(f"vocabulary={path}: {error}") from None


def _reordered(values: Tensor) -> Tensor:
    """Reorder gates from Caffe's i, f, o, g to i, f, g, o."""
    i, f, o, g = values.chunk(4)
    return torch.cat([i, f, g, o])
