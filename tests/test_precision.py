"""`precision=bf16`: networks compute in bfloat16, and everything that a chain is made of stays in float32."""

import pytest
import torch

from ppgn_core import UserError, sample
from ppgn_core.api import assembled
from ppgn_core.device import in_bf16


def first(precision, *overrides):
    chains = assembled("sampler=random_start", *overrides, precision=precision, n_chains=1, n_steps=1)
    energy = chains.context.energy
    assert energy is not None
    with torch.no_grad():
        return energy.evaluate(chains.h, 0)


@pytest.mark.parametrize(
    "overrides",
    [[], ["prior=dae_h"], ["condition=lrcn", "condition.text=oranges"], ["prior=score_h", "condition=imagenet"]],
)
def test_what_networks_return_is_near_and_in_the_codes_own_type(overrides):
    exact, rough = (first(precision, *overrides) for precision in (32, "bf16"))
    for name in ("x", "log_prob", "prior_score", "condition_score"):
        a, b = getattr(exact, name), getattr(rough, name)
        assert b.dtype == torch.float32, name
        assert not torch.equal(a, b), f"{name}: computed in float32 all the same"
        assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), 0) > 0.8, name
    assert (exact.x - rough.x).abs().max() < 0.2


def test_a_run_stays_in_float32():
    exact, rough = (sample(precision=p, n_chains=1, n_steps=2, sampler="random_start") for p in (32, "bf16"))
    assert rough.codes.dtype == rough.images.dtype == torch.float32
    assert not torch.equal(exact.codes, rough.codes) and rough.codes.isfinite().all()


def test_annealed_chains_and_inpainting_take_it_too(tmp_path):
    from PIL import Image

    assert sample(precision="bf16", n_chains=1, n_steps=1).images.dtype == torch.float32
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "grey.png")
    inpainted = sample("experiment=inpaint_context", init=str(tmp_path / "grey.png"), mask="center", precision="bf16",
                       n_chains=1, n_steps=1)  # fmt: skip
    assert inpainted.images.dtype == torch.float32


@pytest.mark.parametrize("given", [16, "fp8", None, True])
def test_other_precisions_are_refused(given):
    with pytest.raises(UserError, match=r"precision=\S+: allowed are 32, bf16, auto"):
        sample(precision=given, n_chains=1, n_steps=1)


def test_auto_is_bf16_where_the_hardware_has_it(monkeypatch):
    processor = torch.device("cpu")
    for has in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda has=has: has, raising=False)
        assert in_bf16("auto", processor) is has
        assert in_bf16("bf16", processor) and not in_bf16(32, processor)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert not in_bf16("auto", processor) and not in_bf16("auto", torch.device("mps"))


def test_a_run_in_auto_is_one_of_the_two():
    auto, exact, rough = (sample("experiment=toy", precision=p, n_chains=2, n_steps=2) for p in ("auto", 32, "bf16"))
    assert torch.equal(auto.codes, (rough if in_bf16("auto", auto.codes.device) else exact).codes)
