"""Coverage of judged and of new rows by their intervals or sets: in all, and by group."""
