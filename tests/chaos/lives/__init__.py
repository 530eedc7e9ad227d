"""Random lives: a state machine drives the whole system, and a small model says what must be true after each step."""
