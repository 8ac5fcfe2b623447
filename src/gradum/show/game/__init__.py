"""A game that was learned, as a page: its episodes are played there, with pictures of the policy."""
