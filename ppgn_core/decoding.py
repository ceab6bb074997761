"""Decode a picture file as an image viewer shows it, whatever its mode, depth, colour space and orientation."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import UserError, shown

FORMATS = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF"),
    *("JPEG2000", "PPM", "TGA", "ICO", "QOI", "PCX", "SGI"),
)
"""File formats that are read. The others that Pillow knows start programs (EPS) or hold no picture of their own."""

LOSSY = {"JPEG", "MPO", "WEBP", "AVIF", "JPEG2000"}
"""Formats whose pixels may differ from those that were saved."""

SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Pillow's mode for each colour space that an ICC profile may have."""

SCALED = {"1": 255, "L;2": 85, "L;4": 17}
"""Factors from greys of less than 8 bits to 8 bits; Pillow scales pixels, but not the transparent value of a PNG."""


def decode(file: Path, key: str) -> Image.Image:
    """Decode a picture to 8 bits a channel, sRGB and upright: mode RGB, or RGBA if any pixel is transparent.

    Of several frames or pages the first is used. Greys of 10 to 16 bits are scaled to their whole range, colours with
    an ICC profile are converted, and floats are accepted if all are in [0, 1]. The image's `format` is that of the
    file.

    Args:
        file: path of a regular file, as checked by `ppgn_core.user_input.path`.

    Raises:
        UserError: the file is not a picture, damaged, too large, or has values without a defined white; the message
            names `key`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()  # not every build of Pillow has all formats
            with Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
                return _read(image)
    except UnidentifiedImageError as error:
        problem = f"not a picture that can be read; allowed are {', '.join(FORMATS)}"
        raise UserError(f"{key}={shown(file)}: {problem}") from error
    except _Undefined as error:
        raise UserError(f"{key}={shown(file)}: {error}") from error
    except Exception as error:  # on damaged data decoders raise errors of any type
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{key}={shown(file)}: cannot be read: {shown(reason)}") from error


class _Undefined(Exception):
    """Raised for pixel values that do not define a colour."""


def _read(image: Image.Image) -> Image.Image:
    kind, raw = image.format, _raw_mode(image)
    white_is_zero = kind == "TIFF" and image.tag_v2.get(262) == 0  # type: ignore[attr-defined]
    image.load()
    if 0 in image.size:
        raise ValueError("it has no pixels")
    profile = image.info.get("icc_profile")
    _unscale_transparency(image, raw)
    image = _upright(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _deep_grey(image, kind, 4095 if raw == "I;12" else 65535, white_is_zero)
    colours, alpha = _parted(image)
    colours = _in_srgb(colours, profile)
    if alpha is not None and alpha.getextrema() != (255, 255):
        colours.putalpha(alpha)
    colours.format = kind
    return colours


def _raw_mode(image: Image.Image) -> str:
    """Return how the file itself stores its values, as one of Pillow's raw modes."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _unscale_transparency(image: Image.Image, raw: str) -> None:
    """Convert the transparent colour of a PNG to the scale of Pillow's pixels."""
    transparent = image.info.get("transparency")
    if image.format == "PNG" and isinstance(transparent, int) and raw in SCALED and image.mode == "L":
        image.info["transparency"] = min(transparent * SCALED[raw], 255)
    elif isinstance(transparent, tuple) and raw == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in transparent)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the EXIF is broken but the pixels are good: do not rotate them
        return image


def _deep_grey(image: Image.Image, kind: str | None, highest: int, inverted: bool) -> Image.Image:
    """Convert greys of more than 8 bits to mode L, or to LA if one value is transparent."""
    values = np.asarray(image)
    if image.mode == "F":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            low, high = float(values.min()), float(values.max())
            raise _Undefined(f"its float values go from {low:g} to {high:g}; allowed are those in [0, 1]")
        share = values.astype(np.float64)
    elif image.mode == "I" and kind not in ("PNG", "PPM"):  # in these two formats mode I means 16 bits
        raise _Undefined("integers of 32 bits, or signed ones, have no defined white; allowed are 8 and 16 bits")
    else:
        share = values.astype(np.float64) / highest
    share = 1 - share if inverted else share
    grey = Image.fromarray((share.clip(0, 1) * 255).round().astype(np.uint8))
    if isinstance(hidden := image.info.get("transparency"), int):
        grey.putalpha(Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8)))
    return grey


def _parted(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split an image into its colours, in a mode without alpha, and its alpha channel, None if it has none."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data or image.mode == "PA":
        image = image.convert("RGBA")
        return image.convert("L" if grey else "RGB"), image.getchannel("A")
    return (image.convert({"1": "L", "P": "RGB"}[image.mode]) if image.mode in ("1", "P") else image), None


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB with the ICC profile if it fits; a broken profile is ignored, as viewers do."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = SPACES.get(source.profile.xcolor_space)
            fitting = image.convert("RGB") if mode == "RGB" and image.mode not in ("CMYK", "LAB") else image
            if mode == fitting.mode:
                flags = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE  # it blurs dark greys
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(fitting, source, target, outputMode="RGB", flags=flags)
                assert converted is not None  # it is None only for conversion in place
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")
