"""A shed of tools that neighbours borrow."""
