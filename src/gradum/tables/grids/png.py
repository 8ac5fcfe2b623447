"""A grid of bytes as a file that every browser shows (PNG, ISO/IEC 15948), without a library."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = {1: 0, 3: 2}  # of PNG, by the number of channels: grey, red-green-blue


def png(pixels: np.ndarray) -> bytes:
    """Return pixels, uint8 (h, w, 1 or 3), as a PNG file."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, COLOURS[channels], 0, 0, 0)
    unfiltered = np.zeros((height, 1), np.uint8)  # each row begins with the name of its filter
    rows = np.hstack([unfiltered, pixels.reshape(height, width * channels)])
    body = zlib.compress(rows.tobytes(), 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def data_uri(file: bytes) -> str:
    """Return a PNG file as an address that holds it."""
    return f"data:image/png;base64,{b64encode(file).decode()}"


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
