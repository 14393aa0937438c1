"""Make a result's page again from what was saved with it."""

import json
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.model.patient_link import PatientLink
from sirtdose.report.page_data import page_data_of
from sirtdose.report.plan.hash import plan_of_text
from sirtdose.report.plan.page import plan_page
from sirtdose.report.post.files import PAGE_DATA
from sirtdose.report.post.page import post_page
from sirtdose.report.render import case_hash

# A page's name by the schema of its document.
PAGES = {"sirtdose.post/1": "report.html", "sirtdose.plan/1": "plan.html"}


def page_name(path: Path) -> str:
    """The file that a document's page goes to.

    Raises
    ------
    InputError
        Neither post.json nor plan.json.
    """
    return PAGES[_document(path)[1]["schema"]]


def page_of(path: Path, patient: PatientLink | None = None) -> str:
    """The page of a post.json or plan.json, with the pictures saved beside it.

    Raises
    ------
    FileFormatError
        A file that is missing.
    InputError
        A document of something else, or one that was changed since (H31).
    """
    text, document = _document(path)
    if document["schema"] == "sirtdose.plan/1":
        plan_of_text(text)
        imaged = "measured" in document
        return plan_page(text, page_data(path, document["hash"]) if imaged else None)
    return post_page(text, page_data(path, text), patient)


def saved_data(path: Path) -> tuple[str, dict[str, Any]]:
    """What figures carry to say whose they are, and the pictures saved for a page."""
    text, document = _document(path)
    if document["schema"] == "sirtdose.post/1":
        return f"case {case_hash(text)}", page_data(path, text)
    if "measured" not in document:
        raise InputError(
            f"{path.name} is of a plan without an image: it has no pictures"
        )
    return f"plan {document['hash'][:12]}", page_data(path, document["hash"])


def page_data(path: Path, text: str) -> dict[str, Any]:
    """Pictures and curves beside a document, provided they are its own."""
    return page_data_of(_text(path.with_name(PAGE_DATA)), text)


def _document(path: Path) -> tuple[str, dict[str, Any]]:
    text = _text(path)
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("schema") not in PAGES:
        raise InputError(f"{path.name} is neither post.json nor plan.json of sirtdose")
    return text, document


def _text(path: Path) -> str:
    finish(path.parent)
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise FileFormatError(
            f"there is no {path.name} in {path.parent.name or 'this folder'}: "
            "`sirtdose post` writes it with the results"
        ) from None
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"cannot read {path.name} as text") from None
