"""A table in the lab: few columns and rows, and in JavaScript the numbers that gradum makes."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from lab_node import answered_by

from gradum.core.models.input_layer import InputLayer
from gradum.errors import GradumError, TableError, TargetError
from gradum.lab.built_in import built_in
from gradum.lab.table import MOST_COLUMNS, MOST_ROWS, lab_table, strength
from gradum.messages import as_text
from gradum.run.dataset import labelled
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from node import needs_node

EXAMPLES = Path(__file__).parents[2] / "examples"
RNG = np.random.default_rng(0)


def plain(table):
    """A table as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(table, enc_hook=as_text))


@pytest.fixture(scope="module")
def penguins():
    """The whole table of penguins, missing values included."""
    return lab_table(EXAMPLES / "penguins.csv", "species")


@needs_node
def test_javascript_scales_and_codes_as_the_input_layer_does(penguins):
    program = "const answer = $table.encoded(given, 'log_loss');"
    found = answered_by(["table.js"], program, plain(penguins))
    held = set(penguins.held_out)
    trains = [place for place in range(len(penguins.rows)) if place not in held]
    assert found["training"] == trains
    source = read(EXAMPLES / "penguins.csv")
    schema = infer(source, target="species")
    dataset = labelled(source, schema)
    design = Encoder.fit(dataset.frame, schema, np.array(trains)).transform(dataset.frame)
    levels = tuple(len(column.levels) for column in design.layout.codes)
    layer = InputLayer.fit(
        design.dense[trains],
        levels,
        tuple("sign" if count == 2 else "one_hot" for count in levels),
        style="standard",
    )
    expected = layer(design.arrays, dtype=np.float64)["dense"]
    np.testing.assert_allclose(
        np.reshape(found["inputs"], expected.shape), expected, rtol=1e-12, atol=1e-12
    )
    assert found["target"] == dataset.target.tolist()


def test_a_target_that_is_a_number_is_scaled_by_the_rows_that_train():
    y = RNG.normal(50, 7, 60)
    table = lab_table({"x": np.arange(60.0), "y": y}, "y")
    trains = np.delete(y, table.held_out)
    assert table.target.centre == pytest.approx(trains.mean())
    assert table.target.scale == pytest.approx(trains.std())
    assert len(table.held_out) == 15


def test_what_does_not_fit_into_the_lab_is_left_out_and_said():
    rows = 2 * MOST_ROWS + 1
    columns = {f"number {k:02}": RNG.normal(size=rows) for k in range(MOST_COLUMNS + 2)}
    many = np.array([f"level {k}" for k in range(30)])[RNG.integers(0, 30, rows)]
    table = lab_table({"many": many, **columns, "y": RNG.normal(size=rows)}, "y")
    assert len(table.numbers) == MOST_COLUMNS
    assert len(table.rows) == MOST_ROWS
    said = " ".join(table.remarks)
    left = sorted(set(columns) - {each.name for each in table.numbers})
    assert all(name in said for name in ("'many'", "4,001", *map(repr, left)))


STRENGTHS = """
const table = given, inputs = $table.inputsOf(table);
const { table: few, left } = $strengths.fewColumns(table, 3);
const answer = {
  strengths: inputs.map(({ column }) =>
    $strengths.strength(table.rows.map((row) => row[column]), table)),
  drawn: $strengths.drawnInputs(table, 3).map((at) => inputs[at].name),
  kept: [...few.numbers, ...few.codes].map(({ name }) => name),
  widths: [...new Set(few.rows.map((row) => row.length))],
  left,
};
"""


@needs_node
def test_the_strongest_columns_are_kept_and_drawn_and_marks_of_missing_values_last():
    rows = 300
    bent, level = RNG.normal(size=rows), np.array(["a", "b", "c"])[RNG.integers(0, 3, rows)]
    columns = {f"weak {k}": RNG.normal(size=rows) for k in range(14)}
    gone = np.where(RNG.uniform(size=rows) < 0.3, np.nan, RNG.normal(size=rows))
    target = bent**2 + 2 * (level == "c") + 2 * np.isnan(gone)  # no line tells of a parabola
    table = lab_table({**columns, "gone": gone, "bent": bent, "level": level, "y": target}, "y")
    names = [each.name for each in (*table.numbers, *table.codes)]
    assert {"gone", "gone missing", "bent", "level"} <= set(names)
    assert "'weak" in " ".join(table.remarks)
    found = answered_by(["strengths.js", "table.js"], STRENGTHS, plain(table))
    values, trains = np.array(table.rows), np.delete(np.arange(rows), table.held_out)
    places = [*range(len(table.numbers)), *[len(table.numbers)] * 3]  # three levels of a column
    expected = [strength(values[trains, at], values[trains, -1], 0) for at in places]
    np.testing.assert_allclose(found["strengths"], expected, rtol=1e-9, atol=1e-12)
    assert "bent" in found["drawn"]
    assert "level = c" in found["drawn"]
    assert "gone missing" not in found["drawn"]
    assert {"bent", "level"} <= set(found["kept"])
    assert len(found["left"]) == MOST_COLUMNS - 3
    assert found["widths"] == [len(found["kept"]) + 1]


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_strength_is_the_adjusted_share_of_variance_between_groups(classes):
    values = np.repeat(np.arange(5.0), 20)
    noise = RNG.normal(size=100)
    target = np.floor(3 * RNG.uniform(size=100)) if classes == 3 else (values + noise > 2) * 1.0
    target = values + noise if not classes else target
    adjusted = []
    for each in [target == label for label in range(3)] if classes == 3 else [target]:
        within = sum(np.var(each[values == value]) * 20 for value in range(5))
        adjusted.append(1 - (within / 95) / (np.var(each) * 100 / 99))
    assert strength(values, target, classes) == pytest.approx(max(0, *adjusted, 0))


def test_columns_that_no_fit_uses_are_named():
    table = lab_table({"id": range(60), "x": RNG.normal(size=60), "y": RNG.normal(size=60)}, "y")
    assert "'id'" in " ".join(table.remarks)


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.5, 3.0]}, TargetError),
        ({"x": np.arange(90.0), "y": [f"c{k % 15}" for k in range(90)]}, TargetError),
        ({"x": [f"{k} of {k}" for k in range(30)], "y": np.arange(30.0)}, TableError),
        ({"x": np.arange(30.0), "y": [None] * 30}, GradumError),
    ],
)
def test_a_table_that_the_lab_cannot_use_is_refused(columns, error):
    with pytest.raises(error):
        lab_table(columns, "y")


def test_built_in_tables_are_what_their_names_say():
    tables = {table.key: table for table in built_in()}
    assert list(tables) == ["moons", "spiral", "penguins", "line", "sine"]
    line = np.array(tables["line"].rows)
    slope, start = np.polyfit(*line.T, 1)
    assert (round(slope), round(start)) == (3, 2)
    assert (tables["line"].numbers[0].centre, tables["line"].numbers[0].scale) == (0, 1)
    sine = np.array(tables["sine"].rows)
    assert np.std(sine[:, 1] - np.sin(2 * sine[:, 0])) < 0.3
    radius = np.hypot(*np.array(tables["spiral"].rows)[:, :2].T)
    assert radius.max() < 1.1
    assert len(tables["penguins"].rows) == 342
    package = Path(built_in.__code__.co_filename).with_name("penguins.csv")
    assert package.read_bytes() == (EXAMPLES / "penguins.csv").read_bytes()
    for table in tables.values():
        assert 0.2 < len(table.held_out) / len(table.rows) < 0.3


CSV = """
const answer = [];
for (const [text, target] of given) {
  const [names, ...cells] = $csv.lines(text);
  try {
    const table = target && $csv.tableOf({ name: "t.csv", names, cells, remarks: [] }, target);
    answer.push({ names, cells, table });
  } catch (error) {
    if (!(error instanceof $csv.Refused)) throw error;
    answer.push({ refused: error.message });
  }
}
"""


@needs_node
def test_a_dropped_file_is_read_and_scaled():
    values, groups = (
        RNG.normal(5, 2, 40).round(6),
        np.array(["a", "b, c", 'd "e"'])[np.arange(40) % 3],
    )
    quoted = {"a": "a", "b, c": '"b, c"', 'd "e"': '"d ""e"""'}
    lines = ["x,gone,group,word,y"]
    for k, (value, group) in enumerate(zip(values, groups, strict=True)):
        lines.append(f"{value},{'' if k % 5 == 1 else k},{quoted[group]},w{k},{k % 2}")
    text = "\r\n".join(lines)
    few = "a;b\n" + "1;2\n" * 4
    found = answered_by(["csv.js"], CSV, [[text, "y"], [text, "word"], [few, ""], [few, "b"]])
    first, refused, semicolons, small = found
    table = first["table"]
    assert first["cells"][1][2] == "b, c"
    assert first["cells"][2][2] == 'd "e"'
    assert [each["name"] for each in table["numbers"]] == ["x", "gone", "gone missing"]
    assert [each["part"] for each in table["numbers"]] == ["", "", "missing"]
    assert table["codes"][0]["levels"] == ["a", "b, c", 'd "e"']
    assert table["target"]["classes"] == ["0", "1"]
    trains = np.delete(np.arange(40), table["held_out"])
    assert table["numbers"][0]["centre"] == pytest.approx(values[trains].mean())
    assert table["numbers"][0]["scale"] == pytest.approx(values[trains].std())
    median = np.median([k for k in trains if k % 5 != 1])
    assert table["rows"][1] == [values[1], median, 1, 2, 1]
    assert "word" in table["said"]["en"]["remarks"][0]
    assert len(table["held_out"]) == 10
    assert "word" in refused["refused"]
    assert semicolons["names"] == ["a", "b"]
    assert "b" in small["refused"]
