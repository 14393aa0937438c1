"""Print a document's screen, and write the document where a folder is given."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.families import own_family
from sirtdose.cli.words.options import VERBOSE
from sirtdose.errors import PlanningError, SafetyStop, has_extra
from sirtdose.io.output.folder import output_folder
from sirtdose.model.acceptance import Acceptance
from sirtdose.report.documents import document_text
from sirtdose.report.screen import Screen, Tone, hidden_words
from sirtdose.report.wording import spoken

# What a page calls the subjects of findings, where the document does not say it.
SHOWN = "sirtdose.shown"
_SLOWER = "sirtdose.slower"
_COLORS = {Tone.BAD: "red", Tone.WARN: "yellow"}


def show_document(
    document: dict[str, Any],
    screen: Screen | str,
    *,
    name: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    pages: Mapping[str, str | Callable[[Path], None]] | None = None,
    replaces: Iterable[str] = (),
) -> None:
    """Write `name`, and pages by their names, into a folder, whole or not at all.

    A page that is no text writes itself into the folder. What an earlier run may have
    left beside it, and `replaces`, goes.
    """
    files = {name: document_text(document), **(pages or {})}
    if out is not None:
        ours = (name, *own_family(out, name), *replaces)
        with output_folder(out, ours, force=force) as folder:
            for own, content in files.items():
                if isinstance(content, str):
                    (folder / own).write_text(content, "utf-8")
                else:
                    content(folder)
    print_document(document, screen, names=files, out=out, as_json=as_json)


def print_document(
    document: dict[str, Any],
    screen: Screen | str,
    *,
    as_json: bool,
    names: Iterable[str] = (),
    out: Path | None = None,
) -> None:
    """Print a document's screen, which files were written, and itself if wanted."""
    screen = screen if isinstance(screen, Screen) else Screen([screen])
    show(replace(screen, unasked=_unasked(document)))
    if out is not None:
        click.echo(f"\nWritten to {out}: {', '.join(names)}", err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def _unasked(document: Mapping[str, Any]) -> list[str]:
    """What was typed behind --accept, and no check asked for."""
    context = click.get_current_context(silent=True)
    typed = context.params if context else {}
    pairs = zip(typed.get("accept") or (), typed.get("reason") or (), strict=True)
    given = [Acceptance.parse(*one) for one in pairs]
    used = {(one["code"], one["subject"]) for one in document.get("accepted", ())}
    if context and given:
        shown = context.meta.get(SHOWN) or _shown(document)
        used |= {(code, shown.get(of, of).casefold()) for code, of in used}
    return [
        one.typed
        for one in given
        if not used & {(one.code, one.subject), (one.code, one.subject.casefold())}
    ]


def _shown(document: Mapping[str, Any]) -> dict[str, str]:
    """What a plan's page calls its parts: it may be accepted by that name."""
    if not document.get("compartments"):
        return {}
    from sirtdose.report.plan.rows import names_of

    return names_of(document)


def show(screen: Screen) -> None:
    """Print a screen: with -v all of it, in color on a terminal alone."""
    for tone, line in screen.lines(verbose=is_verbose()):
        click.echo(click.style(line, _COLORS[tone]) if tone else line, err=True)


def is_verbose() -> bool:
    """Whether notes and details were asked for."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(VERBOSE))


def show_refusal(error: BaseException, said: str) -> None:
    """Print why a run stopped, and of all else that was found only how much it is."""
    # Of what was judged, not of what was typed: there a name stays as it is typed.
    judged = isinstance(error, (SafetyStop, PlanningError))
    click.secho(f"Error: {spoken(said) if judged else said}", fg="red", err=True)
    beside = error.beside if isinstance(error, SafetyStop) else ()
    if not beside:
        return
    if is_verbose():
        show(Screen([], findings=beside))
        return
    notes = sum(one["severity"] == "note" for one in beside)
    click.echo(hidden_words(notes=notes, warnings=len(beside) - notes), err=True)


def say(text: str) -> None:
    """Say a line on standard error, where it is no part of a result."""
    click.echo(text, err=True)


def say_slower(what: str, times: str) -> None:
    """Say once that a task takes longer here: its loops are not compiled.

    `times` is how much longer, in words.
    """
    told = click.get_current_context().meta
    if has_extra("fast") or _SLOWER in told:
        return
    told[_SLOWER] = True
    click.echo(
        f"{what} takes about {times} as long without numba, for the same numbers: pip "
        'install "sirtdose[fast]"',
        err=True,
    )
