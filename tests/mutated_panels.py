"""Tables of series damaged as users' files are, and options beside the point.

Every choice is drawn from a `random.Random`, so that a seed names a table.
"""

import datetime as dt

import numpy as np
import polars as pl

STEPS = {
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(days=7),
    "hour": dt.timedelta(hours=1),
    "month": None,
}


def mutated(random):
    """Return the bytes of a table of series, and the options of ``gradum fit`` for it."""
    step = random.choice(["day", "day", "day", *STEPS])
    length = random.choice([40, 60, 90, 120])
    frame = _panel(np.random.default_rng(random.randrange(2**32)), step, length)
    options = {
        "target": "units",
        "time": "date",
        "series": ["shop"],
        "known": ["promo"],
        "horizon": random.choice([1, 3, 7, 14]),
    }
    for change in random.sample(OF_ROWS, random.choice([1, 1, 2, 3])):
        frame = frame if frame.is_empty() else change(random, frame)
    for _ in range(random.choice([0, 0, 1, 2])):
        change = random.choice(OF_FILES)
        frame = frame if frame.is_empty() else change(random, frame)
    for _ in range(random.choice([0, 0, 0, 1])):
        random.choice(OF_OPTIONS)(random, options, frame)
    text = frame.write_csv(separator=random.choice(",,,;\t"))
    return text.encode(random.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])), options


def _panel(rng, step, length):
    start = dt.datetime(2023, 1, 1)
    stamps = [
        dt.datetime(2010 + k // 12, k % 12 + 1, 1) if step == "month" else start + k * STEPS[step]
        for k in range(length)
    ]
    frames = []
    for shop, level in (("a", 10.0), ("b", 200.0), ("c", 1.0)):
        wave = level * (2 + np.sin(2 * np.pi * np.arange(length) / 7)) + rng.normal(
            0, level / 5, length
        )
        frames.append(
            pl.DataFrame(
                {
                    "date": stamps,
                    "shop": shop,
                    "promo": rng.integers(0, 2, length),
                    "kind": rng.choice(["x", "y"], length),
                    "price": rng.normal(5, 1, length).round(2),
                    "units": wave.round(2),
                }
            )
        )
    return pl.concat(frames)


def _some(random, frame, share=None):
    """A mask of rows: scattered, a run, the end of a series, or every so many."""
    count = len(frame)
    mask = np.zeros(count, bool)
    match random.randrange(4):
        case 0:
            for place in random.sample(range(count), max(1, int(count * (share or 0.1)))):
                mask[place] = True
        case 1:
            at = random.randrange(count)
            mask[at : at + random.choice([1, 2, 7, 30])] = True
        case 2:
            shop = _shop(random, frame)
            rows = np.flatnonzero((frame["shop"] == shop).to_numpy())
            mask[rows[-random.choice([1, 3, 7, 30]) :]] = True
        case _:
            mask[:: random.choice([5, 7, 11])] = True
    return mask


def _shop(random, frame):
    return random.choice(sorted(set(frame["shop"].cast(pl.String).to_list())))


def _text(frame):
    return frame.with_columns(pl.all().cast(pl.String))


def _put(frame, column, mask, values):
    """The frame as text with other cells where a mask is true."""
    cells = np.array(frame[column].cast(pl.String).to_list(), dtype=object)
    cells[mask] = values
    return frame.with_columns(pl.Series(column, cells.tolist(), dtype=pl.String))


def _drop_rows(random, frame):
    return frame.filter(~pl.Series(_some(random, frame)))


def _drop_a_week_of_all(random, frame):
    stamps = frame["date"].unique().sort()
    at = random.randrange(len(stamps))
    return frame.filter(~pl.col("date").is_in(stamps[at : at + 7].implode()))


def _blank(random, frame):
    column = random.choice(["units", "units", "promo", "price", "kind"])
    return _put(frame, column, _some(random, frame), random.choice(["", "NA", "-", "null"]))


def _blank_names(random, frame):
    return _put(frame, random.choice(["shop", "date"]), _some(random, frame, 0.02), "")


def _blank_a_series(random, frame):
    return _put(frame, "units", (frame["shop"] == _shop(random, frame)).to_numpy(), "")


def _duplicate(random, frame):
    return pl.concat(
        [
            frame,
            frame.sample(random.choice([1, 5]), with_replacement=True, seed=random.randrange(99)),
        ]
    )


def _shift(random, frame):
    moved = dt.timedelta(hours=random.choice([1, 5, 24, 36]))
    return frame.with_columns(
        pl.when(pl.Series(_some(random, frame))).then(pl.col("date") + moved).otherwise("date")
        if frame["date"].dtype.is_temporal()
        else pl.col("date")
    )


def _words_among_numbers(random, frame):
    column = random.choice(["units", "promo", "price"])
    words = ["n/a", "closed", "12 pcs", "1,234.5", "--", "€3", "#REF!"]
    return _put(frame, column, _some(random, frame), random.choice(words))


def _numbers_among_words(random, frame):
    return _put(frame, random.choice(["kind", "shop"]), _some(random, frame), "17")


def _numbers(values):
    def change(random, frame):
        mask = _some(random, frame, random.choice([0.01, 0.3]))
        return _put(frame, random.choice(["units", "units", "promo"]), mask, random.choice(values))

    return change


def _all(value):
    def change(random, frame):
        mask = (frame["shop"] == _shop(random, frame)).to_numpy()
        return _put(frame, "units", mask if random.random() < 0.6 else mask | True, value)

    return change


def _one_row_series(random, frame):
    row = frame[random.randrange(len(frame))].with_columns(shop=pl.lit("new"))
    return pl.concat([frame, row], how="vertical_relaxed")


def _short_series(random, frame):
    shop, keep = _shop(random, frame), random.choice([1, 2, 5, 8])
    here = pl.col("shop").cast(pl.String) == shop
    return pl.concat([frame.filter(~here), frame.filter(here).tail(keep)])


def _only_few_rows(random, frame):
    return frame.head(random.choice([0, 1, 2, 8, 20, 45]))


def _one_series_slower(random, frame):
    shop, step = _shop(random, frame), random.choice([2, 3, 7])
    here = (frame["shop"] == shop).to_numpy()
    return frame.filter(pl.Series(~here | (np.cumsum(here) % step == 0)))


def _far_stamp(random, frame):
    if not frame["date"].dtype.is_temporal() or frame.is_empty():
        return frame
    far = random.choice([dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), dt.datetime(3999, 1, 1)])
    row = frame[0].with_columns(date=pl.lit(far).cast(frame["date"].dtype))
    return pl.concat([frame, row])


def _future_rows(random, frame):
    later = frame.group_by("shop", maintain_order=True).tail(random.choice([3, 7, 14]))
    mask = frame.with_row_index().join(later, on=["date", "shop"], how="semi")["index"].to_list()
    places = np.isin(np.arange(len(frame)), mask)
    return _put(frame, "units", places, "")


def _constant_column(random, frame):
    return frame.with_columns(pl.lit(1).alias(random.choice(["promo", "kind", "price", "shop"])))


OF_ROWS = (
    _drop_rows,
    _drop_rows,
    _drop_a_week_of_all,
    _blank,
    _blank,
    _blank_names,
    _blank_a_series,
    _duplicate,
    _shift,
    _words_among_numbers,
    _numbers_among_words,
    _numbers(["-5", "-0.01"]),
    _numbers(["1e308", "-1e300", "1e20", "5e-320"]),
    _numbers(["NaN", "inf", "-inf"]),
    _all("3"),
    _all("0"),
    _all("1e200"),
    _one_row_series,
    _short_series,
    _only_few_rows,
    _one_series_slower,
    _far_stamp,
    _future_rows,
    _constant_column,
)


def _shuffle(random, frame):
    return frame.sample(fraction=1.0, shuffle=True, seed=random.randrange(99))


def _rename(random, frame):
    names = {"units": "Units sold", "date": "steps ahead", "promo": "forecast origin"}
    odd = {"shop": "series", "kind": "units, naive", "price": "date, weekday"}
    names = names | odd
    column = random.choice([name for name in frame.columns if name in names] or frame.columns[:1])
    return frame.rename({column: names.get(column, column + " ")})


def _drop_column(random, frame):
    return frame.drop(random.choice(frame.columns)) if frame.width > 1 else frame


def _dates_as(*formats):
    def change(random, frame):
        if "date" not in frame.columns or not frame["date"].dtype.is_temporal():
            return frame
        return frame.with_columns(pl.col("date").dt.to_string(random.choice(formats)))

    return change


def _mixed_dates(random, frame):
    if "date" not in frame.columns or not frame["date"].dtype.is_temporal():
        return frame
    iso, german = pl.col("date").dt.to_string("%Y-%m-%d"), pl.col("date").dt.to_string("%d.%m.%Y")
    return frame.with_columns(
        pl.when(pl.Series(_some_rows(random, frame))).then(iso).otherwise(german)
    )


def _some_rows(random, frame):
    return [random.random() < 0.5 for _ in range(len(frame))]


def _zone(random, frame):
    if "date" not in frame.columns or not frame["date"].dtype.is_temporal():
        return frame
    ends = random.choice(["Z", "+02:00", "-05:30"])
    return frame.with_columns(pl.col("date").dt.to_string("%Y-%m-%dT%H:%M:%S") + ends)


def _numbers_as_dates(random, frame):
    if "date" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("date").rank("dense").cast(pl.Int64))


OF_FILES = (
    _shuffle,
    _rename,
    _drop_column,
    _shuffle,
    _dates_as("%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y", "%Y-%m", "%Y-W%V", "%H:%M"),
    _dates_as("%d.%m.%Y", "%Y-%m-%d %H:%M", "%Y-%m-%d"),
    _dates_as("%d.%m.%Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"),
    _mixed_dates,
    _zone,
    _numbers_as_dates,
)


def _far_horizon(random, options, frame):
    options["horizon"] = random.choice([30, 100, 1000, 100_000])


def _no_series(random, options, frame):
    options["series"] = []


def _other_series(random, options, frame):
    options["series"] = random.choice([["kind"], ["price"], ["shop", "kind"], ["units"], ["date"]])


def _other_known(random, options, frame):
    options["known"] = random.choice([[], ["kind"], ["price", "kind"], ["shop"], ["date"]])


def _other_target(random, options, frame):
    options["target"] = random.choice(["promo", "kind", "price", "shop", "date", "unit"])


OF_OPTIONS = (_far_horizon, _no_series, _other_series, _other_known, _other_target)


def words(options):
    """The options as arguments of ``gradum fit``."""
    asked = ["--target", options["target"], "--time", options["time"]]
    asked += ["--horizon", options["horizon"]]
    for name in ("series", "known"):
        asked += [word for each in options[name] for word in (f"--{name}", each)]
    return asked
