"""A network behind HTTP: gradum's server beside FastAPI, BentoML and LitServe, under load."""

from benchmarks.served.command import main

__all__ = ["main"]
