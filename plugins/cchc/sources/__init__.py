"""Sources: their profiles, how they are asked, what is kept of their answers, how that is read."""
