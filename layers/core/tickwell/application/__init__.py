"""Use cases. Each takes ports, reads the clock once, and returns an outcome that its caller logs or answers."""
