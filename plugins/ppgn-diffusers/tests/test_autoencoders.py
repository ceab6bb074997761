"""The autoencoders of latent diffusion, with random weights, against forward passes written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from ppgn_diffusers.vae import vae
from ppgn_joint.noiseless import NoiselessJoint
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from ppgn_core import sample
from ppgn_core.errors import UserError
from ppgn_core.testing import check_generator, check_layers

State = dict[str, Tensor]
SMALL: dict[str, Any] = {
    "block_out_channels": (16, 32),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 8,
    "layers_per_block": 1,
    "scaling_factor": 0.3,
    "shift_factor": 0.1,
}
STABLE_DIFFUSION: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}


def norm(w: State, name: str, v: Tensor, groups: int) -> Tensor:
    return F.group_norm(v, groups, w[f"{name}.weight"], w[f"{name}.bias"], 1e-6)


def conv(w: State, name: str, v: Tensor, **keys: Any) -> Tensor:
    return F.conv2d(v, w[f"{name}.weight"], w[f"{name}.bias"], **keys)


def residual(w: State, name: str, v: Tensor, groups: int) -> Tensor:
    inside = conv(w, f"{name}.conv1", F.silu(norm(w, f"{name}.norm1", v, groups)), padding=1)
    inside = conv(w, f"{name}.conv2", F.silu(norm(w, f"{name}.norm2", inside, groups)), padding=1)
    return (conv(w, f"{name}.conv_shortcut", v) if f"{name}.conv_shortcut.weight" in w else v) + inside


def attention(w: State, name: str, v: Tensor, groups: int) -> Tensor:
    flat = norm(w, f"{name}.group_norm", v, groups).flatten(2).transpose(1, 2)
    q, k, value = (flat @ w[f"{name}.to_{x}.weight"].T + w[f"{name}.to_{x}.bias"] for x in "qkv")
    mixed = (q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).softmax(-1) @ value
    mixed = mixed @ w[f"{name}.to_out.0.weight"].T + w[f"{name}.to_out.0.bias"]
    return v + mixed.transpose(1, 2).view_as(v)


def middle(w: State, name: str, v: Tensor, groups: int) -> Tensor:
    v = residual(w, f"{name}.mid_block.resnets.0", v, groups)
    v = attention(w, f"{name}.mid_block.attentions.0", v, groups)
    return residual(w, f"{name}.mid_block.resnets.1", v, groups)


def there(w: State, name: str) -> bool:
    return any(key.startswith(f"{name}.") for key in w)


def decoded(w: State, z: Tensor, groups: int) -> Tensor:
    """The decoder of Rombach et al. 2022, from its tensors."""
    v = conv(w, "decoder.conv_in", conv(w, "post_quant_conv", z), padding=1)
    v = middle(w, "decoder", v, groups)
    i = 0
    while there(w, block := f"decoder.up_blocks.{i}"):
        j = 0
        while there(w, name := f"{block}.resnets.{j}"):
            v, j = residual(w, name, v, groups), j + 1
        if there(w, f"{block}.upsamplers"):
            v = conv(w, f"{block}.upsamplers.0.conv", F.interpolate(v, scale_factor=2.0), padding=1)
        i += 1
    return conv(w, "decoder.conv_out", F.silu(norm(w, "decoder.conv_norm_out", v, groups)), padding=1)


def encoded(w: State, x: Tensor, groups: int) -> Tensor:
    """The mean of q(z | x)."""
    v, i = conv(w, "encoder.conv_in", x, padding=1), 0
    while there(w, block := f"encoder.down_blocks.{i}"):
        j = 0
        while there(w, name := f"{block}.resnets.{j}"):
            v, j = residual(w, name, v, groups), j + 1
        if there(w, f"{block}.downsamplers"):
            v = conv(w, f"{block}.downsamplers.0.conv", F.pad(v, (0, 1, 0, 1)), stride=2)
        i += 1
    v = F.silu(norm(w, "encoder.conv_norm_out", middle(w, "encoder", v, groups), groups))
    return conv(w, "quant_conv", conv(w, "encoder.conv_out", v, padding=1)).chunk(2, 1)[0]


def picture(n: int, side: int) -> Tensor:
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("config", "groups", "size", "scale", "shift"),
    [(SMALL, 8, 16, 0.3, 0.1), (STABLE_DIFFUSION, 32, 32, 0.18215, 0.0)],
    ids=["small", "the true shapes"],
)
def test_what_diffusers_saved(
    config: dict[str, Any], groups: int, size: int, scale: float, shift: float, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network: Any = AutoencoderKL(**config)
    network.save_pretrained(tmp_path / "vae")
    weights = {name: value.detach() for name, value in network.state_dict().items()}
    model = vae(str(tmp_path), "vae", size)
    G, E = model.network("generator"), model.network("encoder")
    h, x = torch.randn(2, *G.code.shape), picture(2, size)
    with torch.no_grad():
        torch.testing.assert_close(G(h), (decoded(weights, h / scale + shift, groups) + 1) / 2, rtol=1e-3, atol=1e-4)
        code = (encoded(weights, 2 * x - 1, groups) - shift) * scale
        torch.testing.assert_close(E.activations(x, ("latent",))["latent"], code, rtol=1e-3, atol=1e-4)
        prior = NoiselessJoint(model)
        torch.testing.assert_close(prior.score(h, x), code - h, rtol=1e-3, atol=1e-4)


def taesd(seed: int = 0) -> tuple[State, State]:
    """Tensors of the true shapes under the names of TAESD's release."""
    torch.manual_seed(seed)

    def layers(plan: str, first: int, last: int, start: int) -> State:
        state: State = {}
        for k, kind in enumerate(plan, start):
            inputs, outputs = first if k == start else 64, last if k == start + len(plan) - 1 else 64
            if kind in "cd":
                state[f"{k}.weight"] = 0.1 * torch.randn(outputs, inputs, 3, 3)
            if kind == "c":
                state[f"{k}.bias"] = 0.1 * torch.randn(outputs)
            if kind == "b":
                for j in (0, 2, 4):
                    state[f"{k}.conv.{j}.weight"] = 0.05 * torch.randn(64, 64, 3, 3)
                    state[f"{k}.conv.{j}.bias"] = 0.1 * torch.randn(64)
        return state

    return layers(ENCODER, 3, 4, 0), layers(DECODER, 4, 3, 1)


ENCODER = "cbdbbbdbbbdbbbc"
DECODER = "crbbbudbbbudbbbudbc"
"""Layers by number: a convolution, one without bias, a residual block, a ReLU, doubling of the size."""


def tiny(w: State, plan: str, v: Tensor, start: int, down: bool) -> Tensor:
    for k, kind in enumerate(plan, start):
        if kind in "cd":
            v = F.conv2d(v, w[f"{k}.weight"], w.get(f"{k}.bias"), 2 if down and kind == "d" else 1, 1)
        elif kind == "b":
            inside = v
            for j in (0, 2, 4):
                inside = conv(w, f"{k}.conv.{j}", F.relu(inside) if j else inside, padding=1)
            v = F.relu(v + inside)
        else:
            v = F.relu(v) if kind == "r" else F.interpolate(v, scale_factor=2.0)
    return v


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_taesds_own_files(suffix: str, tmp_path: Path) -> None:
    """Its pictures are in [0, 1], and its decoder first clamps by 3·tanh(z/3)."""
    encoder, decoder = taesd()
    for name, state in (("taesd_encoder", encoder), ("taesd_decoder", decoder)):
        save_file(state, tmp_path / f"{name}{suffix}") if suffix == ".safetensors" else torch.save(
            state, tmp_path / f"{name}{suffix}"
        )
    model = vae(str(tmp_path), size=32)
    G, E = model.network("generator"), model.network("encoder")
    h, x = torch.randn(2, 4, 4, 4), picture(2, 32)
    with torch.no_grad():
        torch.testing.assert_close(G(h), tiny(decoder, DECODER, 3 * (h / 3).tanh(), 1, False), rtol=1e-3, atol=1e-4)
        latent = tiny(encoder, ENCODER, x, 0, True)
        torch.testing.assert_close(E.activations(x, ("latent",))["latent"], latent, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    torch.manual_seed(0)
    network: Any = AutoencoderKL(**SMALL)
    network.save_pretrained(folder)
    return folder


def test_contracts(small: Path) -> None:
    model = vae(str(small), size=16)
    check_generator(model.network("generator"))
    check_layers(model.network("encoder"), picture(2, 16))


def test_a_run_with_the_priors_that_make_sense(small: Path, tmp_path: Path) -> None:
    for prior in ("noiseless_joint", "gaussian", "none"):
        result = sample(
            "experiment=vae",
            f"model.weights={small}",
            prior=prior,
            condition={"target": "lemon", "size": 32, "shift": 2},
            model={"size": 32},
            n_chains=2,
            n_steps=2,
            out=str(tmp_path / prior),
        )
        assert result.images.shape == (2, 3, 32, 32) and result.codes.shape == (2, 4, 16, 16)
        assert (tmp_path / prior / "grid.png").exists()


def test_a_tiny_one_of_diffusers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    widths = {"encoder_block_out_channels": (8, 8, 8), "decoder_block_out_channels": (8, 8, 8)}
    blocks = {"num_encoder_blocks": (1, 1, 1), "num_decoder_blocks": (1, 1, 1)}
    network: Any = AutoencoderTiny(**widths, **blocks)
    network.save_pretrained(tmp_path)
    model = vae(str(tmp_path), size=16)
    h = torch.randn(2, 4, 4, 4)
    with torch.no_grad():
        torch.testing.assert_close(model.network("generator")(h), (network.eval().decode(h).sample + 1) / 2)


def edited(folder: Path, small: Path, **config: Any) -> Path:
    table = json.loads((small / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(table))
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(
        (small / "diffusion_pytorch_model.safetensors").read_bytes()
    )
    return folder


def test_bad_input_is_one_line(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    other = tmp_path / "other"
    other.mkdir()
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("/nowhere", {}, "model.weights=/nowhere: no such folder; allowed is also a name on the hub, OWNER/NAME"),
        ("owner/name", {}, "model.weights=owner/name: no autoencoder can be read there: "),
        (str(other), {}, f"model.weights={other}: no autoencoder can be read there: "),
        (str(small), {"size": 17}, "model.size=17: allowed are multiples of 2"),
    ]
    for weights, keys, message in cases:
        with pytest.raises(UserError) as error:
            vae(weights, **keys)
        assert message in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(UserError, match="it is of UNet2DModel; allowed are AutoencoderKL and AutoencoderTiny"):
        vae(str(edited(other, small, _class_name="UNet2DModel")))
    edited(other, small)
    tensors = load_file(small / "diffusion_pytorch_model.safetensors")
    for change in ("missing", "of another shape", "not a number"):
        worse = dict(tensors)
        if change == "missing":
            worse.pop("decoder.conv_in.weight")
        elif change == "of another shape":
            worse["decoder.conv_in.weight"] = torch.zeros(3)
        else:
            worse["decoder.conv_in.weight"] = torch.full_like(tensors["decoder.conv_in.weight"], torch.nan)
        save_file(worse, other / "diffusion_pytorch_model.safetensors", {"format": "pt"})
        with pytest.raises(UserError, match=r"decoder\.conv_in\.weight") as error:
            vae(str(other), size=16)
        assert "\n" not in str(error.value)


def test_half_of_taesd_is_refused(tmp_path: Path) -> None:
    save_file(taesd()[0], tmp_path / "taesd_encoder.safetensors")
    with pytest.raises(UserError, match=r"it has no taesd_decoder\.safetensors or \.pth"):
        vae(str(tmp_path))
    save_file(taesd()[0], tmp_path / "taesd_decoder.safetensors")
    with pytest.raises(UserError, match="not TAESD's"):
        vae(str(tmp_path))


def test_damaged_files_end_in_one_line(small: Path, tmp_path: Path) -> None:
    edited(tmp_path, small)
    data = bytearray((small / "diffusion_pytorch_model.safetensors").read_bytes())
    generator = torch.Generator().manual_seed(0)
    for k in range(40):
        worse = bytearray(data)
        if k % 2:
            del worse[int(torch.randint(len(worse), (), generator=generator)) :]
        else:  # the header says where each tensor is
            worse[int(torch.randint(2000, (), generator=generator))] ^= 1 << int(
                torch.randint(8, (), generator=generator)
            )
        (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(worse)
        try:
            vae(str(tmp_path), size=16)
        except UserError as error:
            assert "\n" not in str(error) and str(error).startswith("model.weights=")
