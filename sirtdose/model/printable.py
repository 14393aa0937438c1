"""Names from files, made fit to show."""


def printable(name: str) -> str:
    r"""A name that any terminal or file can show: no control characters.

    >>> printable("Tumor\x1b[31m")
    'Tumor?[31m'
    """
    text = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in text)
