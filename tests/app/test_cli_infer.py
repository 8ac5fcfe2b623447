import msgspec
import pytest

import gradum
from gradum.study.inference import Inference


def test_the_table_is_printed(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--drop", "city")
    assert (ended.code, ended.err) == (0, "")
    assert "Logistic regression of label: log-odds of yes" in ended.out
    assert "colour (against red)" in ended.out


def test_json_has_every_figure(gradum_command, tables):
    ended = gradum_command(
        "infer", tables / "label.csv", "-t", "label", "--covariance", "HC3", "--json"
    )
    found = msgspec.json.decode(ended.out, type=Inference)
    again = gradum.infer(tables / "label.csv", "label", covariance="HC3").inference
    assert found == again


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--covariance", "HC9"),
        ("--weights", "some"),
        ("--level", "95"),
        ("--alpha", "-1"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(gradum_command, tables, option, value):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", option, value)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert value in ended.err


def test_a_penalty_that_is_no_number_is_refused_in_one_line(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--alpha", "cv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'--alpha'" in ended.err


def test_a_penalty_can_be_asked_for(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--alpha", "0.1")
    assert ended.code == 0
    assert "Penalised fit (alpha = 0.1)" in ended.out
