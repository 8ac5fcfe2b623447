"""A whole model as one query of SQL: a table in, its rows with their answers out."""
