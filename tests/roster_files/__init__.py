"""Rosters as people have them, and the program that writes those that are workbooks."""
