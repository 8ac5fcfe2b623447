"""LitServe's server of the peers' pipeline; its worker asks for a class of a module."""

import os
from typing import Any

import litserve

from benchmarks.served.peers import answers, pipeline


class Api(litserve.LitAPI):
    """Probabilities of rows."""

    def setup(self, device: str) -> None:
        """Fit the pipeline."""
        self.model = pipeline(os.environ["GRADUM_TABLE"])

    def predict(self, asked: dict[str, Any]) -> list[list[float]]:
        """Return the probabilities of some rows."""
        return answers(self.model, asked["records"])


def serve(port: int) -> None:
    """Serve with one worker."""
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1)
    server.run(port=port, host="127.0.0.1", generate_client_file=False, log_level="warning")
