"""The HTTP API: one set of routes, served by Lambda behind API Gateway and by the local ASGI server.

A request passes the gate (``gate``: size, path, method, credential, media type), then Powertools' resolver (routing,
validation by signature), then a handler (``routes``), which calls one use case and presents its outcome. Every error,
wherever it comes from, leaves as the envelope of ``errors``.
"""
