"""A split as libraries take it: levels as categories, strings or one-hot; numbers filled."""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.quality.split import Split

Frames = tuple[pd.DataFrame, pd.DataFrame]  # for training, for testing
MISSING, RARE = "__na__", "__rare__"


def categories(split: Split) -> Frames:
    """Return levels as pandas categories, those of the training rows; others are missing."""
    train, test = split.train.copy(), split.test.copy()
    for name in split.categorical:
        levels = pd.Index(sorted(train[name].astype("string").dropna().unique()))
        for frame in (train, test):
            texts = frame[name].astype("string")
            frame[name] = pd.Categorical(texts.where(texts.isin(levels)), categories=levels)
    return train, test


def numbered_categories(split: Split) -> Frames:
    """Return `categories` in columns named c0, c1, …: some libraries refuse brackets and colons."""
    train, test = categories(split)
    names = [f"c{place}" for place in range(train.shape[1])]
    return train.set_axis(names, axis=1), test.set_axis(names, axis=1)


def few_categories(split: Split, most: int) -> Frames:
    """Return levels as categories, with a maximum per column: the rarest are merged."""
    train, test = categories(split)
    for name in split.categorical:
        if len(train[name].cat.categories) <= most:
            continue
        # A stable sort: among equally frequent levels, the first in order are kept.
        counts = train[name].value_counts(sort=False).sort_values(ascending=False, kind="stable")
        kept = [*sorted(counts.index[: most - 1]), RARE]
        for frame in (train, test):
            column = frame[name].astype("string")
            together = column.where(column.isna() | column.isin(kept), RARE)
            frame[name] = pd.Categorical(together, categories=kept)
    return train, test


def strings(split: Split) -> Frames:
    """Return levels as strings, a missing one as a level of its own."""
    train, test = split.train.copy(), split.test.copy()
    for name in split.categorical:
        for frame in (train, test):
            column = frame[name].astype("object")
            frame[name] = column.where(column.notna(), MISSING).astype(str)
    return train, test


def strings_or_none(split: Split) -> Frames:
    """Return levels as strings, a missing one as None."""
    train, test = split.train.copy(), split.test.copy()
    for name in split.categorical:
        for frame in (train, test):
            present = frame[name].notna()
            frame[name] = frame[name].astype(str).astype("object").where(present, None)
    return train, test


def filled_categories(split: Split) -> Frames:
    """Return levels as categories, missing numbers as the mean, and an indicator of these."""
    train, test = categories(split)
    for name in split.numeric:
        if train[name].isna().any() or test[name].isna().any():
            mean = train[name].mean()
            for frame in (train, test):
                frame[f"{name}__na"] = frame[name].isna().astype(float)
                frame[name] = frame[name].fillna(mean)
    return train, test


def ordinal(split: Split) -> ColumnTransformer:
    """Return the step before scikit-learn's forests: `strings` as numbers, a new string as -1."""
    levels = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer(
        [("numbers", "passthrough", split.numeric), ("levels", levels, split.categorical)]
    )


def one_hot(split: Split) -> ColumnTransformer:
    """Return the step before scikit-learn's models: `strings` one-hot; numbers filled, scaled."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    levels = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=MISSING),
        OneHotEncoder(handle_unknown="ignore", min_frequency=2),
    )
    return ColumnTransformer(
        [("numbers", numbers, split.numeric), ("levels", levels, split.categorical)]
    )
