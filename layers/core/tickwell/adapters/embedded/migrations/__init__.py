"""The schema, one numbered file for each step; see ``database``."""
