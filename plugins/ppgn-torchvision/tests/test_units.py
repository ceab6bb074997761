"""Units of every layout, against the network's own values and a softmax written out here."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_torchvision.axes import Recorder, unit_axis
from ppgn_torchvision.condition import Torchvision
from ppgn_torchvision.networks import load
from ppgn_torchvision.neuron import TorchvisionNeuron
from ppgn_torchvision.survey import rows
from torch import Tensor, nn
from torchvision.ops import Permute

from ppgn_core.__main__ import main
from ppgn_core.errors import UserError
from ppgn_core.model import Model

BLANK = Model("blank", {}, {}, image_size=64)


loaded = lru_cache(1)(load)


def value_at(arch: str, layer: str, x: Tensor) -> Tensor:
    network, _, preprocess = loaded(arch, "random")
    seen: list[Any] = []
    hook = network.get_submodule(layer).register_forward_hook(lambda module, inputs, value: seen.append(value))
    with torch.no_grad():
        network(preprocess(x))
    hook.remove()
    return seen[0][0] if isinstance(seen[0], tuple) else seen[0]


def neuron(arch: str, layer: str, **keys: Any) -> TorchvisionNeuron:
    return TorchvisionNeuron(BLANK, layer, "random", arch, **keys)


CASES: list[Any] = [
    # 7 × 7 patches of 32 pixels after the class token
    ("vit_b_32", "encoder.layers.encoder_layer_2", {"unit": 5}, lambda v: v[:, 1 + 3 * 7 + 3].log_softmax(1)[:, 5]),
    ("vit_b_32", "encoder.layers.encoder_layer_2", {"position": "class"}, lambda v: v[:, 0].log_softmax(1)[:, 0]),
    pytest.param(
        *("vit_b_32", "encoder.layers.encoder_layer_2", {"position": 9}, lambda v: v[:, 9].log_softmax(1)[:, 0]),
        marks=pytest.mark.long,
    ),
    (
        "vit_b_32",
        "encoder.layers.encoder_layer_2.self_attention",
        {"head": 2, "unit": 3, "position": [6, 5]},
        lambda v: v[:, 1 + 6 * 7 + 5, 2 * 64 : 3 * 64].log_softmax(1)[:, 3],
    ),
    ("swin_t", "features.1.1", {"unit": 7, "position": [2, 9]}, lambda v: v[:, 2, 9].log_softmax(1)[:, 7]),
    ("swin_t", "features.1.1", {"unit": 7, "position": "max"}, lambda v: v.log_softmax(3)[..., 7].flatten(1)),
    ("convnext_tiny", "features.1.1", {"unit": 7}, lambda v: v[:, :, 28, 28].log_softmax(1)[:, 7]),
    ("convnext_tiny", "features.1.1.block.3", {"unit": 7}, lambda v: v[:, 28, 28].log_softmax(1)[:, 7]),
    ("shufflenet_v2_x0_5", "stage2", {"unit": 7}, lambda v: v[:, :, 14, 14].log_softmax(1)[:, 7]),
]


@pytest.mark.parametrize(("arch", "layer", "keys", "expected"), CASES)
def test_a_unit_of_every_layout(arch: str, layer: str, keys: dict[str, Any], expected: Any) -> None:
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    leaf = x.clone().requires_grad_()
    found, value = neuron(arch, layer, **keys).log_prob(leaf), value_at(arch, layer, x)
    wanted = expected(value)
    if keys.get("position") == "max":
        where = value[..., keys["unit"]].flatten(1).argmax(1)
        wanted = wanted.gather(1, where[:, None]).squeeze(1)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)
    (gradient,) = torch.autograd.grad(found.sum(), leaf)
    assert gradient.flatten(1).any(1).all()


def test_a_square_of_equal_sides_is_not_guessed() -> None:
    """8 units on 8 × 8 positions: sizes tell nothing, operations do."""
    first = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), Permute([0, 2, 3, 1]), nn.Dropout(), nn.Linear(8, 8)).eval()
    expected = {0: 1, 1: 1, 2: 3, 3: 3, 4: 3}
    for k, axis in expected.items():
        with Recorder() as recorder:
            values = [torch.ones(1, 3, 8, 8)]
            for module in first:
                values.append(module(values[-1]))
        assert unit_axis(values[k + 1], recorder.operations) == axis
    with Recorder() as recorder:
        scores = torch.rand(1, 8, 8, 8) @ torch.rand(1, 8, 8, 8)
    assert unit_axis(scores, recorder.operations) is None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"position": "class"}, "condition.position=class: allowed are max, center, .row, column. below 56, 56"),
        ({"position": [56, 0]}, r"condition.position=\[56, 0\]: allowed are max"),
        ({"unit": 96}, "condition.unit=96: features.1.1 has units 0 to 95"),
        ({"head": 0}, "condition.head=0: features.1.1 has 1 heads; allowed are null, as the layer is no attention's"),
        ({"axis": 4}, r"condition.axis=4: the values of features.1.1 are \(1, 56, 56, 96\); allowed are 1 to 3"),
    ],
)
def test_errors(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told) as raised:
        neuron("swin_t", "features.1.1", **keys)
    assert "\n" not in str(raised.value)


def test_the_record_says_which_axis(tmp_path: Path) -> None:
    given = ["condition=torchvision_neuron", "condition.arch=swin_t", "condition.layer=features.1.1"]
    given += ["condition.weights=random", "n_chains=1", "n_steps=1", "writer=record", f"out={tmp_path}"]
    assert main(given) == 0
    found = json.loads((tmp_path / "run.json").read_text())["found"]
    assert found == {"swin_t features.1.1": "axis 3 of (1, 56, 56, 96) holds 96 units"}


def test_a_line_of_the_survey() -> None:
    lines = list(rows("shufflenet_v2_x0_5"))
    assert lines[0][1] == "class 7" and len(lines) == 3
    assert all(line[2] == "224" and float(line[4]) > 0 for line in lines)
    assert all("axis 1 of (1, " in line[3] for line in lines[1:])


TIMM: list[tuple[str, str, str]] = [
    (
        "vit_tiny_patch16_224",
        "blocks.2",
        "axis 2 of (1, 197, 192) holds 192 units; 1 tokens stand before 14 × 14 patches",
    ),
    ("vit_tiny_patch16_224", "blocks.2.attn.norm", "axis 2 of (1, 197, 192) holds 192 units of 3 heads; 1 tokens"),
    ("deit_tiny_distilled_patch16_224", "blocks.2", "192 units; 2 tokens stand before 14 × 14 patches"),
    ("swin_tiny_patch4_window7_224", "layers.1.blocks.1", "axis 3 of (1, 28, 28, 192)"),
    ("convnext_atto", "stages.1.blocks.1", "axis 1 of (1, 80, 28, 28)"),
    ("eva02_tiny_patch14_224", "blocks.2", "axis 2 of (1, 257, 192) holds 192 units; 1 tokens stand before 16 × 16"),
]


@pytest.mark.parametrize(("arch", "layer", "told"), TIMM)
def test_timm(arch: str, layer: str, told: str) -> None:
    pytest.importorskip("timm")
    run: dict[str, Any] = {}
    condition = neuron(f"timm:{arch}", layer, position="max", run=run)
    assert told in run["found"][f"timm:{arch} {layer}"]
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    log_prob = condition.log_prob(x)
    value = value_at(f"timm:{arch}", layer, x).movedim(condition.network.layout.axis, 1).flatten(2)
    wanted = value.log_softmax(1)[0, 0, value[0, 0].argmax()]
    torch.testing.assert_close(log_prob[0], wanted, rtol=1e-3, atol=1e-4)
    assert torch.autograd.grad(log_prob.sum(), x)[0].any()


def test_windows_are_refused() -> None:
    pytest.importorskip("timm")
    with pytest.raises(UserError, match=r"its values .* are those of 16 windows of each picture"):
        neuron("timm:swin_tiny_patch4_window7_224", "layers.1.blocks.1.attn")


def test_a_layer_that_never_sees_the_picture_is_refused() -> None:
    """The network that makes Swin v2's position biases takes their coordinates alone."""
    layer = "features.1.1.attn.cpb_mlp.0"
    with pytest.raises(UserError, match=f"condition.layer={layer}: its values do not depend on the picture"):
        neuron("swin_v2_t", layer)


def test_a_network_without_a_head_has_no_classes() -> None:
    pytest.importorskip("timm")
    told = "condition.target=7: the network has no head, so it is not a classifier; condition.names=FILE gives it one"
    with pytest.raises(UserError, match=told):
        Torchvision(BLANK, "random", "timm:eva02_tiny_patch14_224", target=7)
    lines = list(rows("timm:eva02_tiny_patch14_224"))
    assert lines[0][3] == "it has no head" and all("axis 2 of (1, 257," in line[3] for line in lines[1:])
