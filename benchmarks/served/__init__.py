"""A network behind HTTP: gradum's server beside FastAPI, BentoML and LitServe, under load."""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.served.command import main as command

    command(*arguments)
