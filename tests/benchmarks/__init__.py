"""How fast it is, as ratios to references measured in the same run; `make bench` runs this, the tests do not.

One idea to a module: `measure` times and tells, `servers` starts what is asked, and the others hold the benchmarks.
"""
