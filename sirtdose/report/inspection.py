"""What is in a folder, as a document and as text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from sirtdose import __version__
from sirtdose.io.choose import Inspection, frames_differ, unused_lines
from sirtdose.io.found import Found, patients_in
from sirtdose.report.documents import image_document
from sirtdose.report.scan.document import fact_rows, facts_document
from sirtdose.report.wording import activity, role_words, table

# On a terminal; the document names all.
_NAMED_MAX = 100


def inspection_document(inspection: Inspection, *, paths: bool) -> dict[str, Any]:
    """Everything found, with what would be used.

    No patient identifier, but by `paths` what the folders' names give away.
    """
    choice, found = inspection.choice, inspection.found
    unusable = {item.paths: why for item, why in inspection.unusable}
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
                "name": inspection.name_of(item),
                "files": len(item.paths),
                "size": item.size or None,
                "series_instance_uid": item.series_instance_uid or None,
                "frames_of_reference": [*item.frames_of_reference],
                "used_as": None if item.paths in unusable else used.get(item.paths),
                "remark": unusable.get(item.paths) or item.remark or None,
                **({"path": _place(item, inspection.root)} if paths else {}),
            }
            for item in found
        ],
        "patients": patients_in(found),
        "frames_differ": (choice and frames_differ(choice)) or None,
        "choices": list(choice.reasons) if choice else [],
        "structures": [
            {
                "name": one.name,
                "role": str(one.role),
                "volume_ml": None if one.empty else round(one.volume_ml, 3),
                "remarks": [
                    *one.remarks,
                    *([one.doubt.says] if one.doubt and not one.empty else []),
                ],
            }
            for one in inspection.structures
        ],
        "unusable": list(unusable.values()),
        "noticed": list(inspection.noticed),
        "scans": [
            {
                "name": inspection.name_of(item),
                "image": image_document(facts.source),
                "voxels": facts_document(facts),
            }
            for item, facts in inspection.scans
        ],
        "not_used": [
            {"why": why, "names": list(names)}
            for why, names in inspection.unused.items()
        ],
        "problem": inspection.problem or None,
    }


def inspection_summary(document: dict[str, Any]) -> str:
    """The same for a terminal."""
    uids = dict.fromkeys(
        uid for item in document["found"] for uid in item["frames_of_reference"]
    )
    letters = dict(zip(uids, _letters(), strict=False))
    rows = [
        [
            item.get("path") or item["name"],
            item["kind"],
            str(item["files"]),
            item["size"] or "-",
            ", ".join(letters[uid] for uid in item["frames_of_reference"]) or "-",
            item["used_as"]
            or ("cannot be read" if item["remark"] in document["unusable"] else "-"),
        ]
        for item in document["found"]
    ]
    lines = [
        table(["name", "kind", "files", "size", "frame", "used as"], rows),
        *(
            f"{item['name']}: {item['remark']}"
            for item in document["found"]
            if item["remark"] and item["remark"] not in document["unusable"]
        ),
    ]
    if document["patients"] > 1:
        lines.append(f"STOP H01  files of {document['patients']} different patients")
    if document["frames_differ"]:
        lines.append(f"STOP H15  {document['frames_differ']}")
    lines += (f"cannot be used: {reason}" for reason in document["unusable"])
    lines += document["noticed"]
    listed = {item["name"] for item in document["found"] if item["remark"]}
    for one in document["not_used"]:
        names = [name for name in one["names"] if name not in listed]
        lines += unused_lines({one["why"]: names}, most=_NAMED_MAX) if names else []
    lines += (one for one in document["choices"] if one.startswith("Structures: "))
    if document["structures"]:
        volumes = [
            [
                *(one["name"], role_words(one["role"])),
                "empty" if one["volume_ml"] is None else f"{one['volume_ml']:.1f}",
            ]
            for one in document["structures"]
        ]
        lines += [
            "",
            table(["structure", "role", "mL"], volumes),
            *(
                f"'{one['name']}': {remark}"
                for one in document["structures"]
                for remark in one["remarks"]
            ),
        ]
    lines += scan_lines(document["scans"])
    if document["problem"]:
        lines += ["", f"Cannot choose: {document['problem']}"]
    return "\n".join(lines)


def scan_lines(scans: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What each activity image says by itself."""
    for one in scans:
        found = one["voxels"]["activity_gbq"]
        rows = list(fact_rows(one["voxels"], one["image"]))
        if found is not None:
            rows.insert(0, ("Activity in view", activity(found)))
        width = max(len(name) for name, _ in rows)
        yield ""
        yield f"{one['name']}:"
        yield from (f"  {name:<{width}}  {said}" for name, said in rows)


def _place(item: Found, root: Path) -> str:
    """Where a file is below the root, or in which folder a series is."""
    if item.paths[0] == root:
        return item.label
    if len(item.paths) == 1:
        return str(item.paths[0].relative_to(root))
    return f"{item.paths[0].parent.relative_to(root)} ({item.label})"


def _letters() -> Iterator[str]:
    """A, B, ... Z, A2, B2, ...: a frame of reference's UID tells a reader nothing."""
    for turn in count(1):
        for letter in ascii_uppercase:
            yield letter if turn == 1 else f"{letter}{turn}"
