"""Tables: how a user's data is read, checked, understood and divided, and becomes arrays."""
