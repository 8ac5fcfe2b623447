"""The names of what a comparison can find; code compares them, and `say` shows them."""

from __future__ import annotations

from gradum.messages import marked

NO_DIFFERENCE = marked("no difference shown")

BETTER, WORSE = marked("better"), marked("worse")
"""On new rows than in the run."""

FIRST_IS_BETTER, SECOND_IS_BETTER = marked("first is better"), marked("second is better")
OTHER_SPLIT = marked("another split")
"""Of two runs; the last where they divided the rows in different ways, and none is better."""

WEAKER, STRONGER = marked("weaker than the rest"), marked("stronger than the rest")
TOO_FEW_ROWS = marked("too few rows to say")
"""Of a segment, or of a group."""

HIGHER, LOWER = marked("higher than the rest"), marked("lower than the rest")
UNDEFINED = marked("undefined")
"""Of a group."""
