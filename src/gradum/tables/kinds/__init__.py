"""The kinds of columns: how each is recognised and parsed, one per file.

A new kind is one file and one line in ``KINDS``, which stands in order of precedence: the first
kind that recognises a column's values has it.
"""

from __future__ import annotations

from gradum.tables.kinds.boolean import BooleanKind
from gradum.tables.kinds.boolean.step import Boolean
from gradum.tables.kinds.categorical import CategoricalKind
from gradum.tables.kinds.categorical.step import Categorical
from gradum.tables.kinds.constant import Constant
from gradum.tables.kinds.date import DateKind
from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.identifier import Identifier
from gradum.tables.kinds.nested import Nested
from gradum.tables.kinds.numeric import NumericKind
from gradum.tables.kinds.numeric.step import Numeric
from gradum.tables.kinds.text import TextKind
from gradum.tables.kinds.text.step import Text
from gradum.tables.kinds.values import FeatureKind, Kind, Reading, SayableKind, Values

__all__ = [
    "KINDS",
    "PARSED",
    "SAYABLE",
    "STEPS",
    "AnyStep",
    "FeatureKind",
    "Kind",
    "Reading",
    "Values",
    "recognise",
]

_NUMERIC, _BOOLEAN, _CATEGORICAL, _DATE, _TEXT = (
    NumericKind(),
    BooleanKind(),
    CategoricalKind(),
    DateKind(),
    TextKind(),
)
KINDS: tuple[Kind, ...] = (
    Nested(),
    Constant(),
    _BOOLEAN,
    _DATE,
    _TEXT,
    _NUMERIC,
    Identifier(),
    _CATEGORICAL,
)
PARSED: dict[str, FeatureKind] = {
    kind.name: kind for kind in (_NUMERIC, _BOOLEAN, _CATEGORICAL, _DATE, _TEXT)
}
STEPS = {
    "numeric": Numeric,
    "boolean": Boolean,
    "categorical": Categorical,
    "date": Date,
    "text": Text,
}
AnyStep = Numeric | Boolean | Categorical | Date | Text
SAYABLE: dict[str, SayableKind] = {
    kind.name: kind for kind in (_NUMERIC, _CATEGORICAL, _TEXT, _DATE)
}


def recognise(values: Values) -> Reading:
    """Return what the first kind that recognises a column understood of it."""
    return next(reading for kind in KINDS if (reading := kind.recognise(values)) is not None)
