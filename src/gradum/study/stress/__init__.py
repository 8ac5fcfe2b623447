"""Stress: the least changes of rows that change answers, and tables as accidents leave them."""
