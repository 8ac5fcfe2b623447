"""Which input of a box to divide, and where.

The bound of a box is low for two reasons: its plane falls over the box, and each unit that bends
lies somewhere between two lines. Both shrink with an input's width: the fall by the plane's slope,
the gap between the lines by as much as the input moves the unit. What dividing an input would bring
is estimated by the sum of both.

Shapes: B boxes, d inputs, n numbers of a node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradum.core.bounds import Box
from gradum.core.bounds.graph import taken
from gradum.core.bounds.operation import Zonotope
from gradum.study.verification.bounding import Bounded
from gradum.study.verification.domain import Domain, settled

FALL = 0.25
"""What a plane's fall counts, beside the gaps: a half of it is won in but one of the halves."""


def promises(domain: Domain, bounded: Bounded, boxes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Estimate what dividing each input and each group of some boxes brings to a row's bound.

    Parameters
    ----------
    boxes : ndarray of int [b]
        Places of the boxes.
    rows : ndarray of int [b]
        The row of the constraints for each.

    Returns
    -------
    ndarray [b, d + groups]
        −∞ where there is nothing to divide.
    """
    slopes = np.abs(bounded.planes.coefficients[boxes, rows])
    low, high = (end[boxes] for end in bounded.box)
    first = Zonotope.of_box(Box(*(end[boxes] for end in bounded.enclosure.box)))
    width = high - low
    share = np.divide(
        width, 2 * np.einsum("bjj->bj", first.generators), out=np.zeros_like(width), where=width > 0
    )
    gaps = np.zeros_like(width)
    for moved, gap in _gaps(bounded, boxes, rows, first):
        gaps += np.matmul(np.abs(moved), gap[..., None])[..., 0]
    promise = FALL * slopes * width + gaps * share
    middle = (low + high) / 2
    divisible = (middle > low) & (middle < high) & ~domain.grouped
    columns = [np.where(divisible, promise, -np.inf)]
    for places in domain.groups:
        several = (high[:, places] > 0).sum(axis=1) > 1
        steepest = FALL * slopes[:, places].max(axis=1)
        total = steepest + (gaps * share)[:, places].sum(axis=1)
        columns.append(np.where(several, total, -np.inf)[:, None])
    return np.concatenate(columns, axis=1)


def _gaps(
    bounded: Bounded, boxes: np.ndarray, rows: np.ndarray, first: Zonotope
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield of each node that bends how far inputs move its parent [b, d, n], and its gaps [b, n].

    A gap is that between the lines where it is widest, times the node's part in the row, and over
    half the width of what the parent can be.
    """
    enclosure, inputs = bounded.enclosure, first.generators.shape[1]
    for place, (node, lines) in enumerate(zip(enclosure.graph.nodes, bounded.lines, strict=True)):
        if lines is None or place not in bounded.forms:
            continue
        form = bounded.forms[place]
        part = np.abs(form[boxes, rows] if len(form) > 1 else form[0, rows])
        (z,) = enclosure.parents(place)
        below, low, _, above, high, _ = (
            np.broadcast_to(line, z.low.shape)[boxes] for line in lines
        )
        z = Box(z.low[boxes], z.high[boxes])
        slope = above - below
        widest = np.maximum(slope * z.low, slope * z.high) + high - low
        (zonotope,) = taken(node, first, bounded.zonotopes)
        moved = zonotope.generators
        if zonotope is not first:
            moved = moved[boxes, :inputs]
        half = (z.high - z.low) / 2
        gap = part * widest
        yield moved, np.divide(gap, half, out=np.zeros_like(gap), where=half > 0)


def halves(
    domain: Domain, box: Box, planes: np.ndarray, columns: np.ndarray
) -> tuple[Box, np.ndarray]:
    """Divide each box [B, d] at a column of `promises`: the lower halves, then the upper ones.

    An input is divided at that of its thresholds within the box which is nearest to the middle, or
    at the middle. A group's levels are divided by the slopes [B, d] of the box's plane.

    Returns
    -------
    Box [2B, d]
    ndarray [2B]
        What share of its box each is.
    """
    inputs = box.low.shape[1]
    lower, upper = (Box(box.low.copy(), box.high.copy()) for _ in range(2))
    share = np.full(len(columns), 0.5)
    thresholds, whole = dict(domain.thresholds), domain.whole
    for row, column in enumerate(columns):
        if column < inputs:
            low, high = box.low[row, column], box.high[row, column]
            place = _place(low, high, thresholds.get(int(column)))
            between = math.floor(place) + 0.5
            if whole[column] and low < between < high:
                place = between
            lower.high[row, column] = upper.low[row, column] = place
            share[row] = (place - low + whole[column] / 2) / (high - low + whole[column])
        else:
            places = domain.groups[column - inputs]
            left = places[box.high[row, places] > 0]
            left = left[np.argsort(planes[row, left], kind="stable")]
            half = len(left) // 2
            upper.high[row, left[:half]] = 0.0
            lower.high[row, left[half:]] = 0.0
            share[row] = half / len(left)
    both = [np.concatenate(ends) for ends in zip(lower, upper, strict=True)]
    within, empty = settled(domain, *both)
    # What is empty stays as it is, and is excluded when it is bounded.
    kept = [np.where(empty[:, None], *ends) for ends in zip(both, within, strict=True)]
    return Box(*kept), np.concatenate([share, 1 - share])


def _place(low: float, high: float, thresholds: np.ndarray | None) -> float:
    middle = (low + high) / 2
    if thresholds is None:
        return middle
    within = thresholds[(thresholds > low) & (thresholds < high)]
    return float(within[np.abs(within - middle).argmin()]) if len(within) else middle
