"""What `sirtdose send` shows: of each file, whether it is stored and confirmed."""

from collections.abc import Sequence
from typing import Any

import click

from sirtdose.network.deliver import Delivery
from sirtdose.network.outgoing import Skipped
from sirtdose.network.send import Sent
from sirtdose.report.documents import document_text
from sirtdose.report.wording import table

_MOST_ROWS = 25
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
    click.echo(table(head, _shortened(rows, document["sent"])), err=True)
    for why, names in _by_reason(document["skipped"]).items():
        click.echo(f"\nskipped, {why}: {', '.join(names)}", err=True)
    sent = delivery.sent
    click.echo(f"\n{sum(one.stored for one in sent)} of {len(sent)} stored", err=True)
    if delivery.confirmation is not None:
        click.echo(delivery.confirmation.said, err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def _shortened(
    rows: Sequence[list[str]], sent: Sequence[dict[str, Any]]
) -> list[list[str]]:
    """What is stored in the same way as one row, where there are many files."""
    if len(rows) <= _MOST_ROWS:
        return list(rows)
    shown: dict[tuple[str, ...], list[list[str]]] = {}
    for number, (row, one) in enumerate(zip(rows, sent, strict=True)):
        alike = (*row[1:], "" if one["stored"] else str(number))
        shown.setdefault(alike, []).append(row)
    return [
        [f"{own[0][0]} and {len(own) - 1} more" if own[1:] else own[0][0], *own[0][1:]]
        for own in shown.values()
    ]


def _by_reason(skipped: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in skipped:
        found.setdefault(one["why"], []).append(one["file"])
    return found


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
