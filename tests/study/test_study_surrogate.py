"""The tree against scikit-learn's and brute force, its words against the rows that they name."""

import re
from dataclasses import replace
from itertools import combinations

import msgspec
import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

import gradum
from gradum.api.model import Model
from gradum.errors import SpecError
from gradum.messages import as_text
from gradum.run.spec.spec import ReportSpec
from gradum.scores.interval import with_unknown_bounds
from gradum.show.text import plain
from gradum.study.explanation.questions import Question
from gradum.study.explanation.surrogate import READABLE, Surrogate, surrogate
from gradum.study.explanation.tree import TreeColumn, grow, tree_answers
from gradum.tables.split import Part
from synthetic import ONCE, SHORT, mixed


@pytest.mark.parametrize("outputs", [1, 3])
def test_on_numbers_it_is_scikit_learn_s_tree(outputs):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 20, (400, 5))
    answers = np.sin(codes[:, :outputs] / 4) + 0.3 * (codes[:, 3:4] > 11) * codes[:, :outputs]
    answers = answers + 0.1 * rng.normal(size=answers.shape)
    weight = rng.uniform(0.5, 2, 400)
    columns = [TreeColumn(column, 21, True) for column in codes.T]
    leaves = grow(columns, answers, weight, depth=4, least_rows=10)
    peer = DecisionTreeRegressor(max_depth=4, min_samples_leaf=10, random_state=0)
    peer.fit(codes, answers, sample_weight=weight)
    expected = peer.predict(codes).reshape(answers.shape)
    np.testing.assert_allclose(tree_answers(leaves, columns), expected, rtol=1e-12, atol=1e-12)
    assert len(leaves) == peer.get_n_leaves()
    assert sum(leaf.share for leaf in leaves) == pytest.approx(1)


def test_of_categories_and_missing_values_the_first_split_is_the_best_of_all():
    rng = np.random.default_rng(1)
    levels, rows = 6, 300
    codes = rng.integers(0, levels + 1, rows)
    codes[codes == levels] += 1  # the last code is for missing values, the one before for others
    answers = rng.normal(size=levels + 2)[codes][:, None] + rng.normal(size=(rows, 1))
    weight = rng.uniform(0.5, 2, rows)
    column = TreeColumn(codes, levels + 2, False)
    leaves = grow([column], answers, weight, depth=1, least_rows=1)

    def error(left):
        parts = [np.isin(codes, left), ~np.isin(codes, left)]
        return sum(
            weight[part]
            @ (answers[part, 0] - np.average(answers[part, 0], weights=weight[part])) ** 2
            for part in parts
        )

    seen = np.unique(codes)
    ways = [way for size in range(1, len(seen)) for way in combinations(seen, size)]
    found = error(np.flatnonzero(leaves[0].allowed[0]))
    assert found == pytest.approx(min(map(error, ways)))


def test_missing_numbers_go_to_the_better_side_or_stand_alone():
    numbers, missing = np.repeat(np.arange(10), 20), 11
    codes = np.append(numbers, np.full(40, missing))
    column = TreeColumn(codes, 12, True)
    alone = np.append(np.zeros(200), np.ones(40))[:, None]
    first = grow([column], alone, np.ones(240), depth=1, least_rows=5)[0].allowed[0]
    assert first[:10].all()
    assert not first[missing]
    high = np.append((numbers > 6).astype(float), np.ones(40))[:, None]
    first = grow([column], high, np.ones(240), depth=1, least_rows=5)[0].allowed[0]
    assert first[:11].tolist() == [True] * 7 + [False] * 4
    assert not first[missing]


def test_no_split_is_made_where_nothing_is_to_be_told_apart():
    column = TreeColumn(np.arange(40) % 4, 6, True)
    leaves = grow([column], np.full((40, 1), 7.0), np.ones(40), depth=4, least_rows=1)
    assert [(leaf.allowed, leaf.answer.tolist()) for leaf in leaves] == [({}, [7.0])]


def asked(values, kind="numeric"):
    return Question.of(pl.Series("age", values), kind)


def test_thresholds_are_numbers_of_few_digits_between_neighbours():
    question = asked([30, 31, 31, 45, None])
    assert question.cuts.tolist() == [31, 40]
    codes = question.codes(pl.Series([29.0, 30.5, 31.0, 39.0, 40.0, None])).codes
    assert codes.tolist() == [0, 0, 1, 1, 2, 3]
    values = np.random.default_rng(0).lognormal(5, 3, 5000)
    question = asked(values)
    assert len(question.cuts) <= 64
    assert (np.diff(question.cuts) > 0).all()
    assert np.unique(question.codes(pl.Series(values)).codes).size == len(question.cuts) + 1


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ([1, 0, 0, 0], "age < 31"),
        ([0, 1, 0, 0], "31 ≤ age < 40"),
        ([0, 0, 1, 1], "age ≥ 40 or missing"),
        ([1, 1, 1, 0], "age is not missing"),
        ([0, 0, 0, 1], "age is missing"),
        ([1, 1, 1, 1], ""),
    ],
)
def test_ranges_in_words(allowed, words):
    assert asked([30, 31, 31, 45, None]).words(np.array(allowed, bool)) == words


def test_levels_dates_and_truth_in_words():
    levels = asked(["a", "a", "a", "b", "b", "c", None], "categorical")
    assert levels.words(np.array([1, 0, 0, 0, 0], bool)) == "age is 'a'"
    assert levels.words(np.array([0, 1, 1, 1, 1], bool)) == "age is not 'a'"
    assert levels.words(np.array([0, 1, 0, 0, 1], bool)) == "age is 'b' or missing"
    assert asked([True, False], "boolean").words(np.array([0, 1, 0, 0], bool)) == "age is yes"
    days = pl.Series(["2020-01-05", "2020-03-01"]).str.to_datetime(time_unit="us")
    assert asked(days, "date").words(np.array([1, 0, 0], bool)) == "age < 2020-01-06"
    many = asked([f"level {k:02}" for k in range(60) for _ in range(60 - k)], "categorical")
    assert many.words(np.arange(42) > 39).startswith("age is another value")


@pytest.fixture(scope="module", params=["amount", "grade"])
def ladder(request):
    targets = {"amount", "label", "grade"} - {request.param}
    rows = mixed(400).drop(targets).with_columns(group=pl.Series(range(400)) // 4)
    return gradum.fit(rows, request.param, group="group", seed=0, **ONCE)


def answers(model, rows, rung=None):
    frame = model.run.dataset.frame[rows]
    if not model.classes:
        return model.predict(frame, rung=rung)[:, None]
    shares = model.predict_proba(frame, rung=rung)
    return shares[:, 1:] if len(model.classes) == 2 else shares


RANGE = re.compile(r"(?:(\S+) ≤ )?(\w+)(?: < (\S+))?(?: ≥ (\S+))?( or missing)?")
MISSING = re.compile(r"(\w+) is (not )?missing")


def where(frame, rule):
    """The rows that a rule's words name, read back from the words."""
    held = np.ones(len(frame), bool)
    for condition in rule.conditions:
        if alone := MISSING.fullmatch(condition):
            column, negated = alone.groups()
            held &= frame[column].is_null().to_numpy() != bool(negated)
            continue
        low, column, high, least, missing = RANGE.fullmatch(condition).groups()
        values, unknown = frame[column].to_numpy(), frame[column].is_null().to_numpy()
        inside = (values >= float(low or least or -np.inf)) & (values < float(high or np.inf))
        held &= (inside & ~unknown) | (unknown & bool(missing))
    return held


def test_fidelity_is_r_squared_on_rows_that_it_was_not_grown_on(ladder):
    found = surrogate(ladder.run)
    parts = ladder.run.parts
    assert found.grown == (parts != Part.TEST).sum()
    judged = np.flatnonzero(parts == Part.TEST)
    assert found.judged == len(judged)
    if ladder.used != "linear":
        expected = r2_score(
            answers(ladder, judged),
            answers(ladder, judged, "linear"),
            multioutput="variance_weighted",
        )
        assert found.linear.variance.value == pytest.approx(expected, abs=1e-9)
    interval = found.fidelity.variance
    assert interval.low < interval.value < interval.high
    assert (found.fidelity.decisions is None) == (not ladder.classes)
    assert (len(found.rules) > 0) == (interval.value >= READABLE)
    assert ("No short list of rules" in " ".join(found.sentences)) == (interval.value < READABLE)


def steps(rows=600, noise=0.0):
    """A target that few questions tell, by words that can be read back."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 60, rows), rng.normal(size=rows)
    y = 10.0 * (a >= 31) + 4.0 * (b < 0.5) + noise * rng.normal(size=rows)
    missing = pl.Series(rng.random(rows) < 0.15)
    return pl.DataFrame({"a": pl.Series(a).set(missing, None), "b": b, "y": y})


@pytest.fixture(scope="module")
def stepped():
    return gradum.fit(steps(noise=0.1), "y", model="pack", seed=0, **ONCE)


def test_the_words_name_the_rows_whose_mean_answer_they_tell(stepped):
    found = surrogate(stepped.run)
    assert found.fidelity.variance.value >= READABLE
    grown = np.flatnonzero(stepped.run.parts != Part.TEST)
    frame, said = stepped.run.dataset.frame[grown], answers(stepped, grown)
    held = np.stack([where(frame, rule) for rule in found.rules])
    assert (held.sum(axis=0) == 1).all()
    for rule, rows in zip(found.rules, held, strict=True):
        assert rule.share == pytest.approx(rows.mean())
        assert rule.answer[0] == pytest.approx(said[rows].mean(), rel=1e-9)


def test_it_is_shown_in_words_and_as_a_frame(stepped):
    tree = stepped.surrogate()
    assert tree.frame.columns == ["rule", "share", "answer"]
    assert tree.frame["share"].sum() == pytest.approx(1)
    assert "A tree of at most 4 questions imitates the network ensemble" in plain(tree)
    assert tree.frame["rule"][0].split("; ")[0] in tree.summary()


def test_it_survives_json(stepped):
    found = surrogate(stepped.run)
    said = with_unknown_bounds(msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text)))
    assert msgspec.convert(said, Surrogate) == found


def test_a_file_written_by_hand_is_refused(stepped):
    found = msgspec.to_builtins(surrogate(stepped.run), enc_hook=as_text)
    for wrong in ({"classes": ["no", "yes"]}, {"rules": [{**found["rules"][0], "answer": []}]}):
        with pytest.raises(msgspec.ValidationError, match="there is no"):
            msgspec.convert(found | wrong, Surrogate)


def test_a_tree_that_says_something_else_is_not_shown():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 8))
    rows = pl.DataFrame(x, [f"x{k}" for k in range(8)]).with_columns(y=pl.Series(x.sum(axis=1)))
    model = gradum.fit(rows, "y", model="linear", seed=0, **ONCE)
    tree = model.surrogate()
    assert tree.found.rules == ()
    assert tree.found.linear is None
    assert "No short list of rules" in tree.summary()
    assert len(tree.frame) == 0


def test_where_all_rows_were_learned_from_it_is_judged_by_some_of_them_still():
    model = gradum.fit(steps(300, noise=0.1), "y", model="linear", cv=2, linear=SHORT)
    found = surrogate(model.run)
    assert (found.grown, found.judged) == (200, 100)


def test_a_model_that_says_one_thing_has_no_tree(stepped):
    rungs = {"baseline": stepped.fitted.rungs["baseline"]}
    fitted = replace(stepped.fitted, judgement=None, rungs=rungs)
    run = replace(stepped.run, fitted=fitted)
    assert surrogate(run) is None
    with pytest.raises(SpecError, match="No tree was grown"):
        Model(fitted, run).surrogate()


@pytest.mark.parametrize(
    ("left_out", "option"), [({"explain": False}, "--no-explain"), ({"rows": False}, "--no-rows")]
)
def test_a_run_that_was_not_explained_says_why_it_has_no_tree(stepped, tmp_path, left_out, option):
    spec = structs.replace(stepped.fitted.spec, report=ReportSpec(**left_out))
    loaded = Model(replace(stepped.fitted, spec=spec))
    loaded.folder = tmp_path
    with pytest.raises(SpecError, match=option):
        loaded.surrogate()
