"""The bilateral filter: against the sum as it is written, and what it is for."""

from itertools import product

import pytest
import torch
from ppgn_alexnet.bilateral import SPACE, bilateral
from torch import Tensor


def written_out(x: Tensor, colour: float) -> Tensor:
    """One image `(C, H, W)`, pixel by pixel."""
    _, height, width = x.shape
    y = torch.empty_like(x)
    for i, j in product(range(height), range(width)):
        total, weight = torch.zeros_like(x[:, 0, 0]), 0.0
        for k, m in product(range(height), range(width)):
            far = (i - k) ** 2 + (j - m) ** 2
            if far <= 5:
                apart = float((x[:, i, j] - x[:, k, m]).square().sum())
                w = torch.exp(torch.tensor(-far / (2 * SPACE**2) - apart / (2 * colour**2), dtype=x.dtype))
                total, weight = total + w * x[:, k, m], weight + float(w)
        y[:, i, j] = total / weight
    return y


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 3, 3), (3, 8, 4)])
def test_it_is_the_sum_over_neighbours(shape: tuple[int, int, int]) -> None:
    x = torch.rand(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(bilateral(x, 0.2), torch.stack([written_out(image, 0.2) for image in x]))


def test_its_gradient() -> None:
    x = torch.rand(1, 2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: bilateral(x, 0.3), x)


def test_the_layout_of_memory_does_not_matter() -> None:
    x = torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    last = x.to(memory_format=torch.channels_last)
    torch.testing.assert_close(bilateral(last, 0.2), bilateral(x, 0.2), rtol=0, atol=0)
    by_x, by_last = (
        torch.autograd.grad(bilateral(leaf.requires_grad_(), 0.2).square().sum(), leaf)[0] for leaf in (x, last)
    )
    torch.testing.assert_close(by_last, by_x, rtol=0, atol=0)


def test_grain_goes_and_edges_stay() -> None:
    edge = torch.zeros(1, 3, 32, 32)
    edge[..., 16:] = 0.8
    grain = 0.03 * torch.randn(edge.shape, generator=torch.Generator().manual_seed(0))
    left = bilateral(edge + grain, 0.1) - edge
    assert left.std() < 0.5 * grain.std()
    assert left.abs().max() < 0.1
