"""The one error a user meets: bad input, told in a line."""


class UserError(Exception):
    """Bad input. The message is one line that names the key, what was given and what is allowed; the exit code is 2."""
