"""Studies of a fitted model: results as plain values."""
