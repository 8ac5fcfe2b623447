"""Studies of a fitted model, whose results are plain values."""
