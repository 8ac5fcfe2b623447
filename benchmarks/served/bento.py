"""BentoML's server of the peers' pipeline; it asks for a module of its own."""

import os
from typing import Any

import bentoml

from benchmarks.served.peers import answers, pipeline


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Service:
    """Probabilities of rows."""

    def __init__(self) -> None:
        self.model = pipeline(os.environ["GRADUM_TABLE"])

    @bentoml.api
    def predict(self, records: list[dict[str, Any]]) -> list[list[float]]:
        """Return the probabilities of some rows."""
        return answers(self.model, records)
