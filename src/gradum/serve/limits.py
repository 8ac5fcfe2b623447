"""Limits of a request, so that no caller can stop a server for the others."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]


class RequestLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one request may take.

    Parameters
    ----------
    bytes : int
        The largest body; a larger one is refused with 413.
    rows : int
        The most rows of a request; more are refused with 413.
    decoded : int
        The most numbers that pictures and sounds of a request state to hold: pixels or samples,
        times channels; more are refused with 413, before any is decoded.
    explained : int
        The most rows of a request that asks for explanations, which take up to a second each.
    seconds : float
        After this time a request is answered with 503, or with 408 while its body is still coming.
    at_once : int
        Requests that are worked on at the same time; further ones are refused with 429.
    labels : int
        Predictions that wait for their outcome; the oldest are forgotten first.
    """

    bytes: Positive = 8_000_000
    rows: Positive = 10_000
    decoded: Positive = 40_000_000
    explained: Positive = 20
    seconds: Annotated[float, Meta(gt=0)] = 30.0
    at_once: Positive = 64
    labels: Positive = 100_000
