"""The model `dcgan` is the generator of a DCGAN, from what the training script of PyTorch's examples saves."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ppgn_core import weights as files
from ppgn_core.errors import UserError, shown
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.state_dict import read_state_dict
from ppgn_core.user_input import home


class DCGAN(nn.Module):
    """Map codes z `(B, n)` to RGB images `(B, 3, S, S)` in [0, 1], by up-convolutions with batch norm.

    Radford et al. 2016, in the layout of PyTorch's examples: `main` holds up-convolution, batch norm and ReLU in turn,
    and ends with an up-convolution and tanh. z is drawn from N(0, 1), so `prior=gaussian` is exact.

    Args:
        widths: number of channels before each up-convolution, z's length the first, and 3 at the end.
    """

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.code = Code((widths[0],))
        self.image_size = 2 ** len(widths)
        layers: list[nn.Module] = []
        for k, (inputs, outputs) in enumerate(pairwise(widths)):
            layers.append(nn.ConvTranspose2d(inputs, outputs, 4, 1 if k == 0 else 2, 0 if k == 0 else 1, bias=False))
            last = k == len(widths) - 2
            layers += [nn.Tanh()] if last else [nn.BatchNorm2d(outputs), nn.ReLU()]
        self.main = nn.Sequential(*layers)

    def forward(self, h: Tensor) -> Tensor:
        """Draw images, codes `(B, code)` → RGB `(B, 3, S, S)` in [0, 1]."""
        return (self.main(h[..., None, None]) + 1) / 2

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes from N(0, 1)."""
        return noise.normal(0, self.code.shape, stream="start")


def dcgan(weights: str, device: torch.device | str = "cpu") -> Model:
    """Use the generator of a DCGAN as G; it has no E.

    Args:
        weights: path of a state dict, such as the `netG_epoch_24.pth` of PyTorch's example; its shapes tell the sizes.

    Raises:
        UserError: there is no such file, or it is not the state dict of a DCGAN's generator.
    """
    key = f"model.weights={shown(weights)}"
    tensors = read_state_dict(home(weights, "model.weights"), key)
    names = [f"main.{3 * k}.weight" for k in range(len(tensors))]
    kernels = [tensors[name] for name in names if name in tensors]
    if not 2 <= len(kernels) <= 9 or any(kernel.dim() != 4 for kernel in kernels):
        raise UserError(f"{key}: not a DCGAN's generator; allowed is one with main.0.weight, main.3.weight, …")
    widths = [*(kernel.shape[0] for kernel in kernels), kernels[-1].shape[1]]
    if widths[-1] != 3:
        raise UserError(f"{key}: it draws {widths[-1]} channels; allowed are 3")
    network = DCGAN(widths)
    files.fill(network, tensors, f"{key}: not a DCGAN's generator")
    return Model("dcgan", {"generator": lambda: network}, {}, network.image_size, device)
