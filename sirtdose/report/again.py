"""Make a result's page again from what was saved with it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.model.patient_link import PatientLink
from sirtdose.report.documents import document_text
from sirtdose.report.lesions.page import lesions_page
from sirtdose.report.page_data import page_data_of
from sirtdose.report.plan.comparison_page import comparison_page
from sirtdose.report.plan.hash import plan_of_text, require_unchanged
from sirtdose.report.plan.nameless import without_identity
from sirtdose.report.plan.page import Made, plan_page
from sirtdose.report.plan.sheet import plan_sheet
from sirtdose.report.plan.vial_page import order_page, vial_page
from sirtdose.report.post.files import PAGE_DATA
from sirtdose.report.post.page import post_page
from sirtdose.report.render import case_hash

_POST, _PLAN = "sirtdose.post/1", "sirtdose.plan/1"
_COMPARE, _VIAL = "sirtdose.compare/1", "sirtdose.vial/1"
_ORDER, _LESIONS = "sirtdose.order/1", "sirtdose.lesions/1"
# A page's name by the schema of its document.
PAGES = {
    _POST: "report.html",
    _LESIONS: "lesions.html",
    _PLAN: "plan.html",
    _COMPARE: "compare.html",
    _VIAL: "vial.html",
    _ORDER: "order.html",
}
# Those that are one sheet anyway.
_SHEETS = {_COMPARE: comparison_page, _VIAL: vial_page, _ORDER: order_page}
SHEET_FILE = "sheet.html"
_PLANS = ("plan.json", "compare.json", "vial.json", "order.json")
_RESULTS = ("post.json", "lesions.json", *_PLANS)
_ANY_PLAN = f"{', '.join(_PLANS[:-1])} or {_PLANS[-1]}"
_ANY_RESULT = f"{', '.join(_RESULTS[:-1])} or {_RESULTS[-1]}"


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a page.

    `sheet` is one A4 page for the tumor board; `deidentified` blanks keys and dates.
    """

    patient: PatientLink | None = None
    sheet: bool = False
    deidentified: bool = False


def page_name(path: Path, *, sheet: bool = False) -> str:
    """The file that a document's page goes to.

    Raises
    ------
    InputError
        A document that has no page, or a sheet of one that has none.
    """
    schema = _document(path)[1]["schema"]
    if sheet and schema in (_POST, _LESIONS):
        raise InputError(f"--sheet is for plans: give {_ANY_PLAN}")
    return SHEET_FILE if sheet else PAGES[schema]


def page_of(path: Path, wanted: Wanted | None = None) -> str:
    """The page of a result document, with the pictures saved beside it.

    Raises
    ------
    FileFormatError
        A file that is missing.
    InputError
        A document of something else, or one that was changed since (H31).
    """
    wanted = wanted or Wanted()
    text, document = _document(path)
    schema = document["schema"]
    if wanted.deidentified and schema in (_POST, _LESIONS):
        command = "post" if schema == _POST else "lesions"
        raise InputError(
            "results after treatment are de-identified when they are made: run "
            f"`sirtdose {command}` with --deidentify"
        )
    if schema == _POST:
        return post_page(text, page_data(path, text), wanted.patient)
    if schema == _LESIONS:
        require_unchanged(document, path.name)
        return lesions_page(text)
    data = None
    if schema == _PLAN:
        plan_of_text(text)
        imaged = "doses" in document
        data = page_data(path, document["hash"]) if imaged else None
    else:
        require_unchanged(document, path.name)
    if wanted.deidentified:
        text = document_text(without_identity(document))
    made = Made.today(deidentified=wanted.deidentified)
    if schema == _PLAN:
        return (plan_sheet if wanted.sheet else plan_page)(text, data, made)
    return _SHEETS[schema](text, made)


def saved_data(path: Path) -> tuple[str, dict[str, Any]]:
    """What figures carry to say whose they are, and the pictures saved for a page."""
    text, document = _document(path)
    if document["schema"] not in (_POST, _PLAN):
        raise InputError(f"{path.name} has no pictures: leave --figures out")
    if document["schema"] == _POST:
        return f"case {case_hash(text)}", page_data(path, text)
    if "doses" not in document:
        raise InputError(
            f"{path.name} is of a plan without an image: it has no pictures"
        )
    return f"plan {document['hash'][:12]}", page_data(path, document["hash"])


def saved_post(path: Path) -> dict[str, Any]:
    """The document of a treatment, provided nothing of it was changed (H31).

    Raises
    ------
    InputError
        Another document, or one that was changed since.
    """
    text, document = _document(path)
    if document["schema"] != _POST:
        raise InputError(f"{path.name} is not of a treatment: give post.json")
    page_data(path, text)
    return document


def page_data(path: Path, text: str) -> dict[str, Any]:
    """Pictures and curves beside a document, provided they are its own."""
    return page_data_of(_text(path.with_name(PAGE_DATA)), text)


def _document(path: Path) -> tuple[str, dict[str, Any]]:
    _require_result(path)
    text = _text(path)
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("schema") not in PAGES:
        raise InputError(f"{path.name} has no page: give {_ANY_RESULT} of sirtdose")
    return text, document


def _require_result(path: Path) -> None:
    """Before it is read: what was named may be a folder, nothing, or no result."""
    finish(path.parent)
    if path.is_dir():
        made = [one for one in _RESULTS if (path / one).is_file()] or _RESULTS[:1]
        inside = " or ".join(f"{path.name}/{one}" for one in made)
        raise InputError(f"{path.name} is a folder: give {inside}")
    if not path.exists():
        raise InputError(f"there is no file {path.name}: give {_ANY_RESULT}")
    if path.suffix.casefold() != ".json":
        if path.suffix.casefold() == ".dcm":
            raise InputError(
                f"{path.name} is DICOM: add --csv to read a structured report, or give "
                f"{_ANY_RESULT}"
            )
        raise InputError(f"no page is made from {path.name}: give {_ANY_RESULT}")


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
