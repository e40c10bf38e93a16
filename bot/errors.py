"""What goes wrong in bot, and the exit code a command ends with.

    BotError
    ├── ConfigError    the operator: byname.toml or the environment (78)
    │   └── NoSecret   the operator: a login has no secret; it stops, the others go on (78)
    ├── InputError     the caller: a file or an argument cannot be read (65)
    ├── Refused        the reviewer: policy or guard says no (77)
    │   └── NotAllowed the reviewer: their role, session or origin says no (77)
    ├── InUse          the operator: a port or the home is taken; a reviewer was faster (75)
    └── Unreachable    nobody: the running bot does not answer, try again (69)

Exit codes follow sysexits: 0 done, 1 a bug of ours, 2 wrong usage, 65 bad input data,
69 a service is unavailable, 75 taken or locked (try again), 77 not allowed, 78 configuration.
"""

from connectors.contract import AuthFailed


class BotError(Exception):
    """Base of everything bot raises on purpose."""

    exit_code = 1


class ConfigError(BotError):
    """byname.toml, a secret or the environment must be changed."""

    exit_code = 78


class NoSecret(ConfigError, AuthFailed):
    """A secret is missing or cannot be read; to whoever runs logins, a login that is refused."""


class InputError(BotError):
    """A file or an argument cannot be read; says where and why."""

    exit_code = 65


class Refused(BotError):
    """Policy, guard or role says no; the message names the rule."""

    exit_code = 77


class NotAllowed(Refused):
    """The role of a reviewer, or where a request came from, says no."""


class InUse(BotError):
    """A port or the home is taken by another process, or somebody was faster."""

    exit_code = 75


class Unreachable(BotError):
    """The running bot does not answer, or cannot at present."""

    exit_code = 69
