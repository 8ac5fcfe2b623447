"""Texts: gradum's default fit beside TF-IDF with logistic regression, tuned by cross-validation.

``python -m benchmarks texts FOLDER [SETS] [SEEDS] [SIDES]``, such as ``… texts FOLDER tweets 0,1
peer``; what is left out, or empty, is all of it. What a side reaches is kept in the cache
(`outcomes`), so that one command need not do everything. FOLDER holds ``sms_spam.parquet`` and
``clothing_reviews.parquet``; the other sets are in the sources of packages (`sets`). Both sides
see the same columns of text and nothing else of a table, and the same rows: at most `sets.MOST` of
a set, of which a quarter is judged, drawn anew by each seed.
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the process of whoever only reads the name."""
    from benchmarks.texts.command import main as command

    command(*arguments)
