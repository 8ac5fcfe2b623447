"""Every model in every form: raw rows in, and the answers that gradum gives to them out.

Models have drawn weights, so that nothing has to be fitted. Each is held against ONNX Runtime, the
reference evaluator of ONNX, and the program itself in NumPy.
"""

from functools import cache

import numpy as np
import polars as pl
import pytest
from test_conformance_encoders import EXAMPLES, NEW, N, training
from test_conformance_models import drawn, network_of, pack_of

from databases import DATABASES, filling
from gradum.core.models.activations import ACTIVATIONS
from gradum.core.models.input_layer import InputLayer
from gradum.errors import ExportError
from gradum.run.fitted import Fitted, Provenance
from gradum.run.predicting import predict_typed
from gradum.run.spec import Spec
from gradum.rungs.calibration import MatrixScaling, QuadraticScaling, TemperatureScaling
from gradum.rungs.post import PriorShift
from gradum.rungs.rung import Rung
from gradum.rungs.smearing import ResidualSpread
from gradum.rungs.target_scale import TargetScale
from gradum.ship.forms.sql.file import SqlForm, answers_of_rows
from gradum.ship.forms.sql.query import TABLE
from gradum.ship.recording.model import recorded_model
from gradum.ship.recording.program import Program
from gradum.ship.recording.recorded import Recorded
from gradum.solvers.solution import Certificate, Status
from gradum.tables.columns import Column, Target
from gradum.tables.encode import Encoder
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import MISSING
from gradum.tables.schema import Schema

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx.reference import ReferenceEvaluator  # noqa: E402

from gradum.ship.exchange.onnx_session import open_session  # noqa: E402
from gradum.ship.forms.onnx.file import OnnxForm  # noqa: E402

LEAVING = [name for name in EXAMPLES if KINDS[name].raw_type]
STAYING = [name for name in EXAMPLES if not KINDS[name].raw_type]
MANY = pl.Series([f"level {i % 9}" for i in range(N)])


def learned(family="with gaps"):
    columns = {name: training(name, family) for name in LEAVING}
    return pl.DataFrame(columns).with_columns(many=MANY, also=MANY.reverse())


def newcomers():
    """What training lacked beside what it had, and a row in which everything is missing."""
    known = learned()[:9]
    rows = max(len(NEW[name]) for name in LEAVING) + 1
    new = {
        name: pl.Series([*NEW[name], *[None] * (rows - len(NEW[name]))], dtype=known[name].dtype)
        for name in LEAVING
    }
    new |= {name: pl.Series([None] * rows, dtype=pl.String) for name in ("many", "also")}
    frame = pl.concat([known, pl.DataFrame(new)])
    return frame.with_columns(KINDS[name].parse(frame[name], Parse()) for name in LEAVING)


@cache
def encoded(family="with gaps"):
    frame = learned(family)
    kinds = {"many": "categorical", "also": "categorical"}
    columns = [Column(name, kinds.get(name, name), "feature") for name in frame.columns]
    schema = Schema("toy.csv", N, (*columns, Column("y", "categorical", "target")))
    return schema, Encoder.fit(frame, schema)


TREATMENTS = {
    "network": ("one_hot", "embedding", "embedding"),
    "sparse": ("one_hot", "sparse_one_hot", "sparse_one_hot"),
}
PROVENANCE = Provenance("2026-01-01", 0.0, {}, "", 1, {}, "")


def model(make, options, *, treatments="network", post=(), scale=None, style="robust", seed=3):
    """A model whose only rung has drawn weights."""
    schema, encoder = encoded()
    design = encoder.transform(learned())
    layout, numbers = encoder.layout, len(encoder.layout.dense)
    layer = InputLayer.fit(design.dense, layout.level_counts, TREATMENTS[treatments], style=style)
    network = make(layer, 0, numbers, **options)
    outputs = network.outputs
    classes = () if scale else tuple(f"class {k}" for k in range(max(outputs, 2)))
    task = "regression" if scale else "binary" if outputs == 1 else "multiclass"
    rung = Rung(
        "mlp",
        "squared_error" if scale else "log_loss",
        network,
        drawn(network, 0, np.random.default_rng(seed)),
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
    """The answers of the program, ONNX Runtime, the reference evaluator, and the databases."""
    recorded = recorded_model(fitted)
    raw = recorded.raw(frame)
    data = OnnxForm().data(recorded)
    proto = onnx.load_from_string(data)
    onnx.checker.check_model(proto, full_check=True)
    names = list(recorded.answers)
    computed = recorded.program(raw)
    yield {answer: computed[output] for answer, output in recorded.answers.items()}
    yield dict(zip(names, open_session(data).run(None, raw), strict=True))
    with np.errstate(over="ignore", invalid="ignore"):  # its sigmoid computes both branches
        yield dict(zip(names, ReferenceEvaluator(proto).run(None, raw), strict=True))
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
    "pack": (pack_of, {}, {}),
    "pack of two classes": (pack_of, {"outputs": 1}, {}),
    "pack without codes": (pack_of, {"codes": 0, "pairs": ()}, {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_classes_answers_as_in_gradum(name):
    make, options, more = MODELS[name]
    assert_alike(model(make, options, **more), newcomers())


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
    "time_of_day": (Parse(), ["00:00", "07:45", "23:59:59", "24:00", "12:60", "soon", "12:30:07"]),
    "categorical": (
        Parse(missing=("unknown",)),
        ["Rome", "Oslo", "unknown", "NA", "Paris", "rome"],
    ),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_values_are_read_as_gradum_reads_them(name):
    how, values = RAW[name]
    schema, encoder = encoded()
    columns = [
        Column(c.name, c.kind, c.role, parse=how) if c.name == name else c for c in schema.columns
    ]
    base = model(network_of, LINEAR)
    schema = Schema(schema.source, N, tuple(columns), base.schema.target)
    fitted = Fitted(base.spec, schema, encoder, base.rungs, None, PROVENANCE)
    typed = KINDS[name].parse(pl.Series(name, values), how)
    frame = newcomers()[:1].select(pl.all().repeat_by(len(values)).explode())
    own = predict_typed(fitted, frame.with_columns(typed.cast(frame[name].dtype)))
    recorded = recorded_model(fitted)
    raw = recorded.raw(frame)
    raw[name] = np.array(values, raw[name].dtype)[:, None]
    found = open_session(OnnxForm().data(recorded)).run(None, raw)
    np.testing.assert_allclose(found[1], own.probability, atol=1e-5)
    text = SqlForm().data(recorded).decode()
    for database in DATABASES:
        answers = answers_in(database, recorded, raw, text)
        np.testing.assert_allclose(answers["probability"], own.probability, atol=1e-5)
    assert len(np.unique(own.probability[:, 0].round(9))) > 1


@pytest.mark.parametrize("name", LEAVING)
def test_a_column_becomes_the_numbers_of_its_encoder(name):
    schema, encoder = encoded()
    frame = newcomers()
    if name == "date":  # every third day of sixty years, at another time each
        days = pl.Series(np.arange(-4_000, 18_000, 3) * (86_400_000_000 + 1_234_567))
        frame = pl.DataFrame({name: days.cast(pl.Datetime("us"))})
    column = next(c for c in schema.columns if c.name == name)
    step = next(step for step in encoder.steps if step.source == name)
    raw = Recorded.input(np.float64 if column.traits.raw_type == "number" else object)
    parts = column.traits.from_raw(column, step, raw)
    program = Program({name: raw.node}, {str(k): part.node for k, part in enumerate(parts)})
    given = column.traits.as_raw(frame[name])[:, None]
    found = np.concatenate(list(program({name: given}).values()), axis=1)
    design = Encoder((step,)).transform(frame)
    np.testing.assert_allclose(found, design.full(), rtol=1e-13, atol=1e-13)
    assert len(np.unique(found)) > 1


def test_a_column_that_no_form_can_read_is_refused_by_name():
    for name in STAYING:
        schema = Schema("toy.csv", N, (Column("its name", name, "feature"),), Target("y", "binary"))
        encoder = Encoder.fit(training(name, "complete").alias("its name").to_frame(), schema)
        base = model(network_of, LINEAR)
        fitted = Fitted(base.spec, schema, encoder, base.rungs, None, PROVENANCE)
        with pytest.raises(ExportError, match="its name"):
            recorded_model(fitted)


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
