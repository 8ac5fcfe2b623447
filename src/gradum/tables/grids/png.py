"""A grid of bytes as a file that every browser shows (PNG, ISO/IEC 15948), without a library."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

from gradum.tables.grids.resize import resized

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = {1: 0, 3: 2}  # of PNG, by the number of channels: grey, red-green-blue
LONGER_SIDE = 48  # of a thumbnail


def png(pixels: np.ndarray) -> bytes:
    """Return pixels, uint8 (h, w, 1 or 3), as a PNG file."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    unfiltered = np.zeros((height, 1), np.uint8)  # each row begins with the name of its filter
    rows = np.hstack([unfiltered, pixels.reshape(height, width * channels)])
    body = zlib.compress(rows.tobytes(), 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def thumbnail(pixels: np.ndarray) -> bytes:
    """Return pixels as a PNG file whose longer side is at most `LONGER_SIDE`."""
    height, width = pixels.shape[:2]
    share = min(1.0, LONGER_SIDE / max(height, width))
    if share < 1.0:
        pixels = resized(pixels, max(1, round(height * share)), max(1, round(width * share)))
    return png(pixels)


def data_uri(file: bytes) -> str:
    """Return a PNG file as an address that holds it."""
    return f"data:image/png;base64,{b64encode(file).decode()}"


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
