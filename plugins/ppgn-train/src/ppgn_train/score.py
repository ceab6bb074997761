"""Train the score model of codes at every noise level, for annealed sampling, as in EDM (Karras et al. 2022)."""

from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_score.network import CodeDenoiser, CodeDenoiserConfig
from torch import Tensor

from .photographs import beneath, evenly
from .processes import share
from .schedule import OneCycle
from .seeded import CodeRecipe

LEVELS = (0.1, 0.3, 1.0, 3.0)
"""Noise levels that validation measures."""


class ScoreMatching:
    """Train D by AdamW with a one-cycle schedule on λ(σ)·‖D(v + n; σ) − v‖²/dim, n ~ N(0, σ²), ln σ normal.

    λ(σ) = (σ² + σ_data²)/(σ·σ_data)² gives every noise level equal weight (Karras et al. 2022, Eq. 8 and table 1). For
    an optimal D, D(h; σ) − h = σ²·∇log p(h; σ), the score of the data's density blurred by the noise.
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
        """Train on this process's share of one batch `(B, code)` and return its loss."""
        mean, deviation = self.log_sigma
        sigma = (mean + deviation * torch.randn(len(clean), 1, generator=generator)).exp()
        noise = sigma * torch.randn(clean.shape, generator=generator)
        clean, noise, sigma = self.fabric.to_device(share(self.fabric, clean, noise, sigma))
        weight = (sigma.square() + self.sigma_data**2) / (sigma * self.sigma_data).square()
        loss = (weight * (self.network(clean + noise, sigma) - clean).square()).mean()
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.network, self.optimizer, max_norm=1.0, error_if_nonfinite=False)
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, clean: Tensor, generator: torch.Generator) -> dict[str, float]:
        """Return the share of noise that D leaves, ‖D(v + n; σ) − v‖²/‖n‖², at each of `LEVELS`; 1 for an idle D."""
        scores = {}
        for sigma in LEVELS:
            left, all_of_it = 0.0, 0.0
            for part in clean.split(256):
                noise = sigma * torch.randn(part.shape, generator=generator)
                v, n = self.fabric.to_device(part), self.fabric.to_device(noise)
                left += float((self.network(v + n, sigma) - v).square().sum())
                all_of_it += float(n.square().sum())
            scores[f"left_at_{sigma:g}"] = left / all_of_it
        return scores


class ScoreRecipe(CodeRecipe):
    """Train D of `prior=score_h`, which denoises the encoder's codes of photographs at every noise level.

    Codes of the photographs' mirror images are included.

    Args:
        width: width of D's hidden layers.
        blocks: number of D's residual blocks, each of two layers.
        log_mean, log_deviation: mean and standard deviation of ln σ, with σ in units of the code.
        keys: further keys that `recipe=dae_h` has too.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        width: Annotated[int, ">= 1", "<= 65536"] = 768,
        blocks: Annotated[int, ">= 1", "<= 1000"] = 3,
        log_mean: Annotated[float, ">= -10", "<= 10"] = 0.0,
        log_deviation: Annotated[float, "> 0", "<= 10"] = 1.2,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 256,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 1e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 1e-2,
        **keys: Any,
    ) -> None:
        super().__init__(fabric, data, encoder, batch_size=batch_size, **keys)
        mean = self.train.float().mean(0)
        deviation = float((self.train.float() - mean).square().mean().sqrt())
        network = CodeDenoiser(CodeDenoiserConfig(len(mean), width, blocks, deviation))
        network.mean.copy_(mean)
        levels = log_mean, log_deviation
        self.learner = ScoreMatching(fabric, network, self.n_steps, learning_rate, weight_decay, levels)

    @torch.no_grad()
    def picture(self) -> Tensor | None:
        """Draw pictures of photographs' codes, and beneath them of D's output for noise of σ = 0.3, 1 and 3."""
        if self.decoder is None:
            return None
        codes = self.fabric.to_device(evenly(self.val))
        generator = self.generator.manual_seed(self.seed)
        noise = torch.randn(codes.shape, generator=generator).to(codes.device)
        rows = [codes, *(self.learner.network(codes + sigma * noise, sigma) for sigma in LEVELS[1:])]
        return beneath(*(self.decoder(h) for h in rows))

    def export(self, folder: Path) -> None:
        self.learner.network.module.save(folder / "score_h.safetensors")
