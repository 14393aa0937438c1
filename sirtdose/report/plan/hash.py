"""The content hash of a plan, an order, vials or a comparison: whether it is unchanged.

It shows a change, by hand or by accident; it is no signature against forgery.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.output.unfinished import finish
from sirtdose.model.acceptance import to_accept, unaccepted
from sirtdose.report.documents import document_text

# What an approval changes: everything else is content.
_NOT_CONTENT = ("hash", "status", "approval")


def content_hash(document: dict[str, Any]) -> str:
    """SHA-256 of a document's content, whatever the status of a plan.

    Examples
    --------
    >>> draft = {"activity_gbq": 2.0, "status": "draft"}
    >>> content_hash(draft) == content_hash(draft | {"status": "approved"})
    True
    """
    content = {key: one for key, one in document.items() if key not in _NOT_CONTENT}
    return sha256(document_text(content).encode()).hexdigest()


def signed(document: dict[str, Any]) -> dict[str, Any]:
    """The same document with its content hash."""
    return {**document, "hash": content_hash(document)}


def require_unchanged(document: dict[str, Any], name: str) -> None:
    """Refuse a document that is not what was written (H31).

    Raises
    ------
    InputError
        It was edited, or has no hash.

    Examples
    --------
    >>> require_unchanged(signed({"activity_gbq": 2.0}), "order.json")
    """
    try:
        same = document.get("hash") == content_hash(document)
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise InputError(
            f"{name} is not what was written (H31): its content does not fit its hash. "
            "Run the command that made it again, and do not edit it"
        )


def approved(text: str, *, by: str, at: str) -> dict[str, Any]:
    """A plan as approved by a person, from the text of its draft.

    Raises
    ------
    InputError
        No plan, one that was edited, one that is approved already, no name, or a limit
        that is not met and that nobody accepted.
    """
    document = plan_of_text(text)
    if not by.strip():
        raise InputError("an approval needs a name: give --by NAME")
    if document.get("status") != "draft":
        old = document.get("approval") or {}
        raise InputError(
            f"the plan is {document.get('status')} already, by "
            f"{old.get('by', 'nobody')} at {old.get('at', 'no time')}: compute a new "
            "one"
        )
    unmet = unaccepted(document)
    if unmet:
        said = [f"{one.code} {one.message}" for one in unmet]
        said += [f"plan again within it, or with {to_accept(unmet)}"]
        raise InputError("\n".join(["the plan cannot be approved:", *said]))
    approval = {"by": by.strip(), "at": at}
    approval["hash"] = _approval_hash(document["hash"], approval)
    return {**document, "status": "approved", "approval": approval}


def plan_of_file(path: Path) -> dict[str, Any]:
    """The plan of a file, as it was computed.

    Raises
    ------
    FileFormatError
        A file that cannot be read.
    InputError
        No plan, or one that was edited.
    """
    finish(path.parent)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is no plan.json of sirtdose") from None
    return plan_of_text(text)


def plan_of_text(text: str) -> dict[str, Any]:
    """Read plan.json, refusing one that is not what was written.

    Raises
    ------
    InputError
        No plan, or one that was edited after it was computed or approved.
    """
    try:
        document = json.loads(text, parse_constant=_no_number)
        text.encode()
        document_text(document).encode()
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not str(document.get("schema", "")).startswith(
        "sirtdose.plan/"
    ):
        raise InputError("this is no plan.json of sirtdose")
    if document.get("hash") != content_hash(document):
        raise InputError(
            "the plan is not what was computed: its content does not fit its hash; "
            "compute it again, do not edit it"
        )
    approval = document.get("approval")
    if document.get("status") == "approved" and (
        not isinstance(approval, dict)
        or approval.get("hash") != _approval_hash(document["hash"], approval)
    ):
        raise InputError("the plan's approval was edited: approve a draft again")
    return document


def _no_number(text: str) -> float:
    """NaN and infinity are no JSON, and in no plan."""
    raise ValueError(text)


def _approval_hash(content: str, approval: dict[str, Any]) -> str:
    said = "\n".join((content, str(approval.get("by")), str(approval.get("at"))))
    return sha256(said.encode()).hexdigest()
