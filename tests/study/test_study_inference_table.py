"""The coding of a table for regression: reference levels, missing values, columns left out."""

import msgspec
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

import gradum
from gradum.errors import SpecError
from gradum.messages import as_text
from gradum.study.findings.findings import Findings, without_rows
from gradum.study.inference.reference_coding import reference_coded
from gradum.study.inference.regression import Regression, regression_table
from gradum.tables.kinds.design import CodedColumn, Design, Feature, Layout
from gradum.tables.split import Part
from synthetic import ONCE, mixed, task


def levels(rows=200, seed=0, **columns):
    """A number, three levels of which "c" is the commonest, and a target of both."""
    rng = np.random.default_rng(seed)
    x, level = rng.normal(size=rows), rng.choice(["a", "b", "c"], rows, p=[0.2, 0.3, 0.5])
    y = x + 2.0 * (level == "a") + rng.normal(size=rows)
    return pl.DataFrame({"x": x, "g": level, "y": y, **columns})


def by_name(summary, name):
    found = summary.inference.coefficients
    return {each.name: getattr(each, name) for each in found}


def test_levels_are_compared_with_the_commonest_as_a_formula_does():
    frame = levels()
    summary = gradum.infer(frame, "y")
    peer = smf.ols("y ~ x + C(g, Treatment('c'))", frame.to_pandas()).fit()
    assert summary.inference.references == {"g": "c"}
    for name, theirs in (
        ("(intercept)", "Intercept"),
        ("x", "x"),
        ("g=a", "C(g, Treatment('c'))[T.a]"),
        ("g=b", "C(g, Treatment('c'))[T.b]"),
    ):
        assert by_name(summary, "estimate")[name] == pytest.approx(peer.params[theirs], rel=1e-9)
        assert by_name(summary, "error")[name] == pytest.approx(peer.bse[theirs], rel=1e-9)
    assert list(by_name(summary, "p")) == ["(intercept)", "x", "g=a", "g=b"]


def test_the_commonest_level_is_so_by_weight():
    frame = levels().with_columns(w=pl.when(pl.col("g") == "a").then(9).otherwise(1))
    found = gradum.infer(frame, "y", weight="w", weights="precision")
    assert found.inference.references == {"g": "a"}


def test_missing_values_have_an_indicator_and_a_sentence():
    frame = levels().with_columns(x=pl.when(pl.col("x") > 1).then(None).otherwise(pl.col("x")))
    summary = gradum.infer(frame, "y")
    assert "x missing" in by_name(summary, "p")
    assert "treat the filled values as known" in str(summary).replace("\n", " ")


def test_what_cannot_enter_is_left_out_and_named():
    rng = np.random.default_rng(1)
    frame = levels(
        many=[f"level {k % 60}" for k in range(200)],
        words=[" ".join(rng.choice(["red", "big", "old", "new", "far"], 4)) for _ in range(200)],
    ).with_columns(twin=2.0 * pl.col("x") + 1.0)
    said = " ".join(gradum.infer(frame, "y", text="words").inference.sentences)
    assert "'many', which has more than 50 levels" in said
    assert "'words', which holds text" in said
    assert "'twin', which is determined by the columns before it" in said


def test_a_level_without_a_name_is_other():
    codes = np.array([[0], [0], [1], [1], [1], [2], [2]], np.int32)
    layout = Layout((Feature("x", "x", "value"),), (CodedColumn("g", ("a", "b")),))
    design = Design({"dense": np.arange(7.0)[:, None] ** 2, "codes": codes}, layout)
    coded = reference_coded(design, np.ones(7))
    assert coded.names == ("x", "g=b", "g=(other)")
    np.testing.assert_array_equal(np.asarray(coded.matrix)[:, 2], [1, 1, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("as_given", ["frame", "dict", "path"])
def test_it_takes_tables_as_fit_does(as_given, tmp_path):
    frame = levels()
    frame.write_parquet(tmp_path / "table.parquet")
    data = {"frame": frame.to_pandas(), "dict": frame.to_dict(as_series=False)}
    given = data.get(as_given, tmp_path / "table.parquet")
    assert by_name(gradum.infer(given, "y"), "p") == by_name(gradum.infer(frame, "y"), "p")


def test_classes_and_counts_have_their_losses():
    frame = mixed(400)
    assert gradum.infer(frame.drop("amount", "grade"), "label").inference.loss == "log_loss"
    grades = gradum.infer(frame.drop("amount", "label", "city"), "grade").inference
    assert {each.class_ for each in grades.coefficients} == {"1", "2"}
    counts = levels().with_columns(y=(pl.col("y").exp()).floor())
    found = gradum.infer(counts, "y", task="regression", loss="poisson", covariance="HC1")
    assert (found.inference.loss, found.inference.covariance) == ("poisson", "HC1")


def test_groups_are_clusters_and_no_column():
    frame = levels(who=[f"p{k % 40:02}" for k in range(200)])
    summary = gradum.infer(frame, "y", group="who")
    peer = smf.ols("y ~ x + C(g, Treatment('c'))", frame.to_pandas())
    codes = np.unique(frame["who"].to_numpy(), return_inverse=True)[1]
    peer = peer.fit(cov_type="cluster", cov_kwds={"groups": codes})
    assert by_name(summary, "error")["x"] == pytest.approx(peer.bse["x"], rel=1e-9)
    assert not any(name.startswith("who") for name in by_name(summary, "p"))


@pytest.mark.parametrize(("target", "loss"), [("y", "log_loss"), ("g", "poisson")])
def test_a_loss_of_another_kind_of_target_is_refused(target, loss):
    with pytest.raises(SpecError, match=loss):
        gradum.infer(levels(), target, loss=loss)


def run_of(frame, target, **options):
    return gradum.fit(frame, target, model="linear", **{**ONCE, **options}).run


@pytest.fixture(scope="module")
def run():
    return run_of(task("amount", 400).drop("city"), "amount")


def test_the_report_has_the_table_of_the_rows_learned_from(run):
    found = regression_table(run)
    median = run.dataset.frame.filter(pl.Series(run.parts == Part.TRAIN))["age"].median()
    frame = run.dataset.frame.filter(pl.Series(run.parts != Part.TEST)).with_columns(
        missing=pl.col("age").is_null().cast(pl.Float64),
        age=pl.col("age").fill_null(median),
        member=pl.col("member").cast(pl.Float64),
    )
    matrix = frame.select(
        "size",
        "age",
        "missing",
        "member",
        blue=(pl.col("colour") == "blue").cast(pl.Float64),
        green=(pl.col("colour") == "green").cast(pl.Float64),
    )
    peer = sm.OLS(frame["amount"].to_numpy(), sm.add_constant(matrix.to_numpy()))
    peer = peer.fit(cov_type="HC3")
    own = {each.name: each.error for each in found.inference.coefficients}
    names = ["(intercept)", "size", "age", "age missing", "member", "colour=blue", "colour=green"]
    np.testing.assert_allclose([own[name] for name in names], peer.bse, rtol=1e-8)
    assert f"the {len(frame)} rows that the linear model learned from" in found.sentence


def test_rows_of_a_group_are_taken_together():
    frame = levels(who=[f"p{k % 40:02}" for k in range(200)])
    found = regression_table(run_of(frame, "y", group="who")).inference
    assert found.covariance == "cluster"
    assert any("Cluster-robust" in each for each in found.sentences)


def test_too_many_columns_for_the_rows_are_not_shown():
    found = regression_table(run_of(levels(60, more=[f"m{k % 20:02}" for k in range(60)]), "y"))
    assert found.inference is None
    assert found.sentence.startswith("No regression table: 48 rows for")


def test_a_log_target_is_explained_as_its_logarithm():
    frame = levels().with_columns(y=pl.col("y").exp())
    run = run_of(frame, "y", log_target=True)
    found = regression_table(run).inference
    learned = run.dataset.frame.filter(pl.Series(run.parts != Part.TEST))
    peer = smf.ols("np.log(y) ~ x + C(g, Treatment('c'))", learned.to_pandas()).fit()
    assert found.target == "log y"
    assert found.coefficients[1].estimate == pytest.approx(peer.params["x"], rel=1e-8)


def test_a_weight_is_that_of_one_row_wherever_a_fit_is_summed_up():
    weight = np.random.default_rng(3).integers(1, 200, 400).astype(float)
    frame = levels(400, w=weight)
    run = run_of(frame, "y", weight="w")
    learned = run.dataset.frame.filter(pl.Series(run.parts != Part.TEST))

    def errors(rows):
        shares = rows["w"].to_numpy()
        # The reference is the level of the largest total weight.
        totals = rows.group_by("g").agg(pl.col("w").sum()).sort("w", descending=True)
        formula = f"y ~ x + C(g, Treatment('{totals['g'][0]}'))"
        return smf.wls(formula, rows.to_pandas(), weights=shares).fit(cov_type="HC3").bse["x"]

    found = regression_table(run).inference
    assert (found.covariance, found.statistics.n) == ("HC3", len(learned))
    assert found.coefficients[1].error == pytest.approx(errors(learned), rel=1e-9)
    assert "single row" in " ".join(found.sentences)
    whole = gradum.Model(run.fitted, run).inference()
    assert by_name(whole, "error")["x"] == pytest.approx(errors(frame), rel=1e-9)
    asked = gradum.infer(frame, "y", weight="w", weights="precision", covariance="robust")
    assert by_name(asked, "error") == by_name(whole, "error")


def test_what_a_weight_means_is_asked():
    with pytest.raises(SpecError, match=r"'w'.*--weights frequency.*--weights precision"):
        gradum.infer(levels(w=[2.0] * 200), "y", weight="w")


def test_it_survives_json_and_the_wish_for_no_rows(run):
    found = regression_table(run)
    assert (
        msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=Regression) == found
    )
    assert found.inference.influential
    bare = without_rows(gradum.Model(run.fitted, run).findings)
    assert bare.regression.inference.influential == ()
    assert msgspec.json.decode(msgspec.json.encode(bare, enc_hook=as_text), type=Findings) == bare


def test_a_model_gives_the_table_of_all_its_rows(run, tmp_path):
    model = gradum.Model(run.fitted, run)
    found = model.inference(covariance="HC2").inference
    assert found.statistics.rows == 400
    assert found.covariance == "HC2"
    model.save(tmp_path / "model.gradum")
    with pytest.raises(SpecError, match="no rows at hand"):
        gradum.load(tmp_path / "model.gradum").inference()
