"""How many judged rows lie within their intervals, in all and by group, and how wide these are."""
