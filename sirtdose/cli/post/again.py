"""What results were asked with, typed again for the same run."""

from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.post.command import post_command, post_request
from sirtdose.cli.words.typed import SITE_CAMERAS, asked_options, parsed_options
from sirtdose.errors import InputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.tables.site import read_site
from sirtdose.model.request import PostRequest
from sirtdose.model.site import SiteUsed
from sirtdose.report.run_record import asked_again


@contextmanager
def request_again(
    folder: Path,
    record: Mapping[str, Any],
    asked: Mapping[str, Any],
    *,
    inputs: tuple[Path, ...] = (),
    patient_key: str | None = None,
    no_structures: bool = False,
) -> Iterator[PostRequest]:
    """The request that a folder of results was made by.

    Parameters
    ----------
    folder : Path
    record, asked : mapping
        Its run.json, and what :func:`~sirtdose.report.run_record.asked_again` finds.
    inputs : tuple of Path
        Where files are now that were moved, as whole paths.
    patient_key : str, optional
        Which no record keeps.
    no_structures : bool
        For a scan without structures.

    Raises
    ------
    InputError
        A file or an option of it is not there any more.
    """
    source = _source(folder, record, asked, inputs)
    options = _options(asked)
    if patient_key is not None:
        options["patient_key"] = patient_key
    # There no name of the source's files stands for another.
    with chdir(Path.cwd().anchor):
        params = parsed_options(post_command, source, options, where="run.json")
        params["no_structures"] = no_structures
        _set_cameras(asked)
        yield _with_site(post_request(source, params), asked)


def _source(
    folder: Path,
    record: Mapping[str, Any],
    asked: Mapping[str, Any],
    inputs: tuple[Path, ...],
) -> Path:
    """Where the input lies: as it did, unless --inputs stands for it."""
    source: Path | None = asked["source"]
    as_it_was = asked_again(folder, record)
    # Where the input is in its place and a file of an option is not, that is meant.
    if inputs and (source is None or (as_it_was and not _lost(as_it_was))):
        return inputs[0]
    if source is None:
        raise InputError("the input was moved: say with --inputs where it is now")
    return source


def _lost(asked: Mapping[str, Any]) -> list[str]:
    """The options whose files are not found."""
    return [
        key
        for key, value in asked["options"].items()
        if value is None or (isinstance(value, list) and None in value)
    ]


def _with_site(request: PostRequest, asked: Mapping[str, Any]) -> PostRequest:
    """The request with the site's file that it was made with, where that is found."""
    path = asked["site"]
    if path is None:
        return request
    used = SiteUsed(sha256_of([path]), asked["site_options"], path)
    return replace(request, judge=replace(request.judge, site=used))


def _set_cameras(asked: Mapping[str, Any]) -> None:
    """The cameras that the run could choose from, where it is not known which it was.

    Those of a site's file that is used now say nothing of it.
    """
    path = None if "camera" in asked["options"] else asked["site"]
    known = () if path is None else read_site(path).cameras
    click.get_current_context().meta[SITE_CAMERAS] = known


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run, if all that they name is found."""
    known = asked_options(post_command)
    for key in asked["options"]:
        if key not in known:
            raise InputError(
                f"the request contains {key}, which is not an option any more"
            )
    if lost := _lost(asked):
        named = ", ".join(f"--{key.replace('_', '-')}" for key in lost)
        raise InputError(
            f"the file of {named} was moved, and --inputs has no file of that name: "
            "say with --inputs in which folder it is now"
        )
    return dict(asked["options"])
