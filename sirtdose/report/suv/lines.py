"""Tables of `sirtdose suv`, and what a terminal shows of it."""

from collections.abc import Mapping
from typing import Any

from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import table

_COLUMNS = (
    *("case_id", "lesion", "volume_ml", "suv_max", "suv_mean"),
    *("suv_peak", "sul_max", "sul_mean", "sul_peak", "sul_peak_at_maximum"),
    *("sul_peak_between", "suv_bsa_max", "ct_number_hu"),
    *("diameter_mm", "short_axis_mm", "diameter_between_centers_mm"),
    *("short_axis_between_centers_mm", "measurable"),
)


def lesions_csv(document: Mapping[str, Any]) -> str:
    """A row a lesion."""
    names = document["lesions"][0]["above"] if document["lesions"] else {}
    more = [
        f"{kind}_{_key(name)}"
        for name in names
        for kind in ("mtv_ml", "tlg", "tlg_sul")
    ]
    rows = [_row(document, one) for one in document["lesions"]]
    return rows_csv([*_COLUMNS, *more], rows)


_UPTAKE = (
    *("case_id", "date", "lesion", "sul_peak", "liver_mean", "liver_sd", "new"),
    "diameter_mm",
)


def no_uptake_csv(document: Mapping[str, Any]) -> str:
    """Why there is no table for `sirtdose response`; empty where there is one."""
    if document["reference"]["liver"] is None:
        why = "that table is of normal liver, which is missing"
        if document["reference"]["blood_pool"] is not None:
            why += "; `sirtdose response --scans` compares with the blood pool instead"
    elif document["scan"]["started"] is None:
        why = "`sirtdose response` needs the date of the scan, which " + (
            "--deidentify leaves out"
            if document["deidentified"]
            else "the header does not have: give --scan-at"
        )
    else:
        why = "" if document["lesions"] else "no lesion was measured"
    return why and f"uptake.csv is not written: {why}"


def uptake_csv(document: Mapping[str, Any]) -> str:
    """A row a lesion as `sirtdose response` reads it.

    Whether a lesion is new is for a person to write: one scan cannot tell.
    """
    liver = document["reference"]["liver"]
    primary = document["peak"]["primary"]
    rows = [
        {
            "case_id": document["case_id"],
            "date": document["scan"]["started"][:10],
            "lesion": one["name"],
            "sul_peak": one["sul"]["peak"][primary],
            "liver_mean": liver["sul_mean"],
            "liver_sd": liver["sul_sd"],
            "diameter_mm": one["diameters_mm"]["longest"],
        }
        for one in document["lesions"]
    ]
    return rows_csv(list(_UPTAKE), rows)


def _row(document: Mapping[str, Any], lesion: Mapping[str, Any]) -> dict[str, Any]:
    primary = document["peak"]["primary"]
    suv, sul, sizes = lesion["suv"], lesion["sul"], lesion["diameters_mm"]
    row = {
        "case_id": document["case_id"],
        "lesion": lesion["name"],
        "volume_ml": lesion["volume_ml"],
        "suv_max": suv["max"],
        "suv_mean": suv["mean"],
        "suv_peak": suv["peak"][primary],
        "sul_max": sul["max"],
        "sul_mean": sul["mean"],
        "sul_peak": sul["peak"][primary],
        "sul_peak_at_maximum": sul["peak"]["at_maximum"],
        "sul_peak_between": sul["peak"]["between"],
        "suv_bsa_max": lesion["suv_bsa"]["max"],
        "ct_number_hu": lesion["ct_number_hu"],
        "diameter_mm": sizes["longest"],
        "short_axis_mm": sizes["short_axis"],
        "diameter_between_centers_mm": sizes["longest_between_centers"],
        "short_axis_between_centers_mm": sizes["short_axis_between_centers"],
        "measurable": {True: "yes", False: "no", None: None}[lesion["measurable"]],
    }
    for name, above in lesion["above"].items():
        key = _key(name)
        row[f"mtv_ml_{key}"] = above["volume_ml"]
        row[f"tlg_{key}"] = above["glycolysis_suv"]
        row[f"tlg_sul_{key}"] = above["glycolysis_sul"]
    return row


def _key(name: str) -> str:
    """A threshold as a column has it.

    >>> _key("SUV 2.5"), _key("41%")
    ('suv_2.5', '41pct')
    """
    return name.casefold().replace("%", "pct").replace(" ", "_")


def suv_screen(document: Mapping[str, Any]) -> Screen:
    """What the terminal shows: the scan, normal tissue, and a line a lesion."""
    scan, body = document["scan"], document["body"]
    minutes = scan["uptake_time_min"]
    tracer = scan["tracer"]
    facts = [
        f"SUV from {scan['units_in_file']}, conventions: {scan['conventions']}",
        f"{body['weight_kg']:g} kg, lean body mass {body['lean_mass_kg']:.1f} kg "
        f"({body['lean_mass_formula'].capitalize()})",
    ]
    if tracer["injected_mbq"] is not None:
        facts.append(
            f"injected {tracer['injected_mbq']:.4g} MBq"
            + ("" if minutes is None else f", {minutes:.0f} min before the scan")
        )
    reference = document["reference"]
    for name in ("liver", "blood_pool"):
        one = reference[name]
        if one:
            facts.append(
                f"{one['name']}: SUL {one['sul_mean']:.2f} +/- {one['sul_sd']:.2f} "
                "g/mL (mean and SD of voxels)"
            )
    if reference["measurable_from_sul"]:
        rule = reference["measurable_from_sul"]
        facts.append(
            f"measurable by PERCIST from SULpeak {rule['value']:.2f} g/mL "
            f"({rule['rule']})"
        )
    return Screen.of(document, [_lesion_table(document)], facts)


def _lesion_table(document: Mapping[str, Any]) -> str:
    primary = document["peak"]["primary"]
    rows = [
        [
            one["name"],
            f"{one['volume_ml']:.1f}",
            f"{one['suv']['max']:.2f}",
            f"{one['sul']['peak'][primary]:.2f}",
            f"{one['sul']['mean']:.2f}",
            f"{one['diameters_mm']['longest']:.0f}",
        ]
        for one in document["lesions"]
    ]
    if not rows:
        return "no lesions: give their contours with --structures"
    header = ["lesion", "mL", "SUVmax", "SULpeak", "SULmean", "longest mm"]
    return table(header, rows)
