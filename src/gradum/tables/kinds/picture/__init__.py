"""Pictures: files that a table names, bytes of such files, or arrays of pixels."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np

from gradum.messages import marked, say, say_plural
from gradum.tables.extra import needs
from gradum.tables.grids.cell import Grid
from gradum.tables.grids.opening import CannotOpen
from gradum.tables.kinds.grid import GridKind
from gradum.tables.kinds.picture.step import PictureStep

STARTS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM"),
    *(b"II*\x00", b"MM\x00*", b"P5", b"P6"),
)
MOST_PIXELS = 64_000_000  # of a picture that is opened; a few bytes of a file can state far more
LONGER_SIDE = 96  # of what is kept
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
DEEP = ("I", "I;16", "I;16L", "I;16B", "F")  # numbers of more than 8 bits
SEE_THROUGH = ("LA", "La", "PA", "RGBA", "RGBa")


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
        """Return the first picture of a file: uint8 (height, width, 1 or 3).

        It is turned as its camera says (EXIF), what is transparent is white, and its longer side
        has at most `LONGER_SIDE` pixels, each the mean of those that it covers.

        Raises
        ------
        CannotOpen
            It is no picture, is damaged, or has more than `MOST_PIXELS`.
        """
        pillow = needs("PIL.Image", "image", say("Pictures"))
        turned = needs("PIL.ImageOps", "image", say("Pictures")).exif_transpose
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd metadata; the size is judged here
                with pillow.open(io.BytesIO(content), formats=FORMATS) as picture:
                    _refuse_huge(*picture.size)
                    picture.draft("RGB", (2 * LONGER_SIDE,) * 2)  # decodes less of a JPEG
                    flat = _flat(turned(picture), pillow)
            return _kept(flat, pillow)
        except CannotOpen:
            raise
        except Exception as error:  # whatever a decoder says of a damaged file
            if isinstance(error, pillow.DecompressionBombError):
                raise CannotOpen(say("too many pixels")) from error
            raise CannotOpen(say("damaged, or no picture")) from error

    def stated(self, content: bytes) -> int:
        """Return how many numbers the head of a file states: width times height times channels.

        0 for what is no picture.
        """
        pillow = needs("PIL.Image", "image", say("Pictures"))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd metadata
                with pillow.open(io.BytesIO(content), formats=FORMATS) as picture:
                    return picture.width * picture.height * len(picture.getbands())
        except Exception:  # whatever a decoder says of a damaged file
            return 0

    def of_array(self, values: np.ndarray) -> np.ndarray:
        """Return an array (height, width) or (height, width, 1, 3 or 4) as `opened` returns a file.

        Numbers are bytes from 0 to 255, or fractions from 0 to 1 where they are floats and none is
        larger.

        Raises
        ------
        CannotOpen
            It has another shape, or other numbers.
        """
        values = values[:, :, None] if values.ndim == 2 else values
        if values.ndim != 3 or values.shape[2] not in (1, 3, 4) or not values.size:
            raise CannotOpen(say("an array of shape {shape}", shape=values.shape))
        _refuse_huge(values.shape[1], values.shape[0])
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise CannotOpen(say("numbers that are no brightness"))
        low, high = values.min(), values.max()
        if low < 0 or high > 255:
            raise CannotOpen(say("numbers outside of 0 to 255"))
        if values.dtype.kind in "bf" and high <= 1:
            values = values * 255.0
        pixels = np.rint(values).astype(np.uint8)
        pillow = needs("PIL.Image", "image", say("Pictures"))
        picture = pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        return _kept(_flat(picture, pillow), pillow)

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


def _refuse_huge(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise CannotOpen(say("too many pixels"))


def _flat(picture: Any, pillow: Any) -> Any:
    """Return a picture as grey or in three colours, 8 bits each, on white where transparent."""
    if picture.mode in DEEP:
        values = np.asarray(picture, np.float64)
        scale = 1.0 if values.max(initial=0.0) <= 255 else 255 / 65535
        return pillow.fromarray(np.rint(np.clip(values * scale, 0, 255)).astype(np.uint8))
    if picture.mode in SEE_THROUGH or "transparency" in picture.info:
        above = picture.convert("RGBA")
        white = pillow.new("RGBA", picture.size, "white")
        return pillow.alpha_composite(white, above).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _kept(picture: Any, pillow: Any) -> np.ndarray:
    """Return its pixels, fewer if it is large; one channel if its three are alike."""
    longer = max(picture.size)
    if longer > LONGER_SIDE:
        size = [max(1, round(side * LONGER_SIDE / longer)) for side in picture.size]
        picture = picture.resize(tuple(size), pillow.Resampling.BOX)
    pixels = np.asarray(picture, np.uint8)
    if pixels.ndim == 2:
        return pixels[:, :, None]
    alike = (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, :1] if alike else pixels
