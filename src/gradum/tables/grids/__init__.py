"""Grids of bytes: what pictures and sounds become when a table is read, and what is measured of them."""
