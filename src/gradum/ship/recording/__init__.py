"""A whole model as a list of operations, recorded from what it computes in NumPy."""
