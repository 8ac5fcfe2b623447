"""Scores: metrics, bootstrap intervals and paired differences, in NumPy's float64."""
