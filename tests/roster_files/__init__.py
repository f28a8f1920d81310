"""Rosters as people write them, and the program that writes those in workbooks."""
