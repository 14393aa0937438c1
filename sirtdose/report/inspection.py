"""What is in a folder, as a document and as text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sirtdose import __version__
from sirtdose.io.found import patients_in
from sirtdose.report.wording import table

if TYPE_CHECKING:
    from sirtdose.io.choose import Choice
    from sirtdose.io.found import Found


def inspection_document(
    found: "Sequence[Found]", choice: "Choice | None", problem: str
) -> dict[str, Any]:
    """Everything found, with what would be used; no patient identifier."""
    used = {}
    if choice:
        used[choice.image.paths] = "activity image"
        used |= {item.paths: "structures" for item in choice.structures}
        if choice.ct:
            used[choice.ct.paths] = "CT"
    return {
        "schema": "sirtdose.inspect/1",
        "sirtdose_version": __version__,
        "found": [
            {
                "kind": str(item.kind),
                "modality": item.modality or None,
                "name": item.label,
                "files": len(item.paths),
                "size": item.size or None,
                "series_instance_uid": item.series_instance_uid or None,
                "used_as": used.get(item.paths),
                "remark": item.remark or None,
            }
            for item in found
        ],
        "patients": patients_in(found),
        "choices": list(choice.reasons) if choice else [],
        "problem": problem or None,
    }


def inspection_summary(document: dict[str, Any]) -> str:
    """The same for a terminal."""
    rows = [
        [
            item["name"],
            item["kind"],
            str(item["files"]),
            item["size"] or "-",
            item["used_as"] or "-",
        ]
        for item in document["found"]
    ]
    lines = [table(["name", "kind", "files", "size", "used as"], rows)]
    lines += [
        f"{item['name']}: {item['remark']}"
        for item in document["found"]
        if item["remark"]
    ]
    if document["patients"] > 1:
        lines.append(f"STOP H01  files of {document['patients']} different patients")
    if document["problem"]:
        lines += ["", f"Cannot choose: {document['problem']}"]
    return "\n".join(lines)
