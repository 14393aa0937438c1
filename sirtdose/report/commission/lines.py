"""What commissioning found, as a terminal shows it: the camera first."""

from collections.abc import Iterator, Mapping
from typing import Any

from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant, table

Document = Mapping[str, Any]
_Z95 = 1.96
_SHOWN_MM = (10, 17, 22, 28, 37, 60)


def commission_screen(document: Document) -> Screen:
    """Factor, blur, recovery, dead time and drift, each with its uncertainty."""
    result = [
        *_head(document),
        "",
        *_numbers(document["camera"], document),
        "",
        *_recovery(document["camera"]),
        *_drift(document["drift"], document["before"]),
    ]
    last = [
        "Name camera.toml in your site file: [[camera]] with file = below its header "
        "words; `sirtdose site check` reads it"
    ]
    details = [*_scans(document["scans"]), *_spheres(document["scans"])]
    screen = Screen.of(document, result, details)
    return Screen(
        screen.result, screen.details, screen.findings, screen.accepted, last=last
    )


def _head(document: Document) -> Iterator[str]:
    camera, phantom = document["camera"], document["phantom"]
    count = len(document["scans"])
    yield (
        f"{camera['name']}: {count} scan{'s' * (count != 1)} of {phantom['name']}, "
        f"{document['nuclide']['name']}, {document['made']}; valid until "
        f"{camera['valid_until']}"
    )


def _numbers(camera: Document, document: Document) -> Iterator[str]:
    factor, blur, dead = camera["factor"], camera["blur"], camera["dead_time"]
    rows = []
    if factor:
        live = factor["live_fraction"]
        how = f"live fraction {live['value']:.4f}" if live else "live fraction unknown"
        rows.append(["Factor", *_both(factor["value"]), factor["unit"], how])
    if document["yield_factor"]:
        was = f"reconstructed as {document['nuclide_was']}"
        rows.append(["Yield factor", *_both(document["yield_factor"]), "", was])
    if blur:
        rows.append(["FWHM in plane", *_both(blur["in_plane_mm"]), "mm", "core"])
        rows.append(["FWHM axial", *_both(blur["axial_mm"]), "mm", "core"])
        how = f"of the counts, {blur['tail_form']}, FWHM "
        how += f"{blur['tail_fwhm_mm']['value']:.0f} mm"
        tail = {key: 100 * one for key, one in blur["tail_fraction"].items()}
        rows.append(["Tail", *_both(tail), "%", how])
    if dead:
        low, high = dead["measured_gbq"]
        how = f"{dead['model']}; {low:.3g} to {high:.3g} GBq measured"
        loss = document["dead_time"]
        lost = {
            "value": 100 * loss["loss_at_highest"],
            "standard": 100 * loss["loss_at_highest_standard"],
        }
        rows.append([f"Loss at {high:.3g} GBq", *_both(lost), "%", how])
    if camera["noise"]:
        noise = camera["noise"]
        value = f"{100 * noise['relative']:.1f}"
        how = f"of a voxel, together over {noise['fwhm_mm']:.0f} mm"
        rows.append(["Noise", value, "", "%", how])
    yield table(["", "value", "95 %", "", ""], rows)


def _both(one: Document) -> tuple[str, str]:
    """A value, and half of its 95 % interval, with as many digits as it is known."""
    value, half = one["value"], _Z95 * one["standard"]
    return significant(value), f"+/- {significant(half, 2)}"


def _recovery(camera: Document) -> Iterator[str]:
    """The model's, of the sizes that a screen has room for."""
    rows = [one for one in camera["recovery"] if one["diameter_mm"] in _SHOWN_MM]
    if not rows:
        return
    ratio = rows[0]["ratio"]
    around = "in the cold" if ratio is None else f"at {ratio:.3g}:1"
    half = _Z95 * max(one["model"]["standard"] for one in rows)
    each = ", ".join(
        f"{one['diameter_mm']:g} mm {one['model']['value']:.3f}" for one in rows
    )
    yield f"Recovery of spheres {around}, +/- {half:.3f} at most: {each}"


def _spheres(scans: list[Document]) -> Iterator[str]:
    """Recovery of the phantom's own spheres, by the model and by the image."""
    for scan in scans:
        rows = [
            [
                f"{one['diameter_mm']:g} mm",
                *(
                    cell
                    for key in ("model", "image")
                    for cell in (
                        f"{one[key]['value']:.3f}",
                        f"+/- {_Z95 * one[key]['standard']:.3f}",
                    )
                ),
            ]
            for one in scan["recovery"]
        ]
        if rows:
            yield ""
            yield table([scan["file"], "model", "95 %", "image", "95 %"], rows)


def _drift(drift: list[Document], before: Document | None) -> Iterator[str]:
    if before is None:
        return
    yield ""
    yield f"Against {before['name']}, {before['made']}"
    for one in drift:
        verdict = "within" if one["passed"] else "FAIL, beyond"
        yield (
            f"  {one['name']}: {100 * one['relative']:+.1f} % +/- "
            f"{_Z95 * 100 * one['standard']:.1f} %, {verdict} the tolerance of "
            f"{100 * one['tolerance']:.1f} %"
        )


def _scans(scans: list[Document]) -> Iterator[str]:
    for one in scans:
        held = sum(one["activity_mbq"].values())
        yield (
            f"{one['file']}: {one['scan_start']}, {held:.5g} MBq in view, "
            f"{100 * one['placement']['unexplained']:.2f} % unexplained"
        )
