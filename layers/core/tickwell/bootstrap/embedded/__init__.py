"""The system on the embedded engine, put together from what a server and a simulation have different."""
