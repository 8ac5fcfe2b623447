"""Forms in which a model leaves gradum: a file or a folder each."""
