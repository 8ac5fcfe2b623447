"""A kind is added as CONTRIBUTING says: its folder, and one line in a copy of the package."""

from pathlib import Path

import pytest

from edited_package import Edited
from forks import run_in_fork

TESTS = Path(__file__).parents[1]

KIND = '''
import polars as pl

from gradum.tables.kinds.kind import Accident, Kind, Reading, NumericScale
from gradum.tables.kinds.pixels.step import Pixels


class PixelsKind(Kind):
    """Lists of four numbers. Facets: a scale, their brightness; an accident, darkness."""

    name, turn = "pixels", -1
    step = Pixels
    has_scale = True
    accidents = (Accident("dark", "half as bright", lambda rows: rows.list.eval(pl.element() / 2)),)

    def recognise(self, values):
        if values.raw.dtype != pl.List(pl.Float64) or not (values.raw.list.len() == 4).all():
            return None
        return Reading("pixels", "Pictures of 4 pixels")

    def parse(self, raw, how):
        return pl.Series(raw.name, raw.to_list(), pl.List(pl.Float64))

    def scale(self, values):
        return NumericScale(values.list.mean().to_numpy(), "{:.1f}".format, "brightness {}".format)
'''

STEP = '''
import polars as pl

from gradum.tables.kinds.design import Feature
from gradum.tables.kinds.step import Step


class Pixels(Step, frozen=True, tag="pixels"):
    """Each pixel a dense column, 0 where there is no picture."""

    @classmethod
    def fit(cls, series):
        return cls(series.name)

    def dense_features(self):
        return tuple(Feature(f"{self.source} {i}", self.source, "pixel") for i in range(4))

    def dense_expressions(self):
        return [pl.col(self.source).list.get(i).fill_null(0.0) for i in range(4)]
'''

USE = """
import sys
import numpy as np
import polars as pl
import gradum
from gradum.questions.stress.corruption import corruptions_of
from gradum.tables.encode import Encoder
from gradum.tables.sources.read import read
from gradum.tables.schema.schema import infer
from synthetic import ONCE

assert gradum.__file__.startswith(sys.argv[1])
rng = np.random.default_rng(0)
pixels, size = rng.random((160, 4)), rng.normal(size=160)
bright = pixels[:, 0] + 0.2 * size > 0.5
frame = pl.DataFrame({"size": size, "picture": pixels.tolist(), "y": np.where(bright, "a", "b")})
frame.write_parquet("rows.parquet")

schema = infer(read(frame), target="y")
assert schema.column("picture").kind == "pixels"
encoder = Encoder.fit(frame, schema)
assert Encoder.from_json(encoder.to_json()) == encoder
np.testing.assert_array_equal(encoder.transform(frame).dense[:, 1:], pixels)

for blocks in (False, True):
    model = gradum.fit("rows.parquet", "y", model="linear", blocks=blocks, **ONCE)
    model.save("model")
    again = gradum.load("model")
    said = np.asarray(model.predict(frame))
    assert (np.asarray(again.predict(frame)) == said).all()
    assert (said == frame["y"].to_numpy()).mean() > 0.8
    one = again.predict([{"size": size[3], "picture": pixels[3].tolist()}])
    assert np.asarray(one).tolist() == said[[3]].tolist()
page = model.report()
assert "brightness 0" in page and "picture" in page
assert "dark" in [each.kind for each in corruptions_of(model.fitted)]
overall = model.explain(frame.head(20))
assert "picture" in str(overall)
found = model.counterfactuals(frame, rows=[3])
assert "'picture' is left as it is: nothing tells what else" in str(found)
"""


@pytest.mark.slow
def test_a_toy_kind_is_its_folder_and_one_line(tmp_path):
    package = Edited(tmp_path)
    folder = package.path / "tables/kinds/pixels"
    folder.mkdir()
    (folder / "__init__.py").write_text(KIND)
    (folder / "step.py").write_text(STEP)
    registry = "tables/kinds/__init__.py"
    line = "from gradum.tables.kinds.pixels import PixelsKind"
    package.add(registry, line, "from gradum.tables.kinds.step")
    package.add(registry, "        PixelsKind(),", "        Nested(),")
    used = run_in_fork(USE, tmp_path, folder=tmp_path, path=[tmp_path, TESTS])
    assert used.returncode == 0, used.stderr
