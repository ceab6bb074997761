"""Files as cameras, scanners and editors make them: depths, orders of bytes, orientations, profiles, frames."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from .colours import SIDE, Colours, encoded, made, on_white

LOSSY = {"JPEG": 0.08, "AVIF": 0.08, "MPO": 0.08}
"""How far the colours of a smooth picture may be from those saved."""

OPTIONS: dict[str, dict[str, object]] = {
    "WEBP": {"lossless": True, "exact": True},
    **{form: {"quality": 98} for form in LOSSY},
}


class Case(NamedTuple):
    """A file's bytes, its name, and where they are known the colours `(H, W, 3)` that a viewer shows."""

    name: str
    data: bytes
    colours: Colours | None = None
    tolerance: float = 0.0


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """The file, or nothing where the format has no such mode."""
    held = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.save(held, form, **{**OPTIONS.get(form, {}), **options})
    except Exception:
        return b""
    return held.getvalue()


def suffix(form: str) -> str:
    return next((suffix for suffix, name in Image.registered_extensions().items() if name == form), ".bin")


def deep_png(rng: np.random.Generator) -> Case:
    """A PNG of any depth and colour type, its first pixel's colour transparent where the type has no alpha."""
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)]
    kind, depth = kinds[rng.integers(len(kinds))]
    bands, most = {0: 1, 2: 3, 4: 2, 6: 4}[kind], 2**depth - 1
    values = rng.integers(0, most + 1, (SIDE, SIDE, bands))
    v = values / most
    colours = np.repeat(v[..., :1], 3, 2) if kind in (0, 4) else v[..., :3]
    extra = b""
    if kind in (4, 6):
        colours = on_white(colours, v[..., -1])
    else:
        colours = on_white(colours, (values != values[0, 0]).any(2).astype(np.float64))
        extra = _chunk(b"tRNS", values[0, 0].astype(">u2").tobytes())
    if depth < 8:
        bits = (values[..., 0, None] >> np.arange(depth)[::-1]) & 1
        rows = np.packbits(bits.reshape(SIDE, -1), axis=1)
    else:
        rows = values.astype(f">u{depth // 8}").reshape(SIDE, -1).view(np.uint8)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, depth, kind, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + extra + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    tolerance = 2.01 / 255 if depth == 16 else 1.01 / 255  # colours and alpha are both cut to 8 bits
    return Case(f"type{kind}_{depth}bit.png", data, colours, tolerance)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scanned(rng: np.random.Generator) -> Case:
    """A grey TIFF of 12 or 16 bits, in either order of bytes; white is 0 in some."""
    bits, order, white_is_zero = [(12, "<", 0), (16, "<", 0), (16, "<", 1), (16, ">", 0)][rng.integers(4)]
    values = rng.integers(0, 2**bits, (SIDE, SIDE))
    if bits == 12:
        pairs = values.reshape(-1, 2)
        packed = [pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255]
        data = np.stack(packed, 1).astype(np.uint8).tobytes()
    else:
        data = values.astype(f"{order}u2").tobytes()
    longs = {256: SIDE, 257: SIDE, 273: 8, 278: SIDE, 279: len(data)}
    shorts = {258: bits, 259: 1, 262: 1 - white_is_zero, 277: 1}
    entries = [(tag, 4, struct.pack(f"{order}I", value)) for tag, value in longs.items()]
    entries += [(tag, 3, struct.pack(f"{order}HH", value, 0)) for tag, value in shorts.items()]
    table = b"".join(struct.pack(f"{order}HHI", tag, kind, 1) + value for tag, kind, value in sorted(entries))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
    whole = head + data + struct.pack(f"{order}H", len(entries)) + table + struct.pack(f"{order}I", 0)
    share = values / (2**bits - 1)
    share = 1 - share if white_is_zero else share
    return Case(f"scan_{bits}bit.tif", whole, np.repeat(share[..., None], 3, 2), 1.01 / 255)


def turned(rng: np.random.Generator) -> Case:
    """A camera's picture that is upright by its EXIF alone."""
    form = ("JPEG", "PNG", "TIFF", "WEBP")[rng.integers(4)]
    image, colours = made("RGB", rng, smooth=form in LOSSY)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = int(rng.integers(2, 9))
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(image.transpose(back[turn]), form, exif=exif)
    return Case(f"turned_{turn}{suffix(form)}", data, colours, LOSSY.get(form, 0.0) + 1.01 / 255)


def of_another_space(rng: np.random.Generator) -> Case:
    """RGB of a profile whose red primary is sRGB's green and the other way round."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    at = {bytes(profile[start : start + 4]): start for start in range(132, 132 + 12 * count, 12)}
    red, green = at[b"rXYZ"] + 4, at[b"gXYZ"] + 4
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    form, mode = [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "P transparent", "L", "LA", "I;16")),
        *(("TIFF", mode) for mode in ("RGB", "RGBA", "CMYK", "LAB")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ][rng.integers(13)]
    image, colours = made(mode, rng)
    swapped = colours if mode in ("CMYK", "LAB") else colours[..., [1, 0, 2]]  # the profile is not for those
    data = saved(image, form, icc_profile=bytes(profile))
    return Case(f"profile_{mode.replace(' ', '_').replace(';', '')}{suffix(form)}", data, swapped, 5.01 / 255)


def linear_grey(rng: np.random.Generator) -> Case:
    """Grey of a profile that is proportional to light."""
    xyz = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, 256, 0)
    words = b"text\0\0\0\0none\0\0\0\0"
    said = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    tags = {b"wtpt": xyz, b"kTRC": curve, b"cprt": words, b"desc": said}
    start, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    profile = head + bytes(128 - len(head)) + table + body
    image, colours = made("L", rng)
    return Case("linear.png", saved(image, "PNG", icc_profile=profile), encoded(colours), 3.01 / 255)


def frames(rng: np.random.Generator) -> Case:
    """Several frames or pages, of which a viewer shows the first."""
    form = ("GIF", "PNG", "WEBP", "TIFF")[rng.integers(4)]
    (first, colours), (second, _) = (made("P" if form == "GIF" else "RGB", rng) for _ in range(2))
    data = saved(first, form, save_all=True, append_images=[second])
    return Case(f"frames{suffix(form)}", data, colours, 1.01 / 255)


def of_odd_shape(rng: np.random.Generator) -> Case:
    form = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")[rng.integers(6)]
    width, height = rng.choice([1, 2, 3, 17, 250, 4000], 2).tolist()
    return Case(f"{width}x{height}{suffix(form)}", saved(Image.new("RGB", (width, min(height, 250)), "teal"), form))
