"""The imported captioner against Caffe's LSTM, written out in NumPy."""

import numpy as np
import pytest
import torch
from ppgn_lrcn.captioner import Captioner

from .networks import imported
from .schema import SMALL, alexnet, lrcn, write
from .transcription import caption, slope

WORDS = ["<unk>", "a", "red", "teapot", "on"]
FEATURES = 7
SPECS = lrcn(words=len(WORDS) + 1, features=FEATURES, embedding=5, hidden=4)


@pytest.fixture(scope="module")
def captioner(tmp_path_factory: pytest.TempPathFactory) -> Captioner:
    folder = tmp_path_factory.mktemp("lrcn")
    model, _ = write(folder, "lrcn", [*alexnet(**SMALL), *SPECS], ("data", (1, 3, 227, 227)))
    (folder / "vocabulary.txt").write_text("\n".join(WORDS))
    imported(folder, model, f"vocabulary={folder / 'vocabulary.txt'}")
    assert (folder / "captioner_cnn.safetensors").exists()
    return Captioner.load(folder / "captioner.safetensors").double()


@pytest.mark.parametrize("text", ["a red teapot", "teapot", "a red teapot on a red teapot"])
def test_every_word_is_as_likely_as_caffe_finds_it(captioner: Captioner, text: str) -> None:
    words = captioner.vocabulary.encode(text)
    assert words[0] == WORDS.index(text.split()[0]) + 1  # the release counts from 1
    for seed in range(3):
        features = np.random.default_rng(seed).standard_normal(FEATURES)
        terms, _ = caption(SPECS, features, words)
        found = captioner.log_prob(torch.from_numpy(features)[None], torch.tensor(words)[:, None])
        assert found.item() == pytest.approx(sum(terms), rel=1e-9)


def test_gradients_whole_and_truncated(captioner: Captioner) -> None:
    """Whole, it is that of the sum; truncated, as the released sampler has it, each word's own."""
    words = captioner.vocabulary.encode("a red teapot")
    features = np.random.default_rng(0).standard_normal(FEATURES)
    leaf = torch.from_numpy(features)[None].requires_grad_()

    def gradient(truncated: bool) -> np.ndarray:
        log_prob = captioner.log_prob(leaf, torch.tensor(words)[:, None], truncated=truncated)
        return torch.autograd.grad(log_prob.sum(), leaf)[0].numpy()[0]

    whole = slope(lambda f: sum(caption(SPECS, f, words)[0]), features)
    released = caption(SPECS, features, words)[1]
    np.testing.assert_allclose(gradient(False), whole, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(gradient(True), released, rtol=1e-6, atol=1e-8)
    assert np.abs(whole - released).max() > 1e-3


def test_it_says_which_network_it_sees_by(captioner: Captioner) -> None:
    assert (captioner.config.network, captioner.config.layer) == ("captioner_cnn", "fc8")
