"""What stands behind the ports: one adapter for each service, nothing that decides."""
