"""Products and mixtures of conditions, against their formulas and, on mini, against what they promise."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from ppgn_combine.combine import Mixture, Product
from ppgn_mini.model import mini
from torch import Tensor

from ppgn_core.__main__ import main
from ppgn_core.clock import Clock
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.protocols import Condition
from ppgn_core.samplers.mala_approx import MalaApprox
from ppgn_core.testing import check_condition


class Normal:
    """log N(x; mean, 1) of one number, so that p(y | x) is one of which everything is known."""

    def __init__(self, mean: float) -> None:
        self.mean = mean

    def log_prob(self, x: Tensor) -> Tensor:
        return -((x[:, 0] - self.mean) ** 2) / 2 - math.log(2 * math.pi) / 2


class Projection:
    """log σ(⟨x, w⟩), a classifier."""

    def __init__(self, seed: int) -> None:
        self.w = torch.randn(3 * 4 * 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.nn.functional.logsigmoid(x.flatten(1) @ self.w.to(x))

    def probability(self, log_prob: Tensor) -> Tensor:
        return log_prob.exp()


TERMS: dict[str, Condition] = {"a": Projection(0), "b": Projection(1), "c": Projection(2)}
WEIGHTS = {"a": 0.3, "c": 2.5}


def images(n: int = 5) -> Tensor:
    return torch.randn(n, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(9)).requires_grad_()


def gradient(condition, x: Tensor) -> Tensor:
    return torch.autograd.grad(condition.log_prob(x).sum(), x)[0]


def test_a_products_value_and_gradient_are_the_terms_weighted_sum() -> None:
    x, weights = images(), {"a": 0.3, "c": -2.5}
    product = Product(TERMS, weights)
    a, b, c = TERMS.values()
    torch.testing.assert_close(product.log_prob(x), 0.3 * a.log_prob(x) + b.log_prob(x) - 2.5 * c.log_prob(x))
    torch.testing.assert_close(gradient(product, x), 0.3 * gradient(a, x) + gradient(b, x) - 2.5 * gradient(c, x))


def test_a_mixture_is_the_weighted_mean_of_the_probabilities() -> None:
    x = images()
    mixture = Mixture(TERMS, WEIGHTS)
    p = [term.log_prob(x).exp() for term in TERMS.values()]
    expected = (0.3 * p[0] + p[1] + 2.5 * p[2]) / 3.8
    torch.testing.assert_close(mixture.log_prob(x), expected.log(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(mixture.probability(mixture.log_prob(x)), expected, rtol=1e-12, atol=1e-12)
    (slope,) = torch.autograd.grad(expected.log().sum(), x)
    torch.testing.assert_close(gradient(mixture, x), slope, rtol=1e-10, atol=1e-12)


class Weighted(Projection):
    """Climbed with a weight of its own."""

    weight = 0.01


def test_a_terms_own_weight_scales_its_gradient_and_not_its_value() -> None:
    x, a, b = images(), Projection(0), Weighted(1)
    product = Product({"a": a, "b": b}, {"b": 2.0})
    torch.testing.assert_close(product.log_prob(x), a.log_prob(x) + 2 * b.log_prob(x))
    torch.testing.assert_close(gradient(product, x), gradient(a, x) + 0.02 * gradient(b, x))
    mixture = Mixture({"a": a, "b": b})
    p = torch.stack([a.log_prob(x).exp(), b.log_prob(x).exp()])
    torch.testing.assert_close(mixture.log_prob(x).exp(), p.mean(0))
    share = (p / p.sum(0))[:, :, None, None, None]
    torch.testing.assert_close(gradient(mixture, x), share[0] * gradient(a, x) + 0.01 * share[1] * gradient(b, x))


def test_a_mixture_has_a_probability_only_if_each_term_has() -> None:
    assert not hasattr(Mixture({"a": Projection(0), "b": Normal(0.0)}), "probability")
    other = Product({"b": Projection(1)}, {"b": -1.0})
    assert not hasattr(Mixture({"a": Projection(0), "not b": other}), "probability")
    unlikely = Mixture({"a": Weighted(0), "b": Weighted(1)})
    x = images()
    p = unlikely.probability(unlikely.log_prob(x))
    torch.testing.assert_close(p, (Projection(0).log_prob(x).exp() + Projection(1).log_prob(x).exp()) / 2)


def test_a_mixture_of_what_is_all_but_impossible_still_has_a_gradient() -> None:
    """exp(−1250) is 0 in float64; far to the right, a mixture of normals is its right one with that one's share."""
    x = torch.full((1, 1), 50.0, dtype=torch.float64, requires_grad=True)
    mixture = Mixture({"left": Normal(-1.0), "right": Normal(0.0)}, {"left": 3.0})
    expected = -1250 - math.log(2 * math.pi) / 2 + math.log(1 / 4)
    torch.testing.assert_close(mixture.log_prob(x), torch.tensor([expected], dtype=torch.float64))
    torch.testing.assert_close(gradient(mixture, x), torch.full((1, 1), -50.0, dtype=torch.float64))


def test_a_product_of_normals_is_a_normal_between_them() -> None:
    """N(0, 1) · N(3, 1)² climbs to the mean of precision-weighted means, 2."""
    product = Product([Normal(0.0), Normal(3.0)], {"1": 2.0})
    x = torch.tensor([[2.0], [1.0]], requires_grad=True)
    torch.testing.assert_close(gradient(product, x), torch.tensor([[0.0], [3.0]]))


@pytest.mark.parametrize("kind", [Product, Mixture])
def test_contract(kind) -> None:
    check_condition(kind(TERMS, WEIGHTS), (3, 4, 4))
    check_condition(kind({"inner": Mixture(TERMS), "a": TERMS["a"]}), (3, 4, 4))


@pytest.mark.parametrize("kind", [Product, Mixture])
@pytest.mark.parametrize(
    ("terms", "weights", "told"),
    [
        ({}, {}, r"condition\.terms=\{\}: allowed are conditions by name"),
        ([], {}, r"condition\.terms=\[\]: allowed are conditions by name"),
        (Projection(0), {}, r"condition\.terms=…: allowed are conditions by name"),
        (TERMS, {"d": 1.0}, r"condition\.weights\.d: no such term; there are: a, b, c"),
        (TERMS, {"a": math.inf}, r"condition\.weights\.a=inf: must be a finite number"),
    ],
)
def test_errors(kind, terms, weights, told) -> None:
    with pytest.raises(UserError, match=told) as error:
        kind(terms, weights)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("weight", [-1.0, 0.0])
def test_a_mixture_has_no_not(weight: float) -> None:
    with pytest.raises(UserError, match=rf"condition\.weights\.a={weight}: allowed are positive numbers"):
        Mixture(TERMS, {"a": weight})


@pytest.fixture(scope="module")
def model() -> Model:
    return mini()


def test_not_lowers_the_probability_of_a_class(model: Model) -> None:
    """From the same start, what is an orange and no lemon is less of a lemon than what is an orange."""
    orange, lemon = ({"name": "alexnet", "target": target} for target in ("orange", "lemon"))
    generator, prior = (
        plugins.registry().build(kind, {"name": name}, model=model, noise=ChainNoise(0, 4))
        for kind, name in (("generator", "upconv"), ("prior", "noiseless_joint"))
    )

    def sampled(weight: float) -> Tensor:
        config = {"name": "product", "terms": {"orange": orange, "lemon": lemon}, "weights": {"lemon": weight}}
        energy = Energy(generator, prior, plugins.registry().build("condition", config, model=model))
        sampler = MalaApprox(energy, ChainNoise(0, 4), 0.03, 5.0, 0.0, clip=True)
        state = sampler.init(generator.draw(ChainNoise(0, 4)))
        for _ in range(12):
            state, _ = sampler.step(state)
        return model.network("classifier")(state.x).log_softmax(1)

    labels = model.labels["classifier"]
    orange_unit, lemon_unit = (labels.find(name).index for name in ("orange", "lemon"))
    alone, without = sampled(0.0), sampled(-0.5)
    assert (without[:, lemon_unit] < alone[:, lemon_unit] - 1).all()
    assert (without[:, orange_unit] > math.log(0.5)).all()


@pytest.mark.parametrize("moved", [False, True])
def test_terms_on_one_network_share_its_pass(model: Model, moved: bool) -> None:
    layer = model.network("classifier").layers["conv1"]
    calls = []
    handle = layer.register_forward_hook(lambda *_: calls.append(1))
    terms = {"a": {"name": "alexnet"}, "b": {"name": "lrcn", "text": "a lemon"}}
    if not moved:  # it sees pictures as they are
        terms["c"] = {"name": "hidden_neuron"}
    chances = {"noise": ChainNoise(0, 2), "clock": Clock()} if moved else {}
    build = plugins.registry().build
    generator, prior = (
        build(kind, {"name": name}, model=model, noise=ChainNoise(0, 2))
        for kind, name in (("generator", "upconv"), ("prior", "noiseless_joint"))
    )
    condition = build("condition", {"name": "product", "terms": terms}, model=model, **chances)
    energy = Energy(generator, prior, condition)
    calls.clear()
    try:
        energy.evaluate(generator.draw(ChainNoise(0, 2)))
    finally:
        handle.remove()
    assert calls == [1]


FISH, LEMON = "fish: {name: alexnet, target: goldfish}", "lemon: {name: lrcn, text: a lemon}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["condition=product", f"condition.terms={{{FISH}, {LEMON}}}", "condition.weights={lemon: -0.5}"],
        ["condition=product", f"condition.terms={{{FISH}, {LEMON}}}", "condition.weights.lemon=2"],
        ["condition=mixture", f"condition.terms={{{FISH}, both: {{name: product, terms: {{{LEMON}}}}}}}"],
        ["condition=mixture", "condition.terms=[alexnet,{name: lrcn, text: a lemon}]", "condition.weights.1=0.5"],
    ],
)
def test_from_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    assert main([*arguments, "n_chains=2", "n_steps=2", "writer=grid", f"out={tmp_path}"]) == 0
    assert (tmp_path / "grid.png").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["condition=product"], "condition.terms is required by condition=product: give condition.terms=…"),
        (["condition=mixture", "condition.terms={}"], "condition.terms={}: allowed are conditions by name"),
        (["condition=product", "condition.terms={a: alexnt}"], "condition.terms.a.name=alexnt: no such condition"),
        (
            ["condition=product", "condition.terms={a: {name: alexnet, target: goldfsh}}"],
            "condition.terms.a.target=goldfsh: no such class; nearest: goldfish",
        ),
        (
            ["condition=product", f"condition.terms={{{FISH}}}", "condition.weights={fsh: 1}"],
            "condition.weights.fsh: no",
        ),
        (
            ["condition=mixture", f"condition.terms={{{FISH}}}", "condition.weights={fish: -1}"],
            "condition.weights.fish=-1",
        ),
    ],
)
def test_errors_of_the_command_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main([*arguments, f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"ppgn: {told}") and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
