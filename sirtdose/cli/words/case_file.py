"""A case written down in a file, as the words of a command line."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.injections import INJECTION_KEYS, MANY
from sirtdose.cli.words.near import require_options
from sirtdose.cli.words.typed import (
    file_named,
    located,
    option_table,
    option_words,
    options_about,
)
from sirtdose.errors import InputError
from sirtdose.io.tables.own_file import read_own_file, require_known
from sirtdose.model.names import named

METHODS = ("bsa", "mird", "partition", "image", "compare", "vial")
_TOP = ("method", "source", "options", "tumor", "injection")
_TUMOR = ("name", "volume", "ratio", "activity_ratio", "injection")
_VOLUMES = ("perfused_volume", "perfused")


def case_words(path: Path, command_of: Callable[[str], click.Command]) -> list[str]:
    """The subcommand and its words, from a case file.

    Parameters
    ----------
    path : Path
        TOML: `method`, for an image its `source`, a table `options` with the option
        names (underscores for dashes), and `[[tumor]]` and `[[injection]]`.
    command_of : callable
        A name to its subcommand, whose options are known.

    Raises
    ------
    FileFormatError
        No file, or no TOML.
    InputError
        A key or value that is not known.
    """
    data, _ = read_own_file(path)
    require_known(data, _TOP, path.name, "a case file")
    method = data.get("method")
    if method not in METHODS:
        raise InputError(
            f"{path.name}: method is '{method}': write method = \"partition\", or one "
            f"of {', '.join(METHODS)}"
        )
    words = [str(method)]
    if "source" in data:
        text = _text(data["source"], "source", path)
        words.append(str(file_named(text, (path.parent,)) or text))
    options = data.get("options", {})
    if not isinstance(options, dict):
        raise InputError(f"{path.name}: options is not a table: write [options]")
    words += _option_words(options, command_of(str(method)), path)
    injections = _tables(data, "injection", ("name", *_VOLUMES, *INJECTION_KEYS), path)
    tumors = _tables(data, "tumor", _TUMOR, path)
    if not injections:
        for tumor in tumors:
            if "injection" in tumor:
                raise InputError(
                    f"{path.name}: tumor '{tumor['name']}' names the injection "
                    f"'{tumor['injection']}', and there is no [[injection]]"
                )
            words += ["--tumor", _tumor_text(tumor, path)]
    names = [one["name"] for one in injections]
    owners = [_owner(tumor, names, path) for tumor in tumors if names]
    for injection in injections:
        mine = [
            tumor
            for tumor, owner in zip(tumors, owners, strict=True)
            if owner == injection["name"]
        ]
        words += ["--injection", _injection_text(injection, mine, path)]
    return words


def _owner(tumor: Mapping[str, Any], names: Sequence[str], path: Path) -> str:
    """The injection that a tumor belongs to."""
    return named(
        str(tumor.get("injection")),
        names,
        f"{path.name}: tumor '{tumor['name']}' needs injection = one of "
        f"{', '.join(names)}",
        offered=(),
    )


def _tables(
    data: Mapping[str, Any], key: str, known: Sequence[str], path: Path
) -> list[dict[str, Any]]:
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise InputError(f"{path.name}: write [[{key}]], with two brackets, for each")
    for one in tables:
        if key == "injection" and "tumor" in one:
            raise InputError(
                f"{path.name}: write a tumor of an injection as [[tumor]] with "
                'injection = "its name"'
            )
        require_known(one, known, path.name, f"[[{key}]]")
        name = one.get("name")
        if not isinstance(name, str) or not name.strip() or set(name) & set("=,:@"):
            raise InputError(
                f"{path.name}: each [[{key}]] needs a name, without any of = , : @"
            )
    return tables


def _option_words(
    options: Mapping[str, Any], command: click.Command, path: Path
) -> list[str]:
    for word in options:
        if word in options_about(command, "person"):
            raise InputError(
                f"{path.name}: {word} cannot be set in a file: accept a check on the "
                "command line, with --accept and --reason"
            )
    known = tuple(option_table(command))
    require_options(options, known, path.name, f"the options of plan {command.name}")
    return option_words(
        located(options, (path.parent,), command),
        command,
        where=path.name,
        text_of=lambda value, key: _text(value, key, path),
    )


def _tumor_text(tumor: Mapping[str, Any], path: Path) -> str:
    name = tumor["name"]
    both = [key for key in ("ratio", "activity_ratio") if key in tumor]
    if "volume" not in tumor or len(both) != 1:
        raise InputError(
            f"{path.name}: tumor '{name}' needs a volume and a ratio (T/N), or an "
            "activity_ratio (Kao's R)"
        )
    kao = "R=" if both == ["activity_ratio"] else ""
    volume = _text(tumor["volume"], "volume", path)
    return f"{name}={volume}@{kao}{_text(tumor[both[0]], both[0], path)}"


def _injection_text(
    injection: Mapping[str, Any], tumors: Sequence[Mapping[str, Any]], path: Path
) -> str:
    name = injection["name"]
    volumes = [key for key in _VOLUMES if key in injection]
    if len(volumes) != 1:
        raise InputError(
            f"{path.name}: injection '{name}' needs a perfused_volume, or for an image "
            "the structure that is perfused"
        )
    parts = [f"perfused:{_text(injection[volumes[0]], volumes[0], path)}"]
    parts += [f"tumor:{_tumor_text(tumor, path)}" for tumor in tumors]
    for key in INJECTION_KEYS:
        if key in _VOLUMES or injection.get(key, False) is False:
            continue
        value = injection[key]
        several = key in MANY and isinstance(value, list)
        for one in value if several else [value]:
            own = "" if one is True else f":{_text(one, key, path)}"
            parts.append(f"{key.replace('_', '-')}{own}")
    return f"{name}={','.join(parts)}"


def _text(value: Any, key: str, path: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InputError(
            f"{path.name}: {key} is {value!r}: write it as on the command line, in "
            "quotes"
        )
    text = str(value)
    if not text.isprintable():
        raise InputError(
            f"{path.name}: {key} contains characters that cannot be printed: retype it"
        )
    return text
