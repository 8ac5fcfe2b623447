"""The options of `gradum.fit` and of the command line."""
