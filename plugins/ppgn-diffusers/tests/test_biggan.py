"""BigGAN-deep in the layout of Hugging Face's files, against a forward pass over their tensors written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_diffusers.biggan_files import biggan
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from ppgn_core import sample
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.testing import check_generator

State = dict[str, Tensor]
CONFIG: dict[str, Any] = {
    "output_dim": 32,
    "z_dim": 8,
    "class_embed_dim": 8,
    "channel_width": 16,
    "num_classes": 1000,
    "layers": [[False, 16, 16], [True, 16, 8], [False, 8, 8], [True, 8, 4], [True, 4, 2], [False, 2, 1]],
    "attention_layer_position": 4,
    "eps": 1e-4,
    "n_stats": 51,
}
LARGE = CONFIG | {"output_dim": 128, "z_dim": 128, "class_embed_dim": 128, "channel_width": 128}
LARGE["layers"] = [[k % 2 == 1, *pair] for k, pair in enumerate([(16, 16)] * 3 + [(16, 8), (8, 8), (8, 4), (4, 4)])]
LARGE["layers"] += [[True, 4, 2], [False, 2, 2], [True, 2, 1]]
LARGE["attention_layer_position"] = 8


def tensors(config: dict[str, Any]) -> State:
    """Random weights under the names of the published files, with the vectors of spectral norm."""
    torch.manual_seed(0)
    width, code, stats = config["channel_width"], 2 * config["z_dim"], config["n_stats"]
    state: State = {"embeddings.weight": torch.randn(config["z_dim"], config["num_classes"])}

    def spectral(name: str, *shape: int, bias: bool = True) -> None:
        weight = torch.randn(shape)
        u, v = torch.randn(shape[0]), torch.randn(weight[0].numel())
        for _ in range(3):
            u = F.normalize(weight.flatten(1) @ v, dim=0)
            v = F.normalize(weight.flatten(1).T @ u, dim=0)
        state.update({f"{name}.weight_orig": weight, f"{name}.weight_u": u, f"{name}.weight_v": v})
        if bias:
            state[f"{name}.bias"] = 0.1 * torch.randn(shape[0])

    def norm(name: str, channels: int, conditional: bool = True) -> None:
        state[f"{name}.running_means"] = 0.1 * torch.randn(stats, channels)
        state[f"{name}.running_vars"] = 0.5 + torch.rand(stats, channels)
        if conditional:
            spectral(f"{name}.scale", channels, code, bias=False)
            spectral(f"{name}.offset", channels, code, bias=False)
        else:
            state[f"{name}.weight"], state[f"{name}.bias"] = 1 + 0.1 * torch.randn(channels), torch.zeros(channels)

    spectral("generator.gen_z", 16 * width * config["layers"][0][1], code)
    number = 0
    for k, (_, inputs, outputs) in enumerate(config["layers"]):
        inputs, outputs = width * inputs, width * outputs
        if k == config["attention_layer_position"]:
            name, number = f"generator.layers.{number}", number + 1
            for part, channels in (("theta", inputs // 8), ("phi", inputs // 8), ("g", inputs // 2)):
                spectral(f"{name}.snconv1x1_{part}", channels, inputs, 1, 1, bias=False)
            spectral(f"{name}.snconv1x1_o_conv", inputs, inputs // 2, 1, 1, bias=False)
            state[f"{name}.gamma"] = torch.tensor([0.7])
        name, number = f"generator.layers.{number}", number + 1
        middle = inputs // 4
        for j, (a, b, kernel) in enumerate([(inputs, middle, 1), (middle, middle, 3), (middle, middle, 3)]):
            norm(f"{name}.bn_{j}", a)
            spectral(f"{name}.conv_{j}", b, a, kernel, kernel)
        norm(f"{name}.bn_3", middle)
        spectral(f"{name}.conv_3", outputs, middle, 1, 1)
    last = width * config["layers"][-1][2]
    norm("generator.bn", last, conditional=False)
    spectral("generator.conv_to_rgb", last, last, 3, 3)
    return state


def drawn(w: State, config: dict[str, Any], z: Tensor, y: int, index: int) -> Tensor:
    """The published forward pass at a truncation of `index` / 50."""

    def weight(name: str) -> Tensor:
        matrix = w[f"{name}.weight_orig"]
        return matrix / (w[f"{name}.weight_u"] @ matrix.flatten(1) @ w[f"{name}.weight_v"])

    def normed(name: str, v: Tensor) -> Tensor:
        mean, variance = w[f"{name}.running_means"][index], w[f"{name}.running_vars"][index]
        if f"{name}.weight" in w:
            return F.batch_norm(v, mean, variance, w[f"{name}.weight"], w[f"{name}.bias"], eps=config["eps"])
        v = F.batch_norm(v, mean, variance, eps=config["eps"])
        gain, offset = (h @ weight(f"{name}.{part}").T for part in ("scale", "offset"))
        return v * (1 + gain)[..., None, None] + offset[..., None, None]

    def convolved(name: str, v: Tensor) -> Tensor:
        matrix = weight(name)
        return F.conv2d(v, matrix, w.get(f"{name}.bias"), padding=matrix.shape[-1] // 2)

    h = torch.cat([z, w["embeddings.weight"][:, y].expand(len(z), -1)], 1)
    v = h @ weight("generator.gen_z").T + w["generator.gen_z.bias"]
    v = v.view(len(z), 4, 4, -1).permute(0, 3, 1, 2)
    number = 0
    for k, (up, inputs, outputs) in enumerate(config["layers"]):
        if k == config["attention_layer_position"]:
            name, number = f"generator.layers.{number}", number + 1
            theta, phi, g = (convolved(f"{name}.snconv1x1_{part}", v) for part in ("theta", "phi", "g"))
            phi, g = F.max_pool2d(phi, 2).flatten(2), F.max_pool2d(g, 2).flatten(2)
            attention = torch.einsum("bcq,bck->bqk", theta.flatten(2), phi).softmax(2)
            mixed = torch.einsum("bck,bqk->bcq", g, attention).view(len(z), -1, *v.shape[2:])
            v = v + w[f"{name}.gamma"] * convolved(f"{name}.snconv1x1_o_conv", mixed)
        name, number = f"generator.layers.{number}", number + 1
        inside = convolved(f"{name}.conv_0", normed(f"{name}.bn_0", v).relu())
        inside = normed(f"{name}.bn_1", inside).relu()
        if inputs != outputs:
            v = v[:, : v.shape[1] // 2]
        if up:
            v, inside = (value.repeat_interleave(2, 2).repeat_interleave(2, 3) for value in (v, inside))
        inside = convolved(f"{name}.conv_1", inside)
        inside = convolved(f"{name}.conv_2", normed(f"{name}.bn_2", inside).relu())
        v = v + convolved(f"{name}.conv_3", normed(f"{name}.bn_3", inside).relu())
    v = convolved("generator.conv_to_rgb", normed("generator.bn", v).relu())
    return v[:, :3].tanh() / 2 + 0.5


def saved(folder: Path, config: dict[str, Any], state: State, file: str = "pytorch_model.bin") -> str:
    (folder / "config.json").write_text(json.dumps(config))
    if file.endswith(".safetensors"):
        save_file({name: value.contiguous() for name, value in state.items()}, folder / file)
    else:
        torch.save(state, folder / file)
    return str(folder)


@pytest.mark.parametrize(
    ("config", "file"),
    [(CONFIG, "pytorch_model.bin"), (CONFIG, "model.safetensors"), (LARGE, "pytorch_model.bin")],
    ids=["small", "safetensors", "the true shapes"],
)
def test_it_draws_what_the_published_code_draws(config: dict[str, Any], file: str, tmp_path: Path) -> None:
    state = tensors(config)
    model = biggan(saved(tmp_path, config, state, file), truncation=0.4)
    G = model.network("generator")
    assert model.image_size == config["output_dim"] and G.code.shape == (2 * config["z_dim"],)
    z = torch.randn(2, config["z_dim"])
    h = torch.cat([z, state["embeddings.weight"][:, 7].expand(2, -1)], 1)
    with torch.no_grad():
        torch.testing.assert_close(G(h), drawn(state, config, z, 7, 20), rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("biggan"), CONFIG, tensors(CONFIG))


def test_codes_are_truncated_noise_and_the_embedding_of_a_class(small: str) -> None:
    G = biggan(small, truncation=0.3, start="lemon").network("generator")
    z, e = G.draw(ChainNoise(0, 500)).split(8, 1)
    assert 0.5 < z.abs().max() <= 0.6
    assert z.std() == pytest.approx(0.3 * 0.8796, rel=0.05)  # of a normal distribution cut at 2
    assert torch.equal(e, G.embeddings.weight[:, 951].expand(500, -1))
    _, e = biggan(small).network("generator").draw(ChainNoise(0, 500)).split(8, 1)
    assert len(e.unique(dim=0)) > 300


def test_contract_and_a_run(small: str) -> None:
    check_generator(biggan(small).network("generator"))
    condition = {"target": "lemon", "size": 64}
    result = sample("experiment=biggan", f"model.weights={small}", condition=condition, n_chains=2, n_steps=2)
    assert result.images.shape == (2, 3, 32, 32)


def test_bad_input_is_one_line(small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    state = torch.load(Path(small) / "pytorch_model.bin", weights_only=True)
    for table, message in (
        ({}, "not the config.json of a BigGAN: 'layers'"),
        (CONFIG | {"layers": [[False, 16, 8], [True, 16, 8]]}, "its layers do not follow one another"),
        (CONFIG | {"n_stats": 1}, "its sizes are out of range"),
        (CONFIG | {"z_dim": 9}, "not the BigGAN of its config.json, its "),
    ):
        with pytest.raises(UserError, match=message) as error:
            biggan(saved(tmp_path, table, state))
        assert "\n" not in str(error.value)
    state.pop("generator.gen_z.weight_u")
    cases: list[tuple[str, dict[str, Any], str]] = [
        (saved(tmp_path, CONFIG, state), {}, r"it has no generator\.gen_z\.weight"),
        (small, {"start": "lemmon"}, "model.start=lemmon"),
        ("/nowhere", {}, "model.weights=/nowhere: no such folder"),
        ("a/b", {}, r"model.weights=a/b: config\.json cannot be fetched"),
    ]
    for weights, keys, message in cases:
        with pytest.raises(UserError, match=message) as error:
            biggan(weights, **keys)
        assert "\n" not in str(error.value)
