"""A registration of an activity image, to be looked at before it is accepted."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.grid.registration import Registration, write_transform
from sirtdose.model.finding import Finding
from sirtdose.report.documents import document_text, findings_document
from sirtdose.report.page_head import PageHead
from sirtdose.report.planes import png
from sirtdose.report.post.document import registration_document
from sirtdose.report.render import render
from sirtdose.report.screen import Screen

REGISTER_FILES = ("register.json", "registration.tfm", "register.html")
_NAMELESS = (
    *("method", "maps", "shift_mm", "rotation_deg", "inverse_error_mm", "outline"),
    *("mutual_information_before", "mutual_information_after"),
)
_PLANES = ("axial", "coronal", "sagittal")


def register_document(
    found: Registration,
    findings: Sequence[Finding],
    inputs: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """What was found; it names nobody, neither by a file nor by a structure."""
    registration = registration_document(found) or {}
    return {
        "schema": "sirtdose.register/1",
        "sirtdose_version": __version__,
        "registration": {
            name: one for name, one in registration.items() if name in _NAMELESS
        },
        "warnings": findings_document(findings),
        "inputs": [
            {name: one[name] for name in ("kind", "files", "sha256")} for one in inputs
        ],
    }


def register_screen(document: dict[str, Any]) -> Screen:
    """What a person sees: the check that asks says all figures."""
    found = document["registration"]
    fit = found["outline"]
    x, y, z = found["shift_mm"]
    before, after = (
        found[f"mutual_information_{when}"] for when in ("before", "after")
    )
    lines = [
        f"Registered to the {fit['anatomy']} by the outline of the {fit['region']}",
        "",
        f"shift of structures  {x:.1f}, {y:.1f}, {z:.1f} mm (x, y, z)",
        f"rotation             {found['rotation_deg']:.1f} degrees",
        f"mutual information   {before:.3f} before, {after:.3f} after",
        f"overlap of outlines  {fit['overlap_before']:.0%} before, "
        f"{fit['overlap_after']:.0%} after",
    ]
    return Screen.of(document, lines)


def write_register(found: Registration, document: dict[str, Any], folder: Path) -> None:
    """Document, transform, and the page with its pictures."""
    text = document_text(document)
    (folder / "register.json").write_text(text, "utf-8")
    write_transform(found, folder / "registration.tfm")
    digest = sha256(text.encode()).hexdigest()
    head = PageHead(
        "Registration of the image", digest, key="no patient named", treated=""
    )
    page = render(
        "register.html",
        {},
        (),
        head=head,
        version=__version__,
        d=document,
        planes=_PLANES,
        pictures=[png(one) for one in found.pictures],
    )
    (folder / "register.html").write_text(page, "utf-8")
