"""Coverage of judged and of new rows by their intervals or sets, overall and by group."""
