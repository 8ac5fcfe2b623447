"""Yes or no: a boolean, or one pair of words for it."""

from __future__ import annotations

from itertools import chain, product
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.messages import marked, say
from gradum.tables.kinds.boolean.step import Boolean
from gradum.tables.kinds.kind import Kind, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import Read, looked_up
from gradum.tables.kinds.raw import Raw
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.values import Values, clean

if TYPE_CHECKING:
    from gradum.tables.columns import Column

WORDS = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"))
YES = [true for true, _ in WORDS] + ["1", "1.0"]
NO = [false for _, false in WORDS] + ["0", "0.0"]


class BooleanKind(Kind):
    """True or false; zeros and ones stay numbers."""

    name, turn = "boolean", 2
    step = Boolean
    is_ordered = has_levels = True
    fixed_levels = (False, True)
    labels = (bool,)
    raw_type = "text"
    in_words = marked("yes or no")

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a boolean column, or of exactly two words that say yes and no."""
        if values.raw.dtype == pl.Boolean:
            return Reading("boolean", say("True or false"))
        if not values.is_text or not 2 <= values.distinct <= 6:  # 6: "yes", "Yes", "YES", …
            return None
        words = set(values.levels["level"].str.to_lowercase())
        for true, false in WORDS:
            if words == {true, false}:
                parse = Parse(missing=tuple(values.markers), true=true, false=false)
                return Reading(
                    "boolean",
                    say("Yes or no, written {true!r} and {false!r}", true=true, false=false),
                    parse,
                )
        return None

    def level_in_words(self, level: Any) -> str:
        """Return "yes" or "no"."""
        return say("yes") if level else say("no")

    def spellings(self, how: Parse) -> dict[bool, tuple[str, ...]]:
        """Return the known words, in lower case."""
        return {True: (how.true, *YES), False: (how.false, *NO)}

    def plain(self, column: Column, step: Step) -> Read:
        """Read the known words, booleans, 0 and 1."""
        known = chain.from_iterable(self.spellings(column.parse).values())
        words = {spelled for word in known for spelled in (word, word.title(), word.upper())}
        return looked_up(self, column, step, (words, (True, False), (1, 0)), (True, False))

    def as_raw(self, typed: pl.Series) -> np.ndarray:
        """Return "true" and "false"."""
        return super().as_raw(typed.cast(pl.String))

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Read the known words in any letters; all others count as missing."""
        assert isinstance(step, Boolean)
        spelled = self.spellings(column.parse).items()
        table = {
            "".join(letters): int(meant)
            for meant, words in spelled
            for word in words
            for letters in product(*({letter.lower(), letter.upper()} for letter in word))
        }
        code = raw.looked_up(table, -1)
        return {"dense": step.dense_numbers(code.astype(np.float64), code < 0)}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as booleans; any of the known words, 0 and 1 are understood."""
        if raw.dtype in (pl.Boolean, pl.Null):
            return raw.cast(pl.Boolean)
        words = clean(raw, how).str.to_lowercase()
        true, false = (words.is_in(known) for known in self.spellings(how).values())
        return true.set(~(true | false), None)
