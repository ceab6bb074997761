"""Train the generator of the joint PPGN-h as three interleaved denoising autoencoders, of x, of h1 and of h."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from lightning_fabric import Fabric
from torch import Tensor

from .generator import GeneratorRecipe


class JointGeneratorRecipe(GeneratorRecipe):
    """Train G of the joint PPGN-h on codes with noise at every stage: h' = E2(E1(x + n_x) + n_h1) + n_h.

    Section 3.4 and S9.5: G and E are denoising autoencoders of x, of h1 (E's pool5) and of h at once. The losses are
    those of `recipe=generator`: the errors of x, of features about h1, of h, and the adversarial one. The paper's σ are
    1 % of the mean pixel, and 10 % of the mean of h1 and of h.

    Args:
        sigma_x: standard deviation of n_x, for images in [0, 1].
        sigma_h1, sigma_h: standard deviations of n_h1 and n_h, relative to the means of h1 and h.
        blur: ν, further noise on the codes, as in `recipe=generator`; the paper has none.
        keys: further keys of `recipe=generator`.
    """

    role = "generator_joint"

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str | None = None,
        network: Literal["mini", "small", "mini_128", "small_128", "original"] = "small",
        sigma_x: Annotated[float, ">= 0", "<= 100"] = 0.004,
        sigma_h1: Annotated[float, ">= 0", "<= 100"] = 0.1,
        sigma_h: Annotated[float, ">= 0", "<= 100"] = 0.1,
        blur: Annotated[float, ">= 0", "<= 100"] = 0.0,
        compared: Sequence[str] = ("pixel", "thumbnail", "conv2", "conv5", "pool5", "fc6"),
        **keys: Any,
    ) -> None:
        super().__init__(fabric, data, encoder, network=network, blur=blur, compared=compared, **keys)
        self.sigma_x, self.sigma_h1, self.sigma_h = sigma_x, sigma_h1, sigma_h

    @torch.no_grad()
    def _codes(self, truth: Mapping[str, Tensor]) -> Tensor:
        x = truth["pixel"]
        with self.fabric.autocast():
            h1 = self.encoder.activations(x + self.sigma_x * self._normal(x.shape), ("pool5",))["pool5"].float()
            h1 = h1 + self.sigma_h1 * self._mean(h1) * self._normal(h1.shape)
            h = self.encoder.onward(h1, "pool5", "fc6").float()
        return self._blurred(h + self.sigma_h * self._mean(h) * self._normal(h.shape))

    def _mean(self, values: Tensor) -> Tensor:
        """Return the mean over the whole batch."""
        mean: Any = self.fabric.all_reduce(values.mean())
        return mean
