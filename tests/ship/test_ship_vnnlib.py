"""Properties in VNN-LIB, against their formulas evaluated as they stand."""

import gzip
import random

import numpy as np
import pytest

from gradum.errors import PropertyError
from gradum.ship.exchange import vnnlib
from gradum.ship.exchange.smt_lib import DEPTH_LIMIT, expressions
from gradum.ship.exchange.vnnlib import counterexample_text, parsed_property, read_property

DECLARED = """; two of each
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
"""
BOX = "(assert (and (<= X_0 1) (>= X_0 (- 1)) (>= X_1 -2e0) (<= X_1 2)))\n"


def refusal(text):
    with pytest.raises(PropertyError) as caught:
        parsed_property(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_property_is_a_box_and_what_is_unsafe_there():
    stated = parsed_property(
        DECLARED + BOX + "(assert (or (and (<= Y_0 Y_1) (>= Y_0 -3.5E-1)) (<= Y_1 (- 2.5))))"
    )
    assert (stated.inputs, stated.outputs) == (2, 2)
    (case,) = stated.cases
    np.testing.assert_array_equal(case.low, [-1, -2])
    np.testing.assert_array_equal(case.high, [1, 2])
    first, second = case.unsafe
    np.testing.assert_array_equal(first.coefficients, [[1, -1], [-1, 0]])
    np.testing.assert_array_equal(first.limits, [0, 0.35])
    np.testing.assert_array_equal(second.coefficients, [[0, 1]])
    np.testing.assert_array_equal(second.limits, [-2.5])


def test_alternatives_of_the_same_box_are_one_case():
    boxes = "(assert (or (<= X_0 0) (and (>= X_0 0.5) (<= X_1 1))))"
    stated = parsed_property(DECLARED + BOX + boxes + "(assert (or (<= Y_0 0) (<= Y_1 0)))")
    assert [case.high.tolist() for case in stated.cases] == [[0, 2], [1, 1]]
    assert [len(case.unsafe) for case in stated.cases] == [2, 2]


def test_bounds_that_leave_nothing_in_some_alternatives_are_left_out():
    boxes = "(assert (or (<= X_0 -5) (<= X_0 0)))"
    stated = parsed_property(DECLARED + BOX + boxes + "(assert (<= Y_0 0))")
    assert [case.high.tolist() for case in stated.cases] == [[0, 2]]


def test_no_bound_is_a_negative_zero():
    stated = parsed_property(
        DECLARED
        + BOX
        + "(assert (and (<= X_0 0) (>= X_0 0) (>= X_1 -0) (<= Y_0 0) (<= (- 0) Y_1)))"
    )
    (case,) = stated.cases
    zeros = [case.low[0], case.high[0], case.low[1], *case.unsafe[0].limits]
    assert zeros == [0.0] * 5
    assert not np.any(np.signbit(zeros))


def written(formula):
    match formula:
        case (head, *parts) if head in ("and", "or"):
            return f"({head} {' '.join(map(written, parts))})"
        case (sign, left, right):
            return f"({sign} {left} {right})"


def holds(formula, values):
    match formula:
        case ("and", *parts):
            return all(holds(part, values) for part in parts)
        case ("or", *parts):
            return any(holds(part, values) for part in parts)
        case (sign, left, right):
            left, right = (float(values.get(side, side)) for side in (left, right))
            return left <= right if sign == "<=" else left >= right


def drawn(draw, depth):
    if depth and draw.random() < 0.6:
        parts = [drawn(draw, depth - 1) for _ in range(draw.randint(1, 3))]
        return (draw.choice(["and", "or"]), *parts)
    left, right = draw.choice(
        [("X_0", "-1"), ("0.5", "X_1"), ("Y_0", "Y_1"), ("Y_1", "0"), ("1", "Y_0"), ("X_0", "1e0")]
    )
    return (draw.choice(["<=", ">="]), left, right)


def test_nested_formulas_mean_what_they_say():
    draw, points = random.Random(0), np.random.default_rng(0)
    judged = {True: 0, False: 0}
    for _ in range(150):
        formulas = [drawn(draw, 3), ("<=", "Y_0", "2"), drawn(draw, 2)]
        text = DECLARED + BOX + "".join(f"(assert {written(formula)})\n" for formula in formulas)
        try:
            stated = parsed_property(text)
        except PropertyError as error:
            stated = None  # the boxes of all alternatives are empty
            message = str(error)
        for value in points.integers(-2, 3, (40, 4)).astype(float):
            values = dict(zip(["X_0", "X_1", "Y_0", "Y_1"], value, strict=True))
            expected = abs(values["X_0"]) <= 1 and all(holds(part, values) for part in formulas)
            answer = stated.is_violated(value[:2], value[2:]) if stated else False
            assert answer == expected, text
            judged[expected] += 1
        assert stated or "no number is within" in message
    assert min(judged.values()) > 500


def test_outputs_are_compared_exactly():
    stated = parsed_property(DECLARED + BOX + "(assert (<= (+ Y_0 (* 3 Y_1)) 1))")
    x = np.zeros(2)
    third = np.float32(1 / 3)  # a little more than a third, so that the sum is more than 1
    assert not stated.is_violated(x, np.array([np.float32(0), third]))
    assert stated.is_violated(x, np.array([np.float32(0), np.nextafter(third, np.float32(0))]))
    assert not stated.is_violated(x, np.array([-np.inf, 0.0]))
    assert not stated.is_violated(x, np.array([np.nan, 0.0]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(assert (<= Y_0 0)", "Line 7: this bracket is never closed."),
        ("\n(assert (<= Y_0 0)))", "Line 8: a bracket should open here."),
        ("X_0", "Line 7: a bracket should open here."),
        ("(assert (<= Y_2 0))", "Line 7: 'Y_2' is neither a number nor declared before."),
        ("(assert (<= Y_0 nan))", "Line 7: 'nan' is neither"),
        ("(assert (<= Y_0 1_000))", "Line 7: '1_000' is neither"),
        ("(assert (<= Y_0 1e999))", "Line 7: a number is too large for float64."),
        ("(assert (<= (* 1e300 (* 1e300 Y_0)) 1))", "Line 7: a number is too large"),
        ("(assert (< Y_0 0))", "Line 7: '<' is not read"),
        ("(assert (<= Y_0))", "Line 7: a comparison has two sides."),
        ("(assert (<= X_0 X_1))", "Line 7: an input is bounded by a number alone"),
        ("(assert (<= X_0 Y_1))", "Line 7: an input is bounded by a number alone"),
        ("(assert (<= (* Y_0 Y_1) 1))", "Line 7: a side of a comparison is"),
        ("(assert (and))", "Line 7: nothing follows and."),
        ("(assert Y_0)", "Line 7: 'Y_0' stands where a constraint in brackets should."),
        ("(check-sat)", "Line 7: 'check-sat' is not read"),
        ("(assert)", "Line 7: 'assert' is not read"),
        ("()", "Line 7: '' is not read"),
        ("(declare-const Z_0 Real)", "Line 7: a declaration is"),
        ("(declare-const X_2 Int)", "Line 7: a declaration is"),
        ("(declare-const X_01 Real)", "Line 7: a declaration is"),
        ("(declare-const X_1 Real)", "Line 7: X_1 is declared again."),
        ("(declare-const X_7 Real)", "Line 7: X_7 is declared, but not all variables before it."),
        ("(declare-const X_2 Real)(assert (<= Y_0 0))", "Line 7: X_2 has no lower bound."),
        (
            "(assert (<= X_0 -2))(assert (<= Y_0 0))",
            "Line 7: no number is within this bound of X_0",
        ),
        ("", "No assertion constrains an output."),
    ],
)
def test_what_is_no_property_is_refused_with_its_line(text, message):
    assert refusal(DECLARED + BOX + text).startswith(message)


def test_a_declaration_comes_first_and_inputs_have_both_bounds():
    assert refusal("(assert (<= X_0 0))") == (
        "Line 1: 'X_0' is neither a number nor declared before."
    )
    assert refusal("") == "X_0 is not declared."
    assert "Y_0" in refusal("(declare-const X_0 Real)")
    text = DECLARED + "(assert (<= Y_0 0)) (assert (>= X_0 0)) (assert (<= X_0 0))"
    assert refusal(text) == "Line 3: X_1 has no lower bound."
    assert refusal(text + "(assert (>= X_1 0))") == "Line 3: X_1 has no upper bound."


def test_alternatives_that_multiply_are_refused_before_they_do(monkeypatch):
    either = "(assert (or (<= Y_0 0) (<= Y_1 0)))\n"
    assert "more than 1,048,576 constraints" in refusal(DECLARED + BOX + 40 * either)
    monkeypatch.setattr(vnnlib, "NUMBER_LIMIT", 3)
    assert "more than 3 numbers" in refusal(DECLARED + BOX + either)


def test_depth_is_limited():
    def nested(depth):
        return DECLARED + BOX + "(assert " + depth * "(and " + "(<= Y_0 0" + depth * ")" + "))"

    assert parsed_property(nested(DEPTH_LIMIT - 2)).outputs == 2
    assert (
        refusal(nested(DEPTH_LIMIT - 1))
        == f"Line 7: brackets are nested deeper than {DEPTH_LIMIT}."
    )
    assert refusal(10**5 * "(") == f"Line 1: brackets are nested deeper than {DEPTH_LIMIT}."


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "stated.vnnlib"
    path.write_text(DECLARED + BOX + "(assert (<= Y_0 0))", encoding="utf-8-sig")
    assert read_property(path).inputs == 2


def test_files_may_be_packed_and_are_refused_by_name(tmp_path, monkeypatch):
    text = DECLARED + BOX + "(assert (<= Y_0 0))"
    packed, plain = tmp_path / "a.vnnlib.gz", tmp_path / "a.vnnlib"
    packed.write_bytes(gzip.compress(text.encode()))
    plain.write_text(text.replace("\n", "\r\n"))
    assert read_property(packed).inputs == read_property(plain).inputs == 2
    for content in (packed.read_bytes()[:-9], b"\x1f\x8b", b"(assert \xff)", b"(assert 1)"):
        plain.write_bytes(content)
        with pytest.raises(PropertyError, match=r"a\.vnnlib"):
            read_property(plain)
    with pytest.raises(PropertyError, match="cannot be read"):
        read_property(tmp_path)
    monkeypatch.setattr(vnnlib, "TEXT_LIMIT", 100)
    with pytest.raises(PropertyError, match="more than 100 bytes"):
        read_property(packed)


def test_a_counterexample_is_read_back_to_the_bit():
    x = np.random.default_rng(0).normal(size=3)
    y = np.array([1e-30, -3e30], np.float32)
    text = counterexample_text(x, y)
    assert text.startswith("((X_0 ")
    (bracket,) = expressions(text)
    numbers = {name.text: float(number.text) for name, number in (p.parts for p in bracket.parts)}
    assert list(numbers) == ["X_0", "X_1", "X_2", "Y_0", "Y_1"]
    np.testing.assert_array_equal(list(numbers.values()), [*x, *y.astype(float)])
