"""A chain's randomness is its own."""

import torch

from ppgn_core.noise import ChainNoise


def test_a_chain_draws_the_same_numbers_whatever_the_batch_around_it():
    full = ChainNoise(5, 16)
    for chains in ([3], [2, 3, 4, 9], list(range(16))):
        noise = ChainNoise(5, chains)
        assert torch.equal(noise.normal(7, (2, 5)), full.normal(7, (2, 5))[chains])
        assert torch.equal(noise.uniform(7, (5,)), full.uniform(7, (5,))[chains])


def test_every_address_has_numbers_of_its_own():
    shape = (64,)
    draws = torch.stack(
        [
            ChainNoise(seed, [chain]).normal(step, shape, stream)[0]
            for seed in (0, 1)
            for chain in (0, 1)
            for step in (0, 1)
            for stream in ("step", "start")
        ]
    )
    correlation = torch.corrcoef(draws) - torch.eye(len(draws))
    assert correlation.abs().max() < 0.5  # independent draws of 64: standard deviation 1/8


def test_moments():
    noise = ChainNoise(0, 4)
    normal, uniform = noise.normal(0, (50_000,)), noise.uniform(0, (50_000,))
    assert normal.dtype == uniform.dtype == torch.float32
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs(uniform.mean() - 0.5) < 0.01
    assert uniform.min() >= 0
    assert uniform.max() < 1
