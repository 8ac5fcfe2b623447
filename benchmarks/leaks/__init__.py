"""``python -m benchmarks leaks``: splits that flatter, found and falsely found."""

from benchmarks.leaks.command import main

__all__ = ["main"]
