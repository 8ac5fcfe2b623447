"""The ladder: rungs that are fitted on the same rows, and notes on their fits."""
