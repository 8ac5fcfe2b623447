"""Stress: the least changes of rows that change their answers, and tables as accidents leave them."""
