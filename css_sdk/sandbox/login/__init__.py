"""Answer as the login servers do, and as two other systems do that issue tokens: CERN and the interworks BSS.

It may import `world` and the modules directly in `css_sdk.sandbox`. Start reading at `login`. `tokens` signs and checks
tokens.
"""
