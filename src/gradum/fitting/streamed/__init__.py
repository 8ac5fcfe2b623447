"""Fits of tables that do not fit in memory: read in blocks, held out in part, learned in passes."""
