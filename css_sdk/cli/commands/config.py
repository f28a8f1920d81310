"""`css config`."""

from __future__ import annotations

import click

from ..support import options
from ..support.defaults import given_profile
from ..support.groups import Group
from ..support.options import Given, takes
from ..support.output import print_rows


@click.group(cls=Group)
def config() -> None:
    """Show the settings that commands use.

    Your config file has a table for each profile. `css config show` prints where the file is. If other
    users can change the file, css does not use it. A relative path in the file starts at the folder of the file.

    \b
    Example of a config.toml:
      default_profile = "grants"

    \b
      [profiles.grants]
      credentials_file = "grants.json"
      integration = "Grants Portal"
      environment = "dev"

    \b
      [profiles.fisheries]
      credential_process = ["vault-print", "css/fisheries"]

    \b
    Examples:
      css config show
      css --profile fisheries whoami
    """


@config.command()
@takes(options.json)
def show(given: Given) -> None:
    """Show each setting, its value, and where it is set, without secrets.

    css looks for credentials in this order: in the profile that --profile or CSS_PROFILE names, in variables, in the
    default profile of your config file. css looks for other values in this order: in variables, in the css.toml of the
    project, in the profile.

    \b
    Examples:
      css config show
      css --profile grants config show --json
    """
    from ...config.sources import describe_config

    found = describe_config(profile=given_profile()).items()
    print_rows(
        [{"name": name, "value": default.value, "source": default.source} for name, default in found], given.as_json
    )
