"""``gradum verify`` of a run, with properties in words of its table."""

import json

import pytest

import gradum


def test_what_is_proved_ends_with_0(gradum_command, linear_run):
    ended = gradum_command("verify", linear_run[0], "--property", "range 0..1")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("proved: range 0..1 (the probability of 'yes')")
    assert "The whole domain, that of the rows learned from: " in ended.out
    quiet = gradum_command("verify", linear_run[0], "--property", "range 0..1", "-q")
    assert quiet.out.count("\n") == 1


def test_what_is_refuted_ends_with_3_and_a_row_of_the_table(gradum_command, linear_run):
    folder, _ = linear_run
    words = ("--property", "range 0..0.5", "--property", "range 0..1", "--rung", "linear")
    ended = gradum_command("verify", folder, *words, "--json")
    assert ended.code == 3
    found = json.loads(ended.out)
    assert found["verdict"] == "refuted"
    assert [one["verdict"] for one in found["properties"]] == ["refuted", "proved"]
    (row,) = found["properties"][0]["counterexample"]["rows"]
    (answer,) = found["properties"][0]["counterexample"]["answers"]
    share = gradum.load(folder / "model.gradum").predict_proba([row], rung="linear")[0, 1]
    assert share == pytest.approx(answer, abs=1e-6)
    assert share > 0.5


def test_what_time_leaves_open_ends_with_4(gradum_command, linear_run):
    """Between what an attack finds and what bounds of the whole domain prove, time is needed."""
    codes = []
    for within in (0.1, 0.7, 1.1):
        words = ("--property", f"irrelevant city within {within}", "--rung", "linear")
        codes.append(gradum_command("verify", linear_run[0], *words, "--timeout", "1e-9").code)
    assert codes == [3, 4, 0]


def test_rows_of_a_table_and_a_file_of_properties(gradum_command, linear_run, tables, tmp_path):
    path = tmp_path / "properties.toml"
    path.write_text('[[property]]\nholds = "robust size ±0, age ±0"\n', encoding="utf-8")
    ended = gradum_command(
        "verify", linear_run[0], tables / "held.csv", "--properties", path, "--rows", "5"
    )
    assert ended.code == 0
    assert "100% of 5 rows proved, 0 refuted" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "No property is stated"),
        (("--property", "monotone agee+"), "Did you mean 'age'"),
        (("--property", "monotone age+", "--where", "age 9000.."), "The region is empty"),
        (("--property", "range 0..1", "--timeout", "0"), "--timeout"),
        (("--properties", "none.toml"), "none.toml cannot be read"),
        (("--property", "robust age ±1"), "Name a table"),
        (("--property", "range 0..1", "--counterexample", "row.csv"), "is for networks"),
    ],
)
def test_mistakes_are_one_line(gradum_command, linear_run, words, said):
    ended = gradum_command("verify", linear_run[0], *words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err


def test_rows_without_a_property_are_no_network(gradum_command, linear_run, tables):
    ended = gradum_command("verify", linear_run[0], tables / "held.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "No property is stated" in ended.err


def test_what_is_for_tables_alone_is_refused(gradum_command, tmp_path):
    onnx = pytest.importorskip("onnx")
    (tmp_path / "n.onnx").write_bytes(onnx.ModelProto().SerializeToString())
    for words in (("--where", "age 1..2"), ("--rung", "mlp")):
        ended = gradum_command("verify", tmp_path / "n.onnx", tmp_path / "p.vnnlib", *words)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert "for models of tables" in ended.err
