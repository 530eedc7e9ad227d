"""Python's garbage collector in a process that serves and works."""

import gc

_COLLECTED_AFTER = (20_000, 20, 20)
"""How many objects more than before make the collector look. A batch of jobs makes thousands that live until it is
done, and hardly any in cycles: with Python's own 700 a worker spent a tenth of its time on looking through them."""


def spare_collector() -> None:
    """Once all is built: what is there from the start stays, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)
