"""Benchmarks: times as ratios to references of the same run. `make bench` runs them, and the tests do not.

`measure` times and compares, `servers` starts servers, and the other modules contain the benchmarks.
"""
