"""Answer the calls of the CSS API as the service does. Start reading at `api`."""
