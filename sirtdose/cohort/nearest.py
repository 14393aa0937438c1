"""The known case identifier nearest to one that was mistyped."""

import re
from collections.abc import Collection
from difflib import SequenceMatcher
from functools import cache

# So much of two names has to be the same for one to be taken for the other.
_ALIKE = 0.6
# Among more names than this only those that are the same but for signs are looked for.
_MANY = 200


def nearest(name: str, others: Collection[str]) -> str | None:
    """The name among others that is most like it, None where none is.

    Names that differ only in case, signs and leading zeros are the same for it.

    Examples
    --------
    >>> nearest("P-012", ["p11", "p12", "p13"]), nearest("p12", ["liver"])
    ('p12', None)
    """
    plain = {one: _plain(one) for one in (name, *others)}
    likeness = {
        one: 1.0
        if plain[one] == plain[name]
        else SequenceMatcher(None, plain[name], plain[one]).ratio()
        for one in others
        if one != name and (len(others) <= _MANY or plain[one] == plain[name])
    }
    best = max(likeness, key=lambda one: likeness[one], default=None)
    return best if best is not None and likeness[best] >= _ALIKE else None


@cache
def _plain(name: str) -> str:
    letters = re.sub(r"[\W_]", "", name.casefold())
    return re.sub(r"(?<!\d)0+(?=\d)", "", letters)
