"""Describe as data what is installed and which keys each component has."""
