"""Random convolution features of series: how often each filtered series lies above a threshold.

Shapes: n series of c channels and up to T readings; p features. Within, time comes first and the
series last, so that each sum is one long pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import msgspec
import numpy as np

from gradum.messages import say
from gradum.tables.kinds.series.readings import MOST_READINGS

TAPS = 9
TRIPLES = tuple(combinations(range(TAPS), 3))  # the taps of weight 2; the other six have -1
PER_KERNEL = 16  # thresholds of each of the 84 kernels, over all dilations; see docs/accuracy.md
DILATIONS = 16  # at most, so that few thresholds see many lengths of shapes
GROUPS = 12  # of kernels that look at the same channels, at each dilation
MOST_TOGETHER = 9  # channels that a kernel adds up
EXAMPLES = 32  # training series whose quantiles are thresholds
AT_ONCE = 30_000  # readings that are filtered together, which stay in the cache
TOGETHER = 24  # thresholds, at least, whose counts are added up together
RESOLUTIONS = 2**8, 2**11, 2**14, 2**17  # whole numbers in a unit, of large to small series
LARGEST = 2560  # of these whole numbers
BELOW = -(2**15) + 1  # less than r(t) can be, which is at most 12 · 2560 in size
FOLDS = 5  # times that counts are added half to half, so that they stay below 256
GOLDEN = (5**0.5 + 1) / 2


@dataclass(frozen=True, eq=False)
class _Times:
    """The times at which a filtered series counts: from begin to end, and how many of each series.

    ``most`` (end - begin, m) limits what is compared: to less than any threshold after the end of a
    series that is shorter than others, and else not at all. It is None if all are equally long.
    """

    begin: int
    end: int
    counts: np.ndarray
    most: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Filtered:
    """Series as r kernels see them that follow each other: readings (r, T, m).

    ``times`` are those of the first, third, … and, of more than one kernel, of the others. Each has
    ``count`` thresholds.
    """

    readings: np.ndarray
    times: tuple[_Times, ...]
    count: int


class _Block:
    """Series side by side: readings (c, T, m), with zeros around them as far as kernels reach.

    ``resolutions`` (m,) are the whole numbers in a standard unit, of each series or of all.
    """

    def __init__(
        self, series: Sequence[np.ndarray], resolutions: np.ndarray | int, reach: int
    ) -> None:
        self._resolutions = resolutions
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
        return _Times(begin, end, counts, np.where(beyond, BELOW, -BELOW).astype(np.int16))

    def taps(self, channels: Sequence[int], dilation: int) -> tuple[np.ndarray, np.ndarray]:
        """Return 3 x as each tap sees it (9, T, m), and Σ of the taps' x (T, m), int16."""
        scale = np.asarray(self._resolutions / len(channels) ** 0.5, np.float32)
        summed = self._readings[channels[0]] * scale
        for channel in channels[1:]:
            summed += self._readings[channel] * scale
        whole = np.clip(np.rint(summed), -LARGEST, LARGEST).astype(np.int16)
        thrice, total = np.empty((TAPS, *self.shape), np.int16), np.zeros(self.shape, np.int16)
        for tap in range(TAPS):
            begin = self._reach + (tap - TAPS // 2) * dilation
            seen = whole[begin : begin + self.longest]
            np.multiply(seen, 3, out=thrice[tap])
            total += seen
        return thrice, total


class _Counter:
    """Counts the times at which filtered series lie above thresholds, for many of them together.

    Parameters
    ----------
    block : _Block
    found : ndarray of shape (p, m)
        Where the shares of the times go, in the order in which thresholds come.
    most : int
        Thresholds that come at a time.
    """

    def __init__(self, block: _Block, found: np.ndarray, most: int) -> None:
        self._longest, series = block.shape
        rows = -(-self._longest // 2**FOLDS) * 2**FOLDS
        self._above = np.zeros((TOGETHER + most, rows, series), np.uint8)
        self._sums = np.empty((len(self._above), rows // 2, series), np.uint8)
        self._times = np.empty((len(self._above), series), np.float32)
        self._found, self._kept, self._place = found, 0, 0

    def compare(self, filtered: _Filtered, thresholds: np.ndarray) -> None:
        """Compare filtered series with the thresholds of each kernel (r, count)."""
        rows = slice(self._kept, self._kept + thresholds.size)
        shape = *thresholds.shape, -1, len(filtered.readings[0, 0])
        above, times = self._above[rows].reshape(shape), self._times[rows].reshape(shape)
        seen = above[:, :, : self._longest]
        for begin, of in enumerate(filtered.times):
            if of.most is not None:
                counted = filtered.readings[begin::2, of.begin : of.end]
                np.minimum(counted, of.most, out=counted)
            times[begin::2] = of.counts
        levels = thresholds[:, :, None, None]
        np.greater(filtered.readings[:, None], levels, out=seen.view(bool))
        for begin, of in enumerate(filtered.times):
            if of.begin:
                seen[begin::2, :, : of.begin] = seen[begin::2, :, of.end :] = 0
        self._kept += thresholds.size
        if self._kept >= TOGETHER:
            self.write()

    def write(self) -> None:
        """Write the shares of what was compared: 0 of series that have no such times."""
        above, sums, half = self._above[: self._kept], self._sums[: self._kept], self._sums.shape[1]
        np.add(above[:, :half], above[:, half:], out=sums)
        for _ in range(FOLDS - 1):  # of long arrays, which is faster than to sum along time
            half //= 2
            np.add(sums[:, :half], sums[:, half : 2 * half], out=sums[:, :half])
        counts = np.add.reduce(sums[:, :half], axis=1, dtype=np.float32)
        counts /= np.maximum(self._times[: self._kept], 1)
        self._found[self._place : self._place + self._kept] = counts
        self._place, self._kept = self._place + self._kept, 0


class Kernels(msgspec.Struct, frozen=True):
    """The share of time in which a filtered series lies above a threshold.

    A kernel has nine taps, d readings apart, of which three weigh 2 and six -1; there are 84, and
    each is used at several dilations d. The filtered series of channels C is

        r(t) = Σ_j w_j x(t + (j - 4) d),    x = round(s Σ_{c ∈ C} x_c / √|C|),

    where x is at most 2560 in size, and 0 before the series and after it. These are whole numbers,
    so that r(t) is the same on every processor. There are s of them in a standard unit: the most of
    a few numbers with which no reading of the series is larger than 2560, so that a series whose
    readings are small beside those of others is not rounded off; else the fewest. The feature of
    threshold b is the share of times t with r(t) / s > b: of all times for every other kernel, of
    those with all taps inside the series for the others. Thresholds are quantiles of r / s in
    training series, spread evenly, each between two neighbouring values.

    Parameters
    ----------
    channels : int
        c.
    dilations, counts : tuple of int
        Each d, and how many thresholds a kernel has there.
    subsets : tuple of tuple of int
        C of each group of kernels, dilation by dilation.
    thresholds : bytes
        max(s) b, int32 (little-endian): by dilation, group, kernel; int16 in older models.
    resolutions : tuple of int
        The numbers among which s is, rising; older models have one.

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
    resolutions: tuple[int, ...] = RESOLUTIONS[:1]

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        least = min((*self.dilations, *self.counts, self.channels), default=0)
        within = all(
            subset and 0 <= min(subset) <= max(subset) < self.channels for subset in self.subsets
        )
        width = 2 if len(self.resolutions) == 1 else 4
        whole = len(self.dilations) == len(self.counts)
        whole &= len(self.thresholds) == width * self.count
        whole &= self.resolutions in (RESOLUTIONS, RESOLUTIONS[:1])
        groups = len(self.subsets) == len(self.dilations) * self._groups
        reached = max(self.dilations, default=0) * (TAPS - 1) < MOST_READINGS
        if not (least >= 1 and within and whole and groups and reached):
            raise ValueError(say("the kernels of series do not go together"))
        if self.count and self._levels(self.resolutions[0]).min() <= BELOW:
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
        zeros = bytes(4 * len(TRIPLES) * sum(counts))
        blank = cls(channels, dilations, counts, subsets, zeros, RESOLUTIONS)
        chosen = generator.permutation(len(series))[:EXAMPLES]
        examples = [series[at] for at in chosen]
        resolutions = blank._resolutions_of(examples)
        drawn = generator.integers(len(examples), size=len(TRIPLES) * len(dilations))
        longest = max(each.shape[1] for each in examples)
        seen = np.full((len(drawn), longest), -BELOW, np.int16)  # beyond the end, and sorted last
        lengths, row = np.empty(len(drawn), int), 0
        for filtered in blank._filtered(_Block(examples, resolutions, blank._reach)):
            for number, readings in enumerate(filtered.readings):
                at, times = drawn[row], filtered.times[number % 2]
                lengths[row] = times.counts[at]
                seen[row, : lengths[row]] = readings[times.begin : times.begin + lengths[row], at]
                row += 1
        seen.sort(axis=1)
        levels, finest = np.arange(1, blank.count + 1) * GOLDEN % 1, resolutions[drawn]
        kernels = np.repeat(np.arange(len(drawn)), np.repeat(counts, len(TRIPLES)))
        neighbours = _neighbours(seen, lengths, kernels, levels)
        thresholds = neighbours * (RESOLUTIONS[-1] // finest[kernels]) // 2
        return msgspec.structs.replace(blank, thresholds=thresholds.astype("<i4").tobytes())

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
        together, resolutions = max(1, AT_ONCE // longest), self._resolutions_of(series)
        for of in self.resolutions:
            rows, levels = np.flatnonzero(resolutions == of), self._levels(of)
            for at in range(0, len(rows), together):
                some = rows[at : at + together]
                block = _Block([series[row] for row in some], of, self._reach)
                found[some] = self._shares(block, levels).T
        return found

    def _shares(self, block: _Block, levels: np.ndarray) -> np.ndarray:
        """Return the features (p, m) of m series, given what r(t) is compared with (p,)."""
        shares = np.empty((self.count, len(block.lengths)), np.float32)
        counter, place = _Counter(block, shares, TAPS * max(self.counts)), 0
        for filtered in self._filtered(block):
            shape = len(filtered.readings), filtered.count
            end = place + shape[0] * shape[1]
            counter.compare(filtered, levels[place:end].reshape(shape))
            place = end
        counter.write()
        return shares

    def _filtered(self, block: _Block) -> Iterator[_Filtered]:
        """Yield r(t) of all kernels, of those together that differ in their third tap alone."""
        led, pair = (np.empty(block.shape, np.int16) for _ in range(2))
        readings, everywhere = np.empty((TAPS, *block.shape), np.int16), block.times(0)
        for which, (dilation, count) in enumerate(zip(self.dilations, self.counts, strict=True)):
            within, before = block.times(TAPS // 2 * dilation), None
            for group in range(self._groups):
                thrice, total = block.taps(self.subsets[which * self._groups + group], dilation)
                for numbers in _runs(group, self._groups):
                    first, second, third = TRIPLES[numbers[0]]
                    if before != (group, first):
                        np.subtract(thrice[first], total, out=led)
                        before = group, first
                    np.add(led, thrice[second], out=pair)
                    seen = readings[: len(numbers)]
                    np.add(pair, thrice[third : third + len(numbers)], out=seen)
                    times = [within if (which + at) % 2 else everywhere for at in numbers[:2]]
                    yield _Filtered(seen, tuple(times), count)

    @property
    def _groups(self) -> int:
        return 1 if self.channels == 1 else GROUPS

    @property
    def _reach(self) -> int:
        return TAPS // 2 * max(self.dilations)

    def _resolutions_of(self, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return s of each series."""
        largest = np.array([np.abs(each).max(initial=0.0) for each in series])
        fits = largest[:, None] * self.resolutions <= LARGEST
        return np.array(self.resolutions)[np.maximum(fits.sum(axis=1) - 1, 0)]

    def _levels(self, resolution: int) -> np.ndarray:
        """Return s b, rounded down: what r(t) of series with this s is compared with (p,)."""
        thresholds = np.frombuffer(self.thresholds, "<i2" if len(self.resolutions) == 1 else "<i4")
        levels = thresholds // (self.resolutions[-1] // resolution)
        return np.clip(levels, BELOW, -BELOW).astype(np.int16)


def _dilations(length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return dilations, evenly spread in their logarithm up to the length, and their thresholds."""
    widest = np.log2(max((length - 1) / (TAPS - 1), 1.0))
    steps = 2.0 ** np.linspace(0, widest, min(PER_KERNEL, DILATIONS))
    dilations, times = np.unique(np.floor(steps + 1e-9).astype(int), return_counts=True)
    counts = times * PER_KERNEL // times.sum()
    counts[: PER_KERNEL - counts.sum()] += 1  # the narrow ones first
    return tuple(dilations.tolist()), tuple(counts.tolist())


@cache
def _runs(group: int, groups: int) -> tuple[range, ...]:
    """Return the kernels of a group, those together that differ in their third tap alone."""
    if groups > 1:
        return tuple(range(at, at + 1) for at in range(group, len(TRIPLES), groups))
    firsts = [at for at, (_, second, third) in enumerate(TRIPLES) if third == second + 1]
    return tuple(map(range, firsts, [*firsts[1:], len(TRIPLES)]))


def _neighbours(
    seen: np.ndarray, lengths: np.ndarray, rows: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Return the sums (p,) of the two numbers beside each quantile of sorted rows of some lengths.

    In the middle between two numbers, readings that were rounded otherwise lie on the other side as
    seldom as can be. A row without numbers has 0.
    """
    last = np.maximum(lengths[rows] - 1, 0)
    lower = (levels * last).astype(int)
    both = seen[rows, lower].astype(int) + seen[rows, np.minimum(lower + 1, last)]
    return np.where(lengths[rows] > 0, both, 0)


def _subset(channels: int, generator: np.random.Generator) -> tuple[int, ...]:
    """Draw some channels; half as many are as likely."""
    most = np.log2(min(channels, MOST_TOGETHER) + 1)
    count = int(2 ** generator.uniform(0, most))
    drawn = generator.choice(channels, min(count, channels), replace=False)
    return tuple(sorted(drawn.tolist()))
