"""Formulas as MathML: the structure that a reader of formulas expects."""

import xml.etree.ElementTree as ET

import pytest

from gradum.core import LOSSES
from gradum.show.step.mathml import mathml


def tree(formula):
    return ET.fromstring(str(mathml(formula)).replace("&nbsp;", "\u00a0"))


def written(element):
    """Write an element with its structure: ``frac(…, …)``, ``sub(a, 1)``."""
    inside = [written(child) for child in element]
    if element.tag in ("mfrac", "msub", "msup", "msubsup"):
        return f"{element.tag[1:]}({', '.join(inside)})"
    return (element.text or "").strip() + "".join(inside)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a₁ = z₀ W₁ + b₁", "sub(a, 1)=sub(z, 0)sub(W, 1)+sub(b, 1)"),
        ("a₁₂", "sub(a, 12)"),
        ("(ŷ − y)²", "sup((ŷ−y), 2)"),
        ("z₁ᵀ δ₂", "subsup(z, 1, T)sub(δ, 2)"),
        ("dL/dW₁", "frac(dL, dsub(W, 1))"),
        ("p = 1/(1 + e^−a₂)", "p=frac(1, 1+sup(e, −sub(a, 2)))"),
        ("(L(θ + h) − L(θ − h)) / 2h", "frac(L(θ+h)−L(θ−h), 2h)"),
        ("alpha·w", "α·w"),
        ("relu′(a₁)", "relu′(sub(a, 1))"),
        ("ŷ = e^a, in rising order", "ŷ=sup(e, a),in rising order"),
        ("1[y < ŷ]", "1[y<ŷ]"),
        ("its part of W₁", "its part ofsub(W, 1)"),
    ],
)
def test_a_formula_has_its_structure(formula, expected):
    assert written(tree(formula)) == expected


def test_every_formula_of_every_loss_is_well_formed_and_keeps_its_letters():
    for loss in LOSSES.values():
        for formula in (loss.formula(1), loss.formula(3), loss.slope_formula):
            text = "".join(tree(formula).itertext())
            kept = [letter for letter in formula if letter.isalpha() and letter.isascii()]
            assert [letter for letter in text if letter.isalpha() and letter.isascii()] == kept


def test_a_minus_that_begins_a_formula_is_a_sign():
    signs = [mo for mo in tree("ℓ = −t − 1").iter("mo") if mo.text == "−"]
    assert [mo.get("form") for mo in signs] == ["prefix", None]
