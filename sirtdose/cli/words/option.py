"""An option, said once: the command line, files and records all follow from it."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from sirtdose.cli.words.quantities import QuantityType
from sirtdose.errors import nearest_name
from sirtdose.model.units import Measure

_Command = TypeVar("_Command", bound=Callable[..., Any])
# What an option is about: the case; where results go and how they are shown; what
# somebody answers for; or a secret, which no record keeps.
About = Literal["case", "results", "person", "secret"]


class FileOrText(click.ParamType):  # type: ignore[type-arg]
    """The name of a file, or another text; the words are never a file's name."""

    name = "text"

    def __init__(self, *words: str) -> None:
        self.words = words


class WordType(click.Choice[str]):
    """One of some words in any case; another is answered with the nearest."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__(words, case_sensitive=False)

    def get_invalid_choice_message(
        self, value: Any, ctx: click.Context | None = None
    ) -> str:
        """The refusal of a word, with the choices and the nearest of them."""
        said = super().get_invalid_choice_message(value, ctx)
        near = nearest_name(str(value).casefold(), self.choices)
        return f"{said.rstrip('.')}: did you mean {near}?" if near else said


class NamedOption(click.Option):
    """An option of click's that knows what it is about."""

    def __init__(self, *names: Any, about: About = "case", **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.about = about


@dataclass(frozen=True)
class Option:
    """What a person may give by a name. Put above a command, it becomes its option.

    Parameters
    ----------
    name : str
        Without its dashes; several names are separated by spaces.
    kind : Measure, tuple of str, type or click.ParamType
        A quantity with its unit, the words allowed, a Path, bool for a flag, str, ...
    help : str
    default : str, optional
        As it would be typed.
    metavar : str, optional
        What stands for its value in a help text.
    many, required : bool
        Whether it may be repeated, and has to be given.
    into : str, optional
        The command's parameter, where that has another name.
    envvar : str, optional
        The environment's variable that gives its default.
    about : About

    Examples
    --------
    >>> from sirtdose.model.units import DOSE
    >>> @click.command()
    ... @Option("goal", DOSE, "Mean dose.", default="120Gy")
    ... def plan(goal: float) -> None:
    ...     print(goal)
    >>> plan.main(["--goal", "9000cGy"], standalone_mode=False)
    90.0
    """

    name: str
    kind: Any
    help: str
    _: KW_ONLY
    default: str | None = None
    metavar: str | None = None
    many: bool = False
    required: bool = False
    into: str | None = None
    envvar: str | None = None
    about: About = "case"

    @property
    def type(self) -> Any:
        """Its kind as click reads it."""
        if isinstance(self.kind, Measure):
            return QuantityType(self.kind)
        if isinstance(self.kind, tuple):
            return WordType(self.kind)
        return click.Path(path_type=Path) if self.kind is Path else self.kind

    def __call__(self, command: _Command) -> _Command:
        """Make it an option of a command."""
        names = [f"--{one}" for one in self.name.split()]
        own: dict[str, Any] = {"is_flag": True} if self.kind is bool else {}
        if self.default is not None:
            own |= {"default": self.default, "show_default": True}
        return click.option(
            *names,
            *([self.into] if self.into else []),
            cls=NamedOption,
            type=self.type,
            help=self.help,
            metavar=self.metavar,
            multiple=self.many,
            required=self.required,
            envvar=self.envvar,
            about=self.about,
            **own,
        )(command)


def together(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Several options as one decorator, in their order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
