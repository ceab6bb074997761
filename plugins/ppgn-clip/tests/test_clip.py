"""The condition `clip`, on networks of open_clip's own layouts with random weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from PIL import Image
from ppgn_clip.condition import Clip
from ppgn_clip.network import load
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model
from ppgn_core.testing import check_condition

TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
AMONG = ["a dog", "a cat", "a red teapot"]


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the network `tiny` known to open_clip."""
    path = tmp_path_factory.mktemp("configs") / "tiny.json"
    path.write_text(json.dumps(TINY))
    open_clip.add_model_config(path)


def model(*names: str) -> Model:
    return Model("of_names", {}, {"classifier": Labels.named(names)} if names else {}, 64)


def clip(around: Model | None = None, **keys: Any) -> Clip:
    defaults: dict[str, Any] = {"arch": "tiny", "weights": "random", "shift": 0, "flip": False}
    return Clip(around or model("dog", "cat"), **defaults | keys)


def pictures(n: int = 3, side: int = 64) -> Tensor:
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def transformer(weights: dict[str, Tensor], prefix: str, v: Tensor, heads: int, causal: bool) -> Tensor:
    """Pre-norm blocks with attention and a perceptron (Vaswani et al. 2017; Radford et al. 2019), written anew."""
    n, tokens, width = v.shape
    for k in range(sum(name.startswith(prefix) and name.endswith(".ln_1.weight") for name in weights)):
        w = {name.removeprefix(f"{prefix}{k}."): value for name, value in weights.items()}
        inside = F.layer_norm(v, (width,), w["ln_1.weight"], w["ln_1.bias"])
        q, key, value = (
            part.view(n, tokens, heads, -1).transpose(1, 2)
            for part in (inside @ w["attn.in_proj_weight"].T + w["attn.in_proj_bias"]).chunk(3, -1)
        )
        scores = q @ key.transpose(2, 3) * (width // heads) ** -0.5
        if causal:
            scores = scores.masked_fill(torch.ones(tokens, tokens).triu(1).bool(), -torch.inf)
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(n, tokens, width)
        v = v + mixed @ w["attn.out_proj.weight"].T + w["attn.out_proj.bias"]
        inside = F.layer_norm(v, (width,), w["ln_2.weight"], w["ln_2.bias"])
        inside = F.gelu(inside @ w["mlp.c_fc.weight"].T + w["mlp.c_fc.bias"])
        v = v + inside @ w["mlp.c_proj.weight"].T + w["mlp.c_proj.bias"]
    return v


def by_hand(weights: dict[str, Tensor], x: Tensor, texts: list[str], patch: int, heads: int, text_heads: int) -> Tensor:
    """Logits of preprocessed pictures and texts, `(B, n)`."""
    v = F.conv2d(x, weights["visual.conv1.weight"], stride=patch).flatten(2).transpose(1, 2)
    width = v.shape[-1]
    v = torch.cat([weights["visual.class_embedding"].expand(len(x), 1, width), v], 1)
    v = v + weights["visual.positional_embedding"]
    v = F.layer_norm(v, (width,), weights["visual.ln_pre.weight"], weights["visual.ln_pre.bias"])
    v = transformer(weights, "visual.transformer.resblocks.", v, heads, causal=False)[:, 0]
    v = F.layer_norm(v, (width,), weights["visual.ln_post.weight"], weights["visual.ln_post.bias"])
    seen = F.normalize(v @ weights["visual.proj"], dim=-1)

    tokens = open_clip.tokenize(texts)
    t = weights["token_embedding.weight"][tokens] + weights["positional_embedding"]
    t = transformer(weights, "transformer.resblocks.", t, text_heads, causal=True)
    t = F.layer_norm(t, (t.shape[-1],), weights["ln_final.weight"], weights["ln_final.bias"])
    said = F.normalize(t[torch.arange(len(t)), tokens.argmax(1)] @ weights["text_projection"], dim=-1)
    return weights["logit_scale"].exp() * seen @ said.T


@pytest.mark.parametrize(
    ("arch", "patch", "heads", "text_heads", "layout"),
    [
        ("tiny", 8, 2, 2, "safetensors"),
        ("tiny", 8, 2, 2, "checkpoint"),
        pytest.param("ViT-B-32", 32, 12, 8, "checkpoint", marks=pytest.mark.long),
    ],
)
def test_files_of_open_clip_against_a_forward_pass_written_here(
    arch: str, patch: int, heads: int, text_heads: int, layout: str, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    weights = open_clip.create_model(arch, device="cpu").state_dict()
    path = tmp_path / ("clip.safetensors" if layout == "safetensors" else "epoch_32.pt")
    if layout == "safetensors":
        save_file({name: value.contiguous() for name, value in weights.items()}, path)
    else:  # as open_clip's own training script writes it
        torch.save({"epoch": 32, "state_dict": {f"module.{name}": value for name, value in weights.items()}}, path)
    x = pictures(2)
    condition = clip(arch=arch, weights=str(path), text="a lemon", among=AMONG)
    seen = condition.towers.preprocess(x)
    with torch.no_grad():
        expected = by_hand(weights, seen, ["a lemon", *AMONG], patch, heads, text_heads).log_softmax(1)[:, 0]
        torch.testing.assert_close(condition.log_prob(x), expected, rtol=1e-4, atol=1e-4)


def test_probabilities_of_all_texts_add_up_to_one() -> None:
    x, texts = pictures(), ["a lemon", *AMONG]
    each = [clip(text=text, among=[t for t in texts if t != text]) for text in texts]
    total = torch.stack([condition.probability(condition.log_prob(x)) for condition in each]).sum(0)
    torch.testing.assert_close(total, torch.ones(3))


def test_gradient_against_finite_differences() -> None:
    load.cache_clear()
    condition = clip(text="a lemon")
    condition.towers.network.double()
    condition.asked.values[0] = condition.asked.values[0].double()
    condition.others = condition.others.double()
    x = pictures(1, 8).double().requires_grad_()
    assert torch.autograd.gradcheck(condition.log_prob, x, fast_mode=True)
    load.cache_clear()  # others would be given it in float64


def test_what_is_asked_for_is_a_weighted_sum() -> None:
    towers = load("tiny", "random", "cpu")
    lemon, blurry = towers.texts(["a lemon", "blurry"])
    asked = clip(text="a lemon", also={"blurry": -0.5}).asked.now
    torch.testing.assert_close(asked[0], F.normalize(lemon - 0.5 * blurry, dim=0))
    with pytest.raises(UserError, match=r"condition\.also: with 'a lemon' its weights cancel out"):
        clip(text="a lemon", also={"a lemon": -1.0})


def test_nothing_is_more_like_a_picture_than_itself(tmp_path: Path) -> None:
    x = (pictures(4) * 255).round() / 255
    file = tmp_path / "asked.png"
    Image.fromarray((x[2] * 255).byte().permute(1, 2, 0).numpy()).save(file)
    condition = clip(image=str(file))
    with torch.no_grad():
        assert condition.log_prob(F.interpolate(x, 32, mode="bicubic", antialias=True)).argmax() == 2


def test_texts_take_turns() -> None:
    clock = Clock()
    condition = clip(text=["a lemon", "a dog"], among=["a cat"], clock=clock, switch_every=3, n_steps=6)
    first, clock.step = condition.log_prob(pictures()), 3
    alone = clip(text="a dog", among=["a cat"])
    torch.testing.assert_close(condition.log_prob(pictures()), alone.log_prob(pictures()))
    assert not torch.equal(first, condition.log_prob(pictures()))


def test_names_of_classes_that_the_text_does_not_say_are_what_it_is_compared_with() -> None:
    towers = load("tiny", "random", "cpu")
    condition = clip(model("dog", "hot dog", "Cat", "ant"), text="an elephant beside dogs")
    torch.testing.assert_close(condition.others, towers.texts([f"a photo of a {n}" for n in ("hot dog", "Cat", "ant")]))
    assert len(clip(model(), text="a lemon").others) == 999
    assert "among 3 other texts" in condition.remarks[0]


def test_it_keeps_the_promises_of_conditions() -> None:
    check_condition(lambda noise: clip(text="a lemon", shift=4, flip=True, views=2, noise=noise), (3, 64, 64))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "condition.text=: allowed is a text, or a picture as condition.image"),
        ({"text": " "}, "condition.text= : allowed is a text, or a picture"),
        ({"text": "x", "arch": "ViT-B-23"}, "condition.arch=ViT-B-23: open_clip has no such network; "),
        ({"text": "x", "weights": "default"}, "condition.weights=default: open_clip has none for tiny; allowed are"),
        ({"text": "x", "weights": "/nowhere"}, "condition.weights=/nowhere"),
        ({"text": "x", "arch": "hf-hub:a/b"}, "condition.weights=random: allowed for hf-hub:a/b is `default`"),
        ({"text": "x", "arch": "ViT-B-32", "weights": "default"}, "condition.arch=ViT-B-32: weights=default are not"),
        ({"text": "x", "arch": "hf-hub:a/b", "weights": "default"}, "condition.arch=hf-hub:a/b: weights=default are"),
        ({"text": "x", "image": "/nowhere.png"}, "condition.image=/nowhere.png"),
        ({"text": "x", "among": []}, r"condition.among=\[\]: allowed are some other texts"),
        ({"text": "x", "template": "a photo"}, "condition.template=a photo: allowed is a text with {}"),
        ({"text": "x", "shift": 32}, "condition.shift=32: allowed is less than the 32 pixels"),
    ],
)
def test_bad_input_is_one_line(
    keys: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=message) as error:
        clip(**keys)
    assert "\n" not in str(error.value)
    assert not any(capfd.readouterr())


def test_a_file_of_another_network_names_the_tensor(tmp_path: Path) -> None:
    weights = open_clip.create_model("tiny", device="cpu").state_dict()
    weights["visual.proj"] = weights["visual.proj"][:, :16]
    torch.save(weights, tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"condition.weights=.*other.pt: not of tiny.*visual\.proj"):
        clip(text="x", weights=str(tmp_path / "other.pt"))


def test_a_library_that_a_network_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sigmoid = {**TINY, "text_cfg": {**TINY["text_cfg"], "hf_tokenizer_name": "a/b"}}
    (tmp_path / "split.json").write_text(json.dumps(sigmoid))
    open_clip.add_model_config(tmp_path / "split.json")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"condition.arch=split: it needs transformers, which is not installed"):
        load("split", "random", "cpu")
