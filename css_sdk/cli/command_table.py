# Written by `make generate` from the modules in css_sdk/cli/commands. Edit those modules.
"""The commands of `css`. With this table, `css --help` lists them without importing their modules."""

from typing import Final

COMMANDS: Final = {
    "apply": ("apply", "Carry out a saved plan, or make the service match roles files."),
    "assign": ("assign", "Give roles to users."),
    "compare": ("compare", "Compare the roles and composite roles of environments."),
    "completion": ("completion", "Print a script that completes commands, options and names in your shell."),
    "composites": ("composites", "List and change the children of a composite role."),
    "config": ("config", "Show the settings that commands use."),
    "copy": ("promote", "Copy roles and composite roles to another integration, without removing anything there."),
    "doctor": ("doctor", "Find out why css does not work here, and print what to do."),
    "drift": ("drift", "Show where the service differs from roles files."),
    "export": ("export", "Write the current roles, composite roles and members as a roles file."),
    "integrations": ("integrations", "List the team's Gold integrations."),
    "journal": ("journal", "List and show the journals that commands keep by default."),
    "logs": ("logs", "Print the login server's log of an environment, oldest line first."),
    "members": ("members", "List the members of a role, or set exactly who is a member."),
    "people": ("people", "Find people, show, copy and remove their roles, and compare their logins."),
    "plan": ("plan", "Show what css apply would change to make the service match roles files."),
    "promote": ("promote", "Copy roles and composite roles to another environment, without removing anything there."),
    "report": ("report", "Show who has which role in the whole team, directly or through composite roles."),
    "roles": ("roles", "List, create, rename and delete roles."),
    "roster": ("roster", "Check, apply and export a roster: a table of who must have which role."),
    "sandbox": ("sandbox", "Run a CSS API and its login server in memory, with made-up people."),
    "schema": ("schema", "Print the JSON schema of a file, or of the objects that --json prints."),
    "service-account": ("service_account", "Show, give and remove the roles of a service account."),
    "show": ("show", "Show a saved plan, the remainder of a plan, or a journal, without contacting the service."),
    "token": ("token", "Get a token and show its claims and its lifetime."),
    "unassign": ("assign", "Remove roles from users."),
    "undo": ("undo", "Undo the changes that a journal holds."),
    "validate": ("validate", "Check roles files without contacting the service."),
    "whoami": ("whoami", "Check the credentials with the service, and show their account and team."),
}
"""For each command: its module in `commands`, and the first sentence of its help."""
