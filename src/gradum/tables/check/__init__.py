"""The check: a table held against the schema that a model learned from."""
