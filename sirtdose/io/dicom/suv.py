"""PET series to standardized uptake values, by each maker's convention."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, MissingTagError, QuantityError
from sirtdose.io.dicom.camera import camera_words
from sirtdose.io.dicom.enhanced_pet import frames_as_slices, is_enhanced
from sirtdose.io.dicom.gates import is_gated_pet
from sirtdose.io.dicom.header import (
    Dataset,
    as_text,
    number_if_any,
    read_dataset,
    reading_dicom,
    required,
    tag_of,
)
from sirtdose.io.dicom.injection import (
    LEAST_BQ,
    InjectionTime,
    half_life_h,
    injected_at,
    injected_mbq,
    tracer_item,
    typed_injection,
)
from sirtdose.io.dicom.pet_decay import (
    HALF_LIVES_H,
    PetReference,
    applied_half_life_h,
    one_reference,
    require_of_the_scan,
    require_one_scan,
    slice_references,
)
from sirtdose.io.dicom.pet_series import series_doubts
from sirtdose.io.dicom.stack import Stack, read_stack
from sirtdose.io.dicom.suv_units import (
    in_own_units,
    require_factors_agree,
    require_unchanged,
    suv_type,
    to_weight,
)
from sirtdose.io.dicom.time import acquired_at, text_of, typed_on_its_clock
from sirtdose.model.body_size import Body
from sirtdose.model.uptake import Tracer, Uptake, UptakeGiven
from sirtdose.model.volume import Quantity, Source, Volume

# Heavier, or taller, is in another unit.
_HEAVIEST_KG, _TALLEST_M, _GRAMS = 400.0, 2.6, 1000.0
_ALIKE = ("Units", "DecayCorrection", "SUVType", "PatientWeight", "PatientSize")


def read_uptake(
    paths: Sequence[Path],
    headers: Sequence[Dataset] = (),
    *,
    given: UptakeGiven | None = None,
) -> Uptake:
    """Read a PET series as standardized uptake values by body weight.

    Parameters
    ----------
    paths : sequence of Path
        The slices, in any order; or the one file of an enhanced PET.
    headers : sequence of Dataset, optional
        Of the same files in the same order; read where not given.
    given : UptakeGiven, optional
        What a person says in place of the header.

    Raises
    ------
    MissingTagError
        Weight, activity, half-life or a time is missing and not given.
    QuantityError
        A unit, a decay correction or a time that leaves the values open.

    References
    ----------
    Manual for the computation of SUV by the Image Biomarker Standardisation Initiative,
    version 3.0; the makers' reference times by their conformance statements, as in
    arXiv:2410.13348.
    """
    given = given or UptakeGiven()
    with reading_dicom(paths[0]):
        header = headers[0] if headers else read_dataset(paths[0])
        if is_enhanced(header):
            headers = _frames(paths)
            paths = [paths[0]] * len(headers)
        elif is_gated_pet(header, paths[0]):
            raise QuantityError(
                f"{paths[0].name} is of a gated PET: give the series without gates"
            )
    stack = read_stack(paths, "PET", headers)
    first, path = stack.datasets[0], stack.paths[0]
    with reading_dicom(path):
        _require_alike(stack)
        _require_corrected(first, path, given)
        units = as_text(required(first, "Units", path, "BQML is needed")).upper()
        body, remarks = _body(first, path, given)
        data, units, own = in_own_units(stack, units)
        remarks += own
        if units in ("GML", "CM2ML"):
            kind = suv_type(first, path, units, given)
            require_unchanged(first, path, given, kind)
            data = data * np.float32(to_weight(kind, body))
            tracer, more = _tracer_if_any(stack, given)
            began = typed_on_its_clock(given.scan_at, first, "--scan-at")
        else:
            kind = ""
            if given.suv_type is not None:
                raise QuantityError(
                    f"{path.name} is in Bq/mL, and --suv-type is for a PET that is "
                    "stored as SUV: leave it out"
                )
            factors, tracer, more = _per_concentration(stack, body, given)
            require_factors_agree(stack, factors)
            data = data * factors.astype(np.float32)[:, None, None]
            began = tracer.reference_at or typed_on_its_clock(
                given.scan_at, first, "--scan-at"
            )
        source = _source(
            stack, began, (*remarks, *more), in_suv=units in ("GML", "CM2ML")
        )
    minutes = None
    if tracer is not None and tracer.injected_at and source.scan_start:
        minutes = (source.scan_start - tracer.injected_at).total_seconds() / 60
    return Uptake(
        Volume(data, stack.grid, Quantity.SUV, source),
        body,
        units=as_text(first.Units).upper(),
        suv_type=kind,
        tracer=tracer,
        uptake_time_min=minutes,
        tracer_words=_tracer_words(first),
    )


def _frames(paths: Sequence[Path]) -> list[Dataset]:
    if len(paths) > 1:
        raise FileFormatError(
            f"{paths[0].name} and {len(paths) - 1} other files are one enhanced PET: "
            "export it as one file, or as single slices"
        )
    return frames_as_slices(paths[0])


def _tracer_words(dataset: Dataset) -> tuple[str, ...]:
    """What the header calls the tracer, in any of its attributes."""
    words = []
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        words.append(text_of(item, "Radiopharmaceutical"))
        for code in item.get("RadiopharmaceuticalCodeSequence") or []:
            words.append(text_of(code, "CodeMeaning"))
    return tuple(one for one in words if one)


def _source(
    stack: Stack, began: datetime | None, remarks: tuple[str, ...], *, in_suv: bool
) -> Source:
    first = stack.datasets[0]
    source = stack.source
    starts = [one for one, _ in map(acquired_at, stack.datasets) if one is not None]
    zones = {one.tzinfo is None for one in starts}
    earliest = min(starts) if starts and len(zones) == 1 else None
    half_lives_h = HALF_LIVES_H.values()
    doubts = (
        ()
        if is_enhanced(first)
        else series_doubts(stack.datasets, stack.paths, half_lives_h, decay=not in_suv)
    )
    return replace(
        source,
        camera=camera_words(first),
        # An enhanced PET may be corrected to a moment of its own.
        scan_start=(earliest or began) if is_enhanced(first) else began or earliest,
        decay_correction=text_of(first, "DecayCorrection").upper(),
        remarks=(*source.remarks, *remarks),
        applied_half_life_h=None
        if in_suv
        else applied_half_life_h(stack.datasets, stack.paths[0], half_lives_h),
        doubts=(*source.doubts, *doubts),
    )


def _require_alike(stack: Stack) -> None:
    first = stack.datasets[0]
    for dataset, path in zip(stack.datasets, stack.paths, strict=True):
        for keyword in _ALIKE:
            ours, its = (str(one.get(keyword, "")) for one in (first, dataset))
            if its != ours:
                raise QuantityError(
                    f"{path.name} has {keyword} {tag_of(keyword)} = '{its}', other "
                    f"slices '{ours}': give the slices of one reconstruction"
                )
        slope = number_if_any(dataset, "RescaleSlope", path)
        if slope is not None and slope <= 0:
            raise QuantityError(
                f"{path.name} has RescaleSlope (0028,1053) = {slope:g}, and an uptake "
                "is not below 0: export the PET again"
            )


def _require_corrected(dataset: Dataset, path: Path, given: UptakeGiven) -> None:
    """Uptake without attenuation correction says nothing."""
    listed = [str(one) for one in np.atleast_1d(dataset.get("CorrectedImage") or [])]
    if "ATTN" not in listed and not given.ibsi:
        raise QuantityError(
            f"{path.name} has CorrectedImage (0028,0051) = "
            f"'{as_text(listed)}', without ATTN: an SUV needs attenuation correction; "
            "give the corrected series"
        )


def _body(
    dataset: Dataset, path: Path, given: UptakeGiven
) -> tuple[Body, tuple[str, ...]]:
    """Weight, height and sex: as given, else as in the header; what was assumed."""
    weight, remark = _weight_kg(dataset, path, given)
    height_cm = given.body.height_cm
    if height_cm is None:
        meters = number_if_any(dataset, "PatientSize", path, least=0) or None
        if meters is not None and meters > _TALLEST_M:
            raise QuantityError(
                f"{path.name} has PatientSize (0010,1020) = {meters:g} m, which may be "
                f"in cm: give --height, for example --height {meters:g}cm"
            )
        height_cm = None if meters is None else 100 * meters
    sex = given.body.sex or text_of(dataset, "PatientSex").upper() or None
    if sex not in (None, "M", "F", "O"):
        raise QuantityError(
            f"{path.name} has PatientSex (0010,0040) = '{sex}': give --sex M or F"
        )
    if sex == "O" and given.body.sex is None and not given.ibsi:
        # Asked where it matters: for lean body mass.
        sex = None
    return Body(weight, height_cm, sex), remark


def _weight_kg(
    dataset: Dataset, path: Path, given: UptakeGiven
) -> tuple[float | None, tuple[str, ...]]:
    if given.body.weight_kg is not None:
        return given.body.weight_kg, ()
    weight = number_if_any(dataset, "PatientWeight", path, least=0) or None
    if weight is None or weight <= _HEAVIEST_KG:
        return weight, ()
    said = f"{path.name} has PatientWeight (0010,1030) = {weight:g} kg"
    if given.ibsi and weight >= _GRAMS:
        return weight / 1000, (f"{said}, taken as grams (IBSI)",)
    raise QuantityError(f"{said}: give --weight, for example --weight 72kg")


def _per_concentration(
    stack: Stack, body: Body, given: UptakeGiven
) -> tuple[NDArray[np.float64], Tracer, tuple[str, ...]]:
    """What turns each slice's Bq/mL into SUV by body weight."""
    first, path = stack.datasets[0], stack.paths[0]
    weight_g = 1e3 * body.weight()
    item = tracer_item(first, path)
    mbq, assumed = injected_mbq(item, path, given)
    kind = as_text(required(first, "DecayCorrection", path)).upper()
    if kind not in ("START", "ADMIN", "NONE"):
        raise QuantityError(
            f"{path.name} has DecayCorrection (0054,1102) = {kind}: START, ADMIN or "
            "NONE is needed"
        )
    remarks = (assumed,) if assumed else ()
    if kind == "ADMIN":
        tracer = Tracer(mbq, None, origin="decay-corrected to the injection")
        whole = _known_injection(stack, item, given)
        tracer = replace(tracer, injected_at=whole)
        factors = np.full(len(stack.paths), weight_g / (mbq * 1e6))
        return factors, tracer, remarks
    hours = half_life_h(item, path)
    places = _references(stack, hours, kind, given)
    earliest = min(one for one in (place.at for place in places) if one is not None)
    injected = injected_at(
        item, first, path, reference_at=earliest, half_life=hours, given=given
    )
    tracer = Tracer(mbq, hours, injected.at, earliest, places[0].origin)
    left = np.array([tracer.left_mbq(one.at) for one in places])
    more = (injected.remark,) if injected.remark else ()
    return weight_g / (left * 1e6), tracer, (*remarks, *more)


def _references(
    stack: Stack, hours: float, kind: str, given: UptakeGiven
) -> list[PetReference]:
    """The moment that each slice's values hold at, on the scanner's clock."""
    if given.scan_at is not None:
        if kind == "NONE":
            raise QuantityError(
                f"{stack.paths[0].name} is not corrected for decay (DecayCorrection "
                "(0054,1102) = NONE), and each bed holds at its own time: leave "
                "--scan-at out"
            )
        at = typed_on_its_clock(given.scan_at, stack.datasets[0], "--scan-at")
        return [PetReference(at, "--scan-at")] * len(stack.paths)
    found = slice_references(stack, hours, any_vendor=given.ibsi)
    if any(one.at is None for one in found):
        raise MissingTagError(f"{stack.paths[0].name}: the scan's time is not known")
    if kind == "START":
        one_reference(found)
        if not given.ibsi:
            require_of_the_scan(found, stack)
    else:
        require_one_scan(found)
    return found


def _tracer_if_any(
    stack: Stack, given: UptakeGiven
) -> tuple[Tracer | None, tuple[str, ...]]:
    """What an image in SUV says of its injection, which its values do not need."""
    item = next(
        iter(stack.datasets[0].get("RadiopharmaceuticalInformationSequence") or []),
        None,
    )
    if item is None:
        at = _known_injection(stack, None, given)
        return (None if at is None else Tracer(given.injected_mbq, None, at)), ()
    bq = number_if_any(item, "RadionuclideTotalDose", stack.paths[0])
    seconds = number_if_any(item, "RadionuclideHalfLife", stack.paths[0])
    at = _known_injection(stack, item, given)
    mbq = given.injected_mbq or (bq / 1e6 if bq and bq >= LEAST_BQ else None)
    if mbq is None and at is None:
        return None, ()
    return Tracer(mbq, seconds / 3600 if seconds else None, at), ()


def _known_injection(
    stack: Stack, item: Dataset | None, given: UptakeGiven
) -> datetime | None:
    """When it was injected, for the time of uptake; None where that is not known.

    What is typed is refused where it cannot be.
    """
    first, path = stack.datasets[0], stack.paths[0]
    typed = typed_on_its_clock(given.scan_at, first, "--scan-at")
    starts = [one for one, _ in map(acquired_at, stack.datasets) if one is not None]
    starts = [typed] if typed is not None else starts
    if not starts:
        return None
    if given.injected_at is not None:
        return typed_injection(first, path, reference_at=min(starts), given=given)
    seconds = item and number_if_any(item, "RadionuclideHalfLife", path)
    if item is None or not seconds:
        return None
    try:
        found: InjectionTime = injected_at(
            item,
            first,
            path,
            reference_at=min(starts),
            half_life=seconds / 3600,
            given=given,
        )
    except (MissingTagError, QuantityError):
        return None
    return found.at
