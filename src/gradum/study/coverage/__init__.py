"""How many judged rows lie within their intervals, in all and group by group, and how wide they are."""
