"""The step that misleads a network most (Miyato et al. 2017, with the true labels)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def adversarial_example(x: Tensor, loss: Callable[[Tensor], Tensor], length: float) -> Tensor:
    """`x` `(B, …)`, each of the batch a step of that length in L2 further along the gradient of the loss."""
    x = x.requires_grad_()
    (slope,) = torch.autograd.grad(loss(x), x)
    return (x + length * F.normalize(slope.flatten(1)).view_as(x)).detach()
