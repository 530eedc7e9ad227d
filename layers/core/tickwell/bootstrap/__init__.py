"""The only composition root: reads the settings, builds the adapters of an engine, and puts the use cases on them.

``core`` knows the use cases, ``aws`` and ``local`` the engines: one builder per entry point. Some imports stand
inside the builders, so that a function loads only what it runs: that is most of its cold start.
"""
