"""Sends the rows of a file as events: in file order, in constant memory, and once, however often it is repeated."""
