"""Answer as the login servers do. Also answer as CERN and the interworks BSS, two other systems with tokens.

This package may import `world` and the modules directly in `css_sdk.sandbox`. Start reading at `login`. `tokens` signs
and checks tokens.
"""
