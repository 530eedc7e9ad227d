"""Built-in tasks. Each has a payload model, checked when a job is accepted and again when it runs."""
