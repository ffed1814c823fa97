"""How well the search answers questions whose answers are known."""
