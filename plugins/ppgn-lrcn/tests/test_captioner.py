"""The captioner against LSTMs written out by hand, and the probabilities it must give."""

import itertools
import math
from pathlib import Path

import pytest
import torch
from ppgn_lrcn.captioner import LRCN_2F, Captioner, CaptionerConfig
from ppgn_lrcn.vocabulary import Vocabulary
from torch import nn

WORDS = ["<eos>", "a", "red", "teapot"]


def tiny(visual: int | None = None, classes: int = 0) -> Captioner:
    torch.manual_seed(0)
    config = CaptionerConfig(5 - classes, layer="fc6", embedding=3, hidden=4, visual=visual, classes=classes)
    captioner = Captioner(config, Vocabulary(WORDS)).double().eval()
    for parameter in captioner.parameters():
        nn.init.normal_(parameter, std=0.7)
    return captioner


def by_hand(captioner: Captioner, seen: torch.Tensor, ids: list[int]) -> float:
    """log p of one caption for one image: cell after cell, word after word, the image concatenated as in LRCN-2f."""
    first = nn.LSTMCell(3, 4).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(first, name).data = getattr(captioner.lstm1, f"{name}_l0").data
    n = captioner.config.features
    if captioner.visual is not None:
        seen = torch.cat([captioner.visual(seen[:n]), seen[n:]])
    second = nn.LSTMCell(4 + seen.shape[-1], 4).double()
    second.weight_ih.data = torch.cat([captioner.lstm2.weight_ih.data, captioner.image.weight.data], 1)
    for name in ("weight_hh", "bias_ih", "bias_hh"):
        getattr(second, name).data = getattr(captioner.lstm2, name).data
    one = two = None
    total, before = 0.0, 0
    for word in ids:
        one = first(captioner.embedding.weight[before][None], one)
        two = second(torch.cat([one[0], seen[None]], 1), two)
        scores = (captioner.word.weight @ two[0][0] + captioner.word.bias).tolist()
        total += scores[word] - math.log(sum(math.exp(score) for score in scores))
        before = word
    return total


@pytest.mark.parametrize(("visual", "classes"), [(None, 0), (6, 0), (6, 2), (None, 2)])
@pytest.mark.parametrize("ids", [[0], [3, 0], [1, 2, 3, 0]])
def test_log_prob_is_that_of_cells_by_hand(visual: int | None, classes: int, ids: list[int]) -> None:
    captioner = tiny(visual, classes)
    features = torch.randn(2, 5, dtype=torch.float64)
    found = captioner.log_prob(features, torch.tensor(ids)[:, None])
    assert found.tolist() == pytest.approx([by_hand(captioner, row, ids) for row in features], rel=1e-9)


def test_captions_of_different_lengths_in_a_batch_are_counted_to_their_ends() -> None:
    captioner = tiny()
    features = torch.randn(2, 5, dtype=torch.float64)
    words = torch.tensor([[3, 0, 0, 0], [1, 2, 3, 0]]).T
    expected = [by_hand(captioner, features[0], [3, 0]), by_hand(captioner, features[1], [1, 2, 3, 0])]
    assert captioner.log_prob(features, words).tolist() == pytest.approx(expected, rel=1e-9)


def test_probabilities_of_all_captions_and_of_all_unfinished_ones_sum_to_one() -> None:
    captioner = tiny(visual=3)
    features = torch.randn(1, 5, dtype=torch.float64)
    longest, total = 4, 0.0
    for length in range(longest):
        for ids in itertools.product(range(1, len(WORDS)), repeat=length):
            total += captioner.log_prob(features, torch.tensor([*ids, 0])[:, None]).exp().item()
    for ids in itertools.product(range(1, len(WORDS)), repeat=longest):
        total += captioner.log_prob(features, torch.tensor(ids)[:, None]).exp().item()
    assert total == pytest.approx(1, abs=1e-10)


def test_a_file_keeps_weights_sizes_words_and_their_kinds(tmp_path: Path) -> None:
    captioner = tiny(visual=3).float()
    captioner.vocabulary = Vocabulary(WORDS, [[["red"], ["teapot"]]])
    captioner.save(tmp_path / "captioner.safetensors")
    loaded = Captioner.load(tmp_path / "captioner.safetensors")
    assert loaded.config == captioner.config and loaded.vocabulary.words == captioner.vocabulary.words
    assert loaded.vocabulary.rivals(2) == {3} == captioner.vocabulary.rivals(2)
    features, words = torch.randn(2, 5), torch.tensor([[1], [3], [0]])
    torch.testing.assert_close(loaded.log_prob(features, words), captioner.log_prob(features, words))


def test_greedy_takes_the_likeliest_word_until_the_end() -> None:
    captioner = tiny()
    features = torch.randn(8, 5, dtype=torch.float64)
    said = captioner.greedy(features, longest=5).T.tolist()
    assert len({tuple(ids) for ids in said}) > 1
    for row, ids in zip(features, said, strict=True):
        for t, word in enumerate(ids):
            if 0 in ids[:t]:
                assert word == 0
                continue
            options = [by_hand(captioner, row, [*ids[:t], w]) for w in range(len(WORDS))]
            assert options[word] == max(options)


def test_the_papers_size_has_the_releases_shapes() -> None:
    with torch.device("meta"):
        captioner = Captioner(LRCN_2F, Vocabulary(["<eos>", *(f"word{i}" for i in range(8800))]))
    shapes = {name: tuple(value.shape) for name, value in captioner.state_dict().items()}
    assert shapes["embedding.weight"] == (8801, 1000)
    assert shapes["lstm1.weight_ih_l0"] == shapes["lstm2.weight_ih"] == shapes["image.weight"] == (4000, 1000)
    assert shapes["word.weight"] == (8801, 1000)
    assert not any(name.startswith("visual") for name in shapes)
