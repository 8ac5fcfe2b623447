"""The lab: a page on which anyone watches the mathematics on their own table."""
