"""The condition on a small random model: what it adds up, its gradient, and its errors."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_lrcn.captioner import Captioner, CaptionerConfig
from ppgn_lrcn.condition import ALONE, LRCN, TOGETHER
from ppgn_lrcn.vocabulary import Vocabulary
from torch import nn

from ppgn_core.api import component
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.views import Views

CLASSIFIER = AlexNetConfig(
    convs=(Conv(4, 3, stride=2, padding=1, pool=True),),
    fc=(7, 6),
    n_classes=5,
    image_size=16,
    resize=16,
    mean=(1.0, 1.0, 1.0),
    scale=2.0,
)


KINDS = [[["teapot", "pot"], ["cup"]], [["red"], ["blue"]]]


def model(kinds: Sequence[Sequence[Sequence[str]]] = (), classes: int = 0) -> Model:
    torch.manual_seed(0)
    config = CaptionerConfig(features=7, layer="fc2", embedding=3, hidden=4, visual=5, classes=classes)
    captioner = Captioner(config, Vocabulary(["<eos>", "a", "teapot", "teapots", "pot", "cup", "red", "blue"], kinds))
    classifier = AlexNet(CLASSIFIER)
    for parameter in (*captioner.parameters(), *classifier.parameters()):
        nn.init.normal_(parameter, std=0.5)
    return Model("tiny", {"captioner": captioner.double, "classifier": classifier.double}, {}, 16)


def images(n: int = 3) -> torch.Tensor:
    return torch.rand(n, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_log_prob_is_the_captioners_at_the_layer_it_was_trained_on_and_counts_the_end() -> None:
    bundle, x = model(), images()
    condition = LRCN(bundle, "a teapot")
    features = bundle.network("classifier").activations(x, ("fc2",))["fc2"]
    with_end = bundle.network("captioner").log_prob(features, torch.tensor([[1], [2], [0]]))
    without = bundle.network("captioner").log_prob(features, torch.tensor([[1], [2]]))
    assert condition.layer == "fc2"
    torch.testing.assert_close(condition.log_prob(x), with_end)
    assert condition.weight == TOGETHER
    torch.testing.assert_close(LRCN(bundle, "a teapot", weight=1.0).log_prob(x), with_end)
    assert (with_end < without).all()


def test_the_captioner_may_see_what_the_classifier_says() -> None:
    bundle, x = model(classes=5), images()
    network, captioner = bundle.network("classifier"), bundle.network("captioner")
    features = network.activations(x, ("fc2",))["fc2"]
    expected = captioner.log_prob(torch.cat([features, network(x).log_softmax(1)], 1), torch.tensor([[1], [2], [0]]))
    torch.testing.assert_close(LRCN(bundle, "a teapot", weight=1.0).log_prob(x), expected)


def test_words_are_weighed_against_their_rivals_and_others_are_left_out() -> None:
    bundle, x = model(kinds=KINDS), images()
    condition = LRCN(bundle, "a red teapot", weight=1.0)
    features, captioner = bundle.network("classifier").activations(x, ("fc2",))["fc2"], bundle.network("captioner")

    def p(text: str) -> torch.Tensor:
        """Of a word after others, from whole captions' probabilities."""
        ids = torch.tensor(captioner.vocabulary.encode(text)[:-1])[:, None]
        return (captioner.log_prob(features, ids) - captioner.log_prob(features, ids[:-1])).exp()

    red = p("a red") / (p("a red") + p("a blue"))
    teapot = p("a red teapot") / (p("a red teapot") + p("a red cup"))
    torch.testing.assert_close(condition.log_prob(x), red.log() + teapot.log())
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), (red * teapot).sqrt())


def test_a_word_alone_weighs_as_a_class_and_a_sum_of_words_less() -> None:
    bundle, x, clock = model(kinds=KINDS), images(), Clock()
    condition = LRCN(bundle, ["a teapot", "a red teapot"], clock=clock, switch_every=1)
    for step, (text, weight) in enumerate((("a teapot", ALONE), ("a red teapot", TOGETHER))):
        clock.step = step
        whole = LRCN(bundle, text, weight=1.0)
        torch.testing.assert_close(condition.log_prob(x), whole.log_prob(x))
        assert condition.weight == weight
        p = whole.probability(whole.log_prob(x))
        torch.testing.assert_close(condition.probability(condition.log_prob(x)), p)


def test_all_words_are_weighed_where_that_is_asked_or_none_has_rivals() -> None:
    bundle, x = model(kinds=KINDS), images()
    without = LRCN(model(), "a teapot").log_prob(x)
    torch.testing.assert_close(LRCN(bundle, "a teapot", among="all").log_prob(x), without)
    assert not torch.allclose(LRCN(bundle, "a teapot").log_prob(x), without)
    torch.testing.assert_close(LRCN(bundle, "a").log_prob(x), LRCN(model(), "a").log_prob(x))


def test_the_network_is_shown_moved_pictures_where_that_is_asked() -> None:
    bundle, x, noise, clock = model(), images(), ChainNoise(0, 3), Clock()
    condition = LRCN(bundle, "a teapot", shift=3, noise=noise, clock=clock)
    moved = Views(noise, clock, side=16, shift=3)(x)
    torch.testing.assert_close(condition.log_prob(x), LRCN(bundle, "a teapot").log_prob(moved))
    assert not torch.allclose(moved, x)


@pytest.mark.parametrize(
    ("kinds", "classes"),
    [((), 0), (KINDS, 5), pytest.param((), 5, marks=pytest.mark.long), pytest.param(KINDS, 0, marks=pytest.mark.long)],
)
def test_gradient_against_finite_differences(kinds: Sequence[Sequence[Sequence[str]]], classes: int) -> None:
    condition = LRCN(model(kinds, classes), "a teapot")
    assert torch.autograd.gradcheck(condition.log_prob, images(1).requires_grad_(), eps=1e-7, atol=1e-5)


def test_an_image_does_not_depend_on_its_batch() -> None:
    condition, x = LRCN(model(), "teapots"), images(4)
    alone = torch.cat([condition.log_prob(image[None]) for image in x])
    assert len(alone.unique()) == 4
    torch.testing.assert_close(condition.log_prob(x), alone, rtol=1e-12, atol=0)


def test_a_gradient_step_makes_the_caption_likelier() -> None:
    condition, x = LRCN(model(), "a teapot"), images().requires_grad_()
    before = condition.log_prob(x)
    (slope,) = torch.autograd.grad(before.sum(), x)
    assert (condition.log_prob(x + 1e-3 * slope) > before).all()


@pytest.mark.parametrize("weight", [1.0, 0.1])
def test_probability_is_the_geometric_mean_of_the_words(weight: float) -> None:
    condition = LRCN(model(), "a teapot", weight=weight)
    assert condition.probability(torch.tensor([0.0, -3.0])).tolist() == pytest.approx([1.0, 0.36787944])


def test_an_unknown_word_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"condition.text='a teepot': 'teepot' is not in .*, nearest: teapot"):
        LRCN(model(), "a teepot")


@pytest.mark.parametrize("text", [None, True, False, 7, 1e3, float("nan"), {"a": 1}, [["a"]], [None], []])
def test_what_yaml_made_of_a_caption_is_read_as_its_words_or_told_of(text: Any) -> None:
    with pytest.raises(UserError, match=r"condition.text="):
        LRCN(model(), text)


def test_a_number_is_a_word_where_the_vocabulary_has_it() -> None:
    captioner = Captioner(CaptionerConfig(features=7, layer="fc2", embedding=3, hidden=4), Vocabulary(["<eos>", "7"]))
    bundle = Model("tiny", {"captioner": lambda: captioner, "classifier": lambda: AlexNet(CLASSIFIER)}, {}, 16)
    said = LRCN(bundle, 7).captions.now.words  # type: ignore[arg-type]
    assert said.flatten().tolist() == [1, 0]


def test_a_layer_that_is_not_there_or_does_not_fit() -> None:
    with pytest.raises(UserError, match=r"condition.layer=fc9: classifier has no such layer; it has: .*fc2"):
        LRCN(model(), "a teapot", layer="fc9")
    with pytest.raises(UserError, match=r"condition.layer=fc3: it has 6 values, .* fc2's 7"):
        LRCN(model(), "a teapot", layer="fc3").log_prob(images())
    with pytest.raises(UserError, match=r"condition.layer=fc3: it has 11 values, classes too, .* fc2's 12"):
        LRCN(model(classes=5), "a teapot", layer="fc3").log_prob(images())


def test_a_weight_that_is_not_positive() -> None:
    with pytest.raises(UserError, match=r"condition.weight=0: must be a number above 0"):
        component("condition", {"name": "lrcn", "text": "a teapot", "weight": 0}, model=model())
