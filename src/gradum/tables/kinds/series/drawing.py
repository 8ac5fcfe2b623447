"""A series as a small picture: one line a channel, from left to right."""

from __future__ import annotations

import numpy as np

from gradum.tables.grids.resize import resized

WIDTH, HEIGHT = 192, 96  # of the drawing
FINE = 2  # times as large it is drawn, so that lines are smooth
LINE = 3  # of the fine pixels, a line is high


def drawn(readings: np.ndarray) -> np.ndarray:
    """Return readings (c, T), NaN where there is a gap, as dark lines on white: uint8 (h, w, 1)."""
    channels, length = readings.shape
    height, width = HEIGHT * FINE, WIDTH * FINE
    canvas = np.full((height, width), 255, np.uint8)
    edges = np.linspace(0, height, channels + 1).astype(int)
    at = np.linspace(0, length - 1, width)
    nearest = np.rint(at).astype(int)
    for channel, top, bottom in zip(readings, edges[:-1], edges[1:], strict=True):
        known = np.flatnonzero(~np.isnan(channel))
        if not len(known):
            continue
        low, high = float(channel[known].min()), float(channel[known].max())
        share = (np.interp(at, known, channel[known]) - low) / ((high - low) or 1.0)
        room = max(bottom - top - 3 * LINE, 1)
        rows = bottom - 2 * LINE - np.rint(share * room).astype(int)
        _draw(canvas, rows, ~np.isnan(channel[nearest]))
    return resized(canvas[:, :, None], HEIGHT, WIDTH)


def _draw(canvas: np.ndarray, rows: np.ndarray, known: np.ndarray) -> None:
    """Draw a line at these rows, one a column, joined from each to the next."""
    before = np.concatenate([rows[:1], rows[:-1]])
    for column, (one, other) in enumerate(zip(before, rows, strict=True)):
        if known[column]:
            low, high = sorted((int(one), int(other)))
            canvas[max(low, 0) : high + LINE, column] = 0
