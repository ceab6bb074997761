"""Load any CLIP that open_clip knows, and embed texts and pictures with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from ppgn_torchvision.loaded import transforms
from ppgn_torchvision.state_dict import fill
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import InterpolationMode

from ppgn_core.console import quiet
from ppgn_core.errors import UserError, reason
from ppgn_core.nearest import nearest

HUB = "hf-hub:"


class TwoTowers:
    """Map texts and pictures to vectors of length 1, which are close where a text says what a picture shows.

    Radford et al. 2021, section 2.3.

    Args:
        network: a CLIP of open_clip, frozen and in eval mode.
        tokenize: function from texts to tokens `(n, length)`.
        preprocess: function from RGB images in [0, 1] to the network's input; it resizes and normalises.
    """

    def __init__(
        self, network: nn.Module, tokenize: Callable[[list[str]], Tensor], preprocess: Callable[[Tensor], Tensor]
    ) -> None:
        self.network: Any = network
        self.tokenize, self.preprocess = tokenize, preprocess

    @torch.no_grad()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """Embed texts as vectors of length 1, `(n, D)`."""
        tokens = self.tokenize(list(texts)).to(self.scale.device)
        return torch.cat([F.normalize(self.network.encode_text(part), dim=-1) for part in tokens.split(128)])

    def pictures(self, seen: Tensor) -> Tensor:
        """Embed pictures that `preprocess` returned, `(B, 3, S, S)` → vectors of length 1, `(B, D)`, differentiably."""
        return F.normalize(self.network.encode_image(seen), dim=-1)

    @property
    def scale(self) -> Tensor:
        """Return 1/τ, the learnt factor by which cosines become logits: a scalar."""
        return self.network.logit_scale.exp()


@lru_cache(maxsize=2)
def load(arch: str, weights: str, device: torch.device | str, seed: int = 0) -> TwoTowers:
    """Load a CLIP, the last two of which are kept: several conditions in a process share one.

    Args:
        arch: one of `open_clip.list_models()`, or `hf-hub:OWNER/NAME` for a repository of the Hugging Face hub.
        weights: `default` to download open_clip's first ones for that network, or one of their names; the path of a
            state dict; or `random`.
        seed: seed of random weights.

    Raises:
        UserError: there is no such network, its weights are not available or do not fit, or it needs a library that is
            not installed.
    """
    import open_clip

    key = f"condition.arch={arch}"
    if not arch.startswith(HUB) and arch not in open_clip.list_models():
        raise UserError(f"{key}: open_clip has no such network; {nearest(arch, open_clip.list_models())}")
    published = [] if arch.startswith(HUB) else open_clip.list_pretrained_tags_by_model(arch)
    if arch.startswith(HUB) and weights != "default":
        raise UserError(f"condition.weights={weights}: allowed for {arch} is `default`, the weights that lie there")
    if weights == "default" and not (published or arch.startswith(HUB)):
        raise UserError(f"condition.weights=default: open_clip has none for {arch}; allowed are a file, and `random`")
    tag = published[0] if weights == "default" and published else weights if weights in published else None
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        try:
            network = open_clip.create_model(arch, pretrained=tag, device="cpu")
            tokenize = open_clip.get_tokenizer(arch)
        except ModuleNotFoundError as error:  # some texts are split into tokens by another library
            raise UserError(f"{key}: it needs {error.name}, which is not installed: pip install {error.name}") from None
        except Exception as error:  # what fetching raises depends on the libraries below open_clip
            raise UserError(f"{key}: weights={weights} are not available: {reason(error)[:200]}") from None
    if tag is None and weights not in ("default", "random"):
        fill(network, weights, arch, "condition.weights")
    asked = open_clip.get_model_preprocess_cfg(network)
    side = asked["size"][-1] if isinstance(asked["size"], Sequence) else asked["size"]
    preprocess = transforms(side, side, InterpolationMode.BICUBIC, asked["mean"], asked["std"])
    return TwoTowers(network.eval().requires_grad_(False).to(device), tokenize, preprocess)
