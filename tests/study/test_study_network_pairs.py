"""Pairs of rows of networks from elsewhere, against all rows that there are."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gradum.core.bounds import Affine, Graph, Relu
from gradum.errors import GradumError
from gradum.study.properties.network_columns import NetworkColumns
from gradum.study.properties.network_pairs import ForeignNetwork, verify_pairs

NAMES = ("age", "sex", "income, net")


def affine(rng, fan_in, fan_out):
    return Affine(rng.normal(size=(fan_in, fan_out)), rng.normal(size=fan_out))


def network(seed, outputs, sex=1.0):
    """A network of three columns: whole numbers from 0 to 4, 0 or 1, and from −2 to 2."""
    rng = np.random.default_rng(seed)
    first = affine(rng, 3, 6)
    first.weight[1] *= sex
    graph = Graph.of(3, first, Relu(), affine(rng, 6, outputs))
    low, high = np.array([0.0, 0.0, -2.0]), np.array([4.0, 1.0, 2.0])
    columns = NetworkColumns(NAMES, low, high, np.ones(3, bool))
    return ForeignNetwork(graph, lambda x: graph(x).astype(np.float32), columns)


def pairs(asked, changed):
    """Return all pairs of rows that differ in some places alone."""
    ranges = zip(asked.columns.low, asked.columns.high, strict=True)
    axes = [np.arange(low, high + 1) for low, high in ranges]
    for row in itertools.product(*axes):
        for values in itertools.product(*(axes[place] for place in changed)):
            other = list(row)
            for place, value in zip(changed, values, strict=True):
                other[place] = value
            yield row, other


def answers(asked, changed):
    """Return both answers of all pairs [N, k]."""
    first, second = (np.array(rows, float) for rows in zip(*pairs(asked, changed), strict=True))
    return asked.graph(first), asked.graph(second)


def one(asked, text, where="", seconds=60.0):
    return verify_pairs(asked, [(text, where)], seconds=seconds).properties[0]


def alike_but_for(rows, names):
    first, second = rows
    return {name for name in first if first[name] != second[name]} <= set(names)


@pytest.mark.parametrize(
    ("seed", "outputs", "names", "changed"),
    [(0, 1, "sex", [1]), (1, 2, "age", [0]), (2, 3, "'income, net', sex", [1, 2])],
)
def test_answers_differ_by_as_much_as_those_of_all_pairs_of_rows(seed, outputs, names, changed):
    asked = network(seed, outputs)
    first, second = answers(asked, changed)
    most = np.abs(second - first).max()
    assert one(asked, f"irrelevant {names} within {most + 1e-4}").verdict == "proved"
    found = one(asked, f"irrelevant {names} within {most - 1e-4}")
    assert (found.verdict, found.certified < 1) == ("refuted", True)
    assert alike_but_for(found.counterexample.rows, [NAMES[place] for place in changed])
    low, high = sorted(found.counterexample.answers)
    assert high - low > most - 1e-4
    rows = np.array([list(row.values()) for row in found.counterexample.rows])
    assert np.abs(np.diff(asked.run(rows), axis=0)).max() == pytest.approx(high - low)
    assert all(isinstance(value, int) for value in found.counterexample.rows[0].values())


def test_classes_stay_where_those_of_all_pairs_of_rows_do():
    verdicts = set()
    for seed, outputs, sex in itertools.product(range(4), (1, 3), (0.02, 1.0)):
        asked = network(seed, outputs, sex)
        both = answers(asked, [1])
        middle = round(float(np.quantile(both[0], 0.9)), 3)
        classes = [y[:, 0] >= middle if outputs == 1 else y.argmax(axis=1) for y in both]
        at = f" at {middle}" if outputs == 1 else ""
        found = one(asked, f"irrelevant sex to class{at}")
        differ = bool((classes[0] != classes[1]).any())
        assert found.verdict == ("refuted" if differ else "proved")
        verdicts.add((outputs, found.verdict))
        if differ:
            rows = np.array([list(row.values()) for row in found.counterexample.rows], float)
            y = asked.graph(rows)
            assert (y[0, 0] >= middle) != (y[1, 0] >= middle) or len(set(y.argmax(axis=1))) > 1
    assert len(verdicts) == 4


def test_whole_numbers_are_whole_where_that_is_said():
    # 1 − |2x − 1| is 0 at 0 and at 1, and 1 between them.
    graph = Graph.of(
        2,
        Affine(np.array([[2.0, -2.0], [0.0, 0.0]]), np.array([-1.0, 1.0])),
        Relu(),
        Affine(np.array([[-1.0], [-1.0]]), np.ones(1)),
    )
    columns = NetworkColumns.numbered(np.zeros(2), np.ones(2))
    asked = ForeignNetwork(graph, graph, columns)
    assert one(asked, "irrelevant x0 within 0.1", "x0 0..1 whole").verdict == "proved"
    found = one(asked, "irrelevant x0 within 0.9")
    assert found.verdict == "refuted"
    assert 0.0 < max(row["x0"] for row in found.counterexample.rows) <= 1.0
    assert one(asked, "irrelevant x0 within 0.9", "x0 0..0.4").verdict == "proved"
    weightless = one(asked, "irrelevant x1")
    assert (weightless.verdict, weightless.stage) == ("proved", "weights")
    late = one(asked, "irrelevant x0 within 1", seconds=1e-9)
    assert (late.verdict, late.reason) == ("not decided", "The time was up.")


def test_what_the_deployed_network_does_not_confirm_is_no_counterexample():
    asked = network(0, 1)
    asked = replace(asked, run=lambda x: np.zeros((len(x), 1)))
    assert one(asked, "irrelevant sex within 0.001", seconds=0.3).verdict == "not decided"
    assert one(asked, "irrelevant sex to class at 0.5", seconds=0.3).verdict != "refuted"


def test_columns_of_a_table_have_the_ranges_of_its_rows_in_single_precision():
    rows = np.array([[0.1, 3.0], [0.3, -1.0]])
    columns = NetworkColumns.of_rows(("a", "b"), rows)
    single = rows.astype(np.float32).astype(float)
    assert (columns.low <= single).all()
    assert (columns.high >= single).all()
    assert columns.whole.tolist() == [False, True]
    narrower = columns.within("b 0.5..9, a ..0.2")
    assert (narrower.low[1], narrower.high[1]) == (1.0, 3.0)
    assert narrower.high[0] == 0.2
    described = columns.described[1]
    assert (described.column, described.low, described.high, described.whole) == ("b", -1, 3, True)


@pytest.mark.parametrize(
    ("outputs", "text", "where", "message"),
    [
        (1, "monotone age+", "", "The property 'monotone age+' cannot be read."),
        (1, "irrelevant", "", "The property 'irrelevant' cannot be read."),
        (1, "irrelevant agee", "", "The network has no column 'agee'. Did you mean 'age'?"),
        (1, "irrelevant age, within 1", "", "A property names no column."),
        (1, "irrelevant age twice", "", "'twice' cannot be read behind column 'age'."),
        (1, "irrelevant age within -1", "", "Answers cannot differ by less than 0"),
        (1, "irrelevant age within much", "", "'much' is no number."),
        (1, "irrelevant age to class", "", "no threshold says where its classes divide"),
        (2, "irrelevant age to class at 0", "", "2 outputs, of which the greatest is the class"),
        (17, "irrelevant age to class", "", "17 outputs; classes of up to 16 are compared"),
        (1, "irrelevant age", "age 5..9", "No input lies in the region."),
        (1, "irrelevant age", "age 1.2..1.8", "No input lies in the region."),
        (1, "irrelevant age", "height 5..9", "The network has no column 'height'."),
    ],
)
def test_mistakes_are_one_line(outputs, text, where, message):
    with pytest.raises(GradumError) as caught:
        one(network(0, outputs), text, where)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_input_without_a_range_is_named():
    asked = network(0, 1)
    anywhere = np.full(3, np.inf)
    asked = replace(asked, columns=NetworkColumns.numbered(-anywhere, anywhere))
    with pytest.raises(GradumError, match="Nothing says what 'x1', 'x2' can be"):
        one(asked, "irrelevant x0", "x0 0..1, x1 0..")
