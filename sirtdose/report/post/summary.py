"""Parts of an assessment in words, for the terminal and the page."""

from typing import Any

from sirtdose.report.wording import (
    activity,
    significant,
    spoken,
)

# Means over mass and over volume that differ by more are both shown.
_SAME_MEAN = 0.01
# A ratio below this is shown by its figures, not its places.
_SMALL_RATIO = 0.1
_LUNG_WORDS = {
    "unknown": "source not stated",
    "spect": "SPECT",
    "default": "assumed",
    "ct": "CT",
}
_BY = {
    "administered": "the ledger",
    "camera": "the camera",
    "image": "the image's unit",
}
RESIDUAL_METHODS = {
    "calibrator": "dose calibrator",
    "survey-meter": "survey meter",
    "pet": "PET",
}
_REGIONS = {"fov": "field of view", "perfused": "perfused volume"}


def conversion_lines(plan: dict[str, Any] | None) -> list[str]:
    """How planned doses were converted to the dose constant of the delivered ones."""
    if plan is None or round(plan.get("conversion", 1), 9) == 1:
        return []
    planned, factor = plan["dose_constant_gy_kg_per_gbq"], plan["conversion"]
    return [
        f"Planned doses are converted from a dose constant of {planned:g} to "
        f"{planned * factor:.5g} Gy kg/GBq, x {factor:.4f}"
    ]


def partial_volume_lines(result: dict[str, Any] | None) -> list[str]:
    """How blur was undone, and how the tumors' means move with width and contour."""
    if result is None:
        return []
    how = result["method"].replace("_", " ")
    if result["fwhm_mm"]:
        rounds = result["rounds"]
        widths = " x ".join(f"{width:.4g}" for width in result["fwhm_mm"])
        how += f", {widths} mm FWHM"
        if result["tail"]:
            part, width = result["tail"]
            how += f" and a tail of {part:.1%} with {width:g} mm"
        if result.get("edges"):
            how += f" and edges that overshoot ({result['edges'][0]:.3g})"
        how += f", {rounds} round{'s' * (rounds != 1)}"
    if result["source"]:
        how += f", {result['source']}"
    lines = ["", f"Blur undone by {how}; total {result['total_change']:+.2%}"]
    if result["fit"]:
        lines.append(fit_line(result["fit"]))
    for name, changes in result["sensitivity"].items():
        said = ", ".join(
            f"{change:+.0%} with {what}" for what, change in changes.items()
        )
        lines.append(f"'{name}': mean {said}")
    sure = result.get("recovery_relative", {})
    adds = {
        name: f"; it adds {one:.1%} to u of the mean (k = 1)"
        for name, one in sure.items()
    }
    return lines + [
        f"'{name}': recovery {recovery:.3f}{adds.get(name, '')}"
        for name, recovery in result["recoveries"].items()
    ]


def fit_line(fit: dict[str, Any]) -> str:
    """What the image shows of its blur, and of where its contours lie."""
    plane, axis = (
        f"{fit[f'{name}_mm']:.1f} +/- {fit[f'{name}_standard_mm']:.1f} mm"
        for name in ("in_plane", "axial")
    )
    offset = ", ".join(f"{round(one, 1) + 0.0:+.1f}" for one in fit["offset_mm"])
    return (
        f"The image shows a blur of {plane} in the plane and {axis} along the axis "
        f"(FWHM, k = 1), and lies {offset} mm from the contours (x, y, z)"
    )


def mass_lines(result: dict[str, Any]) -> list[str]:
    """Means over mass where they are not those over volume."""
    return [
        f"'{spoken(row['name'])}' over mass instead of volume: "
        f"{significant(row['dose_gy']['mean_by_mass'])} Gy"
        for row in result["structures"]
        if abs(row["dose_gy"]["mean_by_mass"] - row["dose_gy"]["mean"])
        > _SAME_MEAN * abs(row["dose_gy"]["mean"])
    ]


def density_words(result: dict[str, Any], density: dict[str, Any]) -> str:
    """The one density of a result, or where its map of densities is from."""
    if result["density_g_per_ml"] is None:
        return f"density by voxel ({density['origin']})"
    return f"density {result['density_g_per_ml']:.4g} g/mL"


def mean_difference(row: dict[str, Any], usual_gy: float | None) -> str:
    """How a row's mean dose compares with another method's of the same structure."""
    return f"{row['dose_gy']['mean'] / usual_gy - 1:+.1%}" if usual_gy else "-"


def lung_line(lungs: dict[str, Any]) -> str:
    """The dose of the lungs by their shunt, or that none was given."""
    if lungs["shunt_source"] == "not given":
        return "Lungs: no lung shunt was given; none is assumed"
    source, mass = (
        _LUNG_WORDS.get(lungs[key], lungs[key])
        for key in ("shunt_source", "mass_source")
    )
    total = lungs["cumulative_dose_gy"]
    earlier = ""
    if total != lungs["dose_gy"]:
        earlier = f", {significant(total)} Gy with earlier treatments"
    return (
        f"Lungs: {significant(lungs['dose_gy'])} Gy from the "
        f"{lungs['shunt_fraction']:.1%} shunt ({source}), mass "
        f"{lungs['mass_kg']:.4g} kg ({mass}){earlier}"
    )


def treated_line(treated: dict[str, Any] | None) -> str:
    """What of the liver was treated; empty where liver or perfused volume is not drawn.

    >>> treated_line({"treated_ml": 820.0, "liver_ml": 1500.0,
    ...               "treated_fraction": 820 / 1500})
    'Treated: 820 of 1500 mL of the liver, 54.7 %'
    """
    if not treated:
        return ""
    return (
        f"Treated: {treated['treated_ml']:.0f} of {treated['liver_ml']:.0f} mL of the "
        f"liver, {100 * treated['treated_fraction']:.1f} %"
    )


def image_lines(image: dict[str, Any] | None) -> list[str]:
    """What the image's header says of scan, duration, windows and nuclide."""
    if image is None:
        return []
    start, frame_s = image["scan_start"], image["frame_duration_s"]
    windows = ", ".join(f"{a:g} to {b:g}" for a, b in image["energy_windows_kev"])
    label = image["nuclide_in_header"] or ", ".join(
        f"'{one}'" for one in image["nuclide_in_header_words"]
    )
    parts = [
        f"Image: {image['modality']}",
        f"scan {start} ({image['scan_start_origin']})" if start else "",
        f"frame {frame_s:g} s (ActualFrameDuration)" if frame_s else "",
        f"{windows} keV" if windows else "",
        f"labeled {label}" if label else "",
    ]
    return [", ".join(filter(None, parts)), ""]


def ledger_lines(ledger: dict[str, Any]) -> list[tuple[str, str]]:
    """Every line of the ledger, named, in GBq and mCi."""
    lines = [
        ("administered", activity(ledger["administered_gbq"])),
        ("residual", activity(ledger["residual_gbq"]) + _by(ledger)),
        ("delivered", activity(ledger["delivered_gbq"])),
        (
            f"lungs ({ledger['lung_shunt_fraction']:.1%})",
            activity(ledger["lung_gbq"])
            if ledger["lung_shunt_given"]
            else "no lung shunt given",
        ),
        ("treated", activity(ledger["treated_gbq"])),
    ]
    lines += [
        (f"  {one['name']}", f"{activity(one['delivered_gbq'])} into {one['perfused']}")
        for one in ledger["injections"]
    ]
    lines.append(("in the image", image_activity(ledger)))
    if ledger["in_image_gbq"] is None:
        return lines
    return [*lines, *_yield_lines(ledger["positron_yield"])]


def _by(ledger: dict[str, Any]) -> str:
    """How the residual was measured, where that was given."""
    method = ledger.get("residual_method")
    return "" if method is None else f", by {RESIDUAL_METHODS[method]}"


def image_activity(ledger: dict[str, Any]) -> str:
    """The activity in the image, and what part of the treated one that is."""
    if ledger["in_image_gbq"] is None:
        return "not known: no unit, factor or times"
    ratio = ledger["image_to_treated_ratio"]
    shown = f"{ratio:.3f}" if ratio >= _SMALL_RATIO else f"{ratio:.3g}"
    return f"{activity(ledger['in_image_gbq'])}, {shown} of treated"


def _yield_lines(found: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The positron fraction that a PET was divided by, and the total the other way."""
    if found is None:
        return []
    was = f"positron fraction {found['fraction_was']:.4g} ({found['origin']})"
    times = f"x {found['factor']:.4g}"
    said = (
        f"undone, {times}; as stored {activity(found['in_image_as_stored_gbq'])}"
        if found["applied"]
        else f"kept; undone, {times}, {activity(found['in_image_rescaled_gbq'])}"
    )
    return [("", f"{was} {said}")]


def calibration_line(calibration: dict[str, Any]) -> str:
    """Which calibration was used, and how the other one compares."""
    over = _over(calibration["over"])
    line = f"Calibration: {calibration['used']}{over} ({calibration['numerator']})"
    ratio = calibration["alternative_to_used_ratio"]
    if ratio is None:
        return f"{line}; there is no other to compare"
    other = calibration["alternative"]
    standard = calibration.get("alternative_to_used_standard")
    known = f"{ratio:.4g}" if standard is None else ratio_words(calibration)
    return (
        f"{line}; the other, {other['method']}{_over(other['over'])}, would give "
        f"{known} times the activity"
    )


def ratio_words(calibration: dict[str, Any]) -> str:
    """The other calibration over the one used, with its uncertainty.

    >>> ratio_words({"alternative_to_used_ratio": 1.03174,
    ...     "alternative_to_used_standard": 0.0612})
    '1.032 +/- 0.061 (k = 1)'
    """
    ratio = calibration["alternative_to_used_ratio"]
    return f"{ratio:.3f} +/- {calibration['alternative_to_used_standard']:.3f} (k = 1)"


def agreement_line(calibration: dict[str, Any]) -> str:
    """Both calibrations in a sentence, where a camera's file tells how sure that is.

    >>> agreement_line({"used": "administered", "alternative": {"method": "camera"},
    ...     "alternative_to_used_ratio": 1.03, "alternative_to_used_standard": 0.06})
    'By the camera, activities are 1.030 +/- 0.060 (k = 1) times those by the ledger'
    """
    if calibration.get("alternative_to_used_standard") is None:
        return ""
    other, used = calibration["alternative"]["method"], calibration["used"]
    return (
        f"By {_BY[other]}, activities are {ratio_words(calibration)} times those by "
        f"{_BY[used]}"
    )


def _over(region: str | None) -> str:
    """A calibration region in words."""
    if not region:
        return ""
    if region == "injections":
        return " over each injection's volume"
    return f" over the {_REGIONS.get(region, region)}"


def basis_words(nuclide: dict[str, Any]) -> str:
    """The nuclide, its half-life and its dose constant in words."""
    return (
        f"{nuclide['name']}, half-life {nuclide['half_life_h']:g} h, K "
        f"{constant_words(nuclide)}{own_file_words(nuclide)}"
    )


def constant_words(nuclide: dict[str, Any]) -> str:
    """A dose constant, its name and which energy of a decay it stands for.

    >>> constant_words({"dose_constant_gy_kg_per_gbq": 15.54, "dose_constant_name":
    ...     "near", "dose_constant_meaning": "energy absorbed within 12 mm"})
    '15.54 Gy kg/GBq, near: energy absorbed within 12 mm'
    """
    meaning = nuclide.get("dose_constant_meaning")
    return (
        f"{nuclide['dose_constant_gy_kg_per_gbq']:g} Gy kg/GBq, "
        f"{nuclide['dose_constant_name']}{f': {meaning}' if meaning else ''}"
    )


def other_constant_words(result: dict[str, Any], nuclide: dict[str, Any]) -> str:
    """The dose constant of a method, where it is not the nuclide's."""
    keys = ("dose_constant_gy_kg_per_gbq", "dose_constant_meaning")
    if all(result.get(key) in (None, nuclide.get(key)) for key in keys):
        return ""
    return f", K {constant_words(result)}"


def own_file_words(nuclide: dict[str, Any]) -> str:
    """Which file of the user's own a nuclide is from; nothing for those shipped."""
    digest = nuclide.get("file_sha256")
    return f", own file {digest[:12]}" if digest else ""
