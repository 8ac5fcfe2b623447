"""A document: headings, sentences, tables and charts, shown in a terminal, a notebook or a page."""
