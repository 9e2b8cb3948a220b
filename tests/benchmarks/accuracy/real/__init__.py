"""How well expression of real genes is predicted, and how many are found, against other methods."""
