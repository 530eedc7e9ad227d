"""Tasks in child processes: the pool on the worker's side, the link between the two, and what runs in the child."""
