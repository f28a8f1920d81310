"""Identify people: usernames, GUIDs, e-mail addresses and client ids, searches, and the logins of one person.

Pure: it imports `state` and the service's rules. Start reading at `identities`. `matching` finds the login that a list
means. `identification` decides which members are safe from removal if no login is found.
"""
