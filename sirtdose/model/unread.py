"""What a structure's name says in a language that is not read."""

from collections.abc import Iterable, Sequence

from sirtdose.model.role import Declared, Doubt, role_and_doubt, told_by_name
from sirtdose.model.role_words import languages_named, vocabulary


def unread_doubt(
    name: str, declared: Declared | None, languages: Sequence[str]
) -> Doubt | None:
    """That another language would tell another role than those that are read do.

    It asks where these say nothing, and the other names what doses rest on; otherwise
    it only warns, as a site leaves a language out for its words that mean two things.

    Examples
    --------
    >>> unread_doubt("Foie", None, ("en", "nl")).says
    'its name is French, but only English and Dutch are read'
    """
    read = languages_named(languages)
    told = role_and_doubt(name, declared, read)
    others = {
        one: found[1].choices if found[1] else (found[0],)
        for one in languages_named()
        if (found := role_and_doubt(name, declared, (*read, one))) != told
    }
    if not others:
        return None
    silent = told_by_name(name, read).silent
    roles = [role for choices in others.values() for role in choices]
    said = "is" if silent else "has another meaning in"
    only = f"{_listed(read, 'and')} {'are' if len(read) > 1 else 'is'}"
    return Doubt(
        f"its name {said} {_listed(others, 'or')}, but only {only} read",
        tuple(dict.fromkeys((*roles, told[0]))),
        languages=",".join((*read, next(iter(others)))),
        asked=silent and any(not role.excluded_from_liver for role in roles),
    )


def _listed(codes: Iterable[str], word: str) -> str:
    *first, last = (vocabulary()["language"][one] for one in codes)
    return f"{', '.join(first)} {word} {last}" if first else last
