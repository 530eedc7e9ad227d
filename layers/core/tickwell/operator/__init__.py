"""What the operator of a deployment does from a terminal."""
