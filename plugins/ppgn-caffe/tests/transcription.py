"""Caffe's layers, the nets of the release and its sampler's step, written out in NumPy, float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

EDGE = (256 - 227) // 2


def conv(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """`(C, H, W)` → `(O, H', W')`; the groups are those that the weights' shape tells."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(x, w.shape[2:], (1, 2))[:, ::stride, ::stride]
    groups = len(x) // w.shape[1]
    parts = zip(np.split(windows, groups), np.split(w, groups), strict=True)
    return np.concatenate([np.einsum("chwij,ocij->ohw", v, k, optimize=True) for v, k in parts]) + b[:, None, None]


def deconv(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """Every value puts its kernel, times itself, `stride` apart; the edge of `pad` is cut off."""
    side, kernel = (x.shape[1] - 1) * stride + w.shape[2], w.shape[2]
    out = np.zeros((w.shape[1], side, side))
    for i in range(kernel):
        for j in range(kernel):
            put = np.einsum("chw,co->ohw", x, w[:, :, i, j])
            out[:, i : side - kernel + i + 1 : stride, j : side - kernel + j + 1 : stride] += put
    return out[:, pad : side - pad, pad : side - pad] + b[:, None, None]


def pool(x: np.ndarray) -> np.ndarray:
    """Maxima over 3 × 3, 2 apart, the last over the edge: Caffe rounds up."""
    side = math.ceil((x.shape[1] - 3) / 2) * 2 + 3
    x = np.pad(x, ((0, 0), (0, side - x.shape[1]), (0, side - x.shape[2])), constant_values=-np.inf)
    return sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].max((3, 4))


def lrn(x: np.ndarray) -> np.ndarray:
    """x / (1 + α/5 · Σ x²)^β over 5 channels."""
    squares = np.pad(x**2, ((2, 2), (0, 0), (0, 0)))
    return x / (1 + 1e-4 / 5 * sum(squares[k : k + len(x)] for k in range(5))) ** 0.75


def run(specs: list, x: np.ndarray) -> dict[str, np.ndarray]:
    """All tops of a net of `schema.Spec`, those that ReLUs overwrite as the ReLUs leave them."""
    tops = {specs[0].bottom: x}
    for spec in specs:
        given, params = tops[spec.bottom], spec.params
        blobs = [blob.astype(np.float64) for blob in spec.blobs]
        if spec.kind in ("Convolution", "Deconvolution"):
            function = conv if spec.kind == "Convolution" else deconv
            value = function(given, blobs[0], blobs[1], params.get("stride", 1), params.get("pad", 0))
        elif spec.kind == "InnerProduct":
            value = blobs[0] @ given.ravel() + blobs[1]
        elif spec.kind == "ReLU":
            value = np.where(given > 0, given, given * params.get("negative_slope", 0))
        elif spec.kind == "Reshape":
            value = given.reshape(params["shape"][1:])
        elif spec.kind == "Softmax":
            value = softmax(given)
        else:
            value = {"Pooling": pool, "LRN": lrn}[spec.kind](given)
        tops[spec.top] = value
    return tops


def softmax(x: np.ndarray) -> np.ndarray:
    exponentials = np.exp(x - x.max())
    return exponentials / exponentials.sum()


def slope(function, h: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The gradient of a function to numbers, by central differences."""
    shifts = step * np.eye(len(h))
    return np.array([(function(h + shift) - function(h - shift)) / (2 * step) for shift in shifts])


def official_step(G: list, C: list, h: np.ndarray, unit: int, noise: np.ndarray, epsilons: tuple, size: float = 1.0):
    """The released sampler's: what G draws, cropped to 227, goes into C = E as it is.

    d = ε1 (E(G(h)) − h) + ε2 (1 − p_y) ∂l_y/∂h + ε3 · noise;  h ← clip(h + s · d / mean|d|, 0, 30)
    """

    def seen(h: np.ndarray) -> dict[str, np.ndarray]:
        return run(C, run(G, h)["deconv0"][:, EDGE : EDGE + 227, EDGE : EDGE + 227])

    tops = seen(h)
    condition = (1 - tops["prob"][unit]) * slope(lambda h: seen(h)["fc8"][unit], h)
    d = epsilons[0] * (tops["fc6"] - h) + epsilons[1] * condition + epsilons[2] * noise
    return np.clip(h + size / np.abs(d).mean() * d, 0, 30)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(x, cont, h, c, blobs, static=None):
    """One time step of Caffe's LSTM: gates i, f, o, g; `cont` 0 forgets what was before."""
    w_xc, b_c, *w_static, w_hc = blobs
    gates = w_xc @ x + b_c + w_hc @ (cont * h) + (w_static[0] @ static if w_static else 0)
    i, f, o, g = np.split(gates, 4)
    c = cont * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def caption(specs: list, features: np.ndarray, words: list[int]) -> tuple[list[float], np.ndarray]:
    """log p of every word, and the released sampler's gradient in the features.

    The net runs a word at a time, the state before it being given: each word's gradient goes no further back.
    """
    embedding, one, two, predict = ([blob.astype(np.float64) for blob in spec.blobs] for spec in specs)
    h1 = c1 = h2 = c2 = np.zeros(len(one[1]) // 4)
    terms, gradient = [], np.zeros_like(features)
    for t, word in enumerate(words):
        before = words[t - 1] if t else 0
        cont = float(before != 0)
        h1, c1 = lstm(embedding[0][before], cont, h1, c1, one)

        def term(seen, h1=h1, cont=cont, h2=h2, c2=c2, word=word):
            h, _ = lstm(h1, cont, h2, c2, two, seen)
            return np.log(softmax(predict[0] @ h + predict[1])[word])

        terms.append(term(features))
        gradient += slope(term, features) if len(features) < 50 else 0
        h2, c2 = lstm(h1, cont, h2, c2, two, features)
    return terms, gradient
