"""Pages: templates, in which everything from a table is text, and charts."""
