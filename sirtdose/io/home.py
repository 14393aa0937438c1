"""Paths as a user names them, from a home on."""

from pathlib import Path


def from_home(name: str) -> Path:
    """A path, with a `~` at its beginning for a user's home.

    A user who is not known here has none, so such a path stays as it is.

    Examples
    --------
    >>> str(from_home("~nobody-of-this-name/site.toml"))
    '~nobody-of-this-name/site.toml'
    """
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
