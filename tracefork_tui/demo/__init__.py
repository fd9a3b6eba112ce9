"""Demo agents, which are ordinary programs, and the offline model that answers them."""
