"""The measures agree with independent implementations on the same inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ppgn_eval.diversity import WEIGHTS, WINDOW, ms_ssim, share_more_diverse, within_classes
from ppgn_eval.manifold import precision_recall
from ppgn_eval.quality import frechet_distance, inception_score, kernel_distance, named
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def sets(rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of samples and of real images that overlap in part."""
    mixed = torch.randn(6, 6, generator=rng)
    return torch.randn(150, 6, generator=rng) @ mixed / 2.5 + 0.3, torch.randn(150, 6, generator=rng)


def test_accuracy_counts_the_first_and_the_first_few() -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0], [1.0, 3.0, 2.0]])
    truth = torch.tensor([0, 1, 0, 0])
    assert named(logits, truth).value == pytest.approx(0.25)
    assert named(logits, truth, first=2).value == pytest.approx(0.75)
    assert named(logits, truth, first=5).value == 1


def test_inception_score_is_torch_fidelitys(rng: torch.Generator) -> None:
    logits = 3 * torch.randn(200, 10, generator=rng)
    theirs = isc_features_to_metric(logits, splits=1)["inception_score_mean"]
    assert inception_score(logits) == pytest.approx(theirs, rel=1e-4)


def test_inception_score_of_sure_and_of_clueless_judges() -> None:
    assert inception_score(100 * torch.eye(7)) == pytest.approx(7)
    assert inception_score(torch.zeros(7, 7)) == pytest.approx(1)


def test_frechet_distance_is_torch_fidelitys(sets: tuple[torch.Tensor, torch.Tensor]) -> None:
    theirs = fid_statistics_to_metric(*map(fid_features_to_statistics, sets), verbose=False)
    assert frechet_distance(*sets) == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)


def test_kernel_distance_is_torch_fidelitys(sets: tuple[torch.Tensor, torch.Tensor]) -> None:
    theirs = kid_features_to_metric(*sets, kid_subsets=1, kid_subset_size=150, rng_seed=0, verbose=False)
    assert kernel_distance(*sets) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)


def test_kernel_distance_of_sets_of_two_sizes_leaves_the_global_noise_alone(
    sets: tuple[torch.Tensor, torch.Tensor],
) -> None:
    whole = kernel_distance(*sets)
    before = torch.random.get_rng_state()
    part = kernel_distance(sets[0][:140], sets[1])
    assert part == kernel_distance(sets[0][:140], sets[1])
    assert part == pytest.approx(whole, rel=0.2)
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("k", [1, 3])
def test_precision_and_recall_are_those_of_a_loop_over_points(sets: tuple[torch.Tensor, torch.Tensor], k: int) -> None:
    features, real = (points[:40].double().numpy() for points in sets)

    def within(points: np.ndarray, centres: np.ndarray) -> float:
        inside = 0
        for point in points:
            for i, centre in enumerate(centres):
                others = sorted(np.linalg.norm(centre - other) for j, other in enumerate(centres) if j != i)
                if np.linalg.norm(point - centre) <= others[k - 1]:
                    inside += 1
                    break
        return inside / len(points)

    expected = within(features, real), within(real, features)
    assert precision_recall(sets[0][:40], sets[1][:40], k) == pytest.approx(expected)
    assert 0 < expected[0] < 1


def test_precision_and_recall_take_more_points_than_neighbours() -> None:
    with pytest.raises(ValueError, match="more than 3 samples and real images are needed, there are 3 and 9"):
        precision_recall(torch.rand(3, 2), torch.rand(9, 2))


def blurred(n: int, size: int, rng: torch.Generator) -> torch.Tensor:
    """Images with something at every scale."""
    coarse = torch.nn.functional.interpolate(torch.rand(n, 3, 8, 8, generator=rng), size=(size, size), mode="bilinear")
    return (coarse + 0.3 * torch.rand(n, 3, size, size, generator=rng)).clamp(0, 1)


def windows(x: torch.Tensor) -> torch.Tensor:
    """The mean of each window of 11 × 11, with Gaussian weights of σ = 1.5."""
    at = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    gaussian = torch.exp(-at.square() / (2 * 1.5**2))
    kernel = torch.outer(gaussian, gaussian) / gaussian.sum() ** 2
    return torch.nn.functional.conv2d(x, kernel.expand(3, 1, WINDOW, WINDOW), groups=3)


@pytest.mark.parametrize(
    ("size", "scales"),
    [(32, 2), (64, 3), (176, 5), *(pytest.param(*case, marks=pytest.mark.long) for case in ((128, 4), (256, 5)))],
)
def test_ms_ssim_is_wang_et_als(rng: torch.Generator, size: int, scales: int) -> None:
    """Their Eq. 7, written out, with C1 = 0.01² and C2 = 0.03²."""
    x, other = blurred(2, size, rng).double(), blurred(2, size, rng).double()
    for y in (other, (x + 0.2 * torch.rand(x.shape, generator=rng)).clamp(0, 1)):
        a, b, expected = x, y, torch.ones(2, 3, dtype=torch.float64)
        for scale, weight in enumerate(WEIGHTS[:scales]):
            mean_a, mean_b = windows(a), windows(b)
            variances = windows(a * a) - mean_a**2 + windows(b * b) - mean_b**2
            term = (2 * (windows(a * b) - mean_a * mean_b) + 0.03**2) / (variances + 0.03**2)
            if scale == scales - 1:
                term = term * (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
            expected = expected * term.mean((2, 3)).clamp(min=0) ** (weight / sum(WEIGHTS[:scales]))
            a, b = (torch.nn.functional.avg_pool2d(image, 2) for image in (a, b))
        torch.testing.assert_close(ms_ssim(x, y), expected.mean(1))
    assert (expected < 0.99).all() and (expected > 0.3).all()


def test_ms_ssim_takes_images_as_large_as_its_window(rng: torch.Generator) -> None:
    x = torch.rand(2, 3, WINDOW, WINDOW, generator=rng)
    torch.testing.assert_close(ms_ssim(x, x), torch.ones(2))
    with pytest.raises(ValueError, match="10 pixels"):
        ms_ssim(x[..., 1:, 1:], x[..., 1:, 1:])


def test_within_classes_is_the_mean_over_pairs(rng: torch.Generator) -> None:
    x = torch.rand(3, 3, 32, 32, generator=rng)
    pairs = [ms_ssim(x[[a]], x[[b]]) for a, b in ((0, 1), (0, 2), (1, 2))]
    found = within_classes({0: x, 1: x[:1], 2: x[:1].expand(4, 3, 32, 32)}, pairs=10)
    assert found == {0: pytest.approx(float(torch.cat(pairs).mean())), 2: pytest.approx(1)}
    assert within_classes({0: x}, size=48)[0] != pytest.approx(found[0], rel=1e-3)
    assert len(within_classes({0: x}, pairs=1)) == 1


def test_share_more_diverse_counts_classes_below_the_most_alike_real_one() -> None:
    assert share_more_diverse({0: 0.1, 1: 0.3, 2: 0.25}, {0: 0.2, 1: 0.28}) == pytest.approx(2 / 3)
    assert math.isnan(share_more_diverse({0: 0.1}, {}))
