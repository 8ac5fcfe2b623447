"""Properties in words of a table, held against every row that there could be."""

import itertools
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.core.models import Network
from gradum.errors import ColumnError, NotCertifiableError, PropertyError, SchemaError, SpecError
from gradum.study.certified.table_graph import TableGraph
from gradum.study.properties import irrelevant, robust
from gradum.study.properties.table_domain import TableDomain
from gradum.tables.encode import Encoder
from gradum.tables.formats.frames import from_data
from gradum.tables.schema.schema import infer
from gradum.waiting import heard_by
from packed_models import everything as everything_there_is
from synthetic import ONCE, SHORT

OPTIONS = ONCE | {"learning_curve": False, "model": "linear"}
DOMAIN = {
    "rooms": [1, 2, 3, 4],
    "age": [0, 1, 2, 3, 4],
    "lift": ["yes", "no"],
    "colour": ["red", "green", "blue"],
    "gap": [None, 1, 2, 3],
}
"""Every value of a small table's columns; all rows of them are the whole domain."""


@cache
def table(target="price"):
    """Return 400 rows of the domain, with a number and two kinds of classes."""
    rng = np.random.default_rng(0)
    columns = {name: rng.choice(np.array(values, object), 400) for name, values in DOMAIN.items()}
    frame = pl.DataFrame({name: pl.Series(name, list(column)) for name, column in columns.items()})
    frame = frame.with_columns(pl.col("rooms", "age", "gap").cast(pl.Int64))
    noise = pl.Series("noise", rng.normal(0.0, 1.0, 400))
    price = 10.0 * frame["rooms"] - 3.0 * frame["age"] + 2.0 * (frame["colour"] == "red") + noise
    classes = pl.Series("grade", np.digitize(price, [5.0, 25.0])).replace_strict(
        {0: "low", 1: "middle", 2: "high"}
    )
    targets = {"price": price, "dear": price > 20, "grade": classes}
    return frame.with_columns(
        targets[target].cast(pl.String).alias(target)
        if target == "dear"
        else targets[target].alias(target)
    )


@cache
def fitted(target="price"):
    return gradum.fit(table(target), target, **OPTIONS)


@cache
def drawn(target="price", seed=0, hidden=(6, 5)):
    """Return the model with a network in place of its weights, drawn by chance."""
    model = fitted(target)
    rung = model.fitted.rung(None)
    network = Network(
        rung.network.inputs, rung.network.outputs, hidden, embedding=rung.network.embedding
    )
    params = network.init(np.random.default_rng(seed))
    for layer in params["layers"]:
        layer["weight"] = 1.5 * layer["weight"]
    rung = replace(rung, network=network, params=params)
    rungs = {**model.fitted.rungs, rung.name: rung}
    return gradum.api.Model(replace(model.fitted, rungs=rungs))


@cache
def everything():
    """Return all rows of the domain."""
    rows = [dict(zip(DOMAIN, row, strict=True)) for row in itertools.product(*DOMAIN.values())]
    return pl.DataFrame(rows, schema=table().drop("price").schema)


def answers(model):
    """Return what a model says of all rows, [4, 5, 2, 3, 4] with an axis a column."""
    rows = everything()
    values = model.predict_proba(rows)[:, -1] if model.classes else model.predict(rows)
    return values.reshape([len(values) for values in DOMAIN.values()])


def verified(model, text, **options):
    (found,) = model.verify(text, **{"seconds": 20.0} | options).found.properties
    return found


def replayed(model, found):
    """Return the answers to a counterexample's rows, which it tells too."""
    rows = pl.DataFrame(list(found.counterexample.rows), schema=everything().schema)
    for name, values in DOMAIN.items():
        assert set(rows[name]) <= set(values)
    values = model.predict_proba(rows)[:, -1] if model.classes else model.predict(rows)
    np.testing.assert_allclose(values, found.counterexample.answers, rtol=1e-6)
    return values


MODELS = [("price", None), ("dear", None), ("price", 1), ("dear", 2), ("price", 3)]


def model_of(target, seed):
    return fitted(target) if seed is None else drawn(target, seed)


@pytest.mark.parametrize(("target", "seed"), MODELS)
def test_a_range_is_that_of_all_rows(target, seed):
    model = model_of(target, seed)
    values = answers(model)
    low, high = values.min(), values.max()
    room = 0.002 * (high - low)
    assert verified(model, f"range {low - room}..{high + room}").verdict == "proved"
    for text in (f"range {low + room}..", f"range ..{high - room}"):
        found = verified(model, text)
        assert found.verdict == "refuted"
        (value,) = replayed(model, found)
        assert not low + room <= value <= high - room


@pytest.mark.parametrize(("target", "seed"), MODELS[:-1])
@pytest.mark.parametrize("column", ["rooms", "age"])
def test_a_column_is_monotone_if_no_two_rows_say_otherwise(target, seed, column):
    model = model_of(target, seed)
    steps = np.diff(answers(model), axis=list(DOMAIN).index(column))
    for sign, name in ((1, "+"), (-1, "-")):
        falls = (sign * steps < -1e-4 * np.ptp(answers(model))).any()
        found = verified(model, f"monotone {column}{name}", seconds=3.0)
        if falls:
            assert found.verdict == "refuted"
            first, second = replayed(model, found)
            less, more = (row[column] for row in found.counterexample.rows)
            assert less < more
            assert sign * (second - first) < 0
        else:
            # Between whole numbers it may fall, so that it need not be proved of slopes.
            assert found.verdict != "refuted"
    if seed is None:
        assert found.verdict in ("proved", "refuted")
        assert "proved" in {
            verified(model, f"monotone {column}{name}").verdict for name in ("+", "-")
        }


@pytest.mark.parametrize(("target", "seed"), MODELS[:-1])  # which has a second network drawn
@pytest.mark.parametrize("column", ["colour", "gap", "lift"])
def test_a_column_moves_answers_as_far_as_all_rows_say(target, seed, column):
    model = model_of(target, seed)
    most = np.ptp(answers(model), axis=list(DOMAIN).index(column)).max()
    proved = verified(model, f"irrelevant {column} within {1.01 * most + 1e-4}")
    assert proved.verdict == "proved"
    found = verified(model, f"irrelevant {column} within {0.99 * most}")
    if 0.01 * most > 1e-4:
        assert found.verdict == "refuted"
        first, second = replayed(model, found)
        assert abs(first - second) >= 0.99 * most
        one, other = found.counterexample.rows
        assert [name for name in DOMAIN if one[name] != other[name]] == [column]


def test_a_column_that_no_weight_leads_from_is_irrelevant():
    model = fitted()
    graph = model.graph()
    places = np.flatnonzero(graph.inputs.sources == "age")
    rung = graph.rung
    weight = rung.params["layers"][0]["weight"].copy()
    weight[places] = 0.0
    params = {**rung.params, "layers": [{**rung.params["layers"][0], "weight": weight}]}
    rungs = {**model.fitted.rungs, rung.name: replace(rung, params=params)}
    without = gradum.api.Model(replace(model.fitted, rungs=rungs))
    found = verified(without, "irrelevant age")
    assert (found.verdict, found.stage, found.certified) == ("proved", "weights", 1.0)
    assert verified(without, "monotone age-").verdict == "proved"
    assert verified(without, "irrelevant rooms").verdict == "refuted"


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_number_moves_as_far_as_the_rows_around_say(seed):
    model = model_of("price", seed)
    values = answers(model)
    here = (2, 2, 0, 1, 2)
    row = pl.DataFrame(
        [{n: v[i] for (n, v), i in zip(DOMAIN.items(), here, strict=True)}],
        schema=everything().schema,
    )
    around = values[1:4, 2, :, 1, 2]
    most = np.abs(around - values[here]).max()
    text = "robust rooms ±1, lift any within "
    assert verified(model, f"{text}{1.01 * most}", data=row).verdict == "proved"
    found = verified(model, f"{text}{0.99 * most}", data=row)
    assert (found.verdict, found.rows, found.refuted_rows) == ("refuted", 1, 1)
    first, second = replayed(model, found)
    assert abs(first - second) >= 0.99 * most


@pytest.mark.parametrize("target", ["dear", "grade"])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_class_stays_where_all_rows_around_have_it(target, seed):
    model = model_of(target, seed)
    shape = [len(values) for values in DOMAIN.values()]
    classes = np.array(model.predict(everything()), object).reshape(shape)
    rows = everything().sample(12, seed=3)
    kept = []
    for row in rows.rows():
        place = [values.index(value) for values, value in zip(DOMAIN.values(), row, strict=True)]
        rooms = slice(max(place[0] - 1, 0), place[0] + 2)
        around = classes[rooms, place[1], place[2], :, place[4]]
        kept.append(bool((around == classes[tuple(place)]).all()))
    found = verified(model, "robust rooms +-1, colour any", data=rows)
    # Rows whose neighbours the table lacks, of 0 or 5 rooms, may be found to change as well.
    inside = [kept[k] for k, row in enumerate(rows.rows()) if 1 < row[0] < 4]
    assert found.rows == 12
    assert found.refuted_rows >= inside.count(False)
    assert round(found.certified * 12) <= sum(kept)
    if found.verdict == "refuted":
        first, last = found.counterexample.rows
        assert first["age"] == last["age"]
        assert model.predict([last])[0] == found.counterexample.answers[1]
        assert model.predict([first])[0] == found.counterexample.answers[0]


def test_each_property_and_each_row_is_told_as_its_part_of_the_whole():
    model, heard = drawn("price", 1), []
    stated = ["robust rooms ±1 within 0.001", "monotone age+", "monotone age-"]
    with heard_by(heard.append):
        model.verify(stated, everything().sample(4, seed=3), seconds=3.0)
    shares = [stage.done for stage in heard]
    assert shares == sorted(shares)
    assert {0.0, 1 / 12, 2 / 12, 3 / 12} <= set(shares)  # the rows of the first of three
    assert 1 / 3 < shares[-1] <= 1.0


def test_a_share_of_a_value_and_the_region_choose_what_moves():
    model = fitted()
    step = float(np.abs(np.diff(answers(model), axis=0)).max())
    rows = everything().filter(pl.col("rooms") == 4).head(5)
    text = "robust rooms ±50% within "  # of 4 rooms, 2
    assert verified(model, f"{text}{2.01 * step}", data=rows).verdict == "proved"
    assert verified(model, f"{text}{1.99 * step}", data=rows).verdict == "refuted"
    found = verified(model, f"{text}{2.01 * step}", data=everything(), where="rooms 3..4", rows=40)
    assert found.rows < 40
    with pytest.raises(SpecError, match="0 rows are to be tried"):
        verified(model, f"{text}1", data=rows, rows=0)
    with pytest.raises(PropertyError, match="No row of the table lies in the region"):
        verified(model, f"{text}1", data=rows, where="rooms 1..2")


def test_a_region_is_as_large_as_its_words():
    model = drawn("price", 1)
    values = answers(model)[1:3, :, 0, :2, :]
    high, room = values.max(), 0.002 * np.ptp(values)
    where = "rooms 2..3, lift yes, colour red|green"
    assert verified(model, f"range ..{high + room}", where=where).verdict == "proved"
    found = verified(model, f"range ..{high - room}", where=where)
    assert found.verdict == "refuted"
    (row,) = found.counterexample.rows
    assert row["rooms"] in (2, 3)
    assert (row["lift"], found.where) == ("yes", where)


def test_probabilities_are_of_the_class_that_is_named():
    model = drawn("grade", 1)
    share = model.predict_proba(everything())
    place = list(model.classes).index("middle")
    high = share[:, place].max()
    text = f"range 0..{high - 0.01} of middle"
    found = verified(model, text)
    assert (found.verdict, found.of) == ("refuted", "middle")
    value = model.predict_proba(list(found.counterexample.rows))[0, place]
    assert value == pytest.approx(found.counterexample.answers[0], abs=1e-6)
    assert verified(model, f"range 0..{high + 0.01} of middle").verdict == "proved"
    assert verified(model, "range 0..1 of low").verdict == "proved"
    with pytest.raises(PropertyError, match="3 classes, and none is named"):
        verified(model, "range 0..0.9")


def test_what_time_leaves_open_is_not_decided():
    model = drawn("price", 1, (40, 40))
    high = answers(model).max()
    found = verified(model, f"range ..{high + 1e-5 * abs(high)}", seconds=1e-3)
    assert found.verdict == "not decided"
    assert found.reason == "The time was up."
    assert 0 <= found.certified < 1


REFUSED = [
    ("monotne age+", PropertyError, "cannot be read. Did you mean 'monotone'"),
    ("nothing", PropertyError, "'monotone age\\+', 'irrelevant sex'"),
    ("monotone agee+", ColumnError, "Did you mean 'age'"),
    ("monotone age", PropertyError, 'Write "monotone age\\+"'),
    ("monotone colour+", SpecError, "no column of numbers"),
    ("monotone price+", SpecError, "no column of numbers"),
    ("range 5..1", PropertyError, "begins above its end"),
    ("range", PropertyError, "is no range"),
    ("range 0..x", PropertyError, "'x' is no number"),
    ("range 0..1 of dear", PropertyError, "a number, and has no class 'dear'"),
    ("irrelevant", PropertyError, "names no column"),
    ("irrelevant age within -1", PropertyError, "less than 0"),
    ("irrelevant age thing", PropertyError, "'thing' cannot be read"),
    ("irrelevant price", PropertyError, "is the target"),
    ("robust age ±1", PropertyError, "by how much may it move"),
    ("robust age within 1", PropertyError, "cannot be read from"),
    ("robust age ±-1 within 1", PropertyError, "below 0"),
    ("robust age ±1, age ±2 within 1", PropertyError, "moves twice"),
    ("robust age ±1 within 1", SpecError, "none are given"),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED)
def test_a_property_that_cannot_be_read_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        verified(fitted(), text)


def test_a_property_moves_no_text():
    notes = {"note": ["soft grey wool", "red silk scarf", "a fine warm hat"]}
    with pytest.raises(PropertyError, match=r"kind text: a proof knows no small change"):
        robust._change("note ±1", SimpleNamespace(schema=infer(from_data(notes))))


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("agee 1..2", ColumnError, "Did you mean 'age'"),
        ("age 1..2, age 3..4", PropertyError, "twice"),
        ("age 9..", PropertyError, "empty: column 'age' goes from 0 to 4"),
        ("age 1.2..1.7", PropertyError, "whole numbers"),
        ("age 1e39..1e300", PropertyError, "no table has numbers beyond 3\\.403e\\+38"),
        ("age -1e300..-1e39", PropertyError, "no table has numbers beyond"),
        ("colour violet", SpecError, "no level 'violet'"),
        ("colour", PropertyError, "No level of column 'colour'"),
        ("lift perhaps", PropertyError, "never 'perhaps'"),
        ("price 1..2", ColumnError, "does not use column 'price'"),
    ],
)
def test_a_region_that_cannot_be_read_is_refused(where, error, message):
    with pytest.raises(error, match=message):
        verified(fitted(), "range 0..1", where=where)


def test_a_table_that_lacks_a_column_and_numbers_that_make_no_sense_are_refused():
    robust = "robust rooms ±1 within 1"
    with pytest.raises(SchemaError, match="lacks the column 'age'"):
        fitted().verify(robust, table().drop("age"))
    for rows in (0, -3):
        with pytest.raises(SpecError, match="Give 1 or more"):
            fitted().verify(robust, table(), rows=rows)
    with pytest.raises(SpecError, match="The seed is -1"):
        fitted().verify("range 0..1", seed=-1)
    for seconds in (0.0, -1, float("nan")):
        with pytest.raises(SpecError, match="The time for proofs is"):
            fitted().verify("range 0..1", seconds=seconds)


def test_properties_of_a_file_have_regions_of_their_own(tmp_path):
    path = tmp_path / "properties.toml"
    path.write_text(
        'where = "age 1..3"\n[[property]]\nholds = "range -1000..1000"\n'
        '[[property]]\nholds = "monotone rooms+"\nwhere = ""\n',
        encoding="utf-8",
    )
    report = fitted().verify("irrelevant lift within 500", file=path, where="rooms 2")
    found = report.found.properties
    assert [one.where for one in found] == ["rooms 2", "age 1..3", ""]
    assert report.verdict == "proved"
    assert report.frame["verdict"].to_list() == ["proved"] * 3
    for text in ("holds = 3", '[[property]]\nhold = "range 0..1"', "[[property]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PropertyError, match="no list of properties"):
            fitted().verify(file=path)
    with pytest.raises(PropertyError, match="cannot be read"):
        fitted().verify(file=tmp_path / "none.toml")
    written = '[[property]]\nholds = "irrelevant lift within 500"  # ±\n'
    path.write_text(written, encoding="utf-8-sig")  # as editors on Windows do
    assert fitted().verify(file=path).verdict == "proved"
    path.write_text(written, encoding="latin-1")
    with pytest.raises(PropertyError, match="not written in UTF-8: see line 2"):
        fitted().verify(file=path)
    with pytest.raises(PropertyError, match="No property is stated"):
        fitted().verify()


@pytest.mark.parametrize("more", [{}, {"rare": ("mauve",)}, {"forgotten": 3}])
def test_levels_that_were_met_are_in_the_domain_though_their_names_are_not_kept(more):
    fit = fitted().fitted
    steps = [
        structs.replace(step, **more) if step.source == "colour" else step
        for step in fit.encoder.steps
    ]
    graph = TableGraph(replace(fit, encoder=Encoder(tuple(steps))), fit.rung(None))
    table = TableDomain(graph)
    (group, _), *_ = table._levels
    assert table.box.high[0, group[0]] == bool(more)


def test_a_line_break_in_a_name_breaks_no_line():
    model = gradum.fit(table().rename({"age": "age\nin years"}), "price", **OPTIONS)
    said = model.verify("range 0..1", where="'age\nin years' 1..2").summary()
    assert "where 'age\\nin years' 1..2" in said
    assert "age\\nin years=" in " ".join(said.split())


def test_columns_are_named_as_the_table_names_them():
    frame = table().rename({"age": "age of house, in years", "rooms": "age"})
    model = gradum.fit(frame, "price", **OPTIONS)
    assert verified(model, "monotone age+").verdict == "proved"
    assert verified(model, "monotone 'age of house, in years'-").verdict == "proved"
    text = "robust age ±0, 'age of house, in years' ±0 within 0"
    assert verified(model, text, data=frame.head(3)).verdict == "proved"


def test_what_is_said_names_the_verdict_the_domain_and_both_rows():
    report = fitted().verify(["monotone age+", "range -1000..1000"])
    said = report.summary()
    assert said.startswith("refuted: monotone age+")
    for words in ("age from", "the answer goes from", "proved: range -1000..1000", "0..4 in whole"):
        assert words in said
    assert report.record()["properties"][0]["verdict"] == "refuted"


@cache
def dated():
    """Return a model of dates, texts, many levels and gaps, and its table."""
    frame = everything_there_is(240).drop("grade")
    three_folds = structs.replace(SHORT, folds=3)  # which choose weights that are not too large
    return gradum.fit(frame, "amount", text="note", **OPTIONS | {"linear": three_folds}), frame


@pytest.mark.slow
def test_dates_and_texts_stay_what_they_are():
    model, frame = dated()
    low, high = model.predict(frame).min() - 100, model.predict(frame).max() + 400
    assert verified(model, f"range {low}..{high}").verdict == "proved"
    found = verified(model, "range ..15")
    assert found.verdict == "refuted"
    (row,) = found.counterexample.rows
    assert model.predict([row])[0] == pytest.approx(found.counterexample.answers[0])
    assert row["day"].startswith("2021-")
    assert row["note"] is None
    found = verified(model, "robust size ±20 within 0.1", data=frame.head(6))
    first, last = found.counterexample.rows
    assert (found.verdict, last["day"]) == ("refuted", frame["day"][found.counterexample.row - 1])
    assert [name for name in first if first[name] != last[name]] == ["size"]
    both = model.predict([first, last])
    np.testing.assert_allclose(both, found.counterexample.answers)
    found = verified(model, "irrelevant day", seconds=0.1)
    assert (found.verdict, "only a proof could decide" in found.reason) == ("not decided", True)
    assert verified(model, "irrelevant day within 9000").verdict == "proved"
    with pytest.raises(NotCertifiableError, match="kind date"):
        verified(model, "range 0..1", where="day 2020..2021")
    with pytest.raises(PropertyError, match="knows no small change"):
        verified(model, "robust day ±1 within 1", data=frame.head(2))


def test_rows_that_no_time_is_left_for_are_open():
    report = fitted().verify("robust rooms ±0 within 0", table(), seconds=1e-9)
    (one,) = report.found.properties
    assert (one.verdict, one.rows, one.certified) == ("not decided", 100, 0.01)
    assert "The time was up. 1% of 100 rows proved, 0 refuted" in str(report)


def test_a_graph_shows_its_target_and_its_rung_alone():
    assert repr(fitted().graph()) == "TableGraph('price', 'linear')"


def test_halves_are_no_whole_numbers_though_both_ends_are_whole():
    rng = np.random.default_rng(0)
    halves, whole = rng.integers(0, 9, 300) / 2, rng.integers(0, 9, 300)
    rows = pl.DataFrame({"halves": halves, "whole": whole, "y": 3 * halves + 3 * whole})
    model = gradum.fit(rows, "y", **OPTIONS)
    of_whole, of_halves = (
        model.verify(f"robust {name} ±0.5 within 0.1", rows[:5], seconds=20).found
        for name in ("whole", "halves")
    )
    assert [column.whole for column in of_whole.domain] == [False, True]
    assert of_whole.properties[0].verdict == "proved"
    assert of_halves.properties[0].verdict == "refuted"


def test_a_column_of_too_many_inputs_is_not_searched(monkeypatch):
    monkeypatch.setattr(irrelevant, "MOST_INPUTS", 1)
    found = verified(fitted(), "irrelevant colour")
    assert found.verdict == "not decided"
    assert "more than the 1 that are searched" in found.reason
