"""What a deployment can choose: one settings model per entry point, read from ``TICKWELL_*`` environment variables.

A missing or wrong one stops the process at start with its name (``SettingsError``). A test holds each function's
environment in template.yaml against its model here.
"""
