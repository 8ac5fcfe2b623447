"""A game that was learned, as a page: episodes that are played in it, and pictures of the policy."""
