"""Train denoising autoencoders of images and of codes, for the priors of PPGN-x and PPGN-h (sections 3.1 and 3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_dae.networks import MINI_X, CodeDAE, CodeDAEConfig, ImageDAE
from torch import Tensor, nn

from ppgn_core.errors import UserError

from .photographs import beneath, evenly, load_parts, shift_and_flip
from .processes import share
from .schedule import OneCycle
from .seeded import CodeRecipe, LearnerRecipe


class Denoising:
    """Train R by Adam with a one-cycle schedule on ½‖R(v + N(0, σ²)) − v‖², the mean over a batch, with L2 decay.

    For an optimal R, R(v) − v is σ²·∇log p of the data's density blurred by the noise (Eq. 6).
    """

    def __init__(
        self, fabric: Fabric, network: nn.Module, sigma: float, steps: int, learning_rate: float, weight_decay: float
    ) -> None:
        self.fabric, self.sigma = fabric, sigma
        optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self.schedule = OneCycle(self.optimizer, learning_rate, steps)

    def state(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}

    def add_noise(self, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the data and the noisy data, on the network's device."""
        noise = self.sigma * torch.randn(clean.shape, generator=generator)
        clean, noise = self.fabric.to_device((clean, noise))
        return clean, clean + noise

    def loss(self, clean: Tensor, noisy: Tensor) -> Tensor:
        return 0.5 * (self.network(noisy) - clean).flatten(1).square().sum(1).mean()

    def step(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Train on this process's share of one batch and return its loss."""
        loss = self.loss(*share(self.fabric, *self.add_noise(clean, generator)))
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    @torch.no_grad()
    def evaluate(self, clean: Tensor, generator: torch.Generator) -> dict[str, float]:
        """Return the loss, and the share of noise that R removes: 1 − ‖R(v + n) − v‖² / ‖n‖², 0 for doing nothing."""
        loss, nothing = 0.0, 0.0
        for part in clean.split(256):
            truth, noisy = self.add_noise(part, generator)
            loss += float(self.loss(truth, noisy)) * len(part) / len(clean)
            nothing += 0.5 * float((noisy - truth).square().sum()) / len(clean)
        return {"loss": loss, "noise_removed": 1 - loss / nothing}


class ImageDAERecipe(LearnerRecipe):
    """Train R of PPGN-x, which restores photographs from noisy ones.

    At full scale (S9.2): σ = 25.6 of 256, L2 0.0004 and 25,000 batches of 64 on ImageNet, which is images=1600000.

    Args:
        size: side that photographs are resized to, in pixels.
        channels: number of channels of conv1 and of the first up-convolution.
        sigma: standard deviation of the noise, for images in [0, 1].
        images: length of the one-cycle schedule, in images.
        weight_decay: weight of the L2 decay.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        cache: str | None = None,
        size: Annotated[int, ">= 4", "<= 4096"] = 64,
        channels: Annotated[int, ">= 1", "<= 4096"] = 96,
        sigma: Annotated[float, ">= 1e-6", "<= 1000"] = 0.1,
        images: Annotated[int, ">= 1", "<= 5e11"] = 100_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 64,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 2e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 4e-4,
        shift: Annotated[int, ">= 0", "<= 1024"] = 4,
        seed: int = 0,
    ) -> None:
        super().__init__(fabric, images, batch_size, seed)
        self.shift = shift
        if size % MINI_X.stride or shift >= size:
            raise UserError(f"size={size} shift={shift}: allowed are multiples of {MINI_X.stride}, and shorter shifts")
        self.train, self.val = (part.on(fabric.device).images for part in load_parts(data, size, cache))
        ups = ((channels, 1), *MINI_X.ups[1:])
        network = ImageDAE(replace(MINI_X, channels=channels, ups=ups, sigma=sigma)).to(
            memory_format=torch.channels_last
        )
        self.learner = Denoising(fabric, network, sigma, self.n_steps, learning_rate, weight_decay)

    def clean(self, examples: Tensor) -> Tensor:
        photographs = shift_and_flip(examples, self.shift, self.generator).float() / 255
        return photographs.contiguous(memory_format=torch.channels_last)

    def evaluate(self) -> Mapping[str, float]:
        return self.learner.evaluate(self.val.float() / 255, self.generator.manual_seed(self.seed))

    @torch.no_grad()
    def picture(self) -> Tensor:
        """Draw noisy validation photographs, and beneath each R's output."""
        photographs = evenly(self.val).float() / 255
        _, noisy = self.learner.add_noise(photographs, self.generator.manual_seed(self.seed))
        return beneath(noisy, self.learner.network(noisy))

    def export(self, folder: Path) -> None:
        self.learner.network.module.save(folder / "dae_x.safetensors")


class CodeDAERecipe(CodeRecipe):
    """Train R of PPGN-h, which restores the encoder's codes of photographs from noisy ones.

    At full scale (S9.3): widths=[4096,2048,1024,500,1024,2048,4096], σ = 1, about a tenth of the mean activation,
    L2 0.001 and 100,000 batches. Here the codes have unit variance and a mean of about 0.5. A σ of a tenth
    of that is less than the error of the narrowest layer, so σ is 1 here too.

    Args:
        widths: widths of the hidden layers.
        sigma: standard deviation of the noise, in the code's units.
        weight_decay: weight of the L2 decay.
        keys: further keys that `recipe=score_h` has too.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        widths: Annotated[Sequence[int], ">= 1", "<= 65536"] = (512, 256, 128, 256, 512),
        sigma: Annotated[float, ">= 1e-6", "<= 1000"] = 1.0,
        images: Annotated[int, ">= 1", "<= 5e11"] = 2_000_000,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 1e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 1e-3,
        **keys: Any,
    ) -> None:
        super().__init__(fabric, data, encoder, images=images, **keys)
        code = self.train.shape[1]
        network = CodeDAE(CodeDAEConfig((code, *widths, code), sigma))
        self.learner = Denoising(fabric, network, sigma, self.n_steps, learning_rate, weight_decay)

    @torch.no_grad()
    def picture(self) -> Tensor | None:
        """Draw pictures of photographs' codes, beneath them of the noisy codes, and beneath those of R's output."""
        if self.decoder is None:
            return None
        codes = evenly(self.val)
        clean, noisy = self.learner.add_noise(codes, self.generator.manual_seed(self.seed))
        return beneath(*(self.decoder(h) for h in (clean, noisy, self.learner.network(noisy))))

    def export(self, folder: Path) -> None:
        self.learner.network.module.save(folder / "dae_h.safetensors")
