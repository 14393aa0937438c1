"""Measure a PET: read, place, compare with normal tissue, judge."""

from collections.abc import Sequence
from dataclasses import replace

from sirtdose.checks.candidates import candidate_findings
from sirtdose.checks.header import header_findings
from sirtdose.checks.kept_names import kept_name_findings
from sirtdose.checks.structures import reading_findings
from sirtdose.checks.uptake import (
    activity_findings,
    body_findings,
    edge_findings,
    half_life_findings,
    lean_mass_findings,
    measurable_findings,
    reference_findings,
    reference_overlap_findings,
    reference_size_findings,
    small_findings,
    sphere_findings,
    tracer_findings,
    uneven_findings,
    uptake_time_findings,
)
from sirtdose.data.load import table
from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.grid.resample import occupancy_on, on_one_lattice
from sirtdose.dosimetry.suv.lesion import lesion_uptake
from sirtdose.dosimetry.suv.reference import (
    ReferenceTissue,
    drawn_reference,
    placed_liver,
)
from sirtdose.dosimetry.suv.results import (
    Measurable,
    MeasuredLesion,
    UptakeMeasurement,
)
from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.dicom.suv import read_uptake
from sirtdose.io.found import Held, Kind
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding
from sirtdose.model.names import named
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, given_roles, with_given_roles
from sirtdose.model.uptake import Uptake
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.scene import chosen, ct_image, inputs_of
from sirtdose.workflows.image.structures import read_drawn
from sirtdose.workflows.suv.request import SuvRequest

_LESIONS = (Role.TUMOR, Role.TUMOR_OUTSIDE)
_BLOOD = ("aorta", "blood pool")


def measure_uptake(request: SuvRequest) -> UptakeMeasurement:
    """Uptake of every lesion of a PET, and of normal liver and blood.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where a check asks.
    """
    with opened(request.image.source) as source:
        image = replace(request.image, source=source)
        return _measured(replace(request, image=image))


def _measured(request: SuvRequest) -> UptakeMeasurement:
    said = Said(request.acceptances)
    choice = said.take(chosen(request.image, [], undrawn=True, enhanced=True))
    uptake = said.take(_uptake(choice, request))
    drawn = said.take(_structures(choice, request))
    lean = uptake.lean_factor(request.lean_mass)
    ct = said.take(
        ct_image(choice, uptake.suv, named=request.image.ct is not None, needed=False)
    )
    lesions = _lesions(drawn, uptake, ct)
    liver, why = _liver(drawn, lesions, uptake, request)
    blood, doubtful = _blood_pool(drawn, uptake, request)
    liver, blood = (one and one.scaled(lean) for one in (liver, blood))
    measurable = _measurable(liver, blood, request.percist)
    said.add(uptake_time_findings(uptake.uptake_time_min))
    said.add(tracer_findings(uptake.tracer_words))
    said.add(lean_mass_findings(uptake.body, request.lean_mass))
    said.add(
        reference_findings(
            liver=liver is not None,
            why=why,
            blood_pool=blood is not None,
            doubtful=doubtful,
        )
    )
    said.add(_tissue_findings(liver, blood, drawn, uptake.suv))
    said.add(_lesion_findings(lesions))
    if measurable is not None:
        peaks = [(one.uptake.name, lean * one.suv_peak) for one in lesions]
        low = [(name, peak) for name, peak in peaks if not measurable.allows(peak)]
        said.add(measurable_findings(low, measurable.value, measurable.rule))
    said.add(_kept_findings(choice, drawn, request))
    said.gate()
    return UptakeMeasurement(
        uptake=uptake,
        lean_mass_formula=request.lean_mass,
        lesions=lesions,
        liver=liver,
        blood_pool=blood,
        measurable=measurable,
        ct=ct,
        case_label=request.case_label,
        choices=choice.reasons,
        inputs=inputs_of(choice),
        ibsi=request.given.ibsi,
        percist=request.percist,
        findings=tuple(said.findings),
        accepted=tuple(said.accepted),
        deidentified=request.deidentify,
        file_names={
            path.name: str(one.kind)
            for one in (choice.image, choice.ct, *choice.structures)
            if one is not None
            for path in one.paths
        },
    )


def _tissue_findings(
    liver: ReferenceTissue | None,
    blood: ReferenceTissue | None,
    drawn: Sequence[Structure],
    suv: Volume,
) -> list[Finding]:
    findings = []
    if liver is not None:
        findings += uneven_findings(liver.name, liver.mean, liver.sd)
        if liver.center_mm is None:
            findings += reference_size_findings(liver.name, liver.region.volume_ml)
    overlaps = _overlaps((liver, blood), drawn, suv)
    return [*findings, *reference_overlap_findings(overlaps)]


def _lesion_findings(lesions: Sequence[MeasuredLesion]) -> list[Finding]:
    own = [one.uptake for one in lesions]
    spheres = [
        (one.name, one.maximum, one.peaks.anywhere.highest or one.maximum)
        for one in own
    ]
    return [
        *edge_findings([(one.name, one.part_in_image) for one in own]),
        *small_findings([(one.name, one.volume_ml) for one in own]),
        *sphere_findings(spheres),
    ]


def _overlaps(
    references: Sequence[ReferenceTissue | None],
    drawn: Sequence[Structure],
    suv: Volume,
) -> list[tuple[str, str]]:
    """References that were drawn, each with what it should be away from."""
    return [
        (one.name, other.name)
        for one in references
        if one is not None and one.center_mm is None
        for other in drawn
        if other.role in (*_LESIONS, Role.PERFUSED)
        and ((one.region & occupancy_on(other, suv.grid)).occupancy >= 0.5).any()
    ]


def _kept_findings(
    choice: Choice, drawn: Sequence[Structure], request: SuvRequest
) -> list[Finding]:
    """A patient's name in what de-identified results keep (H33)."""
    if not request.deidentify:
        return []
    texts = [("structure names", one.name) for one in drawn]
    texts += [("the case label", request.case_label)] if request.case_label else []
    texts += [("reasons of --accept", one.reason) for one in request.acceptances]
    return kept_name_findings(texts, [read_patient(choice.image.paths[0])])


def _uptake(choice: Choice, request: SuvRequest) -> tuple[Uptake, list[Finding]]:
    item = choice.image
    if isinstance(item, Held) or item.kind is not Kind.PET:
        raise InputError(
            f"{item.label} is not a PET series ({item.kind}): SUV is made of the DICOM "
            "header of a PET; name one with --image"
        )
    uptake = read_uptake(item.paths, item.headers, given=request.given)
    source = uptake.suv.source
    findings = header_findings(source=source) if source else []
    if source and not uptake.suv_type:
        findings += half_life_findings(source, uptake.tracer_words)
    findings += activity_findings(
        uptake.part_of_injected(), float(uptake.suv.data.max())
    )
    return uptake, [*findings, *body_findings(uptake.body)]


def _structures(
    choice: Choice, request: SuvRequest
) -> tuple[list[Structure], list[Finding]]:
    drawn = read_drawn(choice, request.image)
    roles = given_roles(drawn, request.image.roles)
    drawn = with_given_roles(drawn, roles)
    findings = [*candidate_findings(drawn), *reading_findings(drawn)]
    return [one for one in drawn if not one.empty], findings


def _lesions(
    drawn: Sequence[Structure], uptake: Uptake, ct: Volume | None
) -> tuple[MeasuredLesion, ...]:
    rules = table("uptake")
    fixed = {f"SUV {value:g}": value for value in rules["fixed"]["values"]}
    relative = {f"{value:.0%}": value for value in rules["relative"]["values"]}
    found = []
    for one in drawn:
        if one.role not in _LESIONS:
            continue
        on_grid = occupancy_on(one, uptake.suv.grid)
        measured = lesion_uptake(
            uptake.suv, on_grid, drawn=one, fixed=fixed, relative=relative
        )
        found.append(
            MeasuredLesion(measured, str(one.role), one, on_grid, _hu(one, ct))
        )
    return tuple(found)


def _hu(structure: Structure, ct: Volume | None) -> float | None:
    """The mean CT number of a structure; None where it is not on the CT."""
    if ct is None:
        return None
    ct.require(Quantity.CT_NUMBER)
    on_ct = occupancy_on(structure, ct.grid)
    values, parts = on_ct.values_in(ct)
    return float((values * parts).sum() / parts.sum()) if parts.sum() else None


def _liver(
    drawn: Sequence[Structure],
    lesions: Sequence[MeasuredLesion],
    uptake: Uptake,
    request: SuvRequest,
) -> tuple[ReferenceTissue | None, str]:
    """Normal liver in SUV by weight, or why there is none."""
    suv = uptake.suv
    if request.liver_reference is not None:
        own = _named(request.liver_reference, drawn, "--liver-reference")
        return drawn_reference(suv, occupancy_on(own, suv.grid)), ""
    wholes = [one for one in drawn if one.role is Role.LIVER]
    if not wholes:
        return None, "no liver is drawn"
    away = [one.drawn for one in lesions]
    away += [one for one in drawn if one.role is Role.PERFUSED]
    liver = placed_liver(suv, union(on_one_lattice(wholes)), away)
    return liver, "" if liver else "no sphere of 3 cm fits into normal liver"


def _blood_pool(
    drawn: Sequence[Structure], uptake: Uptake, request: SuvRequest
) -> tuple[ReferenceTissue | None, list[str]]:
    """Blood in SUV by weight; or the names of several that may be it."""
    if request.blood_pool is not None:
        found = [_named(request.blood_pool, drawn, "--blood-pool")]
    else:
        found = [
            one
            for one in drawn
            if one.role not in _LESIONS
            and any(word in one.name.casefold() for word in _BLOOD)
        ]
    if len(found) != 1:
        return None, [one.name for one in found]
    suv = uptake.suv
    return drawn_reference(suv, occupancy_on(found[0], suv.grid)), []


def _named(name: str, drawn: Sequence[Structure], option: str) -> Structure:
    by_name = {one.name: one for one in drawn}
    found = by_name[
        named(name, by_name, f"{option} '{name}' names no structure", offered=by_name)
    ]
    if found.role in _LESIONS:
        raise InputError(f"{option} '{name}' is a lesion: name normal tissue")
    return found


def _measurable(
    liver: ReferenceTissue | None, blood: ReferenceTissue | None, percist: str
) -> Measurable | None:
    """The peak from which a lesion can be followed, by liver or else by blood."""
    tissue, name = (liver, "liver") if liver else (blood, "blood pool")
    if tissue is None:
        return None
    rule = table("uptake")["measurable"]["liver" if liver else percist]
    sd = rule["deviations"]
    words = f"{rule['factor']:g} x {name} mean" + (f" + {sd:g} SD" if sd else "")
    return Measurable(
        rule["factor"] * tissue.mean + sd * tissue.sd,
        words,
        rule["source"],
        rule["verified"],
    )
