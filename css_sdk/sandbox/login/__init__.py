"""Answer as the login servers do: keys, tokens, and the stand-ins for CERN and the interworks BSS."""
