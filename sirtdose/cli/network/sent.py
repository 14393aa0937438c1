"""What `sirtdose send` shows: of each file, whether it is stored and confirmed."""

from collections.abc import Sequence
from typing import Any

import click

from sirtdose.network.deliver import Delivery
from sirtdose.network.outgoing import Skipped
from sirtdose.network.send import Sent
from sirtdose.report.documents import document_text
from sirtdose.report.wording import table

# By how the archive was asked.
_CONFIRMED = {
    "commitment": ("committed", "stored, NOT COMMITTED"),
    "search": ("stored, found", "stored, NOT FOUND"),
}


def show_delivery(
    delivery: Delivery, skipped: Sequence[Skipped], *, as_json: bool
) -> None:
    """Show a table on standard error, and the document on standard output if asked."""
    document = _document(delivery, skipped)
    rows = [
        [
            one["file"],
            str(one["sop_class"]).removesuffix(" Storage"),
            _state(delivery, sent),
            one["status"] or "-",
            str(one["attempts"]),
            one["said"] or "-",
        ]
        for one, sent in zip(document["sent"], delivery.sent, strict=True)
    ]
    head = ["file", "kind", "state", "status", "attempts", "said"]
    click.echo(table(head, rows), err=True)
    for one in document["skipped"]:
        click.echo(f"{one['file']} skipped: {one['why']}", err=True)
    sent = delivery.sent
    click.echo(f"\n{sum(one.stored for one in sent)} of {len(sent)} stored", err=True)
    if delivery.confirmation is not None:
        click.echo(delivery.confirmation.said, err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def _document(delivery: Delivery, skipped: Sequence[Skipped]) -> dict[str, Any]:
    from pydicom.uid import UID

    confirmation = delivery.confirmation
    return {
        "schema": "sirtdose.send/1",
        "sent": [
            {
                "file": one.file.path.name,
                "sop_class": UID(one.file.sop_class).name,
                "stored": one.stored,
                "confirmed": delivery.has(one),
                "status": None if one.status is None else f"{one.status:04X}H",
                "attempts": one.attempts,
                "said": _said(delivery, one) or None,
            }
            for one in delivery.sent
        ],
        "skipped": [{"file": one.path.name, "why": one.why} for one in skipped],
        "confirmation": None
        if confirmation is None
        else {
            "by": confirmation.by,
            "offered": confirmation.offered,
            "answered": confirmation.answered,
            "said": confirmation.said,
        },
    }


def _state(delivery: Delivery, one: Sent) -> str:
    has = delivery.has(one)
    if delivery.confirmation is None or has is None:
        return "stored" if one.stored else "NOT STORED"
    good, bad = _CONFIRMED[delivery.confirmation.by]
    return good if has else bad


def _said(delivery: Delivery, one: Sent) -> str:
    """Why it is not stored or kept, or what was warned of."""
    if delivery.has(one) is False and delivery.confirmation is not None:
        lacking = delivery.confirmation.lacking[one.file.sop_instance]
        return "; ".join(text for text in (one.said, lacking) if text)
    return one.said
