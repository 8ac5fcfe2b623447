"""A test of a rate of errors, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from gradum.messages import listed, say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.study.watch.sequential_test import POWER, ErrorBound, SequentialTest
from gradum.tables.wording import SHOWN_NAMES, and_more


def sequence_sentences(test: SequentialTest) -> Iterator[str]:
    """Say what was found, what is tested, how sure that is, and which rows are not in it."""
    yield _finding(test)
    yield _rate(test)
    yield sentences(_tested(test.bound))
    if test.alarm is None:
        yield sentences(_power(test))
    yield _claim(test.bound)
    unjudged = test.unjudged
    if unjudged.unknown:
        yield _unknown(unjudged.unknown)
    if unjudged.without_label:
        yield say_plural(
            "{count:,} row without a label is skipped.",
            "{count:,} rows without a label are skipped.",
            unjudged.without_label,
        )
    if unjudged.left_out:
        yield say_plural(
            "{count:,} row of a class that the run left out as too rare is skipped.",
            "{count:,} rows of classes that the run left out as too rare are skipped.",
            unjudged.left_out,
        )


def _finding(test: SequentialTest) -> str:
    at_most = percent(test.bound.at_most, decimals=1)
    if test.alarm is None:
        return say(
            "No alarm: {rows} with labels do not show that the rate of errors is above {rate}.",
            rows=say_plural("{count:,} row", "{count:,} rows", test.count.rows),
            rate=at_most,
        )
    if test.alarm.row is None:
        return say(
            "The rate of errors is above {rate}: an earlier table showed it, after {rows:,} rows "
            "with labels.",
            rate=at_most,
            rows=test.alarm.rows,
        )
    return say(
        "The rate of errors is above {rate}: row {row:,} of {source} showed it, after {rows:,} "
        "rows with labels.",
        rate=at_most,
        row=test.alarm.row,
        source=test.source,
        rows=test.alarm.rows,
    )


def _rate(test: SequentialTest) -> str:
    last = test.course[-1]
    values = {
        "errors": last.errors,
        "rows": last.rows,
        "rate": percent(last.errors / last.rows, decimals=1),
        "low": percent(last.low, decimals=1),
        "high": percent(last.high, decimals=1),
        "certainty": percent(1.0 - test.bound.alpha),
        "earlier": test.earlier,
    }
    if test.earlier:
        return say(
            "So far {errors:,} of {rows:,} predictions were errors, {earlier:,} of these rows in "
            "earlier tables: {rate}, and between {low} and {high} with {certainty} certainty at "
            "all rows at once.",
            **values,
        )
    return say(
        "So far {errors:,} of {rows:,} predictions were errors: {rate}, and between {low} and "
        "{high} with {certainty} certainty at all rows at once.",
        **values,
    )


def _tested(bound: ErrorBound) -> Iterator[str]:
    """Say which rate is tested, and what an error is."""
    if bound.judged is not None:
        yield say(
            "The bound of {bound} is the highest rate that the judged rows leave possible with "
            "{certainty} certainty: {errors:,} of {rows:,} predictions of them were errors.",
            bound=percent(bound.at_most, decimals=1),
            certainty=percent(1.0 - (bound.alpha - bound.level), decimals=1),
            errors=bound.judged.errors,
            rows=bound.judged.rows,
        )
    if bound.beyond is not None and bound.judged is not None:
        yield say(
            "An error is a prediction farther than {beyond} from its label, as {share} of the "
            "judged rows were.",
            beyond=figure(bound.beyond),
            share=percent(bound.judged.rate, decimals=1),
        )
    elif bound.beyond is not None:
        yield say(
            "An error is a prediction farther than {beyond} from its label.",
            beyond=figure(bound.beyond),
        )


def _power(test: SequentialTest) -> Iterator[str]:
    """Say which rate so many labels find, and which none would."""
    bound, judged, found = test.bound, test.bound.judged, test.found_from
    values = {
        "rows": test.count.rows,
        "rate": percent(found or 0.0, decimals=1),
        "share": percent(POWER),
        "judged": percent(judged.rate if judged else 0.0, decimals=1),
        "bound": percent(bound.at_most, decimals=1),
    }
    if found is None:
        yield say("No rate of errors is high enough to be shown by {rows:,} labels.", **values)
    elif judged is None:
        yield say(
            "With {rows:,} labels a rate of {rate} or more is found with a probability of {share}; "
            "one closer to {bound} may well be missed.",
            **values,
        )
    else:
        yield say(
            "With {rows:,} labels the least rise that is found with a probability of {share} is "
            "that from {judged}, as of the judged rows, to {rate}.",
            **values,
        )
    if judged is not None:
        yield say(
            "However many labels come, a rise to {bound} or less is not found: so few judged rows "
            "leave it possible that it was as high before. --at-most tests a lower rate.",
            **values,
        )


def _claim(bound: ErrorBound) -> str:
    values = {
        "alpha": percent(bound.alpha, decimals=1),
        "half": percent(bound.level, decimals=1),
    }
    if bound.judged is None:
        return say(
            "While the mean rate stays at most there, an alarm is ever raised with a probability "
            "of at most {alpha}, after however many looks. That errors become fewer is not tested.",
            **values,
        )
    return say(
        "While the mean rate stays at most at that of the judged rows, an alarm is ever raised "
        "with a probability of at most {alpha}, after however many looks: {half} for the bound, "
        "and as much for the new rows. That errors become fewer is not tested.",
        **values,
    )


def _unknown(counts: dict[str, int]) -> str:
    rows = sum(counts.values())
    named = [f"{label!r} ({count:,})" for label, count in list(counts.items())[:SHOWN_NAMES]]
    labels = and_more(listed(named), len(counts) - len(named))
    return say_plural(
        "{count:,} row has a label that training never saw, and counts as an error: {labels}.",
        "{count:,} rows have labels that training never saw, and count as errors: {labels}.",
        rows,
        labels=labels,
    )
