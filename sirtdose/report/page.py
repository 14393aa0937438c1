"""report.html: one file that opens from disk, without network or script."""

from typing import TYPE_CHECKING, Any

from sirtdose.data.load import table
from sirtdose.report.dvh_plot import dvh_plot
from sirtdose.report.planes import COLORS, drawn, fused_planes
from sirtdose.report.summary import calibration_line, ledger_lines
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
    planes, top_gy = fused_planes(assessment, method)
    outlined = [s for s in assessment.structures if drawn(s)]
    anchors = table("colormap")["inferno"]
    return environment.get_template("post.html").render(
        d=document,
        sig=significant,
        ledger=ledger_lines(document["ledger"]),
        calibration=calibration_line(document["calibration"]),
        planes=planes,
        top_gy=top_gy,
        gray="CT" if assessment.ct else "the activity image",
        gradient=", ".join(f"rgb({r} {g} {b})" for r, g, b in anchors),
        outlines=[
            (s.name, COLORS[number % len(COLORS)]) for number, s in enumerate(outlined)
        ],
        plot=dvh_plot(assessment.structure_doses[method]),
    )
