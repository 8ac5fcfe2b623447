"""The events of a run, by which anybody outside sees it."""
