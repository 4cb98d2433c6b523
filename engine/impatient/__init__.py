"""A Django database back end for the further databases: settings/databases.py names it."""
