"""Identify people by username, GUID, e-mail address, client id or name, and find all logins of a person.

Pure: it makes no requests, and may import `state` and the rules of the service (`_service`). Start reading at
`identities`. `matching` finds the login of a person in a list. If no login is found, `identification` decides whether
the person may still be a member. If so, members must not be removed.
"""
