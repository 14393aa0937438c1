"""Answers to what is no option or command: what was meant, from one table of words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from sirtdose.cli.words.typed import option_table
from sirtdose.data.load import table
from sirtdose.errors import InputError, nearest_name
from sirtdose.io.tables.own_file import shown

_ALIKE = 0.75
_NAMED_MAX = 3


def commands_of(root: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command of the program by its words, those of groups too."""
    left: list[tuple[str, click.Command]] = [("", root.command)]
    while left:
        name, command = left.pop(0)
        if not isinstance(command, click.Group):
            yield name, command
            continue
        for one in command.list_commands(root):
            found = command.get_command(root, one) if one != "site" else None
            if found is not None:
                left.append((f"{name} {one}".strip(), found))


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The options that a word may mean: by the table, by a part, or by its letters.

    >>> known = ["lung-shunt", "limit"]
    >>> nearest("lsf", known), nearest("limt", known)
    (['lung-shunt'], ['limit'])
    """
    names, plain = list(known), _plain(word)
    return (
        [one for one in _by_table(plain) if one in names]
        or [one for one in names if plain in one.split("-")]
        or [one for one in [nearest_name(plain, names, _ALIKE)] if one]
    )


def require_options(
    given: Iterable[str], known: Iterable[str], file: str, where: str = ""
) -> None:
    """Refuse a key of a file that is no option, and say which was meant.

    Raises
    ------
    InputError
        Names the first unknown one.
    """
    names = list(known)
    for key in given:
        if key not in names:
            near = nearest(key, [one.replace("_", "-") for one in names])
            meant = f"was {_keys(near)} meant?" if near else f"use {', '.join(names)}"
            inside = f" in {where}" if where else ""
            raise InputError(f"{file}: '{shown(key)}' is not known{inside}: {meant}")


def option_refused(ctx: click.Context, typed: str) -> str:
    """What is said of an option that a command does not have."""
    word, path = _plain(typed.lstrip("-")), _path(ctx)
    own = _options(ctx.command)
    others = {name: _options(one) for name, one in commands_of(ctx.find_root()) if name}
    every = dict.fromkeys(one for known in others.values() for one in known)
    reasons = table("near_misses")["instead"].get(path, {})
    meant = _by_table(word)
    answer = (
        reasons.get(word)
        or _use([one for one in meant if one in own])
        or next((reasons[one] for one in meant if one in reasons), "")
        or _elsewhere([word], others, path)
        or _use(nearest(word, own))
        or _elsewhere(nearest(word, every), others, path)
        or f"see `{_typed(path)} --help`"
    )
    return f"No such option: {typed}. {answer[0].upper()}{answer[1:]}."


def command_refused(ctx: click.Context, typed: str) -> str:
    """What is said of a word that is no command."""
    word, group = typed.casefold(), ctx.command
    assert isinstance(group, click.Group)
    paths = {name.split()[-1]: name for name, _ in commands_of(ctx.find_root())}
    ours = {one: f"{_path(ctx)} {one}".strip() for one in group.list_commands(ctx)}
    near = table("near_misses")["commands"].get(word) or paths.get(word)
    for known in (ours, paths):
        close = nearest_name(word, known)
        near = near or (known[close] if close else None)
    help_of = _typed(_path(ctx))
    said = f"Did you mean `sirtdose {near}`?" if near else f"See `{help_of} --help`."
    return f"No such command: {typed}. {said}"


def _plain(word: str) -> str:
    return word.casefold().replace("_", "-")


def _path(ctx: click.Context) -> str:
    """The name of a command without `sirtdose`, such as plan mird."""
    names: list[str] = []
    while ctx.parent is not None:
        names.insert(0, str(ctx.info_name))
        ctx = ctx.parent
    is_alone = not names and not isinstance(ctx.command, click.Group)
    return str(ctx.command.name) if is_alone else " ".join(names)


def _typed(path: str) -> str:
    return f"sirtdose {path}".strip()


def _options(command: click.Command) -> list[str]:
    return [key.replace("_", "-") for key in option_table(command)]


def _by_table(word: str) -> list[str]:
    meant: list[str] = table("near_misses")["options"].get(word, [])
    return meant


def _use(names: Sequence[str]) -> str:
    """What to type instead, with an example where one option is meant."""
    if not names:
        return ""
    example = table("near_misses")["examples"].get(names[0])
    such = f", such as --{names[0]} {example}" if example and len(names) == 1 else ""
    return f"use {_either(f'--{one}' for one in names)}{such}"


def _elsewhere(
    names: Iterable[str], others: Mapping[str, Sequence[str]], path: str
) -> str:
    """Which commands have one of the options, those near to a command first."""
    group = path.split()[:1]
    for one in names:
        have = [other for other, known in others.items() if one in known]
        have.sort(key=lambda other: other.split()[:1] != group)
        if have:
            shown = [f"`{_typed(other)}`" for other in have[:_NAMED_MAX]]
            more = ["others"] if len(have) > _NAMED_MAX else []
            return f"--{one} is an option of {_joined([*shown, *more], 'and')}"
    return ""


def _keys(names: Sequence[str]) -> str:
    return _either(one.replace("-", "_") for one in names)


def _either(names: Iterable[str]) -> str:
    return _joined(list(names), "or")


def _joined(names: Sequence[str], word: str) -> str:
    *head, last = names
    return f"{', '.join(head)} {word} {last}" if head else last
