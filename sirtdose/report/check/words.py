"""What a check found, as a person reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.model.metric import Metric, metrics_in
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML
from sirtdose.report.doses import asked_in, missing_lines
from sirtdose.report.screen import Screen
from sirtdose.report.wording import (
    activity,
    method_words,
    not_compared_lines,
    significant,
    spoken,
    table,
)

Document = Mapping[str, Any]
_CANDIDATES = 8
_GLANCED = 3
VERDICTS = ("pass", "FAIL")
# Of a system held against itself: said, not judged.
FINDINGS = ("same", "differs")
NO_STRUCTURES = (
    "No structure was compared: none was kept with our results or given; give them "
    "with --structures. What is judged is gamma alone"
)


def check_screen(document: Document) -> Screen:
    """The lines that a person sees on the terminal."""
    asked = asked_in(document)
    failures, grid = document["failures"], document["grid"]
    beyond = ["Beyond tolerance", *(f"  {spoken(one)}" for one in failures), ""]
    # All of both was compared, and it is known that they lie on each other.
    whole = grid["covered_fraction"] == 1 and grid["frames_known"]
    result = [
        f"{headline(document)}: their dose against ours ({how_ours(document)})",
        "",
        table(*means_table(document["structures"], asked))
        if document["structures"]
        else NO_STRUCTURES,
        *unvalued_lines(document),
        "",
        *(beyond if failures else []),
        *gamma_lines(document),
        total_line(document),
        *([] if whole else coverage_lines(document)),
        "",
        *cause_lines(document),
        *factor_lines(document, most=_GLANCED),
    ]
    if document["reported"]:
        reported = table(*means_table(document["reported"], asked))
        result += ["", "As they report it, against ours", "", reported]
    result += [
        *histogram_findings(document),
        *unread_lines(document),
        *(f"left out: '{name}': {why}" for name, why in document["left_out"].items()),
        *document["table_remarks"],
    ]
    details = [
        *(coverage_lines(document) if whole else []),
        *factor_lines(document),
        *histogram_lines(document),
    ]
    last = ["Not a medical device: verify with an approved system"]
    return replace(Screen.of(document, result, details), last=last)


def headline(document: Document) -> str:
    """Pass or fail."""
    return "PASS" if document["passed"] else "FAIL"


def how_ours(document: Document) -> str:
    """How our dose was computed, or that nothing is known of it."""
    if not document["ours"]["known"]:
        return "a dose map that says nothing of how it was computed"
    density = document["ours"]["density_g_per_ml"]
    where = "by voxel" if density is None else f"{density:g} g/mL"
    method = method_words(str(document["ours"]["method"]))
    constant = document["ours"]["dose_constant_gy_kg_per_gbq"]
    meaning = document["ours"]["dose_constant_meaning"]
    said = f"{method}, density {where}, K {constant:g} Gy kg/GBq"
    said += f" ({meaning})" if meaning else ""
    digest = document["ours"]["nuclide_sha256"]
    if digest is None:
        return said
    own = f"{document['ours']['nuclide']}, own file {digest[:12]}"
    return f"{said}, {own}: {document['ours']['nuclide_source']}"


def histogram_lines(document: Document) -> list[str]:
    """What the histograms of their RTDOSE say, against their dose in the contours."""
    held = document["histograms"]
    rows = as_ours_and_theirs(held["compared"])
    said = []
    if rows:
        header, lines = means_table(rows, verdicts=FINDINGS)
        header[2:4] = ["their dose Gy", "stated Gy"]
        said += ["", "Their own histograms (DVHSequence), against their dose", ""]
        said.append(table(header, lines))
    return said


def histogram_findings(document: Document) -> list[str]:
    """Where their histograms are not those of their dose, and remarks on them."""
    held = document["histograms"]
    rows = as_ours_and_theirs(held["compared"])
    return [
        *(f"  {one}" for one in held["findings"]),
        *(f"  '{row['name']}': {one}" for row in rows for one in row["remarks"]),
    ]


def unread_lines(document: Document) -> list[str]:
    """Which histograms of their RTDOSE were not compared, a line for each reason."""
    return not_compared_lines("their", document["histograms"]["left_out"])


def as_ours_and_theirs(rows: Sequence[Document]) -> list[dict[str, Any]]:
    """Histograms in the form of the other tables: what is recomputed stands as ours."""
    return [
        {
            **row,
            "our_structure": row["name"],
            "volume_ml": row["numbers"].get("volume", {}).get("recomputed"),
            "numbers": {
                key: {**one, "ours": one["recomputed"], "theirs": one["stated"]}
                for key, one in row["numbers"].items()
            },
        }
        for row in rows
    ]


def means_table(
    rows: Sequence[Document],
    asked: Sequence[Metric] = (),
    verdicts: tuple[str, str] = VERDICTS,
) -> tuple[list[str], list[list[str]]]:
    """Header and rows: the mean of both, other differences, and the verdict.

    Metrics asked for have both numbers too.
    """
    glanced = metrics_in("glance")
    header = ["structure", "mL", "ours Gy", "theirs Gy", "Gy", "%"]
    header += [f"{one.words} %" for one in glanced]
    for one in asked:
        apart_in = "points" if one.is_part else "%"
        header += [f"ours {one.heading}", f"theirs {one.heading}", apart_in]
    lines = [
        [
            spoken(row["name"]),
            "-" if row["volume_ml"] is None else significant(row["volume_ml"]),
            *both(mean),
            apart(mean),
            percent(mean),
            *(percent(row["numbers"].get(one.key)) for one in glanced),
            *(
                cell
                for one in asked
                for number in [row["numbers"].get(one.key)]
                for cell in (*both(number), percent(number))
            ),
            verdicts[0] if row["met"] else verdicts[1],
        ]
        for row in rows
        for mean in [row["numbers"].get("mean")]
    ]
    return [*header, ""], lines


def unvalued_lines(document: Document) -> list[str]:
    """Which structures have none of what was asked for, and why."""
    return missing_lines(
        document["structures"],
        asked_in(document),
        lambda row, metric: row["numbers"].get(metric.key),
    )


def both(number: Document | None) -> tuple[str, str]:
    """Ours and theirs; fractions of a volume in percent."""
    if number is None:
        return "-", "-"
    ours, theirs = (
        f"{100 * number[key]:.1f}"
        if number["unit"] == "1"
        else significant(number[key])
        for key in ("ours", "theirs")
    )
    return ours, theirs


def percent(number: Document | None) -> str:
    """A difference as a percentage of ours; of fractions of a volume in points."""
    if number is None:
        return "-"
    if number["unit"] == "1":
        return f"{round(100 * number['difference'], 1) + 0.0:+.1f}"
    relative = number["relative"]
    return "-" if relative is None else f"{round(100 * relative, 1) + 0.0:+.1f}"


def apart(number: Document | None) -> str:
    """Theirs minus ours in its unit, empty for parts of a volume."""
    if number is None:
        return "-"
    return (
        "" if number["unit"] == "1" else f"{round(number['difference'], 2) + 0.0:+.2f}"
    )


def gamma_lines(document: Document) -> list[str]:
    """A line for each criterion."""
    left_out = document["gamma_left_out"]
    return [
        *(
            f"Gamma {one['criterion']}: {100 * one['pass_fraction']:.2f} % of "
            f"{one['points']} points pass, mean {one['mean']:.3f}, greatest "
            f"{one['greatest']:.2f}"
            + (" and more" if one["greatest"] >= one["cap"] else "")
            + ("" if one["judged"] else " (not judged)")
            for one in document["gamma"]
        ),
        *([f"no gamma: {left_out}"] if left_out else []),
    ]


def gamma_how(document: Document) -> str:
    """How gamma was computed."""
    if not document["gamma"]:
        return ""
    first = document["gamma"][0]
    return (
        "Ours is the reference, theirs is interpolated (trilinear) around each of its "
        f"points; points under {100 * first['cutoff_fraction']:g} % of our greatest "
        f"dose ({significant(first['norm_gy'])} Gy) are left out; global takes the "
        "dose difference of that greatest dose, local of each point's own; values end "
        f"at {first['cap']:g}"
    )


def total_line(document: Document) -> str:
    """The ratio of the doses' sums, and the activity it would stand for."""
    total = document["total"]
    ratio = f"{total['ratio']:.4f}"
    said = f"Ratio of calibrations, theirs over ours by the sum of dose: {ratio}"
    if total["treated_gbq"] is None:
        return said
    return (
        f"{said}: at our density and dose constant {activity(total['their_gbq'])} "
        f"treated instead of our {significant(total['treated_gbq'])} GBq"
    )


def coverage_lines(document: Document) -> list[str]:
    """What is not compared as the doses do not lie over each other."""
    grid = document["grid"]
    said = [
        "Both doses have the same voxels"
        if grid["same"]
        else "Their dose is interpolated (trilinear) at our voxels' centers"
    ]
    if grid["covered_fraction"] < 1:
        said.append(
            f"{1 - grid['covered_fraction']:.2%} of our dose above the cutoff lies "
            "outside their grid and is not compared"
        )
    if not grid["frames_known"]:
        said.append(
            "one of them has no frame of reference: they are taken to lie as they say"
        )
    return ["; ".join(said)]


def cause_lines(document: Document) -> list[str]:
    """What explains the difference, best first."""
    causes = document["causes"]
    if causes:
        lines = [
            f"What explains {causes[0]['rms_before_gy']:.3g} Gy (root mean square) "
            "between the maps",
            *(f"  {number}. {one['says']}" for number, one in enumerate(causes, 1)),
            *([f"  {document['unexplained']}"] if document["unexplained"] else []),
        ]
    else:
        apart_by = document["difference"]
        lines = [
            "Nothing to explain between the dose maps: they differ by "
            f"{small_gy(apart_by['rms_gy'])} Gy (root mean square, at "
            f"{apart_by['cutoff_gy']:.3g} Gy and more)"
        ]
    lines += [f"Structures: {one['says']}" for one in document["structure_causes"]]
    if document["unmatched"]:
        names = ", ".join(f"'{name}'" for name in document["unmatched"])
        lines.append(f"None of ours is named like their {names}")
    return lines


def _usual() -> str:
    """What a dose map that says nothing of itself is taken to be made with."""
    y90 = Nuclide.named("Y-90")
    return (
        f"{LIVER_DENSITY_G_PER_ML:g} g/mL, {y90.dose_constant_gy_kg_per_gbq:g} "
        f"Gy kg/GBq, {y90.half_life_h:g} h"
    )


def factor_lines(document: Document, most: int = _CANDIDATES) -> list[str]:
    """Which known choices would give the factor, and that it cannot tell them apart."""
    factor = document["factor"]
    if factor is None:
        return []
    known = factor["known"]
    if not known:
        return [
            f"A factor of {factor['value']:.4f} is none of the known choices: "
            "calibration of the image, administered activity or time are left"
        ]
    taken = "" if factor["ours_known"] else f" (taking ours as {_usual()})"
    more = len(known) - most
    return [
        f"A factor of {factor['value']:.4f}, within {100 * factor['within']:g} %, is "
        f"given by each of these{taken}; the doses alone cannot tell them apart, nor "
        "from another calibration or activity by that factor:",
        *(f"  {one['says']}: {one['factor']:.4f}" for one in known[:most]),
        *([f"  and {more} more in check.json"] if more > 0 else []),
    ]


def cause_words(cause: Document) -> str:
    """An explanation, and what is left after it."""
    return (
        f"{_what(cause)}: takes away {100 * cause['explained_fraction']:.1f} %, leaves "
        f"{small_gy(cause['rms_after_gy'])} of {cause['rms_before_gy']:.3g} Gy"
    )


def small_gy(value: float) -> str:
    """A difference that may be mere rounding.

    >>> small_gy(0.36142), small_gy(1e-13), small_gy(0.0)
    ('0.361', 'under 0.001', '0')
    """
    return "under 0.001" if 0 < value < 1e-3 else f"{value:.3g}"


def _what(cause: Document) -> str:
    kind = cause["kind"].partition("+")[0]
    said = {
        "scale": "a common factor",
        "shift": "a shift",
        "blur": "blur",
        "method": "the dose method",
        "mirror": "a mirrored axis",
        "rigid": "a turn",
    }[kind]
    if kind == "shift":
        x, y, z = (round(one, 1) + 0.0 for one in cause["shift_mm"])
        length = (x**2 + y**2 + z**2) ** 0.5
        said += f" of {length:.1f} mm (x {x:+.1f}, y {y:+.1f}, z {z:+.1f} mm, LPS)"
    if kind == "rigid":
        said += _turn_words(cause)
    if kind == "blur":
        width = cause["fwhm_mm"]
        whose = "theirs is ours" if width > 0 else "ours is theirs"
        said += f" or a kernel: {whose} blurred by {abs(width):.1f} mm (FWHM)"
    if kind == "method":
        said += f": theirs is our {method_words(str(cause['method']))}"
    if kind == "mirror":
        several = " and " in cause["axis"]
        said = f"{'mirrored axes' if several else said}, {cause['axis']}"
    if cause["factor"] is not None:
        said += f"{' and a factor' if kind != 'scale' else ''} of {cause['factor']:.4f}"
    return said


def _turn_words(cause: Document) -> str:
    """Degrees about each axis, and the shift of what it is around."""
    turn, shift = (
        [round(one, 1) + 0.0 for one in cause[key]]
        for key in ("rotation_deg", "shift_mm")
    )
    angle = sum(one**2 for one in cause["rotation_deg"]) ** 0.5
    axes = ", ".join(f"{a} {one:+.1f}" for a, one in zip("xyz", turn, strict=True))
    moved = ", ".join(f"{a} {one:+.1f}" for a, one in zip("xyz", shift, strict=True))
    return (
        f" by {angle:.1f} degrees (about {axes}) around the middle of our dose, with a "
        f"shift of {moved} mm (LPS)"
    )
