"""Every model in every form: raw rows in, and the answers that gradum gives to them out.

Models have drawn weights, so that nothing has to be fitted. Each is held against ONNX Runtime, the
reference evaluator of ONNX, Node, and the program itself in NumPy.
"""

import json
import math
from collections import Counter
from datetime import UTC, datetime
from functools import cache

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from test_conformance_encoders import EXAMPLES, NEW, N, training
from test_conformance_models import drawn, network_of, pack_of

from databases import DATABASES, filling, quoted
from gradum.api.trust.onnx_predictions import predictions_of_onnx
from gradum.core.models.activations import ACTIVATIONS
from gradum.core.models.input_layer import InputLayer
from gradum.errors import ExportError, ModelFileError
from gradum.run.fitted import Fitted, Provenance
from gradum.run.predicting import predict_typed
from gradum.run.spec.spec import Spec
from gradum.rungs.calibration import MatrixScaling, QuadraticScaling, TemperatureScaling
from gradum.rungs.post import PriorShift
from gradum.rungs.rung import Rung
from gradum.rungs.smearing import ResidualSpread
from gradum.rungs.target_scale import TargetScale
from gradum.ship.forms.javascript.file import JavaScriptForm, shapes_of
from gradum.ship.forms.sql.file import SqlForm, answers_of_rows
from gradum.ship.forms.sql.query import TABLE
from gradum.ship.recording.model import recorded_model
from gradum.ship.recording.program import ROWS_AXIS, RecordedProgram
from gradum.ship.recording.recorded import Recorded
from gradum.solvers.solution import Certificate, Status
from gradum.tables.columns import Column, Target
from gradum.tables.encode import Encoder, Unencoded
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.blocks import FORMS
from gradum.tables.kinds.case_folding import folded
from gradum.tables.kinds.date.iso import moments
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import MISSING
from gradum.tables.kinds.values import Values
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.read import read
from node import NODE, answers_by_node, needs_node, predicted, said_by

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx.reference import ReferenceEvaluator  # noqa: E402

from gradum.ship.exchange.onnx_core import core_of  # noqa: E402
from gradum.ship.exchange.onnx_model import read_model  # noqa: E402
from gradum.ship.exchange.onnx_session import open_session  # noqa: E402
from gradum.ship.forms.onnx.file import OnnxForm  # noqa: E402

LEAVING = tuple(name for name in EXAMPLES if KINDS[name].raw_type)
STAYING = [name for name in EXAMPLES if not KINDS[name].raw_type]
WORDLESS = tuple(name for name in LEAVING if not KINDS[name].holds_words)
"""Those that the operators of any runtime can read."""

MANY = pl.Series([f"level {i % 9}" for i in range(N)])


def learned(names=WORDLESS):
    columns = {name: training(name, "with gaps") for name in names}
    return pl.DataFrame(columns).with_columns(many=MANY, also=MANY.reverse())


def newcomers(names=WORDLESS):
    """What training lacked beside what it had, and a row in which everything is missing."""
    known = learned(names)[:9]
    rows = max(len(NEW[name]) for name in names) + 1
    new = {
        name: pl.Series([*NEW[name], *[None] * (rows - len(NEW[name]))], dtype=known[name].dtype)
        for name in names
    }
    new |= {name: pl.Series([None] * rows, dtype=pl.String) for name in ("many", "also")}
    frame = pl.concat([known, pl.DataFrame(new)])
    return frame.with_columns(KINDS[name].parse(frame[name], Parse()) for name in names)


@cache
def encoded(names=WORDLESS):
    frame = learned(names)
    kinds = {"many": "categorical", "also": "categorical"}
    columns = [Column(name, kinds.get(name, name), "feature") for name in frame.columns]
    schema = Schema("toy.csv", N, (*columns, Column("y", "categorical", "target")))
    return schema, Encoder.fit(frame, schema)


TREATMENTS = {
    "network": ("one_hot", "embedding", "embedding"),
    "sparse": ("one_hot", "sparse_one_hot", "sparse_one_hot"),
}
PROVENANCE = Provenance("2026-01-01", 0.0, {}, "", 1, {}, "")


def model(
    make, options, *, treatments="network", post=(), scale=None, style="robust", names=WORDLESS
):
    """A model whose only rung has drawn weights."""
    schema, encoder = encoded(names)
    design = encoder.transform(learned(names))
    layout = encoder.layout
    text, numbers = len(layout.sparse), len(layout.dense)
    layer = InputLayer.fit(design.dense, layout.level_counts, TREATMENTS[treatments], style=style)
    network = make(layer, text, numbers, **options)
    outputs = network.outputs
    classes = () if scale else tuple(f"class {k}" for k in range(max(outputs, 2)))
    task = "regression" if scale else "binary" if outputs == 1 else "multiclass"
    rung = Rung(
        "mlp",
        "squared_error" if scale else "log_loss",
        network,
        drawn(network, text, np.random.default_rng(3)),
        layer,
        scale,
        scale is not None,
        Status.CONVERGED,
        Certificate("stationary"),
        post=post,
    )
    schema = Schema(schema.source, N, schema.columns, Target("y", task, classes))
    return Fitted(Spec("y"), schema, encoder, {"mlp": rung}, None, PROVENANCE)


def answers_of(fitted, frame):
    """The answers of the program, Node, ONNX Runtime, its reference, and the databases."""
    recorded = recorded_model(fitted)
    raw = recorded.raw(frame)
    yield from by_node(recorded, raw)
    data = OnnxForm().data(recorded)
    proto = onnx.load_from_string(data)
    onnx.checker.check_model(proto, full_check=True)
    names = list(recorded.answers)
    computed = recorded.program(raw)
    yield {answer: computed[output] for answer, output in recorded.answers.items()}
    yield dict(zip(names, open_session(data).run(None, raw), strict=True))
    if "gradum.needs" in {entry.key for entry in proto.metadata_props}:
        return  # the evaluator has no operators but the standard ones
    with np.errstate(over="ignore", invalid="ignore"):  # its sigmoid computes both branches
        yield dict(zip(names, ReferenceEvaluator(proto).run(None, raw), strict=True))
    if max(part.size for part in fitted.rung().params["layers"][0].values()) >= ROWS_AXIS:
        return  # a query would take gigabytes
    text = SqlForm().data(recorded).decode()
    for database in DATABASES if len(text) < QUICKLY_PLANNED else ["SQLite"]:
        yield answers_in(database, recorded, raw, text)


QUICKLY_PLANNED = 30_000
"""Characters of a query; DuckDB thinks about that of a pack for a second."""


def answers_in(database, recorded, raw, text):
    """The answers of a query to a table in which what is missing is NULL."""
    columns = [
        pl.Series(name, [None if x == MISSING or x != x else x for x in array[:, 0]], dtype)
        for name, array in raw.items()
        for dtype in [pl.String if array.dtype == object else pl.Float64]
    ]
    rows = DATABASES[database](filling(pl.DataFrame(columns), TABLE), text)
    return answers_of_rows(recorded, rows)


def by_node(recorded, raw):
    """The answers of Node, where it is installed: tests/ship/test_ship_javascript.py needs it."""
    if NODE is not None:
        yield answers_by_node(JavaScriptForm().data(recorded), raw, shapes_of(recorded))


def assert_alike(fitted, frame):
    own = predict_typed(fitted, frame)
    scale = fitted.rung().target_scale
    for answers in answers_of(fitted, frame):
        if scale is None:
            assert list(answers["prediction"]) == list(fitted.labels[own.value])
            np.testing.assert_allclose(answers["probability"], own.probability, atol=1e-5)
            continue
        found, expected = scale.forward(answers["prediction"]), scale.forward(own.value)
        np.testing.assert_allclose(found, expected, atol=1e-5)


LINEAR = {"hidden": (), "outputs": 1}
MODELS = {
    "linear": (network_of, LINEAR, {"style": "standard"}),
    "linear, of many levels": (network_of, {"hidden": ()}, {"treatments": "sparse"}),
    **{
        f"MLP with {name}": (network_of, {"activation": name, "outputs": 1}, {})
        for name in ACTIVATIONS
    },
    "MLP of many levels": (network_of, {}, {"treatments": "sparse"}),
    "linear, of texts": (network_of, LINEAR, {"names": LEAVING}),
    "MLP of texts and levels": (network_of, {}, {"names": LEAVING, "treatments": "sparse"}),
    "pack of texts": (pack_of, {"outputs": 1}, {"names": LEAVING}),
    "pack": (pack_of, {}, {}),
    "pack of two classes": (pack_of, {"outputs": 1}, {}),
    "pack without codes": (pack_of, {"codes": 0, "pairs": ()}, {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_classes_answers_as_in_gradum(name):
    make, options, more = MODELS[name]
    assert_alike(model(make, options, **more), newcomers(more.get("names", WORDLESS)))


STEPS = {
    "temperature": (1, TemperatureScaling(1.7)),
    "quadratic": (1, QuadraticScaling(-1.0, 2.0, 0.5, 1.5, 0.3)),
    "matrix": (3, MatrixScaling(((1.0, 0.2, 0.0), (0.1, 0.9, 0.0), (0.0, 0.3, 1.1)), (0, 0.1, 0))),
    "prior shift of two": (1, PriorShift((0.6, 3.0))),
    "prior shift of three": (3, PriorShift((0.6, 3.0, 1.0))),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_after_the_logits_are_in_the_file(name):
    outputs, step = STEPS[name]
    fitted = model(network_of, {"hidden": (), "outputs": outputs}, post=(step,))
    plain = model(network_of, {"hidden": (), "outputs": outputs})
    assert_alike(fitted, newcomers())
    found, without = (next(iter(answers_of(m, newcomers()))) for m in (fitted, plain))
    assert np.abs(found["probability"] - without["probability"]).max() > 0.01


SPREAD = ResidualSpread(0.001, "on training rows", (0.0, 1.0, 2.0), (1.5, 1.2, 1.4))
SCALES = {
    "plain": TargetScale(3.0, 2.0, -100.0, 100.0),
    "clamped": TargetScale(3.0, 2.0, 2.0, 4.0),
    "log": TargetScale(1.0, 0.8, 0.5, 90.0, log=True, smearing=1.3),
    "log, spreading unequally": TargetScale(1.0, 0.8, 0.5, 90.0, log=True, spread=SPREAD),
}


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize(
    ("make", "options"),
    [(network_of, LINEAR), (pack_of, {"outputs": 1, "link": "identity"})],
    ids=["linear", "pack"],
)
def test_numbers_come_back_in_their_own_units(make, options, name):
    assert_alike(model(make, options, scale=SCALES[name]), newcomers())


def test_several_quantiles_are_sorted():
    assert_alike(model(network_of, {"hidden": ()}, scale=SCALES["plain"]), newcomers())


def test_a_model_of_no_column_answers_each_row():
    fitted = model(network_of, LINEAR)
    rung = Rung(
        **{
            **{name: getattr(fitted.rung(), name) for name in Rung.__dataclass_fields__},
            "network": type(fitted.rung().network)(0, 1),
            "params": {"layers": [{"weight": np.zeros((0, 1)), "bias": np.full(1, 0.7)}]},
            "input_layer": None,
        }
    )
    assert_alike(
        Fitted(fitted.spec, fitted.schema, fitted.encoder, {"mlp": rung}, None, PROVENANCE),
        newcomers(),
    )


RAW = {
    "numeric": (Parse(missing=("-999",)), [-999.0, 50.0, np.inf, 1e39, -1e300, np.nan]),
    "boolean": (
        Parse(true="yes", false="no", missing=("?",)),
        ["yes", "NO", "yEs", "true", "1", "0.0", "?", "perhaps", ""],
    ),
    "date": (
        Parse(date_format="%Y-%m-%d"),
        [
            *("2024-02-29", "2023-02-29", "2000-02-29", "1900-02-29", "2024-12-31", "1000-01-01"),
            *("0999-12-31", "3000-01-01", "2024-13-01", "2024-00-10", "2024-04-31", "2024-01-00"),
            *("soon", "24-01-01", "2024-1-1"),
        ],
    ),
    "date, with a zone": (
        Parse(date_format="%Y-%m-%dT%H:%M:%S%.f%#z"),
        [
            *("2024-01-31T13:45:00+02:00", "2024-01-31T13:45:00.25+0200", "2024-03-01T00:10:00+01"),
            *("2023-12-31T23:30:00-01:00", "2024-01-01T00:30:00+00:45", "2024-01-31T13:45:00Z"),
            *(
                "1000-01-01T00:30:00+01:00",
                "2999-12-31T23:30:00-01:00",
                "2024-01-31T13:45:00+24:00",
            ),
            *("2024-01-31T13:45:00-23:60", "2024-01-31T13:45:00+2", "2024-01-31T13:45:00Z+01"),
        ],
    ),
    "time_of_day": (Parse(), ["00:00", "07:45", "23:59:59", "24:00", "12:60", "soon", "12:30:07"]),
    "categorical": (
        Parse(missing=("unknown",)),
        ["Rome", "Oslo", "unknown", "NA", "Paris", "rome"],
    ),
    "text": (
        Parse(missing=("nil",)),
        [
            *("RED Größe, don't!", "don’t 'red' red''red", "gro\u0308ße größe GRÖSSE", "2024-red"),
            *("the_red", "nil", "NA", "", "!?", "中文 red字red", "red\u200dred", "👗red👗", "ⓐred"),
            *("\U00010400 \U00020000 red", "the red " * 9_999, "Dress\xa0the\u3000dress\nred"),
        ],
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_values_are_read_as_gradum_reads_them(name):
    how, values = RAW[name]
    name = name.partition(",")[0]
    names = LEAVING if name == "text" else WORDLESS
    schema, encoder = encoded(names)
    columns = [
        Column(c.name, c.kind, c.role, parse=how) if c.name == name else c for c in schema.columns
    ]
    base = model(network_of, LINEAR, names=names)
    schema = Schema(schema.source, N, tuple(columns), base.schema.target)
    fitted = Fitted(base.spec, schema, encoder, base.rungs, None, PROVENANCE)
    typed = KINDS[name].parse(pl.Series(name, values), how)
    frame = newcomers(names)[:1].select(pl.all().repeat_by(len(values)).explode())
    own = predict_typed(fitted, frame.with_columns(typed.cast(frame[name].dtype)))
    recorded = recorded_model(fitted)
    raw = recorded.raw(frame)
    raw[name] = np.array(values, raw[name].dtype)[:, None]
    found = open_session(OnnxForm().data(recorded)).run(None, raw)
    np.testing.assert_allclose(found[1], own.probability, atol=1e-5)
    for answers in by_node(recorded, raw):
        np.testing.assert_allclose(answers["probability"], own.probability, atol=1e-5)
    if KINDS[name].holds_words:
        with pytest.raises(ExportError, match="words"):
            SqlForm().data(recorded)
    text = "" if KINDS[name].holds_words else SqlForm().data(recorded).decode()
    for database in DATABASES if text else []:
        answers = answers_in(database, recorded, raw, text)
        np.testing.assert_allclose(answers["probability"], own.probability, atol=1e-5)
    assert len(np.unique(own.probability[:, 0].round(9))) > 1


WORDS = [
    *(
        "Köln",
        "Ärzte",
        "STRASSE",
        "straße",
        "ΟΔΟΣ",
        "Київ",
        "Ⅷ. Bezirk",
        "ǅep",
        "5 μm",
        "Å",
        "a.b+c",
    ),
    *("İzmir", "izmir", "ısı", "na", "Ꮳ", "O'Neill [x]", "\U00010400\U0001e900", "ﬁn", "ŉ"),
]
CHANGES = [str, str.upper, str.lower, str.title, str.swapcase, str.casefold]
CASED = [c for c in map(chr, range(0x20000)) if len({change(c) for change in CHANGES}) > 1]
MANY_WAYS = [key for key, count in Counter(map(folded, CASED)).items() if count != 2]
LETTERS = sorted({*MANY_WAYS, *map(folded, CASED[::40])})  # of all, it takes half a minute
IN_ANY_CASE = {
    "words": (WORDS, [change(word) for word in WORDS for change in CHANGES]),
    "letters": (LETTERS, [letter for letter in CASED if folded(letter) in LETTERS]),
}


def of_levels(levels):
    """A linear model of a column whose levels are read in any case, in which each counts."""
    rows = pl.Series("x", [*levels, None] * 2)
    how = KINDS["categorical"].insist(Values("x", rows, fold_case=True)).parse
    columns = (
        Column("x", "categorical", "feature", parse=how, missing=2),
        encoded()[0].columns[-1],
    )
    frame = pl.DataFrame({"x": KINDS["categorical"].parse(rows, how)})
    encoder = Encoder.fit(frame, Schema("toy.csv", len(rows), columns))
    layer = InputLayer.fit(
        encoder.transform(frame).dense,
        encoder.layout.level_counts,
        ("sparse_one_hot",),
        style="standard",
    )
    network = network_of(layer, 0, 0, **LINEAR)
    params = drawn(network, 0, np.random.default_rng(3))
    rung = Rung(
        *("mlp", "log_loss", network, params, layer, None, False),
        *(Status.CONVERGED, Certificate("stationary")),
    )
    schema = Schema("toy.csv", len(rows), columns, Target("y", "binary", ("no", "yes")))
    return Fitted(Spec("y"), schema, encoder, {"mlp": rung}, None, PROVENANCE), how


@pytest.mark.parametrize("name", IN_ANY_CASE)
def test_levels_are_read_in_any_case_as_gradum_reads_them(name):
    levels, texts = IN_ANY_CASE[name]
    fitted, how = of_levels(levels)
    texts = [*texts, "NA", "Na", "(missing)", "K\u0307", ""]
    typed = KINDS["categorical"].parse(pl.Series("x", texts), how)
    own = predict_typed(fitted, typed.to_frame())
    (step,) = fitted.encoder.steps
    assert len(np.unique(own.probability[:, 0].round(9))) == len(step.levels) + 1
    recorded = recorded_model(fitted)
    raw = {"x": np.array(texts, object)[:, None]}
    data = OnnxForm().data(recorded)
    probability = list(recorded.answers).index("probability")
    found = [open_session(data).run(None, raw)[probability]]
    found.append(ReferenceEvaluator(onnx.load_from_string(data)).run(None, raw)[probability])
    found += [answers["probability"] for answers in by_node(recorded, raw)]
    sql = SqlForm().data(recorded).decode()
    found += [answers_in(d, recorded, raw, sql)["probability"] for d in DATABASES]
    for each in found:
        np.testing.assert_allclose(each, own.probability, atol=1e-6)


@pytest.mark.parametrize("name", LEAVING)
def test_a_column_becomes_the_numbers_of_its_encoder(name):
    schema, encoder = encoded(LEAVING)
    frame = newcomers(LEAVING)
    if name == "date":  # every third day of sixty years, at another time each
        days = pl.Series(np.arange(-4_000, 18_000, 3) * (86_400_000_000 + 1_234_567))
        frame = pl.DataFrame({name: days.cast(pl.Datetime("us"))})
    column = next(c for c in schema.columns if c.name == name)
    step = next(step for step in encoder.steps if step.source == name)
    raw = Recorded.input(np.float64 if column.traits.raw_type == "number" else object)
    blocks = column.traits.from_raw(column, step, raw)
    parts = [part for block in FORMS for part in blocks.get(block, [])]
    program = RecordedProgram({name: raw.node}, {str(k): part.node for k, part in enumerate(parts)})
    given = column.traits.as_raw(frame[name])[:, None]
    found = np.concatenate(list(program({name: given}).values()), axis=1)
    design = Encoder((step,)).transform(frame)
    expected = design.full()
    if design.sparse is not None:
        expected = np.hstack([expected, design.sparse.toarray()])
    digit = 1e-6 if np.float32 in [part.dtype for part in parts] else 1e-13
    np.testing.assert_allclose(found, expected, rtol=digit, atol=digit)
    assert len(np.unique(found)) > 1


ZONED = [
    *(
        f"2024-0{k}-0{k} 1{k}:45{zone}"
        for k in range(1, 5)
        for zone in ("+05:30", "-0930", "Z", " UTC")
    ),
    *(f"{year}-12-31T23:59:59.5-{hour:02}" for year in (2023, 2024, 1999) for hour in range(24)),
    *(f"{year}-03-01 00:00:00+00:{minute:02}" for year in (2023, 2024) for minute in (0, 1, 59)),
]


def test_a_zone_moves_a_moment_to_utc():
    raw = Recorded.input(object)
    numbers, known = moments(raw)
    program = RecordedProgram(
        {"moment": raw.node},
        {name: each.node for name, each in numbers.items()} | {"known": known.node},
    )
    found = program({"moment": np.array(ZONED, object)[:, None]})
    expected = [datetime.fromisoformat(text.replace(" UTC", "Z")).astimezone(UTC) for text in ZONED]
    elapsed = [moment - datetime(1970, 1, 1, tzinfo=UTC) for moment in expected]
    calendar = {
        "days": [each.days for each in elapsed],
        "rest": [each.seconds * 1_000_000 + each.microseconds for each in elapsed],
        "day": [moment.timetuple().tm_yday - 1 for moment in expected],
        "weekday": [moment.weekday() for moment in expected],
        "known": [True] * len(ZONED),
    }
    for name, values in calendar.items():
        np.testing.assert_array_equal(found[name][:, 0], values, err_msg=name)


def test_words_need_more_than_the_operators_of_onnx_and_the_file_says_so():
    for names, needs in [(WORDLESS, False), (LEAVING, True)]:
        recorded = recorded_model(model(network_of, LINEAR, names=names))
        proto = onnx.load_from_string(OnnxForm().data(recorded))
        domains = {entry.domain for entry in proto.opset_import}
        said = [entry.value for entry in proto.metadata_props if entry.key == "gradum.needs"]
        assert ("com.microsoft" in domains, bool(said)) == (needs, needs)
        assert not needs or "com.microsoft" in said[0]


@pytest.mark.parametrize("name", ["linear", *(name for name in MODELS if " with " in name)])
def test_the_numeric_core_of_a_file_is_what_is_predicted_with_these_texts(name, tmp_path):
    make, options, more = MODELS[name]
    fitted, path = model(make, options, **more), tmp_path / "model.onnx"
    recorded = recorded_model(fitted)
    path.write_bytes(OnnxForm().data(recorded))
    rows = pl.concat([newcomers()[1:2]] * 9)
    rows = rows.with_columns(numeric=pl.Series(np.linspace(-200, 300, 9).astype(np.float32)))
    rows = rows.with_columns(pl.col("numeric").cast(pl.Float64))
    texts = {name: str(raw[0, 0]) for name, raw in recorded.raw(rows).items() if name != "numeric"}
    if name in ("MLP with gelu", "MLP with selu"):
        with pytest.raises(ModelFileError, match=r"model\.onnx: Operator"):
            core_of(read_model(path), path, texts)
        return
    core = core_of(read_model(path), path, texts)
    own = fitted.rung().logits(Unencoded(fitted.encoder, rows))
    x = rows["numeric"].to_numpy()[:, None]
    assert np.ptp(own) > 0.01
    np.testing.assert_allclose(core.graph(x), own, atol=1e-5)
    np.testing.assert_allclose(core.run(x), own, atol=1e-5)


def test_of_a_core_all_texts_are_fixed_and_all_else_is_refused_in_one_line(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(OnnxForm().data(recorded_model(model(network_of, LINEAR))))
    with pytest.raises(ModelFileError, match="boolean"):
        core_of(read_model(path), path, {})
    path.write_bytes(OnnxForm().data(recorded_model(model(pack_of, {}))))
    with pytest.raises(ModelFileError, match=r"model\.onnx: Operator \d+") as raised:
        core_of(read_model(path), path, dict.fromkeys((*WORDLESS[1:], "many", "also"), "(missing)"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("names", [WORDLESS, LEAVING], ids=["of standard operators", "of texts"])
def test_trust_lets_the_file_predict_rows_with_missing_values(names, tmp_path):
    fitted = model(network_of, {"hidden": (), "outputs": 1}, names=names)
    path, rows = tmp_path / "model.onnx", learned(names)
    rows = rows.filter((pl.col("categorical") != "").fill_null(True))  # a table has none
    path.write_bytes(OnnxForm().data(recorded_model(fitted)))
    table = read(rows.with_columns(y=pl.Series([*fitted.classes] * N)[: len(rows)]))
    found = predictions_of_onnx(path, table, "y").evidence.prediction
    own = predict_typed(fitted, rows)
    np.testing.assert_allclose(found.probability, own.probability, atol=1e-5)


def test_a_column_that_no_form_can_read_is_refused_by_name():
    for name in STAYING:
        schema = Schema("toy.csv", N, (Column("its name", name, "feature"),), Target("y", "binary"))
        encoder = Encoder.fit(training(name, "complete").alias("its name").to_frame(), schema)
        base = model(network_of, LINEAR)
        fitted = Fitted(base.spec, schema, encoder, base.rungs, None, PROVENANCE)
        with pytest.raises(ExportError, match="its name"):
            recorded_model(fitted)


@pytest.mark.parametrize("width", [ROWS_AXIS, 2 * ROWS_AXIS])
def test_a_layer_may_be_as_wide_as_the_rows_with_which_models_are_recorded(width):
    assert_alike(model(network_of, {"hidden": (width, 3)}), newcomers())


@pytest.mark.parametrize("name", ["prediction", "n1", "a 'b' \"c\"\n", "列", "gradum.inputs"])
def test_a_column_may_have_any_name(name):
    fitted = model(network_of, LINEAR)
    columns = tuple(
        Column(name, c.kind, c.role) if c.name == "many" else c for c in fitted.schema.columns
    )
    encoder = Encoder.fit(learned().rename({"many": name}), Schema("", N, columns))
    schema = Schema("", N, columns, fitted.schema.target)
    renamed = Fitted(fitted.spec, schema, encoder, fitted.rungs, None, PROVENANCE)
    assert_alike(renamed, newcomers().rename({"many": name}))
    recorded = recorded_model(renamed)
    outputs = [output.name for output in open_session(OnnxForm().data(recorded)).get_outputs()]
    first = "prediction_" if name == "prediction" else "prediction"
    assert outputs == list(recorded.answers.values()) == [first, "probability", "logits"]


def test_what_turns_the_direction_of_text_is_an_escape_in_comments_of_sql():
    name = "many\u202e\u2028x\x85"
    fitted = model(network_of, LINEAR)
    columns = tuple(
        Column(name, c.kind, c.role) if c.name == "many" else c for c in fitted.schema.columns
    )
    encoder = Encoder.fit(learned().rename({"many": name}), Schema("", N, columns))
    target = structs.replace(fitted.schema.target, name="y\u2066")
    schema = Schema("", N, columns, target)
    renamed = Fitted(fitted.spec, schema, encoder, fitted.rungs, None, PROVENANCE)
    text = SqlForm().data(recorded_model(renamed)).decode()
    comments = [line for line in text.split("\n") if line.startswith("-- ")]
    known = dict(line[3:].split(": ", 1) for line in comments if line.startswith("-- gradum."))
    assert all(line.isprintable() for line in comments)
    assert json.loads(known["gradum.target"]) == "y\u2066"
    assert name in [each["name"] for each in json.loads(json.loads(known["gradum.inputs"]))]
    assert quoted(name) in text  # the column keeps its name


@needs_node
@pytest.mark.parametrize("name", ["__proto__", "constructor", "</script>\u2028'\"\\`${1}", "列"])
def test_a_row_of_javascript_has_any_names_and_its_answer_too(name):
    fitted = model(network_of, {"hidden": (), "outputs": 3})
    columns = tuple(
        Column(name, c.kind, c.role) if c.name == "many" else c for c in fitted.schema.columns
    )
    encoder = Encoder.fit(learned().rename({"many": name}), Schema("", N, columns))
    schema = Schema("", N, columns, Target("y", "multiclass", (name, "toString", "class 2")))
    renamed = Fitted(fitted.spec, schema, encoder, fitted.rungs, None, PROVENANCE)
    frame = newcomers().rename({"many": name})
    own, recorded = predict_typed(renamed, frame), recorded_model(renamed)
    raw = {column: values[:, 0].tolist() for column, values in recorded.raw(frame).items()}
    known = {
        column: [None if value != value or value == MISSING else value for value in values]
        for column, values in raw.items()
    }
    rows = [dict(zip(known, row, strict=True)) for row in zip(*known.values(), strict=True)]
    found = predicted(JavaScriptForm().data(recorded), rows)
    assert [answer["prediction"] for answer in found] == list(renamed.labels[own.value])
    logits = recorded.program(recorded.raw(frame))["logits"]
    np.testing.assert_allclose([answer["logits"] for answer in found], logits, atol=1e-4)
    for answer, probability in zip(found, own.probability, strict=True):
        assert list(answer["probability"]) == list(schema.target.classes)
        np.testing.assert_allclose(list(answer["probability"].values()), probability, atol=1e-5)


NUMBERS = [0, -0.0, 1, 1.5, -7, 1e-320, 3e38, -3e38, -999, None, math.nan]
UNUSABLE = [math.inf, -math.inf, 1e308, -1e308, 3.5e38]
MOMENTS = [
    *("2020-02-29", "2020-2-9", "2020-02-29 13:45", "2020-02-29T13:45", "2020-02-29T13:45:59.5"),
    *("2020-02-29T13:45+02:00", "2020-02-29T12:00Z", "2020-02-29T23:30-12:00", "1999-12-31"),
    *("2020-02-29T13:45:00+02:00", "2020-02-29T13:45:00Z", "2020-02-29 12:00 UTC", "2000-01-01"),
    *("2020-02-29 12:00:00 UTC", "2020-02-29T13:45+0200", "2020-02-29T13:45:00-0930", None),
    *(" 2020-02-29", "2020-02-29\t", "\u30002020-02-29\u2028", "2999-12-31", "1000-01-01"),
]
IMPOSSIBLE = [
    *("2020-02-30", "2021-02-29", "2020-13-01", "2020-00-10", "2020-01-00", "0999-12-31"),
    *("2020-02-29T24:00", "2020-02-29T12:60", "3000-01-01", "soon", "2020"),
]
OTHER_DATES = ["29.02.2020", "02/29/2020", "29/02/2020", "2020/02/29", "29 February 2020"]
TIMES = ["00:00", "7:05", "07:45", "23:59:59", "12:30:07.25", " 07:45 ", "07:45\u2028", None]
IMPOSSIBLE_TIMES = ["24:00", "12:60", "noon", "7"]
OTHER_TIMES = ["7:45 pm", "7.45 Uhr", "15h30"]
LEVELS = [
    *("level 0", "level 8", " level 0", "level 0 ", "level 0\u2028", "\xa0level 0", "level 0\x85"),
    *("Level 0", "level 99", "", "?", "NA", "n/a", "\u3000level 3\u2029", "level\u20280", None),
]
TRUTHS = [*("true", "FALSE", "yes", "No", "1", "0", "t", " true\n", "perhaps", "?"), True, False]
EDGES = [
    *(("numeric", value) for value in (*NUMBERS, *UNUSABLE)),
    *(("date", value) for value in (*MOMENTS, *IMPOSSIBLE, *OTHER_DATES)),
    *(("time_of_day", value) for value in (*TIMES, *IMPOSSIBLE_TIMES, *OTHER_TIMES)),
    *(("many", value) for value in LEVELS),
    *(("boolean", value) for value in TRUTHS),
]
LISTED = {"date": OTHER_DATES, "time_of_day": OTHER_TIMES}
"""What the file itself says that it reads as missing where gradum reads it."""


@pytest.mark.slow
def test_edge_rows_are_read_as_in_gradum_or_the_file_says_otherwise():
    """Each value stands among ordinary rows, where gradum takes what it cannot read as missing."""
    fitted = model(network_of, LINEAR)
    recorded, base = recorded_model(fitted), newcomers()[:1]
    columns = {column.name: column for column in recorded.columns}
    own, rows = [], []
    for name, value in EDGES:
        column, dtype = columns[name], pl.Float64 if name == "numeric" else pl.String
        given = pl.Series(name, [value], pl.Boolean if isinstance(value, bool) else dtype)
        typed = column.traits.parse(given, column.parse).cast(base[name].dtype)
        own.append(predict_typed(fitted, base.with_columns(typed)).probability[0])
        raw = {other: array[0, 0] for other, array in recorded.raw(base).items()}
        rows.append(raw | {name: value})
    own = np.array(own)
    listed = np.array([value in LISTED.get(name, ()) for name, value in EDGES])
    text = SqlForm().data(recorded).decode()
    known = {
        entry.key.removeprefix("gradum."): entry.value
        for entry in onnx.load_from_string(OnnxForm().data(recorded)).metadata_props
    }
    reads = json.loads(known["reads"])
    assert [word for word in ("31.01.2024", "7:45 pm", "3.4e38") if word not in str(reads)] == []
    assert all(read in text for read in reads)
    frame = {
        name: pl.Series(name, [_cell(row[name]) for row in rows], _type(array.dtype))
        for name, array in recorded.raw(base).items()
    }
    for database in DATABASES:
        cells = pl.DataFrame(frame)
        if database == "SQLite":  # which has no words for infinity
            cells = cells.with_columns(
                numeric=pl.col("numeric").replace([math.inf, -math.inf], 1e308)
            )
        found = answers_of_rows(recorded, DATABASES[database](filling(cells, TABLE), text))
        assert_edges(found["probability"], own, listed)
    stripped = [{k: v.strip() if isinstance(v, str) else v for k, v in row.items()} for row in rows]
    raw = {
        name: np.array([_raw(row[name], array.dtype) for row in stripped], array.dtype)[:, None]
        for name, array in recorded.raw(base).items()
    }
    assert_edges(open_session(OnnxForm().data(recorded)).run(None, raw)[1], own, listed)
    assert "blanks" in known["texts"]


def _cell(value):
    if isinstance(value, bool):
        return str(value).lower()
    return None if value == MISSING or value != value else value


def _type(dtype):
    return pl.String if dtype.kind == "O" else pl.Float64


def _raw(value, dtype):
    if value is None:
        return MISSING if dtype.kind == "O" else math.nan
    return str(value).lower() if isinstance(value, bool) else value


def assert_edges(found, own, listed):
    differs = np.abs(found - own).max(axis=1) > 1e-5
    wrong = [(EDGES[k], found[k, 0], own[k, 0]) for k in np.flatnonzero(differs & ~listed)]
    assert not wrong
    assert differs[listed].all()


@needs_node
def test_edge_rows_are_answered_by_javascript_as_in_gradum_or_refused():
    fitted = model(network_of, LINEAR)
    recorded, base = recorded_model(fitted), newcomers()[:1]
    columns = {column.name: column for column in recorded.columns}
    refused = {"numeric": UNUSABLE, "date": [*IMPOSSIBLE, *OTHER_DATES]}
    missing = {"time_of_day": [*IMPOSSIBLE_TIMES, *OTHER_TIMES]}
    rows, expected = [], []
    for name, value in EDGES:
        column, dtype = columns[name], pl.Float64 if name == "numeric" else pl.String
        read = None if value in missing.get(name, ()) else value
        given = pl.Series(name, [read], pl.Boolean if isinstance(value, bool) else dtype)
        typed = column.traits.parse(given, column.parse).cast(base[name].dtype)
        own = predict_typed(fitted, base.with_columns(typed)).probability[0]
        expected.append([0, 0] if value in refused.get(name, ()) else list(own))
        raw = {other: _cell(array[0, 0]) for other, array in recorded.raw(base).items()}
        rows.append(raw | {name: None if value != value else value})
    asked = json.dumps(rows).replace("Infinity", "1e999")
    each = "try { return Object.values(own.predict([row])[0].probability) } catch { return [0, 0] }"
    script = f"JSON.parse({json.dumps(asked)}).map((row) => {{ {each} }})"
    found = np.array(said_by(JavaScriptForm().data(recorded), script))
    wrong = [EDGES[k] for k in np.flatnonzero(np.abs(found - expected).max(axis=1) > 1e-5)]
    assert not wrong
