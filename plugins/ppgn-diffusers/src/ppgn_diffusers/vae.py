"""The model `vae` is an autoencoder of latent diffusion, by its name on the Hugging Face hub or from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor

from ppgn_core import weights as files
from ppgn_core.console import quiet
from ppgn_core.errors import UserError, reason, shown
from ppgn_core.model import Model
from ppgn_core.state_dict import read_state_dict

from .autoencoder import LATENT, Autoencoder, stride
from .hub import local

KINDS = ("AutoencoderKL", "AutoencoderTiny")
TAESD = ("taesd_encoder", "taesd_decoder")
"""Files of TAESD's own release, without their suffix."""


def vae(
    weights: str,
    subfolder: str | None = None,
    size: Annotated[int, ">= 16", "<= 4096"] = 256,
    device: torch.device | str = "cpu",
) -> Model:
    """Use an `AutoencoderKL` or `AutoencoderTiny` of diffusers as G and E; codes are its latents.

    The prior `noiseless_joint` works with it as with any G∘E, and `gaussian` too, as latents are scaled to a variance
    of about 1. It has no classes: conditions on networks of their own, such as `imagenet`, `torchvision` or `clip`, can
    be used.

    Args:
        weights: name on the Hugging Face hub, such as `stabilityai/sd-vae-ft-mse` or `madebyollin/taesd`, which is
            fetched once; or a folder that diffusers' `save_pretrained` wrote; or one with TAESD's own two files,
            `taesd_encoder.safetensors` and `taesd_decoder.safetensors` (or `.pth`).
        subfolder: folder in it, such as `vae` for a whole pipeline.
        size: side of the images, in pixels, a multiple of what a latent stands for (8 for Stable Diffusion's).

    Raises:
        UserError: there are no such weights, they are not those of an autoencoder, or the size does not fit.
    """
    network = read(weights, subfolder)
    if size % (f := stride(network.config)):
        raise UserError(f"model.size={size}: allowed are multiples of {f}, the pixels for each latent of {weights}")
    both = Autoencoder(network, size)
    return Model(
        name="vae",
        loaders={"generator": lambda: both, "encoder": lambda: both},
        labels={},
        image_size=size,
        device=device,
        code_layer=LATENT,
    )


def read(weights: str, subfolder: str | None = None) -> Any:
    """Load an autoencoder of diffusers in eval mode.

    Raises:
        UserError: as `vae` says.
    """
    import diffusers

    key = f"model.weights={shown(weights)}"
    folder = local(weights, key, subfolder)
    if folder and (found := [_file(folder, stem) for stem in TAESD]) != [None, None]:
        return _of_taesd(key, *found)
    source, inside = (str(folder), None) if folder else (weights, subfolder)
    try:
        with quiet():
            config: Any = diffusers.AutoencoderKL.load_config(source, subfolder=inside)
            kind = config.get("_class_name")
            if kind not in KINDS:
                raise UserError(f"{key}: it is of {shown(str(kind))}; allowed are {' and '.join(KINDS)}")
            network, loaded = getattr(diffusers, kind).from_pretrained(
                source, subfolder=inside, output_loading_info=True, ignore_mismatched_sizes=True
            )
    except UserError:
        raise
    except Exception as error:  # what reading and fetching raise has no common type
        raise UserError(f"{key}: no autoencoder can be read there: {shown(reason(error))}") from None
    if unfit := [*loaded["missing_keys"], *(name for name, *_ in loaded["mismatched_keys"])]:
        raise UserError(f"{key}: it has no {unfit[0]} that fits its config.json")
    if bad := [name for name, value in network.state_dict().items() if not value.isfinite().all()]:
        raise UserError(f"{key}: its {bad[0]} is not finite")
    return network.eval()


def _file(folder: Path, stem: str) -> Path | None:
    return next((path for suffix in (".safetensors", ".pth") if (path := folder / f"{stem}{suffix}").exists()), None)


def _of_taesd(key: str, encoder: Path | None, decoder: Path | None) -> Any:
    """Read TAESD's own files, whose layers are numbered as diffusers', but for the decoder's first, which clamps."""
    from diffusers import AutoencoderTiny

    if encoder is None or decoder is None:
        missing = TAESD[0] if encoder is None else TAESD[1]
        raise UserError(f"{key}: it has no {missing}.safetensors or .pth; allowed is a folder with both of TAESD's")
    parts = {"encoder": read_state_dict(encoder, key), "decoder": read_state_dict(decoder, key)}
    named: dict[str, Tensor] = {}
    for part, tensors in parts.items():
        for name, value in tensors.items():
            number, _, rest = name.partition(".")
            if not number.isdigit():
                raise UserError(f"{key}: not TAESD's {part}: it has {name!r}")
            named[f"{part}.layers.{int(number) - (part == 'decoder')}.{rest}"] = value
    network: Any = AutoencoderTiny(latent_channels=_latents(named, key))
    files.fill(network, named, f"{key}: not TAESD's")
    return network.eval()


def _latents(named: Mapping[str, Tensor], key: str) -> int:
    first = named.get("decoder.layers.0.weight")
    if first is None or first.dim() != 4:
        raise UserError(f"{key}: not TAESD's decoder: it has no 1.weight of four dimensions")
    return first.shape[1]
