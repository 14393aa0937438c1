"""PET series to activity concentration at a reference time.

What the reference time is, and which half-life the scanner really used, is in the
header only between the lines; where it is not, reading stops.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import QuantityError
from sirtdose.io.dicom.camera import camera_words
from sirtdose.io.dicom.gates import gated_stack, is_gated_pet
from sirtdose.io.dicom.header import (
    Dataset,
    as_text,
    half_life_in_header_h,
    number,
    read_dataset,
    reading_dicom,
    required,
)
from sirtdose.io.dicom.nuclide_name import nuclide_words
from sirtdose.io.dicom.pet_decay import (
    HALF_LIVES_H,
    IDENTITIES,
    applied_half_life_h,
    misfit,
    reference_of,
)
from sirtdose.io.dicom.pet_series import series_doubts
from sirtdose.io.dicom.stack import Stack, read_stack
from sirtdose.model.emitter import Emitter
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.nuclide_words import names_in
from sirtdose.model.volume import Doubt, Quantity, Volume

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.128"
_UNITS = {
    "GML": "SUV (g/mL)",
    "CM2ML": "SUV by body surface",
    "CNTS": "counts",
    "PROPCNTS": "proportional to counts",
    "PROPCPS": "proportional to counts per second",
    "NONE": "without unit",
}
# Half-lives of one nuclide in different tables differ by less.
_SAME_HALF_LIFE = 0.02


def read_pet(
    paths: Sequence[Path],
    headers: Sequence[Dataset] = (),
    *,
    header_nuclide_was: str | None = None,
    nuclide: Emitter | None = None,
) -> Volume:
    """Read a PET series as Bq/mL at its decay reference time.

    Parameters
    ----------
    paths : sequence of Path
        The slices, in any order.
    headers : sequence of Dataset, optional
        Of the same files in the same order; read where not given.
    header_nuclide_was : str, optional
        The nuclide the scanner was told, where it was told wrong: its decay
        correction is undone and that of `nuclide` applied.
    nuclide : Emitter, optional
        The one that was given; Y-90 where not said.

    Raises
    ------
    QuantityError
        Not in Bq/mL, or corrected for decay in a way the header does not say.
    MissingTagError
        A unit, decay correction or time is missing.
    """
    gates = None
    asked: tuple[Doubt, ...] = ()
    with reading_dicom(paths[0]):
        if is_gated_pet(headers[0] if headers else read_dataset(paths[0]), paths[0]):
            stack, gates, asked = gated_stack(paths, headers)
        else:
            stack = read_stack(paths, "PET", headers)
    first, path = stack.datasets[0], stack.paths[0]
    for dataset, its_path in zip(stack.datasets, stack.paths, strict=True):
        with reading_dicom(its_path):
            _require_bq_per_ml(dataset, its_path)
            _require_alike(dataset, its_path, first)
    nuclide = nuclide or Nuclide.named("Y-90")
    half_lives_h = (*HALF_LIVES_H.values(), nuclide.half_life_h)
    with reading_dicom(path):
        words = nuclide_words(stack.datasets, nuclide)
        source = replace(
            stack.source,
            camera=camera_words(first),
            nuclide_in_header=names_in(words, nuclide),
            nuclide_words=words,
            doubts=(
                *stack.source.doubts,
                *asked,
                *series_doubts(
                    stack.datasets,
                    stack.paths,
                    half_lives_h,
                    gates=len(gates.fractions) if gates else 1,
                ),
            ),
            decay_correction=_decay_correction(first, path),
            applied_half_life_h=applied_half_life_h(stack.datasets, path, half_lives_h),
            positron_fraction_in_header=_positron_fraction(stack),
        )
        data = stack.data
        if header_nuclide_was is not None:
            data = _corrected_again(stack, header_nuclide_was, nuclide)
            source = replace(
                source,
                applied_half_life_h=nuclide.half_life_h,
                remarks=(
                    *source.remarks,
                    f"decay correction of {header_nuclide_was} undone, of "
                    f"{nuclide.name} applied",
                ),
            )
        source = reference_of(stack, nuclide.half_life_h).of(source)
    if gates is not None:
        source = replace(source, remarks=(*source.remarks, gates.remark))
    return Volume(data, stack.grid, Quantity.ACTIVITY_CONCENTRATION, source, gates)


def _require_bq_per_ml(dataset: Dataset, path: Path) -> None:
    """PET that is not in Bq/mL, or has a negative rescale slope (H12)."""
    units = as_text(required(dataset, "Units", path, "BQML is needed")).upper()
    if units != "BQML":
        said = _UNITS.get(units, "another unit")
        if units in ("GML", "CM2ML"):
            said += "; an SUV cannot be turned back safely"
        if str(dataset.get("DecayCorrection", "")).upper() == "ADMIN":
            said += ", decay-corrected to administration"
        raise QuantityError(
            f"{path.name} has Units (0054,1001) = {units}, {said} (H12): doses "
            "need Bq/mL; reconstruct the PET in Bq/mL (BQML)"
        )
    slope = number(dataset, "RescaleSlope", path, "each slice has its own")
    if slope < 0:
        raise QuantityError(
            f"{path.name} has RescaleSlope (0028,1053) = {slope:g}: it must be above 0"
        )


def _require_alike(dataset: Dataset, path: Path, first: Dataset) -> None:
    ours, its = (str(one.get("DecayCorrection", "")) for one in (first, dataset))
    if its != ours:
        raise QuantityError(
            f"{path.name} has DecayCorrection (0054,1102) = '{its}', other slices "
            f"'{ours}': give the slices of one reconstruction"
        )
    our_h, its_h = (half_life_in_header_h(one, path) for one in (first, dataset))
    if our_h and its_h and abs(its_h / our_h - 1) > _SAME_HALF_LIFE:
        raise QuantityError(
            f"{path.name} has a half-life of {its_h:.4g} h (RadionuclideHalfLife "
            f"(0018,1075)), other slices {our_h:.4g} h: give the slices of one "
            "reconstruction"
        )


def _positron_fraction(stack: Stack) -> float | None:
    """RadionuclidePositronFraction of the slices; 0 says that none is known."""
    found = set()
    for dataset, path in zip(stack.datasets, stack.paths, strict=True):
        for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
            fraction = float(item.get("RadionuclidePositronFraction") or 0)
            if not 0 <= fraction <= 1:
                raise QuantityError(
                    f"{path.name} has RadionuclidePositronFraction (0018,1076) = "
                    f"{fraction:g}: a fraction from 0 to 1 is needed"
                )
            found.add(fraction)
    if len(found) > 1:
        listed = ", ".join(f"{one:g}" for one in sorted(found))
        raise QuantityError(
            f"{stack.paths[0].name} and the other slices have several values of "
            f"RadionuclidePositronFraction (0018,1076), {listed}: give the slices of "
            "one reconstruction"
        )
    return max(found, default=0.0) or None


def _decay_correction(dataset: Dataset, path: Path) -> str:
    kind = str(required(dataset, "DecayCorrection", path)).upper()
    if kind not in ("START", "ADMIN", "NONE"):
        raise QuantityError(
            f"{path.name} has DecayCorrection (0054,1102) = {kind}: START, ADMIN or "
            "NONE is needed"
        )
    return kind


def _corrected_again(stack: Stack, was: str, right: Emitter) -> NDArray[np.float32]:
    if was not in HALF_LIVES_H:
        raise QuantityError(
            f"--header-nuclide-was {was} is not known: use {', '.join(HALF_LIVES_H)}"
        )
    wrong_h, right_h = HALF_LIVES_H[was], right.half_life_h
    if str(stack.datasets[0].DecayCorrection).upper() == "ADMIN":
        raise QuantityError(
            f"{stack.paths[0].name} is decay-corrected to administration "
            f"(DecayCorrection (0054,1102) = ADMIN), as {was}, but its header does "
            f"not state by how much: reconstruct it as {right.name}, or with START"
        )
    known = [
        (error, identity)
        for identity in IDENTITIES
        if (error := misfit(stack.datasets, identity, wrong_h)) is not None
    ]
    error, identity = min(known, key=lambda pair: pair[0], default=(1.0, None))
    if identity is None or error > 0.02:
        raise QuantityError(
            f"{stack.paths[0].name}: DecayFactor (0054,1321) is not that of {was}: "
            "its correction cannot be undone; leave --header-nuclide-was out and "
            f"reconstruct it for {right.name}"
        )
    data = stack.data.astype(np.float32)
    for k, dataset in enumerate(stack.datasets):
        data[k] *= identity(dataset, right_h) / float(dataset.DecayFactor)
    return data
