"""Pictures: files that a table names, bytes of such files, or arrays of pixels."""

from __future__ import annotations

import numpy as np

from gradum.messages import marked, say, say_plural
from gradum.tables.grids.cell import Grid
from gradum.tables.kinds.grid import GridKind
from gradum.tables.kinds.picture import opening
from gradum.tables.kinds.picture.step import PictureStep

STARTS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM"),
    *(b"II*\x00", b"MM\x00*", b"P5", b"P6"),
)


class PictureKind(GridKind):
    """Pictures, each a cell of pixels."""

    name, turn = "picture", -2
    step = PictureStep
    in_words = marked("pictures")
    letter = b"p"
    endings = (
        *(".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
        *(".pgm", ".ppm", ".pnm"),
    )
    package, extra, of_arrays = "PIL", "image", True
    regions = (
        *(marked("the upper left"), marked("the top"), marked("the upper right")),
        *(marked("the left"), marked("the middle"), marked("the right")),
        *(marked("the lower left"), marked("the bottom"), marked("the lower right")),
    )

    def starts(self, content: bytes) -> bool:
        """Whether a file's first bytes are those of a picture."""
        return content.startswith(STARTS) or content[:4] + content[8:12] == b"RIFFWEBP"

    def opened(self, content: bytes) -> np.ndarray:
        """Return the pixels of a file."""
        return opening.opened(content)

    def stated(self, content: bytes) -> int:
        """Return the pixels times the channels of a file."""
        return opening.stated(content)

    def of_array(self, values: np.ndarray) -> np.ndarray:
        """Return an array as pixels."""
        return opening.of_array(values)

    def described(self, grids: list[Grid]) -> str:
        """Say how many pictures there are, and of what size they are read."""
        sizes = sorted({grid.pixels.shape[1::-1] for grid in grids})
        grey = all(grid.pixels.shape[2] == 1 for grid in grids)
        colours = say("grey") if grey else say("in colour")
        if len(sizes) == 1:
            return say_plural(
                "{count:,} picture of {width} × {height} pixels, {colours}",
                "{count:,} pictures of {width} × {height} pixels, {colours}",
                len(grids),
                width=sizes[0][0],
                height=sizes[0][1],
                colours=colours,
            )
        (low, _), (high, _) = sizes[0], sizes[-1]
        return say_plural(
            "{count:,} picture, read at {low} to {high} pixels of width, {colours}",
            "{count:,} pictures, read at {low} to {high} pixels of width, {colours}",
            len(grids),
            low=low,
            high=high,
            colours=colours,
        )
