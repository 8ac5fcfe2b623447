"""A whole model as a module of JavaScript: raw rows in, answers out."""
