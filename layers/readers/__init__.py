"""Readers: what a file holds, as tables of rows or as grids, in the file's own coordinates."""
