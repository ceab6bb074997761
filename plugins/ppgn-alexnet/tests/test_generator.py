"""The up-convolutional generator: the original's layer table, its output's units, and its weights on disk."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ppgn_alexnet.bilateral import bilateral
from ppgn_alexnet.generator import MINI, ORIGINAL, Up, UpConv, UpConvConfig, UpConvGenerator
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.protocols import Code

TINY = UpConvConfig(code=5, fc=(6, 6, 32), channels=2, ups=(Up("deconv1", 3), Up("conv0", 3, stride=1)))


def test_the_original_has_three_connected_and_nine_up_convolutional_layers() -> None:
    with torch.device("meta"):
        original = UpConv(ORIGINAL)
        image = original(torch.empty(2, 4096))
    assert image.shape == (2, 3, 256, 256)
    weights = {name: tuple(p.shape) for name, p in original.named_parameters() if name.endswith("weight")}
    assert [shape for shape in weights.values() if len(shape) == 2] == [(4096, 4096)] * 3
    assert [shape[1:] for shape in weights.values() if len(shape) == 4] == [
        (256, 4, 4),
        (512, 3, 3),
        (256, 4, 4),
        (256, 3, 3),
        (128, 4, 4),
        (128, 3, 3),
        (64, 4, 4),
        (32, 4, 4),
        (3, 4, 4),
    ]


def test_mini_draws_64_pixels() -> None:
    with torch.device("meta"):
        assert UpConv(MINI)(torch.empty(2, 1024)).shape == (2, 3, 64, 64)


def test_a_bgr_generator_on_255_hands_out_rgb_in_unit_range() -> None:
    torch.manual_seed(0)
    plain = UpConv(replace(TINY, mean=(0, 0, 0)))
    caffe = UpConv(replace(TINY, scale=1 / 255, mean=(0.1, 0.2, 0.3), bgr=True))
    caffe.load_state_dict(plain.state_dict())
    h = torch.rand(2, 5)
    expected = plain(h)[:, [2, 1, 0]] / 255 + torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    torch.testing.assert_close(caffe(h), expected)


def test_starting_codes_belong_to_their_chain() -> None:
    generator = UpConv(TINY)
    four, one = generator.draw(ChainNoise(3, 4)), generator.draw(ChainNoise(3, [2]))
    assert four.shape == (4, 5)
    assert torch.equal(four[2:3], one)


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    generator = UpConv(TINY)
    h = torch.rand(2, 5)
    loaded = UpConv.load(tmp_path / "g.safetensors", generator.save(tmp_path / "g.safetensors"))
    assert torch.equal(loaded(h), generator(h))


def test_a_generator_without_filter_is_told_nothing_of_it() -> None:
    class Plain(torch.nn.Module):
        code = Code((3,))

        def forward(self, h: Tensor) -> Tensor:
            return h[:, :, None, None].expand(-1, 3, 4, 4)

        def draw(self, noise: ChainNoise) -> Tensor:
            return noise.normal(0, (3,), stream="start")

    plain = Plain()
    model: Model = Model("plain", {"generator": lambda: plain}, {}, image_size=4)
    h = torch.rand(2, 3)
    for generator in (UpConvGenerator(model), UpConvGenerator(model, as_in_the_paper=True)):
        assert torch.equal(generator(h), plain(h))
    with pytest.raises(UserError, match=r"generator\.smooth=0\.1: model=plain has a G without filter"):
        UpConvGenerator(model, smooth=0.1)


def test_a_smooth_generator_filters_its_output_and_an_option_says_otherwise() -> None:
    plain, smooth = UpConv(TINY), UpConv(replace(TINY, smooth=0.1))
    smooth.load_state_dict(plain.state_dict())
    model: Model = Model("tiny", {"generator": lambda: smooth}, {}, image_size=16)
    h = torch.rand(2, 5)
    torch.testing.assert_close(UpConvGenerator(model)(h), bilateral(plain(h), 0.1))
    torch.testing.assert_close(UpConvGenerator(model, smooth=0.3)(h), bilateral(plain(h), 0.3))
    torch.testing.assert_close(UpConvGenerator(model, smooth=0)(h), plain(h))
    with pytest.raises(UserError, match=r"generator\.smooth=-0\.1: must be a number from 0"):
        plugins.registry().build("generator", {"name": "upconv", "smooth": -0.1}, model=model)


def test_weights_of_a_file_draw_in_place_of_the_model_s(tmp_path: Path) -> None:
    other, large = UpConv(TINY), UpConv(replace(TINY, ups=(Up("deconv2", 3), *TINY.ups)))
    for name, network in (("other", other), ("large", large)):
        network.save(tmp_path / f"{name}.safetensors")
    model: Model = Model("tiny", {"generator": lambda: UpConv(TINY)}, {}, image_size=8)
    h, path = torch.rand(2, 5), str(tmp_path / "other.safetensors")
    drawer = UpConvGenerator(model, weights=path)
    torch.testing.assert_close(drawer(h), other(h))
    assert not torch.allclose(UpConvGenerator(model)(h), other(h))
    assert not any(p.requires_grad for p in drawer.network.parameters())
    for name, told in (("large", "it draws 16 pixels; allowed are 8, as model=tiny has"), ("none", "No such file")):
        with pytest.raises(UserError, match=rf"generator\.weights=.*{name}\.safetensors: {told}"):
            UpConvGenerator(model, weights=str(tmp_path / f"{name}.safetensors"))
