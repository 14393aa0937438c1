"""Uptake in a PET: whether it can be compared, and with what (H49)."""

from collections.abc import Sequence
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import RangeError
from sirtdose.model.body_size import LEAN_MASS, Body
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.volume import Source

# Sampling of oblique grids loses less.
_WHOLE = 0.95


def uptake_time_findings(minutes: float | None) -> list[Finding]:
    """A scan too early or too late after the injection, or of unknown time (H49).

    >>> [one] = uptake_time_findings(93.0)
    >>> one.message.split(":")[0]
    'the scan began 93 min after the injection'
    >>> uptake_time_findings(62.0)
    []
    """
    if minutes is None:
        return [
            Finding.of(
                "H49",
                "the time from injection to scan is not known, and scans of different "
                "times cannot be compared: give --injected-at",
                subject="uptake time",
            )
        ]
    rule = table("uptake")["uptake_time_min"]
    if rule["min"] <= minutes <= rule["max"]:
        return []
    bound = rule["min"] if minutes < rule["min"] else rule["max"]
    return [
        Finding.of(
            "H49",
            f"the scan began {minutes:.0f} min after the injection: PERCIST asks for "
            f"{rule['min']:g} to {rule['max']:g} min",
            subject="uptake time",
            value=minutes,
            bound=_bound(rule, bound, "min"),
        )
    ]


def activity_findings(part: float, highest: float) -> list[Finding]:
    """More activity in an image than was injected, or no uptake at all (H05).

    >>> [one] = activity_findings(37.0, 90.0)
    >>> one.message.split(":")[0]
    'the image holds 37 times the activity that was injected'
    >>> [one] = activity_findings(0.0006, 0.012)
    >>> one.message.split(":")[0]
    'the highest SUV of the image is 0.012'
    >>> activity_findings(0.6, 12.0)
    []
    """
    rules = table("uptake")
    most, least = rules["part_of_injected"], rules["highest_suv"]
    if part > most["max"]:
        said = f"the image holds {part:.2g} times the activity that was injected"
        value, bound = part, _bound(most, most["max"], "")
    elif highest < least["min"]:
        said = f"the highest SUV of the image is {highest:.2g}"
        value, bound = highest, _bound(least, least["min"], "g/mL")
    else:
        return []
    return [
        Finding.of(
            "H05",
            f"{said}: are activity, times and the image's unit right?",
            severity=Severity.ASK,
            subject="activity",
            value=value,
            bound=bound,
            accepted="the SUV are used as they are",
        )
    ]


def body_findings(body: Body) -> list[Finding]:
    """A weight or height that may be in another unit (H49).

    >>> body_findings(Body(71.0, 174.0, "M"))
    []
    >>> [one] = body_findings(Body(156.5, 174.0, "M"))
    >>> one.message.split(":")[0]
    'a weight of 156.5 kg and a height of 174 cm are a body mass index of 52'
    """
    if body.weight_kg is None or body.height_cm is None:
        return []
    index = body.weight_kg / (body.height_cm / 100) ** 2
    rule = table("uptake")["body_mass_index"]
    if rule["min"] <= index <= rule["max"]:
        return []
    return [
        Finding.of(
            "H49",
            f"a weight of {body.weight_kg:g} kg and a height of {body.height_cm:g} cm "
            f"are a body mass index of {index:.0f}: are both in their unit? Else give "
            "--weight or --height",
            severity=Severity.ASK,
            subject="body",
            value=index,
            bound=_bound(rule, rule["max" if index > rule["max"] else "min"], ""),
            accepted="they are used as they are",
        )
    ]


def half_life_findings(source: Source, words: Sequence[str]) -> list[Finding]:
    """A half-life that is not the named nuclide's, or not what was used (H11)."""
    stated = source.half_life_in_header_h
    if stated is None:
        return []
    most = table("uptake")["half_life"]["max"]
    named = source.nuclide_in_header or ("F-18" if is_fdg(words) else "")
    own = table("positron_emitters").get(named, {}).get("half_life_h")
    used, said = source.applied_half_life_h, []
    if own and abs(stated / own - 1) > most:
        said.append(f"and that of {named} is {own:.4g} h")
    if used and abs(stated / used - 1) > most:
        said.append(f"and DecayFactor (0054,1321) is by one of {used:.4g} h")
    return [
        Finding.of(
            "H11",
            f"RadionuclideHalfLife (0018,1075) is {stated:.4g} h, {one}: which nuclide "
            "was it?",
            severity=Severity.ASK,
            subject="half-life",
            accepted="activities decay with the half-life of the header",
        )
        for one in said
    ]


def is_fdg(words: Sequence[str]) -> bool:
    """Whether a header's words for its tracer are FDG's.

    >>> is_fdg(["Fluorodeoxyglucose"]), is_fdg(["FDG -- fluorodeoxyglucose"])
    (True, True)
    >>> is_fdg(["DOTATATE"])
    False
    """
    said = " ".join(words).casefold()
    return "fdg" in said or "fluorodeoxyglucose" in said


def tracer_findings(words: Sequence[str]) -> list[Finding]:
    """A tracer that is not known to be FDG, which PERCIST is for (H49)."""
    if is_fdg(words):
        return []
    named = f"its header says '{', '.join(words)}'" if words else "its header is silent"
    return [
        Finding.of(
            "H49",
            f"the tracer may not be FDG ({named}): PERCIST is for FDG",
            subject="tracer",
        )
    ]


def lean_mass_findings(body: Body, formula: str) -> list[Finding]:
    """Two formulas of lean body mass that part (H49)."""
    if body.weight_kg is None or body.height_cm is None or body.sex is None:
        return []
    try:
        each = {name: body.lean_mass_kg(name) for name in LEAN_MASS}
    except RangeError as error:
        # The formula that is used has been computed already.
        return [Finding.of("H49", f"{error}, as here", subject="lean body mass")]
    own = each[formula]
    other, value = max(each.items(), key=lambda pair: abs(pair[1] - own))
    rule = table("uptake")["lean_mass_formulas"]
    apart = value / own - 1
    if abs(apart) <= rule["max"]:
        return []
    return [
        Finding.of(
            "H49",
            f"lean body mass is {own:.1f} kg by {formula.capitalize()} and "
            f"{value:.1f} kg by {other.capitalize()} ({apart:+.0%}): compare scans by "
            "the same formula only",
            subject="lean body mass",
            value=abs(apart),
            bound=_bound(rule, rule["max"], ""),
        )
    ]


def reference_findings(
    *, liver: bool, why: str, blood_pool: bool, doubtful: Sequence[str] = ()
) -> list[Finding]:
    """What lesions are compared with where there is no normal liver (H49).

    `doubtful` are structures of which only one can be the blood pool.

    >>> [one] = reference_findings(
    ...     liver=True, why="", blood_pool=False, doubtful=["Aorta", "aorta 2"]
    ... )
    >>> one.message.split(":")[0], one.severity.name
    ("any of 'Aorta', 'aorta 2' may be the blood pool, so none is used", 'WARN')
    """
    if doubtful:
        names = ", ".join(f"'{one}'" for one in doubtful)
        needed = f"; {why}, and lesions are compared with it" if not liver else ""
        return [
            Finding.of(
                "H49",
                f"any of {names} may be the blood pool, so none is used{needed}: give "
                "--blood-pool NAME",
                severity=Severity.WARN if liver else Severity.ASK,
                subject="blood pool",
                accepted="" if liver else "no lesion is said to be measurable",
            )
        ]
    if liver:
        return []
    if blood_pool:
        return [
            Finding.of(
                "H49",
                f"{why}: the blood pool is the reference",
                subject="reference",
            )
        ]
    return [
        Finding.of(
            "H49",
            f"{why}, and no blood pool is drawn, so it is not known which lesions "
            "PERCIST can follow: draw a sphere in normal liver and give "
            "--liver-reference NAME, or draw the aorta and give --blood-pool NAME",
            subject="reference",
        )
    ]


def measurable_findings(
    low: Sequence[tuple[str, float]], measurable: float, rule: str
) -> list[Finding]:
    """Lesions, with their peaks, that are below what can be followed (H49)."""
    return [
        Finding.of(
            "H49",
            f"SULpeak of '{name}' is {value:.2f} g/mL, below {measurable:.2f} g/mL "
            f"({rule}): it cannot be followed by PERCIST",
            subject=name,
            value=value,
            bound=Bound(measurable, "g/mL", rule),
        )
        for name, value in low
    ]


def sphere_findings(lesions: Sequence[tuple[str, float, float]]) -> list[Finding]:
    """Spheres of a peak that reach into what is hotter than their lesion (H49).

    >>> [one] = sphere_findings([("T3", 2.0, 8.0), ("T1", 12.0, 12.0)])
    >>> one.subject
    'T3'
    """
    return [
        Finding.of(
            "H49",
            f"the sphere of SULpeak of '{name}' reaches into uptake of SUV "
            f"{highest:.3g}, above the lesion's own maximum of {maximum:.3g}: its peak "
            "holds a neighbor's uptake",
            subject=name,
            value=highest,
        )
        for name, maximum, highest in lesions
        if highest > maximum
    ]


def edge_findings(parts: Sequence[tuple[str, float]]) -> list[Finding]:
    """Lesions that reach over the edge of the PET (H19).

    >>> [one] = edge_findings([("T1", 0.56), ("T2", 1.0)])
    >>> one.message.split(":")[0]
    "44 % of 'T1' is outside the PET"
    """
    return [
        Finding.of(
            "H19",
            f"{100 * (1 - part):.0f} % of '{name}' is outside the PET: its uptake is "
            "of the rest",
            severity=Severity.WARN,
            subject=name,
            value=part,
        )
        for name, part in parts
        if part < _WHOLE
    ]


def uneven_findings(name: str, mean: float, sd: float) -> list[Finding]:
    """A reference that varies more than normal liver does (H49).

    >>> [one] = uneven_findings("liver, sphere of 3 cm", 1.7, 0.6)
    >>> one.message.split(":")[0]
    "the SD of 'liver, sphere of 3 cm' is 35 % of its mean"
    """
    rule = table("uptake")["reference_variation"]
    if sd <= rule["max"] * mean or mean <= 0:
        return []
    return [
        Finding.of(
            "H49",
            f"the SD of '{name}' is {100 * sd / mean:.0f} % of its mean: look at its "
            "place in the pictures, and draw normal liver (--liver-reference) where it "
            "holds a lesion, a vessel or bile",
            subject=name,
            value=sd / mean,
            bound=_bound(rule, rule["max"], ""),
        )
    ]


def reference_size_findings(name: str, volume_ml: float) -> list[Finding]:
    """A part of the liver that was drawn too small for its deviation (H49).

    >>> [one] = reference_size_findings("ref", 0.064)
    >>> one.message.split(":")[0]
    "'ref' has 0.064 mL"
    """
    rule = table("uptake")["reference_ml"]
    if volume_ml >= rule["min"]:
        return []
    return [
        Finding.of(
            "H49",
            f"'{name}' has {volume_ml:.2g} mL: its mean and SD are of few voxels, and "
            "PERCIST asks for a sphere of 3 cm in normal liver",
            subject=name,
            value=volume_ml,
            bound=_bound(rule, rule["min"], "mL"),
        )
    ]


def reference_overlap_findings(overlaps: Sequence[tuple[str, str]]) -> list[Finding]:
    """Normal tissue as drawn that a lesion or treated volume is part of (H49).

    >>> [one] = reference_overlap_findings([("Liver", "T1")])
    >>> one.subject
    'Liver'
    """
    return [
        Finding.of(
            "H49",
            f"'{reference}' is taken as normal tissue, but '{other}' reaches into it: "
            "draw it away from lesions and treated volume",
            subject=reference,
        )
        for reference, other in overlaps
    ]


def small_findings(volumes: Sequence[tuple[str, float]]) -> list[Finding]:
    """Lesions smaller than the sphere of a peak (H20)."""
    return [
        Finding.of(
            "H20",
            f"'{name}' has {volume_ml:.2g} mL, less than the sphere of 1 mL that its "
            "peak is a mean of: the peak holds uptake from around it",
            subject=name,
        )
        for name, volume_ml in volumes
        if volume_ml < 1
    ]


def _bound(rule: dict[str, Any], value: float, unit: str) -> Bound:
    return Bound(value, unit, rule["source"], verified=rule["verified"])
