"""Say who somebody is: usernames, GUIDs, e-mail addresses and client ids, searches, and the logins of one person.

Pure: it imports `state` and the service's rules. Start reading at `identities`; `identification` decides what it means
that nobody was found.
"""
