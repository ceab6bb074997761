"""The AlexNet family against independent arithmetic, and what its memory may and may not do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ppgn_alexnet.alexnet import CAFFENET, MINI, AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.layers import LocalNorm, Strided
from ppgn_alexnet.one_tower import one_tower

from ppgn_core import forward_cache
from ppgn_core.errors import UserError

TINY = AlexNetConfig(
    convs=(Conv(6, 3, padding=1, pool=True, norm=True), Conv(4, 3, padding=1, groups=2)),
    fc=(8, 7),
    n_classes=5,
    image_size=9,
    resize=11,
    mean=(1.0, 2.0, 3.0),
    scale=10.0,
    channel_order="bgr",
)


@pytest.fixture
def network() -> AlexNet:
    torch.manual_seed(0)
    return AlexNet(TINY).eval()


def test_caffenet_has_the_original_layer_table() -> None:
    with torch.device("meta"):
        original = AlexNet(CAFFENET)
    assert sum(p.numel() for p in original.parameters()) == 60_965_224  # BVLC's model zoo
    shapes = {name: tuple(p.shape) for name, p in original.named_parameters()}
    assert shapes["layers.conv2.0.weight"] == (256, 48, 5, 5)
    assert shapes["layers.fc6.1.weight"] == (4096, 256 * 6 * 6)


def test_layers_stand_in_their_order() -> None:
    with torch.device("meta"):
        pool_first, norm_first = AlexNet(CAFFENET), AlexNet(replace(CAFFENET, first="norm"))
    assert list(pool_first.layers)[:6] == ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2"]
    assert list(norm_first.layers)[:6] == ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]


def test_preprocessing_crops_the_centre_and_takes_bgr_less_the_mean(network: AlexNet) -> None:
    x = torch.rand(2, 3, 11, 11)
    expected = x[:, [2, 1, 0], 1:10, 1:10] * 10 - torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    torch.testing.assert_close(network.preprocess(x), expected)


@pytest.mark.parametrize(
    ("size", "channels", "kernel", "stride", "padding", "groups"),
    [(227, 3, 11, 4, 0, 1), (64, 3, 5, 2, 2, 1), (10, 3, 3, 4, 1, 1), (13, 6, 4, 3, 0, 3), (12, 4, 4, 2, 1, 2)],
)
def test_a_strided_convolution_and_its_gradients_are_torchs(
    size: int, channels: int, kernel: int, stride: int, padding: int, groups: int
) -> None:
    torch.manual_seed(0)
    strided = Strided(channels, 6, kernel, stride, padding, groups=groups).double()
    plain = torch.nn.Conv2d(channels, 6, kernel, stride, padding, groups=groups).double()
    plain.load_state_dict(strided.state_dict())
    x = torch.randn(2, channels, size, size + 1, dtype=torch.float64, requires_grad=True)
    expected = plain(x)
    values, unseen = strided(x), strided(x.detach())
    torch.testing.assert_close(values, expected)
    torch.testing.assert_close(unseen, expected)
    slope = torch.randn_like(expected)
    assert strided.bias is not None and plain.bias is not None
    for mine, theirs in zip(
        torch.autograd.grad(values, (x, strided.weight, strided.bias), slope),
        torch.autograd.grad(expected, (x, plain.weight, plain.bias), slope),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize(("channels", "n"), [(8, 5), (3, 5), (6, 1)])
def test_local_normalisation_and_its_gradient_are_torchs(channels: int, n: int) -> None:
    x = torch.randn(2, channels, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    plain = torch.nn.LocalResponseNorm(n, alpha=n / 4, beta=0.75, k=1.5)
    norm = LocalNorm(channels, n, alpha=n / 4, beta=0.75, k=1.5).double()
    torch.testing.assert_close(norm(x), plain(x))
    slopes = (torch.autograd.grad(norm(x).sin().sum(), x)[0] for norm in (norm, plain))
    torch.testing.assert_close(*slopes)


def test_pooling_and_normalisation_follow_caffe() -> None:
    """Windows of 3 step by 2, the last reaching over the edge; LRN divides by (1 + α/n · Σ x²)^β over 5 channels."""
    torch.manual_seed(0)
    network = AlexNet(replace(TINY, image_size=10, resize=10)).eval().requires_grad_(False)
    values = network.activations(torch.rand(1, 3, 10, 10), ("conv1", "pool1", "norm1"))
    before = values["conv1"][0].numpy()
    places = range(0, 10, 2)
    pooled = np.array([[[c[i : i + 3, j : j + 3].max() for j in places] for i in places] for c in before])
    np.testing.assert_allclose(values["pool1"][0].numpy(), pooled)
    squares = np.pad(pooled**2, ((2, 2), (0, 0), (0, 0)))
    around = sum(squares[k : k + 6] for k in range(5))
    np.testing.assert_allclose(values["norm1"][0].numpy(), pooled / (1 + 1e-4 / 5 * around) ** 0.75, rtol=1e-5)


def test_folding_batch_norm_changes_nothing() -> None:
    torch.manual_seed(0)
    network = AlexNet(replace(MINI, n_classes=5))
    for _ in range(3):
        network(torch.rand(4, 3, 64, 64))  # running statistics move away from 0 and 1
    x = torch.rand(4, 3, 64, 64)
    torch.testing.assert_close(network.eval().fold()(x), network(x), rtol=1e-4, atol=1e-5)


def test_a_mean_image_is_kept_with_the_weights(tmp_path: Path) -> None:
    network = AlexNet(replace(TINY, mean_image=True)).eval()
    x = torch.rand(2, 3, 11, 11)
    torch.testing.assert_close(network.preprocess(x), AlexNet(TINY).preprocess(x))  # the pixel, until there is an image
    network.preprocess.mean.copy_(torch.rand(1, 3, 9, 9))
    network.save(tmp_path / "net.safetensors")
    for other in (AlexNet.load(tmp_path / "net.safetensors"), network.fold()):
        torch.testing.assert_close(other.preprocess(x), x.flip(1)[..., 1:10, 1:10] * 10 - network.preprocess.mean)


def test_before_relu(network: AlexNet) -> None:
    x = torch.rand(2, 3, 11, 11)
    assert network.rectified() == ["conv1", "conv2", "fc3", "fc4"]
    for name in network.rectified():
        before = network.before_relu(x, name)
        assert (before < 0).any()
        torch.testing.assert_close(before.relu(), network.activations(x, (name,))[name])
    with pytest.raises(KeyError):
        network.before_relu(x, "pool1")


def test_gradient_against_finite_differences(network: AlexNet) -> None:
    network.double()
    x = torch.rand(1, 3, 11, 11, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, (x,))


class Counting(torch.nn.Module):
    """Counts how often a layer runs."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer, self.calls = layer, 0

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.layer(value)


def test_one_pass_serves_condition_and_prior(network: AlexNet) -> None:
    network.layers["conv1"] = counting = Counting(network.layers["conv1"])
    x = torch.rand(2, 3, 11, 11, requires_grad=True) * 1
    with forward_cache.opened() as cache:
        logits = network(x)
        shown = x.detach()
        cache.equate(shown, x)
        with torch.no_grad():
            code = network.activations(shown, ("fc3",))["fc3"]
    assert counting.calls == 1
    assert not code.requires_grad
    torch.testing.assert_close(code, network.activations(x.detach().clone(), ("fc3",))["fc3"])
    logits.sum().backward()  # its graph is still whole


def test_two_conditions_share_a_pass_and_its_graph(network: AlexNet) -> None:
    """The gradient of a sum of two layers is the sum of the gradients that separate passes find."""
    network.requires_grad_(False)
    counting = {name: Counting(network.layers[name]) for name in ("conv1", "fc3", "fc5")}
    network.layers.update(counting)
    h = torch.rand(2, 3, 11, 11, requires_grad=True)

    def gradient(*names: str) -> torch.Tensor:
        x = h * 1
        with forward_cache.opened():
            value = torch.stack([network.activations(x, (name,))[name].square().sum() for name in names]).sum()
            return torch.autograd.grad(value, h)[0]

    expected = gradient("fc3") + gradient("fc5")
    before = {name: layer.calls for name, layer in counting.items()}
    torch.testing.assert_close(gradient("fc3", "fc5"), expected)
    assert {name: layer.calls - before[name] for name, layer in counting.items()} == {"conv1": 1, "fc3": 1, "fc5": 1}


def test_values_without_a_graph_are_never_given_to_who_wants_one(network: AlexNet) -> None:
    network.requires_grad_(False)
    network.layers["conv1"] = counting = Counting(network.layers["conv1"])
    x = torch.rand(2, 3, 11, 11, requires_grad=True) * 1
    with forward_cache.opened():
        with torch.no_grad():
            plain = network(x)
        assert network(x).requires_grad and counting.calls == 2
        with torch.no_grad():
            assert torch.equal(network(x), plain) and counting.calls == 2


def test_nothing_is_kept_beyond_an_evaluation_or_in_training(network: AlexNet) -> None:
    network.layers["conv1"] = counting = Counting(network.layers["conv1"])
    x = torch.rand(2, 3, 11, 11)
    network(x), network(x)
    assert counting.calls == 2
    for _ in range(2):
        with forward_cache.opened():
            network(x), network(x), network(x.clone())
    assert counting.calls == 2 + 2 * 2
    network.train()
    with forward_cache.opened():
        network(x), network(x)
    assert counting.calls == 2 + 2 * 2 + 2


def test_unknown_layer(network: AlexNet) -> None:
    with pytest.raises(KeyError, match="fc9"):
        network.activations(torch.rand(1, 3, 11, 11), ("fc9",))


def test_weights_come_back_as_they_were(network: AlexNet, tmp_path: Path) -> None:
    x = torch.rand(2, 3, 11, 11)
    digest = network.save(tmp_path / "net.safetensors")
    torch.testing.assert_close(AlexNet.load(tmp_path / "net.safetensors", digest)(x), network(x), rtol=0, atol=0)
    with pytest.raises(UserError, match="sha256"):
        AlexNet.load(tmp_path / "net.safetensors", "0" * 64)
    data = (tmp_path / "net.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="not a file of weights"):
        AlexNet.load(tmp_path / "cut.safetensors")
    with pytest.raises(UserError, match="No such file"):
        AlexNet.load(tmp_path / "none.safetensors")


def test_nothing_is_shared_between_precisions() -> None:
    network = AlexNet(TINY).eval()
    x = torch.rand(2, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        network.activations(x, ("conv1",))
    assert network(x).dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("features.3.weight", (), "the kernels of features.0 or the units of classifier are not AlexNet's"),
        ("classifier.1.weight", (4, 0), "the kernels of features.0 or the units of classifier are not AlexNet's"),
        ("features.3.weight", (4, 4, 99, 99), "not AlexNet's: nothing is left of the image after conv2"),
        ("features.6.weight", (4, 4, 2, 3), "the tensor of layers.conv3.0.weight has the shape"),
        ("features.6.bias", None, "features.6.bias is missing"),
    ],
)
def test_state_dicts_that_are_no_alexnets(name: str, shape: tuple[int, ...] | None, told: str) -> None:
    kernels: dict[str, tuple[int, ...]] = {"features.0": (4, 3, 11, 11), "features.3": (4, 4, 5, 5)}
    kernels |= {f"features.{i}": (4, 4, 3, 3) for i in (6, 8, 10)}
    kernels |= {"classifier.1": (5, 4 * 36), "classifier.4": (6, 5), "classifier.6": (7, 6)}
    state = {f"{layer}.weight": torch.ones(shape) for layer, shape in kernels.items()}
    state |= {f"{layer}.bias": torch.ones(shape[0]) for layer, shape in kernels.items()}
    assert one_tower(state)[0].n_classes == 7
    changed = {key: value for key, value in state.items() if key != name}
    with pytest.raises(UserError, match=told):
        one_tower(changed if shape is None else {**changed, name: torch.ones(shape)})
