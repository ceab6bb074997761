"""Preprocess images for a network: resize, centre crop, channel order, scale, mean."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Preprocess(nn.Module):
    """Convert images from the form that components exchange to the network's own units, differentiably.

    `forward` takes float RGB `(B, 3, H, W)`, nominally in [0, 1], and returns `(B, 3, crop, crop)`. Images are resized
    to `resize × resize` (bilinear, antialiased) if their size differs, cropped at the centre, reordered to the
    network's channel order and multiplied by `scale`; then `mean` is subtracted, in the network's units and channel
    order. The mean is a pixel, or with `mean_image` an image `(1, 3, crop, crop)`, which is stored with the weights.
    """

    mean: Tensor

    def __init__(
        self,
        resize: int,
        crop: int,
        mean: tuple[float, ...],
        scale: float,
        bgr: bool = False,
        mean_image: bool = False,
    ) -> None:
        super().__init__()
        self.resize, self.crop, self.scale, self.bgr = resize, crop, scale, bgr
        pixel = torch.tensor(mean).view(1, -1, 1, 1)
        image = pixel.repeat(1, 1, crop, crop) if mean_image else pixel
        self.register_buffer("mean", image, persistent=mean_image)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] != (self.resize, self.resize):
            x = F.interpolate(x, (self.resize, self.resize), mode="bilinear", antialias=True, align_corners=False)
        if self.crop != self.resize:
            edge = (self.resize - self.crop) // 2
            x = x[..., edge : edge + self.crop, edge : edge + self.crop]
        if self.bgr:
            x = x.flip(1)
        return x * self.scale - self.mean
