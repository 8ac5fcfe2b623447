"""Forecasts beside the seasonal naive, LightGBM on the same lags and AutoETS, and their intervals.

`python -m benchmarks forecast FOLDER [SETS] [SEEDS]`: half-hourly demand of electricity one day
ahead (`vic_elec`), and daily flights by carrier and airport four weeks ahead (`nyc_flights_delay`).
The last origins are held back from every side. At each of them, gradum goes on from the table up to
there; LightGBM has the rows that gradum makes of lags, calendar and known columns; AutoETS has the
values of each series. Both peers work in environments of their own. What a set gives is kept in the
cache, so that sets can be run one at a time; the figures replace those of docs/accuracy.md once
both are there.

`python -m benchmarks forecast public FOLDER [SETS] [NAME=VALUE …]`: series of public collections,
each with its last horizon hidden, beside the seasonal naive, AutoETS, both kinds of Theta and
LightGBM on the lags. `make_sets.py` makes the folder, and says where each set comes from. SETS are
names with commas, or "choosing" for those that settings may be chosen on, or "judging" for the
others; NAME=VALUE are options of `gradum.fit`. What a side answers is kept in the cache: peers'
answers for as long as the set stays as it is, gradum's for as long as its source and options do.

`python -m benchmarks forecast simulated [DRAWS] [reported | tried]`: how often 90% intervals hold
on series of known laws, of whose future `laws.py` draws 200 from each past. Settings of the
intervals were chosen on the laws that were tried, and figures are of those that are reported.
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    if arguments[:1] == ("public",):
        from benchmarks.forecast.public import main as command

        command(*arguments[1:])
    elif arguments[:1] == ("simulated",):
        from benchmarks.forecast.simulated import main as command

        command(*arguments[1:])
    else:
        from benchmarks.forecast.command import main as command

        command(*arguments)
