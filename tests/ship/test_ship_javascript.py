"""The module of JavaScript of a model: operations as NumPy's, rows of any values and names."""

import re
import shutil

import numpy as np
import pytest
from test_ship_recording import COMPUTED

from gradum.errors import ExportError
from gradum.ship.forms.javascript import file as javascript
from gradum.ship.forms.javascript.file import JavaScriptForm, module
from gradum.ship.forms.javascript.nodes import NodeList
from gradum.ship.recording.model import RecordedModel
from gradum.ship.recording.program import OPERATIONS, UFUNCS, RecordedProgram
from gradum.ship.recording.recorded import Recorded
from gradum.tables.kinds.raw import Tokens
from node import answers_by_node, needs_node, predicted, said_by

pytestmark = needs_node

RNG = np.random.default_rng(0)
HOSTILE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.5, -2.5, 1e-300, 1e300, 709.0, -745.0, 6.5]
WIDE = RNG.normal(size=(2, 3, 1, 4))


def floats(x, y):
    """Every universal function of numbers, in both precisions, with arrays of other shapes."""
    for name, function in UFUNCS.items():
        if name.startswith("logical") or name == "matmul":
            continue
        for dtype in (np.float64, np.float32):
            a, b = x.astype(dtype), y.astype(dtype)
            own = f"{name} {np.dtype(dtype)}"
            if function.nin == 1:
                yield own, function(a)
                continue
            yield own, function(a, b)
            yield f"{own} by a row", function(a, np.arange(-1, 2, dtype=dtype))
            block = function(a[:, 0][None, None, :, None], WIDE.astype(dtype))
            yield f"{own} by a block", block.transpose(2, 0, 1, 3)


def along_axes(x, y):
    """What is done along an axis, of arrays with three."""
    block = np.stack([x, y, -x, x * 0, y], axis=1)[:, :, None, 0] * np.ones((1, 1, 2))
    for axis in (1, 2):
        for name in ("sum", "max", "min", "argmax"):
            yield f"{name} {axis}", getattr(block, name)(axis=axis)
        yield f"kept {axis}", block.max(axis=axis, keepdims=True)
        yield f"sort {axis}", np.sort(block, axis=axis)
        yield f"take {axis}", block[(slice(None),) * axis + (np.array([1, -1, 0, 1]),)]
        yield f"slice {axis}", block[(slice(None),) * axis + (slice(1, 2),)]
    yield "transposed", block.transpose(0, 2, 1)
    stacks = WIDE[..., 0, :].repeat(2, axis=1)[:, :5]
    yield "products of stacks", (block[None, :, :, 0] @ stacks).transpose(1, 0, 2)
    yield "products of rows", block.transpose(0, 2, 1) @ block


def truths(x, y):
    """Truths, and numbers of other types."""
    a, b = x > 0, ~(y <= 1)
    yield from {"and": a & b, "or": a | b, "not": ~a, "as numbers": a.astype(np.float32)}.items()
    yield "as truths", x.astype(bool)
    yield "beside ones", np.concatenate([np.ones((len(x), 2)), x], axis=1)
    yield "where", np.where(a, x, np.arange(3.0))
    yield "whole", np.where(np.isfinite(x) & (np.absolute(x) < 9), x, 3.7).astype(np.int32)


@pytest.fixture(scope="module")
def numbers():
    """Pairs of numbers, among them each hostile one with each; more than a block of rows."""
    pairs = np.array(np.meshgrid(HOSTILE, HOSTILE)).reshape(2, -1)
    more = RNG.normal(size=(2, 41)) * np.logspace(-3, 3, 41)
    return np.concatenate([pairs, more], axis=1)[:, :, None]


def document(program, **inputs):
    """A program as data of the runtime; of each input, what is known besides its name."""
    entries = NodeList(program)
    return {
        "inputs": [
            {"name": name, "node": entries.places[node], "missing": [], **inputs.get(name, {})}
            for name, node in program.inputs.items()
        ],
        "outputs": [
            {"answer": name, "node": entries.places[node]} for name, node in program.outputs.items()
        ],
        "classes": [],
        "nodes": entries.listed,
    }


def answers(program, raw, rows):
    """What a program answers in JavaScript."""
    shapes = {name: (rows, *node.shape[1:]) for name, node in program.outputs.items()}
    return answers_by_node(module(document(program)), raw, shapes)


def recorded(compute, *types):
    """A program of several results by name, and the raw columns that it takes."""
    raw = [Recorded.input(dtype) for dtype in types]
    results = {name: value.node for name, value in compute(*raw)}
    return RecordedProgram({f"x{k}": column.node for k, column in enumerate(raw)}, results)


def assert_alike(compute, *columns):
    raw = {f"x{k}": column for k, column in enumerate(columns)}
    with np.errstate(all="ignore"):
        expected = dict(compute(*columns))
        found = answers(recorded(compute, *(c.dtype for c in columns)), raw, len(columns[0]))
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        close = 2e-6 if array.dtype == np.float32 else 1e-13
        np.testing.assert_allclose(found[name], array, rtol=close, atol=close, err_msg=name)


@pytest.mark.parametrize("compute", [floats, along_axes, truths])
def test_operations_give_what_numpy_gives(compute, numbers):
    assert_alike(compute, *numbers)


@pytest.mark.parametrize("rows", [0, 1, 33, 64])
def test_any_number_of_rows_is_answered(rows):
    x = RNG.normal(size=(rows, 1))
    several = {name: c for name, c in COMPUTED.items() if rows or name != "a new axis"}
    assert_alike(lambda x: [(name, compute(x)) for name, compute in several.items()], x)


def texts(x):
    """What is done with texts."""
    yield "numbers", np.where(x.matches(r"\\d+"), x, "7").astype(np.float64)
    yield "looked up", x.looked_up({"a b": 1, "": 2, "__proto__": 3, "12": 4}, -5)
    yield "in any case", x.looked_up_folded({"a b": 1, "é": 2, "constructor": 3, "": 4})
    yield "second", x.followed_by(" y z").split("", 1)
    yield "before", x.followed_by("-").followed_by(x).split("-", 0)
    words = Tokens("[a-zé]+|[一-龥\U00020000-\U0002ffff]")
    yield "words", x.tokens(words, ("é", "a b", "b a", "𠀀"))
    signs = Tokens(r"[\s\S]", joint="", longest=3, padding=" ")
    yield "signs", x.tokens(signs, (" a", "a b", "𠀀文", "__p", "zz"))


def test_texts_are_read_as_in_python():
    program = recorded(texts, object)
    rows = [
        ["a b"],
        [""],
        ["__proto__"],
        ["12"],
        ["1\n"],
        ["É a B a b"],
        ["中𠀀文a b"],
        ["constructor"],
        ["CONSTRUCTOR"],
        ["É"],
    ]
    column = np.array(rows, object)
    expected, found = program({"x0": column}), answers(program, {"x0": column}, len(rows))
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name].tolist() == expected[name].tolist(), name


def test_there_are_the_operations_of_programs_and_no_other():
    programs = [recorded(compute, *[float] * 2) for compute in (floats, along_axes, truths)]
    programs += [
        recorded(lambda x: [(name, compute(x)) for name, compute in COMPUTED.items()], float),
        recorded(texts, object),
    ]
    tried = {node.operation for program in programs for node in program.nodes}
    assert tried == {*OPERATIONS, "input"}
    data = module(document(recorded(texts, object)))
    assert set(said_by(data, "Object.keys(own.OPERATIONS)")) == tried


SAME = recorded(lambda x, y: [("prediction", x), ("low", x), ("high", y)], np.float64, object)
COLUMNS = {"x0": {"type": "number", "missing": ["NA"]}, "x1": {"type": "text"}}
VALUES = [
    ("null", None, "(missing)"),
    ("undefined", None, "(missing)"),
    ("NaN", None, "(missing)"),
    ("12", 12, "12"),
    ("12.0", 12, "12"),
    ("' 12.50 '", 12.5, "12.50"),
    ("'-1e3'", -1000, "-1e3"),
    ("'NA'", None, "NA"),
    ("true", 1, "true"),
    ("'twelve'", TypeError, "twelve"),
    ("''", TypeError, ""),
    ("'0x10'", TypeError, "0x10"),
    ("'1,5'", TypeError, "1,5"),
    ("new Date(Date.UTC(2024, 0, 31, 13, 45, 59, 500))", TypeError, "2024-01-31T13:45:59.500"),
    ("new Date(NaN)", None, "(missing)"),
    ("[1]", TypeError, TypeError),
    ("({toString: () => '1'})", TypeError, TypeError),
]


def test_values_of_a_row_are_read_and_others_refused_by_row_and_column():
    data = module(document(SAME, **COLUMNS))
    values = ", ".join(
        f"answer(() => own.predict([{{x0: 0, x1: ''}}, {row}])[1].{end})"
        for value, *_ in VALUES
        for row, end in ((f"{{x0: {value}, x1: ''}}", "low"), (f"{{x0: 0, x1: {value}}}", "high"))
    )
    answer = "(f) => { try { return f(); } catch (error) { return [error.name, error.message]; } }"
    found = said_by(data, f"((answer) => [{values}])({answer})")
    for (value, *expected), *pair in zip(VALUES, found[::2], found[1::2], strict=True):
        for name, one, wanted in zip(COLUMNS, pair, expected, strict=True):
            if wanted is not TypeError:
                assert one == wanted, value
                continue
            assert one[0] == "TypeError"
            assert re.search(rf'Row 2\b.*"{name}"', one[1])


MOMENTS = {
    "'2024-01-31T13:45:59.5+02:00'": "2024-01-31T11:45:59.500",
    "'2024-01-01 01:00Z '": "2024-01-01T01:00:00.000",
    "'2024-12-31 23:00:00.25-05:30'": "2025-01-01T04:30:00.250",
    "'2024-01-31 13:45:59 UTC'": "2024-01-31T13:45:59.000",
    "'2024-01-31 13:45'": "2024-01-31 13:45",
    "'2024-13-31 13:45Z'": "(missing)",
    "new Date(0)": "1970-01-01T00:00:00.000",
}


def test_a_moment_of_another_zone_is_one_of_utc():
    data = module(document(SAME, x0=COLUMNS["x0"], x1={"type": "moment"}))
    rows = ", ".join(f"{{x0: 0, x1: {value}}}" for value in MOMENTS)
    found = said_by(data, f"own.predict([{rows}])")
    assert [answer["high"] for answer in found] == list(MOMENTS.values())
    plain = module(document(SAME, **COLUMNS))
    assert predicted(plain, [{"x0": 0, "x1": "2024-01-31T13:45Z"}])[0]["high"].endswith("Z")


def test_a_row_that_lacks_a_column_or_has_an_unknown_one_is_refused():
    data = module(document(SAME, **COLUMNS) | {"others": ["id"]})
    for row, said in (
        ({"x0": 1}, 'Row 1 lacks column "x1": give null if it is missing'),
        ({"x0": 1, "X1": "a"}, 'Row 1 has "X1", which the model does not know: did you mean "x1"?'),
        ({"x0": 1, "x1": "a", "x_2": 0}, 'Row 1 has "x_2".*: did you mean "x0"?'),
        ({"x0": 1, "x1": "a", "height": 0}, 'Row 1 has "height".*: leave it out'),
    ):
        with pytest.raises(AssertionError, match=said.replace("?", "[?]")):
            predicted(data, [row])
    (answer,) = predicted(data, [{"x0": 1, "x1": "a", "id": 7}])
    assert answer == {"prediction": 1, "low": 1, "high": "a"}


def test_a_row_may_lack_columns_and_have_others_if_it_is_allowed():
    data = module(document(SAME, **COLUMNS))
    lenient = "{ allowMissing: true, allowOthers: true }"
    (answer,) = said_by(data, f"own.predict([{{x0: 1, toString: 2}}], {lenient})")
    assert answer == {"prediction": 1, "low": 1, "high": "(missing)"}
    for half, row in (("allowMissing", "{x0: 1, foo: 2}"), ("allowOthers", "{x0: 1, foo: 2}")):
        with pytest.raises(AssertionError, match="Row 1"):
            said_by(data, f"own.predict([{row}], {{ {half}: true }})")


def test_a_module_is_plain_text_that_a_page_may_hold():
    name = "</script><!--\u2028\"'`${1}\\"
    data = module({**document(SAME, **COLUMNS), "classes": [name]})
    assert data.isascii()
    assert not re.search(rb"</|<!--|\b(import|eval|fetch|require|Function|XMLHttpRequest)\b", data)
    assert said_by(data, "own.model.classes") == [name]


RECORDED = RecordedModel(None, None, (), {"prediction": "prediction"}, SAME)  # type: ignore


def test_what_node_refuses_or_never_ends_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(javascript, "SECONDS", 1)
    for broken in (b"export const model = {", b"await new Promise((end) => setTimeout(end, 1e6));"):
        runner = JavaScriptForm().runner(broken, RECORDED)
        raw = {"x0": np.zeros((1, 1)), "x1": np.array([[""]], object)}
        with pytest.raises(ExportError) as caught:
            runner(raw)
        assert "\n" not in caught.value.message


def test_without_node_nothing_is_run(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert JavaScriptForm().runner(b"", RECORDED) is None
