"""One run: from a table to a ladder of rungs that is judged."""
