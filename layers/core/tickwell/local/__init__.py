"""The local server: the whole system in one process. HTTP, workers, ticks, safety sync."""
