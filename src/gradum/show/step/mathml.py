"""Formulas as MathML, which browsers draw without a script: ``δ₁ = (W₂ δ₂) · relu′(a₁)``.

The formulas are gradum's own text, as in a terminal. Names and values of a table never pass through
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SUPERSCRIPTS = {"²": "2", "³": "3", "ᵀ": "T"}
SYMBOLS = {"alpha": "α"}
FUNCTIONS = frozenset(
    {"exp", "log", "max", "sign", "softmax", "gelu", "identity", "logistic", "relu", "selu", "tanh"}
)
BRACKETS = {"(": ")", "[": "]"}
GAP = "&nbsp;"
"""Space around words, which a formula would otherwise set too close to its letters."""

TOKEN = re.compile(
    r"(?P<differential>d(?=[A-Zℓaδbθ]))"
    r"|(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<subscript>[₀-₉]+)"
    r"|(?P<superscript>[²³ᵀ])"
    r"|(?P<word>[^\W\d_₀-₉²³ᵀ½Σ]+)"
    r"|(?P<sign>\S)"
)


def mathml(formula: str) -> Markup:
    """Return a formula as one ``math`` element.

    Subscripts, superscripts, ``^``, ``′`` and fractions are set as such; single letters are
    variables, names of functions are upright, and all other words are text.
    """
    inner = _Reader(formula).until("")
    inner = inner.removeprefix(f"<mtext>{GAP}").removesuffix(f"{GAP}</mtext>")
    inner = "<mtext>" * (not inner.startswith("<")) + inner + "</mtext>" * (not inner.endswith(">"))
    return Markup('<math displaystyle="true">{}</math>').format(Markup(inner))


class _Reader:
    """Reads a formula from left to right, one token at a time."""

    def __init__(self, formula: str) -> None:
        self._tokens = [(str(match.lastgroup), match[0]) for match in TOKEN.finditer(formula)]
        self._place = 0

    def until(self, end: str) -> str:
        """Return all items up to a closing bracket, or up to the end of the formula."""
        items: list[str] = []
        while self._place < len(self._tokens):
            kind, text = self._tokens[self._place]
            if kind == "sign" and text == end:
                self._place += 1
                break
            if text == "/" and items:
                self._place += 1
                numerator, denominator = items.pop(), self._factors()
                items.append(f"<mfrac>{_bare(numerator)}{_bare(denominator)}</mfrac>")
            elif text == "−" and (not items or items[-1].startswith("<mo")):
                self._place += 1
                items.append('<mo form="prefix">−</mo>')
            else:
                items.append(self._item())
        return "".join(items)

    def _factors(self) -> str:
        """Return a denominator: an item, or a number with the item that it multiplies, as in 2h."""
        kind = self._peek()[0]
        first = self._item()
        if kind == "number" and self._peek()[0] == "word":
            return f"<mrow>{first}{self._item()}</mrow>"
        return first

    def _item(self) -> str:
        """Return one item with everything attached to it."""
        item = self._atom()
        while True:
            kind, text = self._peek()
            if kind == "subscript":
                item = f"<msub>{item}<mn>{text.translate(SUBSCRIPTS)}</mn></msub>"
            elif kind == "superscript":
                item = _raised(item, f"<mi>{SUPERSCRIPTS[text]}</mi>")
            elif text == "′":
                item = f'<mrow>{item}<mo lspace="0" rspace="0">′</mo></mrow>'
            elif text == "^":
                self._place += 1
                item = _raised(item, f"<mrow>{self._power()}</mrow>")
                continue
            else:
                return item
            self._place += 1

    def _power(self) -> str:
        if self._peek()[1] == "−":
            self._place += 1
            return f"<mo>−</mo>{self._item()}"
        return self._item()

    def _atom(self) -> str:
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "differential":
            return f"<mrow><mi>d</mi>{self._item()}</mrow>"
        if kind == "number" or text == "½":
            return f"<mn>{text}</mn>"
        if kind == "word":
            return self._word(text)
        if text in BRACKETS:
            inner = self.until(BRACKETS[text])
            return f"<mrow><mo>{text}</mo>{inner}<mo>{BRACKETS[text]}</mo></mrow>"
        return f'<mo stretchy="false">{escape(text)}</mo>'

    def _word(self, text: str) -> str:
        if len(text) == 1 or text in SYMBOLS or text in FUNCTIONS:
            return f"<mi>{escape(SYMBOLS.get(text, text))}</mi>"
        return f"<mtext>{GAP}{escape(' '.join([text, *self._more_words()]))}{GAP}</mtext>"

    def _more_words(self) -> Iterator[str]:
        """Take the following words of a sentence."""
        while True:
            kind, text = self._peek()
            if kind != "word" or len(text) == 1 or text in FUNCTIONS:
                return
            self._place += 1
            yield text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")


def _raised(item: str, power: str) -> str:
    """Return an item with a superscript, above its subscript if it has one."""
    if item.startswith("<msub>"):
        return f"<msubsup>{item.removeprefix('<msub>').removesuffix('</msub>')}{power}</msubsup>"
    return f"<msup>{item}{power}</msup>"


def _bare(item: str) -> str:
    """Return the content of round brackets, which a fraction does not need."""
    start, end = "<mrow><mo>(</mo>", "<mo>)</mo></mrow>"
    whole = item.startswith(start) and item.endswith(end)
    return f"<mrow>{item[len(start) : -len(end)]}</mrow>" if whole else item
