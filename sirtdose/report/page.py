"""report.html: one file that opens from disk, without network or script."""

from typing import TYPE_CHECKING, Any

from sirtdose.data.load import table
from sirtdose.model.role import Role
from sirtdose.report.dvh_plot import dvh_plot
from sirtdose.report.planes import drawn, fused_planes, png, structure_colors
from sirtdose.report.summary import (
    calibration_line,
    density_words,
    image_lines,
    ledger_lines,
    lung_line,
    mass_lines,
    mean_difference,
    partial_volume_lines,
)
from sirtdose.report.wording import significant

if TYPE_CHECKING:
    from sirtdose.dosimetry.assessment import Assessment


def post_page(assessment: "Assessment", document: dict[str, Any]) -> str:
    """The page of an assessment; numbers come from the saved document."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sirtdose.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    method = next(iter(assessment.doses))
    rows = document["doses"][method]["structures"]
    usual_gy = {row["name"]: row["dose_gy"]["mean"] for row in rows}
    planes, top_gy = fused_planes(assessment, method)
    colors = structure_colors(assessment.structures)
    anchors = table("colormap")["inferno"]
    return environment.get_template("post.html").render(
        d=document,
        sig=significant,
        ledger=ledger_lines(document["ledger"]),
        calibration=calibration_line(document["calibration"]),
        image_lines=image_lines(document["image"]),
        lung=lung_line(document["lungs"]),
        density=density_words,
        by_mass=mass_lines,
        difference=lambda row: mean_difference(row, usual_gy.get(row["name"])),
        registration=[png(one) for one in assessment.registration.pictures]
        if assessment.registration
        else [],
        blur=[one for one in partial_volume_lines(document["partial_volume"]) if one],
        first=method.replace("_", " "),
        planes=planes,
        top_gy=top_gy,
        where="the middle of the largest tumor"
        if any(s.role is Role.TUMOR for s in assessment.structures)
        else "the hottest voxel",
        gray="CT" if assessment.ct else "the activity image",
        gradient=", ".join(f"rgb({r} {g} {b})" for r, g, b in anchors),
        outlines=[(s.name, colors[s.name]) for s in assessment.structures if drawn(s)],
        plot=dvh_plot(assessment.structure_doses[method], colors),
    )
