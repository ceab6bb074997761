"""Looks at an image: where they may be, whose they are, and what passes for the same one."""

import pytest
import torch
from torch import Tensor

from ppgn_core import forward_cache
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.views import Views


def views(chains: list[int] | int = 4, clock: Clock | None = None, n: int = 1, seed: int = 0) -> Views:
    return Views(ChainNoise(seed, chains), clock or Clock(), side=12, shift=2, flip=True, n=n)


def images(n: int = 4) -> Tensor:
    return torch.rand(n, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def drawn(x: Tensor) -> Tensor:
    """As a generator gives it: no leaf."""
    return x.requires_grad_() * 1.0


def test_they_move_and_mirror_within_bounds() -> None:
    x = torch.arange(12.0).expand(400, 1, 12, 12)
    for seen in (views(400, n=2)(x), views(400, n=2)(x.mT).mT):
        first, second = seen.unflatten(0, (2, 400))
        allowed = {tuple(range(at, at + 8)) for at in range(5)}
        rows = {tuple(int(v) for v in row) for row in seen[:, 0, 5, 2:10]}
        assert allowed <= rows <= allowed | {row[::-1] for row in allowed}
        assert not torch.equal(first, second)
    mirrored = views(400)(x)[:, 0, 0].diff(dim=1)[:, 5] < 0
    assert 0.4 < mirrored.float().mean() < 0.6


def test_edges_are_reflected() -> None:
    x = images(1)
    padded = torch.nn.functional.pad(x, [2] * 4, mode="reflect")
    windows = padded.unfold(2, 12, 1).unfold(3, 12, 1)[0].permute(1, 2, 0, 3, 4).flatten(0, 1)
    allowed = torch.cat([windows, windows.flip(-1)])
    found = {int((seen == allowed).flatten(1).all(1).nonzero()) for seen in views(400)(x.expand(400, -1, -1, -1))}
    assert len(found) > 40  # of the 50


def test_each_is_a_window_of_the_reflected_image_perhaps_mirrored() -> None:
    noise = ChainNoise(3, 4)
    x = torch.rand(4, 3, 8, 10)
    looks = Views(noise, Clock(), 8, 2, flip=True, n=3)(x).view(3, 4, 3, 8, 10)
    padded = torch.nn.functional.pad(x, [2] * 4, mode="reflect")
    for image, chances in enumerate(noise.uniform(0, (3, 3), "views").tolist()):
        for view, (a, b, mirror) in enumerate(chances):
            top, left = int(5 * a), int(5 * b)
            window = padded[image, :, top : top + 8, left : left + 10]
            assert torch.equal(looks[view, image], window.flip(-1) if mirror < 0.5 else window)


def test_they_are_the_chains_own_at_every_step_and_repeat() -> None:
    clock, x = Clock(), images()
    together = views(clock=clock)(x)
    for k in range(4):
        torch.testing.assert_close(views([k], clock)(x[k : k + 1])[0], together[k], rtol=0, atol=0)
    assert not torch.equal(views(clock=clock, seed=1)(x), together)
    clock.step = 1
    assert not torch.equal(views(clock=clock)(x), together)
    clock.step = 0
    torch.testing.assert_close(views(clock=clock)(x), together, rtol=0, atol=0)
    assert clock.changes_every_step  # samplers that compare must know


def test_gradient_against_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda x: views()(x).square(), images().requires_grad_())


def test_without_noise_or_movement_it_is_the_image_and_nothing_turns() -> None:
    clock, x = Clock(), images()
    assert Views(None, clock, side=12, shift=2, flip=True)(x) is x
    assert Views(ChainNoise(0, 4), clock, side=12, shift=0, flip=False)(x) is x
    assert not clock.changes_every_step


def test_within_an_evaluation_an_image_is_looked_at_once() -> None:
    look, x = views(), drawn(images())
    with forward_cache.opened():
        first = look(x)
        assert look(x) is first
        with torch.no_grad():
            assert not look(x).requires_grad and torch.equal(look(x), first)
    with forward_cache.opened():
        assert look(x) is not first and torch.equal(look(x), first)
    assert look(x) is not first


def test_looks_without_a_graph_are_never_given_to_who_wants_one() -> None:
    x, look = drawn(images()), views()
    with forward_cache.opened():
        with torch.no_grad():
            look(x)
        (once,) = torch.autograd.grad(look(x).square().sum(), x)
    (twice,) = torch.autograd.grad(look(x).square().sum(), x)
    torch.testing.assert_close(once, twice, rtol=0, atol=0)


def test_a_model_knows_what_suits_its_networks_and_shares_the_looks() -> None:
    model, noise, clock = Model("tiny", {}, {}, 12, shift={"classifier": 3}), ChainNoise(0, 4), Clock()
    suits = model.views("classifier", None, noise, clock)
    assert (suits.shift, suits.flip) == (3, False)
    assert model.views("encoder", None, noise, clock).shift == 0
    assert model.views("places", 3, noise, clock) is suits
    assert model.views("classifier", 3, noise, Clock()) is not suits


@pytest.mark.parametrize(("shift", "told"), [(-1, "whole numbers from 0"), (12, "less than the 12 pixels")])
def test_a_shift_out_of_range(shift: int, told: str) -> None:
    with pytest.raises(UserError, match=f"condition.shift={shift}: allowed (are|is) {told}"):
        Model("tiny", {}, {}, 12).views("classifier", shift, ChainNoise(0, 1), Clock())
