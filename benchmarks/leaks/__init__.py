"""``python -m benchmarks leaks``: flattering splits, found and falsely found."""

from benchmarks.leaks.command import main

__all__ = ["main"]
