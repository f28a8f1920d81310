"""All input and output, written here, once; `_sync` is its mirror."""
