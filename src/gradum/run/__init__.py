"""One run: from a table to a judged ladder of rungs."""
