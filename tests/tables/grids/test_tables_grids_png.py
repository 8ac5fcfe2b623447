"""Files of pictures that another library reads to the same pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from gradum.tables.grids.png import LONGER_SIDE, data_uri, png, thumbnail


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 1), (7, 5, 3), (96, 64, 3)])
def test_pillow_reads_the_same_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for each in (pixels, pixels[::-1]):
        with Image.open(io.BytesIO(png(each))) as picture:
            assert picture.format == "PNG"
            picture.load()  # which checks every sum
            read = np.asarray(picture)
        np.testing.assert_array_equal(read.reshape(shape), each)


@pytest.mark.parametrize(("shape", "size"), [((96, 24), (12, 48)), ((20, 30), (30, 20))])
def test_a_thumbnail_is_small_and_keeps_its_proportions(shape, size):
    pixels = np.full((*shape, 3), 200, np.uint8)
    with Image.open(io.BytesIO(thumbnail(pixels))) as picture:
        assert picture.size == size
        assert max(picture.size) <= LONGER_SIDE
        assert picture.getextrema() == ((200, 200),) * 3


def test_an_address_holds_the_file():
    assert data_uri(b"abc") == "data:image/png;base64,YWJj"
