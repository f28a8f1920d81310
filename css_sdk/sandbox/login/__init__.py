"""Answer as the login servers do. Also answer as CERN and the interworks BSS do, two other systems with tokens.

It may import `world` and the modules directly in `css_sdk.sandbox`. Start reading at `login`. `tokens` signs and checks
tokens.
"""
