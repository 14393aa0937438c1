"""PETs of one patient: whether they can be compared, and which lesion is which."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sirtdose.checks.uptake import is_fdg
from sirtdose.model.finding import Finding, Severity

_Document = Mapping[str, Any]


def new_findings(visit: str, names: Sequence[str]) -> list[Finding]:
    """Lesions of a later scan that the scans before do not have (H48)."""
    return [
        Finding.of(
            "H48",
            f"'{name}' of {visit} is in no scan before: is it new? If it is, give "
            f'--new "{visit}:{name}"; if it is a known lesion under another name, give '
            "--match",
            subject=f"{name} of {visit}",
            accepted="it is a new lesion, and the response is progressive",
        )
        for name in names
    ]


def gone_findings(visit: str, names: Sequence[str]) -> list[Finding]:
    """Lesions that a later scan does not have (H48)."""
    return [
        Finding.of(
            "H48",
            f"'{name}' is not in {visit}: is it gone, or was it not drawn? If nothing "
            f'of it is seen, give --gone "{visit}:{name}"; if it was not drawn, draw '
            "it and measure the scan again",
            subject=f"{name} at {visit}",
            accepted="nothing is seen of it, and its uptake is 0",
        )
        for name in names
    ]


def returned_findings(visit: str, names: Sequence[str]) -> list[Finding]:
    """Lesions that are seen again after a scan without them (H48).

    >>> [one] = returned_findings("scan 3", ["T2"])
    >>> one.message.split(":")[0]
    "'T2' of scan 3 was not seen at the scan before"
    """
    return [
        Finding.of(
            "H48",
            f"'{name}' of {visit} was not seen at the scan before: it is judged as a "
            "lesion of the baseline; whether it has recurred is the reader's to say",
            severity=Severity.WARN,
            subject=f"{name} of {visit}",
        )
        for name in names
    ]


def non_target_findings(grown: Sequence[tuple[str, float, float]]) -> list[Finding]:
    """Non-targets that grew, which contours alone do not judge (H48).

    >>> [one] = non_target_findings([("T4", 30.0, 120.0)])
    >>> one.message.split(":")[0]
    "'T4', a non-target, grew from 30 to 120 mm"
    """
    return [
        Finding.of(
            "H48",
            f"'{name}', a non-target, grew from {before:.3g} to {after:.3g} mm: "
            "whether that is unequivocal progression is the reader's to say, and here "
            "it is taken as none",
            severity=Severity.WARN,
            subject=name,
            value=after,
        )
        for name, before, after in grown
    ]


def visit_findings(
    visit: str, first: _Document, later: _Document, rules: Mapping[str, Any]
) -> list[Finding]:
    """What differs between two scans, so that they can hardly be compared (H49, H01).

    Parameters
    ----------
    visit : str
        The later one.
    first, later : mapping
        What suv.json holds of each.
    rules : mapping
        ``between`` of data/uptake.json.
    """
    return [
        *_patient(visit, first, later, rules),
        *(
            Finding.of("H49", f"{said} (baseline and {visit})", subject=visit)
            for said in _differences(first, later, rules)
        ),
        *_made_otherwise(visit, first, later),
    ]


def _patient(
    visit: str, first: _Document, later: _Document, rules: Mapping[str, Any]
) -> Iterator[Finding]:
    """Sex or height that no one changes: another patient (H01)."""
    before, after = first["body"], later["body"]
    said = []
    if before["sex"] != after["sex"]:
        said.append(f"sex is {before['sex']} at baseline and {after['sex']} at {visit}")
    apart_cm = abs(after["height_cm"] - before["height_cm"])
    if apart_cm > rules["height_cm"]["max"]:
        said.append(
            f"height is {before['height_cm']:g} cm at baseline and "
            f"{after['height_cm']:g} cm at {visit}"
        )
    if said:
        yield Finding.of(
            "H01",
            f"{' and '.join(said)}: are both scans of one patient?",
            severity=Severity.ASK,
            subject=visit,
            accepted="they are compared as one patient's",
        )


def _differences(
    first: _Document, later: _Document, rules: Mapping[str, Any]
) -> Iterator[str]:
    a, b = first["scan"], later["scan"]
    times = [one["uptake_time_min"] for one in (a, b)]
    if None in times:
        yield "the uptake time of a scan is not known, so it cannot be compared"
    elif abs(times[1] - times[0]) >= rules["uptake_time_min"]["max"]:
        yield (
            f"uptake times are {times[0]:.0f} and {times[1]:.0f} min; PERCIST asks for "
            f"less than {rules['uptake_time_min']['max']:g} min between them"
        )
    given = [one["tracer"]["injected_mbq"] for one in (a, b)]
    if None not in given and abs(given[1] / given[0] - 1) > rules["injected"]["max"]:
        yield f"injected activities are {given[0]:.4g} and {given[1]:.4g} MBq"
    weights = [one["body"]["weight_kg"] for one in (first, later)]
    if abs(weights[1] / weights[0] - 1) > rules["weight"]["max"]:
        yield (
            f"weights are {weights[0]:g} and {weights[1]:g} kg: check that the patient "
            "was weighed both times"
        )
    cameras = [one["camera"] for one in (a, b)]
    for key in sorted(set(cameras[0]) | set(cameras[1])):
        each = [str(one.get(key) or "not stated") for one in cameras]
        if each[0] != each[1]:
            yield f"{key.replace('_', ' ')}: '{each[0]}' and '{each[1]}'"


def _made_otherwise(
    visit: str, first: _Document, later: _Document
) -> Iterator[Finding]:
    """SUL that were computed in two ways are not compared (H49)."""
    for what, before, after in (
        (
            "lean body mass is by",
            first["body"]["lean_mass_formula"],
            later["body"]["lean_mass_formula"],
        ),
        ("conventions are", *(one["scan"]["conventions"] for one in (first, later))),
        (
            "tracers are",
            *(_tracer(one["scan"]["tracer"]["named"]) for one in (first, later)),
        ),
    ):
        if before != after:
            yield Finding.of(
                "H49",
                f"{what} '{before}' at baseline and '{after}' at {visit}: measure both "
                "in one way",
                severity=Severity.ASK,
                subject=visit,
                accepted="they are compared as they are",
            )


def _tracer(words: Sequence[str]) -> str:
    """One tracer has one name, whatever a header calls it."""
    return "FDG" if is_fdg(words) else ", ".join(words)
