"""Requests that arrive together are answered together: their rows share one forward pass.

While one turn of the event loop reads what has arrived, rows are gathered; after it they are
answered. Nobody waits for a later request. Each row has the bits that it has alone, since no more
than `FEW_ROWS` are predicted at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gradum.core.models.few_rows import FEW_ROWS
from gradum.serve.requests import PredictRequest
from gradum.serve.served_model import Answered, ServedModel


class Pending(NamedTuple):
    """A request, the model that is to answer it, and the answer that is waited for."""

    served: ServedModel
    request: PredictRequest
    answer: asyncio.Future[Answered]


class Together:
    """The requests of this turn of the event loop."""

    def __init__(self) -> None:
        self._waiting: list[Pending] = []

    async def answered(self, served: ServedModel, request: PredictRequest) -> Answered:
        """Answer a request; what cannot be used raises as `ServedModel.answered` does."""
        loop = asyncio.get_running_loop()
        asked = Pending(served, request, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._answer)
        self._waiting.append(asked)
        return await asked.answer

    def _answer(self) -> None:
        waiting, self._waiting = self._waiting, []
        alike: dict[tuple[int, str | None], list[Pending]] = {}
        for asked in waiting:
            if not asked.answer.done():  # else the caller has gone
                alike.setdefault((id(asked.served), asked.request.rung), []).append(asked)
        for group in alike.values():
            for at in range(0, len(group), FEW_ROWS):
                _answer_all(group[at : at + FEW_ROWS])


def is_single(request: PredictRequest) -> bool:
    """Whether a request asks for the prediction of one row, and for nothing besides."""
    plain = request.coverage is None and not request.is_explained
    return plain and len(request.records) == 1


def _answer_all(several: Sequence[Pending]) -> None:
    """Answer up to `FEW_ROWS` requests for one row; where one is not plain, each by itself."""
    if len(several) > 1:
        served = several[0].served
        found = served.answered_plain([asked.request for asked in several])
        if found is not None:
            for asked, answered in zip(several, found, strict=True):
                asked.answer.set_result(answered)
            return
    for asked in several:
        try:
            asked.answer.set_result(asked.served.answered(asked.request))
        except Exception as error:  # is the caller's
            asked.answer.set_exception(error)
