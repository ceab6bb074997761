"""One picture file as a viewer shows it, whatever its mode, depth, colour space and orientation."""

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
"""What is read. Others that Pillow knows start programs (EPS) or hold no picture of their own."""

LOSSY = {"JPEG", "MPO", "WEBP", "AVIF", "JPEG2000"}
"""Formats that may give back other values than were saved."""

SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Modes by the colour space of a profile."""

SCALED = {"1": 255, "L;2": 85, "L;4": 17}
"""Of greys of less than 8 bits, which Pillow scales up, but not the one that a PNG makes transparent."""


def decode(file: Path, key: str) -> Image.Image:
    """The picture in 8 bits a channel, sRGB and upright: mode RGB, or RGBA where any of it is transparent.

    Of several frames or pages it is the first. Greys of 10 to 16 bits are scaled to their whole range, colours of an
    ICC profile converted, floats read where all are in [0, 1]. `format` stays that of the file.

    Args:
        file: that is known to be a regular one, see `ppgn_core.given.path`.

    Raises:
        UserError: not a picture, damaged, too large, or of numbers without a defined white; the message names `key`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()  # not every build of Pillow has all formats
            with Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]) as image:
                return _read(image)
    except UnidentifiedImageError as error:
        told = f"not a picture that can be read; allowed are {', '.join(FORMATS)}"
        raise UserError(f"{key}={shown(file)}: {told}") from error
    except _Undefined as error:
        raise UserError(f"{key}={shown(file)}: {error}") from error
    except Exception as error:  # at damaged data decoders raise whatever they stumble over
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(f"{key}={shown(file)}: cannot be read: {shown(reason)}") from error


class _Undefined(Exception):
    """Numbers that could mean any colour."""


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
    """How the file itself holds its values, in Pillow's names."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _unscale_transparency(image: Image.Image, raw: str) -> None:
    """The colour that a PNG makes transparent, on the scale of the pixels as Pillow gives them."""
    given = image.info.get("transparency")
    if image.format == "PNG" and isinstance(given, int) and raw in SCALED and image.mode == "L":
        image.info["transparency"] = min(given * SCALED[raw], 255)
    elif isinstance(given, tuple) and raw == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in given)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF beside good pixels: shown as they lie
        return image


def _deep_grey(image: Image.Image, kind: str | None, highest: int, inverted: bool) -> Image.Image:
    """Mode L, or LA with a transparent value, of greys of more than 8 bits."""
    values = np.asarray(image)
    if image.mode == "F":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            low, high = float(values.min()), float(values.max())
            raise _Undefined(f"its float values go from {low:g} to {high:g}; allowed are those in [0, 1]")
        share = values.astype(np.float64)
    elif image.mode == "I" and kind not in ("PNG", "PPM"):  # those two mean 16 bits by it
        raise _Undefined("integers of 32 bits, or signed ones, have no defined white; allowed are 8 and 16 bits")
    else:
        share = values.astype(np.float64) / highest
    share = 1 - share if inverted else share
    grey = Image.fromarray((share.clip(0, 1) * 255).round().astype(np.uint8))
    if isinstance(hidden := image.info.get("transparency"), int):
        grey.putalpha(Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8)))
    return grey


def _parted(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours of a mode without alpha, and alpha where there is one."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data or image.mode == "PA":
        image = image.convert("RGBA")
        return image.convert("L" if grey else "RGB"), image.getchannel("A")
    return (image.convert({"1": "L", "P": "RGB"}[image.mode]) if image.mode in ("1", "P") else image), None


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Mode RGB, converted from the profile where there is one that fits; a broken one is passed over, as viewers do."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = SPACES.get(source.profile.xcolor_space)
            fitting = image.convert("RGB") if mode == "RGB" and image.mode not in ("CMYK", "LAB") else image
            if mode == fitting.mode:
                flags = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE  # which blurs dark greys
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(fitting, source, target, outputMode="RGB", flags=flags)
                assert converted is not None  # it is where nothing is converted in place
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")
