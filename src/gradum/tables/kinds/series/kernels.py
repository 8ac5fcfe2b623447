"""Random convolution features of series: how often each filtered series lies above a threshold.

Shapes: n series of c channels and up to T readings; p features. Within, time comes first and the
series last, so that each sum is one long pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import msgspec
import numpy as np

from gradum.messages import say

TAPS = 9
TRIPLES = tuple(combinations(range(TAPS), 3))  # the taps of weight 2; the other six have -1
PER_KERNEL = 12  # thresholds of each of the 84 kernels, over all dilations
MOST_DILATIONS = 12
GROUPS = 12  # of kernels that look at the same channels, at each dilation
MOST_TOGETHER = 9  # channels that a kernel adds up
EXAMPLES = 32  # training series whose quantiles are thresholds
AT_ONCE = 60_000  # readings that are filtered together, which stay in the cache
FOLDS = 5  # times that counts are added half to half, so that they stay below 256
GOLDEN = (5**0.5 + 1) / 2


@dataclass(frozen=True, eq=False)
class _Times:
    """The times at which a filtered series counts: from begin to end, and how many of each series.

    ``beyond`` (end - begin, m) is NaN after the end of a series that is shorter than others, and
    else 0; None if all are equally long.
    """

    begin: int
    end: int
    counts: np.ndarray
    beyond: np.ndarray | None


class _Block:
    """Series side by side: readings (c, T, m), with zeros around them as far as kernels reach."""

    def __init__(self, series: Sequence[np.ndarray], reach: int) -> None:
        self.lengths = np.array([each.shape[1] for each in series])
        self.longest = int(self.lengths.max())
        self._reach = reach
        shape = len(series[0]), self.longest + 2 * reach, len(series)
        self._readings = np.zeros(shape, np.float32)
        for place, each in enumerate(series):
            self._readings[:, reach : reach + each.shape[1], place] = each

    @property
    def shape(self) -> tuple[int, int]:
        """T and m."""
        return self.longest, len(self.lengths)

    def times(self, margin: int) -> _Times:
        """Return the times that are at least so far from either end."""
        begin, end = margin, max(margin, self.longest - margin)
        counts = np.maximum(self.lengths - 2 * margin, 0)
        if (self.lengths == self.longest).all():
            return _Times(begin, end, counts, None)
        beyond = np.arange(begin, end)[:, None] >= self.lengths - margin
        return _Times(begin, end, counts, np.where(beyond, np.float32(np.nan), np.float32(0)))

    def taps(self, channels: Sequence[int], dilation: int) -> tuple[np.ndarray, np.ndarray]:
        """Return thrice the sum of some channels as each tap sees it (9, T, m), and Σ of taps."""
        summed = self._readings[channels[0]]
        for channel in channels[1:]:
            summed = summed + self._readings[channel]
        thrice, total = np.empty((TAPS, *self.shape), np.float32), np.zeros(self.shape, np.float32)
        for tap in range(TAPS):
            begin = self._reach + (tap - TAPS // 2) * dilation
            seen = summed[begin : begin + self.longest]
            np.multiply(seen, 3, out=thrice[tap])
            total += seen
        return thrice, total


class _Counter:
    """Counts the times at which filtered series lie above a threshold."""

    def __init__(self, shape: tuple[int, int]) -> None:
        rows = -(-shape[0] // 2**FOLDS) * 2**FOLDS
        self._above = np.zeros((rows, shape[1]), bool)
        self._sums = np.empty((rows // 2, shape[1]), np.uint8)

    def share(self, filtered: np.ndarray, times: _Times, threshold: np.float32) -> np.ndarray:
        """Return the share of the times (m,) at which they do; 0 if there are none."""
        above, sums = self._above, self._sums
        above[: times.begin], above[times.end :] = False, False
        counted = filtered[times.begin : times.end]
        np.greater(counted, threshold, out=above[times.begin : times.end])  # NaN never is
        half = len(sums)
        np.add(above[:half].view(np.uint8), above[half:].view(np.uint8), out=sums)
        for _ in range(FOLDS - 1):  # of long arrays, which is faster than to sum along time
            half //= 2
            np.add(sums[:half], sums[half : 2 * half], out=sums[:half])
        counts = np.add.reduce(sums[:half], axis=0, dtype=np.float32)
        return counts / np.maximum(times.counts, 1).astype(np.float32)


class Kernels(msgspec.Struct, frozen=True, dict=True):
    """The share of time in which a filtered series lies above a threshold.

    A kernel has nine taps, d readings apart, of which three weigh 2 and six -1; there are 84, and
    each is used at several dilations d. The filtered series of channels C is

        r(t) = Σ_{c ∈ C} Σ_j w_j x_c(t + (j - 4) d),

    where x is 0 before the series and after it. The feature of threshold b is the share of times t
    with r(t) > b: of all times for every other kernel, of those with all taps inside the series for
    the others. Thresholds are quantiles of r in training series, spread evenly, each between two
    neighbouring values.

    Parameters
    ----------
    channels : int
        c.
    dilations, counts : tuple of int
        Each d, and how many thresholds a kernel has there.
    subsets : tuple of tuple of int
        C of each group of kernels, dilation by dilation.
    thresholds : bytes
        b, float32 (little-endian): by dilation, group, kernel.

    References
    ----------
    Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic transform for time
    series classification", KDD 2021.
    """

    channels: int
    dilations: tuple[int, ...]
    counts: tuple[int, ...]
    subsets: tuple[tuple[int, ...], ...]
    thresholds: bytes

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        least = min((*self.dilations, *self.counts, self.channels), default=0)
        within = all(
            subset and 0 <= min(subset) <= max(subset) < self.channels for subset in self.subsets
        )
        whole = len(self.dilations) == len(self.counts) and len(self.thresholds) == 4 * self.count
        groups = len(self.subsets) == len(self.dilations) * self._groups
        if not (least >= 1 and within and whole and groups):
            raise ValueError(say("the kernels of series do not go together"))
        if not np.isfinite(self._thresholds).all():
            raise ValueError(say("the kernels of series have thresholds that no fit yields"))

    @classmethod
    def fit(cls, series: Sequence[np.ndarray], generator: np.random.Generator) -> Kernels:
        """Choose dilations, channels and thresholds by training series, at least one.

        Parameters
        ----------
        series : sequence of ndarray (c, T)
            In standard units, without gaps, each with mean 0.
        generator : numpy.random.Generator
        """
        channels = len(series[0])
        length = int(np.median([each.shape[1] for each in series]))
        dilations, counts = _dilations(length)
        groups = 1 if channels == 1 else GROUPS
        subsets = tuple(_subset(channels, generator) for _ in range(len(dilations) * groups))
        blank = cls(channels, dilations, counts, subsets, bytes(4 * len(TRIPLES) * sum(counts)))
        chosen = generator.permutation(len(series))[:EXAMPLES]
        examples = [series[at] for at in chosen]
        levels = iter(np.arange(1, blank.count + 1) * GOLDEN % 1)
        thresholds: list[np.ndarray] = []
        for filtered, times, count in blank._filtered(_Block(examples, blank._reach)):
            at = int(generator.integers(len(examples)))
            seen = np.sort(filtered[times.begin : times.begin + times.counts[at], at])
            thresholds.append(_between(seen, [next(levels) for _ in range(count)]))
        return msgspec.structs.replace(
            blank, thresholds=np.concatenate(thresholds).astype("<f4").tobytes()
        )

    @property
    def count(self) -> int:
        """p, the features."""
        return len(TRIPLES) * sum(self.counts)

    def shares(self, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return the features of series, float32 (n, p); a row's do not hang on other rows.

        Parameters
        ----------
        series : sequence of ndarray (c, T)
            As `fit` takes them.
        """
        found = np.empty((len(series), self.count), np.float32)
        longest = max((each.shape[1] for each in series), default=1)
        step = max(1, AT_ONCE // longest)
        for at in range(0, len(series), step):
            block = _Block(series[at : at + step], self._reach)
            found[at : at + step] = self._shares(block).T
        return found

    def _shares(self, block: _Block) -> np.ndarray:
        """Return the features (p, m) of m series."""
        shares = np.empty((self.count, len(block.lengths)), np.float32)
        counter, thresholds, place = _Counter(block.shape), self._thresholds, 0
        for filtered, times, count in self._filtered(block):
            if times.beyond is not None:
                filtered[times.begin : times.end] += times.beyond
            for threshold in thresholds[place : place + count]:
                shares[place] = counter.share(filtered, times, threshold)
                place += 1
        return shares

    def _filtered(self, block: _Block) -> Iterator[tuple[np.ndarray, _Times, int]]:
        """Yield r (T, m) of each kernel, the times at which it counts, and how many thresholds."""
        pair, filtered = (np.empty(block.shape, np.float32) for _ in range(2))
        numbers, everywhere = range(len(TRIPLES)), block.times(0)
        for which, (dilation, count) in enumerate(zip(self.dilations, self.counts, strict=True)):
            within = block.times(TAPS // 2 * dilation)
            for group in range(self._groups):
                thrice, total = block.taps(self.subsets[which * self._groups + group], dilation)
                before = None
                for number in numbers[group :: self._groups]:
                    first, second, third = TRIPLES[number]
                    if (first, second) != before:
                        np.add(thrice[first], thrice[second], out=pair)
                        np.subtract(pair, total, out=pair)
                        before = first, second
                    np.add(pair, thrice[third], out=filtered)
                    yield filtered, within if (which + number) % 2 else everywhere, count

    @property
    def _groups(self) -> int:
        return 1 if self.channels == 1 else GROUPS

    @property
    def _reach(self) -> int:
        return TAPS // 2 * max(self.dilations)

    @cached_property
    def _thresholds(self) -> np.ndarray:
        return np.frombuffer(self.thresholds, "<f4").astype(np.float32, copy=False)


def _dilations(length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return dilations, evenly spread in their logarithm up to the length, and their thresholds."""
    widest = np.log2(max((length - 1) / (TAPS - 1), 1.0))
    steps = 2.0 ** np.linspace(0, widest, min(PER_KERNEL, MOST_DILATIONS))
    dilations, times = np.unique(np.floor(steps + 1e-9).astype(int), return_counts=True)
    counts = times * PER_KERNEL // times.sum()
    counts[: PER_KERNEL - counts.sum()] += 1  # the narrow ones first
    return tuple(dilations.tolist()), tuple(counts.tolist())


def _between(seen: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Return quantiles of sorted numbers, each in the middle between two of them.

    On which side a number lies then hangs on its last bits as seldom as can be.
    """
    if not len(seen):
        return np.zeros(len(levels))
    lower = (np.array(levels) * (len(seen) - 1)).astype(int)
    return (seen[lower] + seen[np.minimum(lower + 1, len(seen) - 1)]) / 2


def _subset(channels: int, generator: np.random.Generator) -> tuple[int, ...]:
    """Draw some channels; half as many are as likely."""
    most = np.log2(min(channels, MOST_TOGETHER) + 1)
    count = int(2 ** generator.uniform(0, most))
    drawn = generator.choice(channels, min(count, channels), replace=False)
    return tuple(sorted(drawn.tolist()))
