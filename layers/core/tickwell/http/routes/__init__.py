"""The handlers, by subject. Each module has a ``router``; each handler calls one use case and presents its outcome."""
