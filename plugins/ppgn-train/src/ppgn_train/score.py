"""The score model of codes at every noise level, for annealed sampling: trained as in EDM (Karras et al. 2022)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.generator import UpConv
from ppgn_score.network import CodeDenoiser, CodeDenoiserConfig
from torch import Tensor, nn

from .features import Features
from .loop import seed_step
from .networks import load
from .photographs import beneath, evenly, load_parts
from .schedule import OneCycle

LEVELS = (0.1, 0.3, 1.0, 3.0)
"""Noise that validation takes away."""


class ScoreMatching:
    """AdamW and a one-cycle schedule on λ(σ)·‖D(v + n; σ) − v‖²/dim, n ~ N(0, σ²), ln σ normal.

    λ(σ) = (σ² + σ_data²)/(σ·σ_data)² makes every noise level count alike (Karras et al. 2022, Eq. 8 and table 1). At
    its best D has D(h; σ) − h = σ²·∇log p(h; σ), the score of the density that the noise makes of the data's.
    """

    def __init__(
        self,
        fabric: Fabric,
        network: CodeDenoiser,
        steps: int,
        learning_rate: float,
        weight_decay: float = 0.0,
        log_sigma: tuple[float, float] = (0.0, 1.2),
    ) -> None:
        self.fabric, self.log_sigma = fabric, log_sigma
        self.sigma_data = network.config.sigma_data
        optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self.schedule = OneCycle(self.optimizer, learning_rate, steps, rise=0.1)

    def state(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}

    def step(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Learn from one batch `(B, code)`; its loss."""
        mean, deviation = self.log_sigma
        sigma = (mean + deviation * torch.randn(len(clean), 1, generator=generator)).exp()
        noise = sigma * torch.randn(clean.shape, generator=generator)
        clean, noise, sigma = (self.fabric.to_device(value) for value in (clean, noise, sigma))
        weight = (sigma.square() + self.sigma_data**2) / (sigma * self.sigma_data).square()
        loss = (weight * (self.network(clean + noise, sigma) - clean).square()).mean()
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, clean: Tensor, generator: torch.Generator) -> dict[str, float]:
        """The share of the noise that D leaves, ‖D(v + n; σ) − v‖²/‖n‖², at each of `LEVELS`; 1 for doing nothing."""
        found = {}
        for sigma in LEVELS:
            left, all_of_it = 0.0, 0.0
            for part in clean.split(256):
                noise = sigma * torch.randn(part.shape, generator=generator)
                v, n = self.fabric.to_device(part), self.fabric.to_device(noise)
                left += float((self.network(v + n, sigma) - v).square().sum())
                all_of_it += float(n.square().sum())
            found[f"left_at_{sigma:g}"] = left / all_of_it
        return found


class ScoreRecipe:
    """D of `prior=score_h`: the encoder's codes of photographs and of their mirror images, from noise of every level.

    Args:
        data: an ImageFolder with `train` and `val`.
        encoder: `encoder.safetensors`, as the encoder's recipe exports it.
        cache: folder for the decoded photographs and their codes.
        decoder: `generator.safetensors`, to show pictures of codes with; without it there are none.
        layer: of the encoder, whose values are the codes.
        width: of D's layers.
        blocks: of D, each of two layers.
        log_mean, log_deviation: of ln σ, in units of the code.
        images: length of the one-cycle schedule, in codes.
        weight_decay: of AdamW.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        cache: str | None = None,
        decoder: str | None = None,
        layer: str = "fc6",
        width: Annotated[int, ">= 1", "<= 65536"] = 768,
        blocks: Annotated[int, ">= 1", "<= 1000"] = 3,
        log_mean: Annotated[float, ">= -10", "<= 10"] = 0.0,
        log_deviation: Annotated[float, "> 0", "<= 10"] = 1.2,
        images: Annotated[int, ">= 1", "<= 5e11"] = 1_000_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 256,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 1e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 1e-2,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.images, self.batch_size, self.seed = images, batch_size, seed
        see = Features(fabric, encoder, layer, cache)
        train, val = (part.images for part in load_parts(data, see.network.config.resize, cache))
        self.train = torch.cat([see(train, "train"), see(train.flip(3), "train mirrored")])
        self.val = see(val, "val").float()
        mean = self.train.float().mean(0)
        deviation = float((self.train.float() - mean).square().mean().sqrt())
        network = CodeDenoiser(CodeDenoiserConfig(len(mean), width, blocks, deviation))
        network.mean.copy_(mean)
        steps = -(-images // batch_size)
        levels = log_mean, log_deviation
        self.matching = ScoreMatching(fabric, network, steps, learning_rate, weight_decay, levels)
        self.decoder = load(UpConv, "decoder", decoder).to(fabric.device) if decoder else None
        self.generator = torch.Generator()

    def state(self) -> dict[str, Any]:
        return self.matching.state()

    def step(self, seen: int) -> Mapping[str, Tensor]:
        seed_step(self.generator, self.seed, seen)
        self.matching.schedule.at(seen // self.batch_size)
        picked = torch.randint(len(self.train), (self.batch_size,), generator=self.generator)
        return {"loss": self.matching.step(self.train[picked].float(), self.generator)}

    def evaluate(self) -> Mapping[str, float]:
        return self.matching.evaluate(self.val, self.generator.manual_seed(self.seed))

    @torch.no_grad()
    def picture(self) -> Tensor | None:
        """What G draws of photographs' codes, and beneath it what D makes of them with noise of σ = 0.3, 1 and 3."""
        if self.decoder is None:
            return None
        shown = self.matching.fabric.to_device(evenly(self.val))
        generator = self.generator.manual_seed(self.seed)
        noise = torch.randn(shown.shape, generator=generator).to(shown.device)
        rows = [shown, *(self.matching.network(shown + sigma * noise, sigma) for sigma in LEVELS[1:])]
        return beneath(*(self.decoder(h).cpu() for h in rows))

    def export(self, folder: Path) -> None:
        self.matching.network.module.save(folder / "score_h.safetensors")
