"""Assess a treatment whose image and structures are in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sirtdose.dosimetry.results import Assessment
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.choose import Choice
from sirtdose.io.convert import ImageLike, structure_of, volume_of
from sirtdose.io.found import Held, Kind
from sirtdose.model.grid import Grid
from sirtdose.model.reader import reader_words, require_readers
from sirtdose.model.request import (
    DoseRequest,
    Given,
    ImageRequest,
    JudgeRequest,
    PostRequest,
)
from sirtdose.model.role import Role
from sirtdose.model.role_words import languages_named
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.scene import require_map
from sirtdose.workflows.post.assess import assessed
from sirtdose.workflows.post.inputs import other_dose_findings

_ACTIVITIES = (Quantity.COUNTS, Quantity.ACTIVITY_CONCENTRATION)


def assess_arrays(
    image: ImageLike,
    structures: Mapping[str, ImageLike | Structure] | Iterable[Structure],
    given: Given,
    *,
    grid: Grid | None = None,
    ct: ImageLike | None = None,
    dose: DoseRequest | None = None,
    judge: JudgeRequest | None = None,
    roles: Mapping[str, Role] | None = None,
    languages: Sequence[str] = (),
    readers: Mapping[str, Mapping[str, ImageLike | Structure] | Iterable[Structure]]
    | None = None,
    dose_grid: float | Literal["image", "ct"] = "image",
    segment_perfused: float | None = None,
    segment_tumors: float | Literal["adaptive"] | None = None,
) -> Assessment:
    """Doses from an image and structures in memory, past every check of `post`.

    Parameters
    ----------
    image : Volume, array, SimpleITK image or nibabel image
        Counts; Bq/mL where ``dose.calibration`` is ``"image"``. Arrays are
        (slice, row, column).
    structures : mapping of str to mask, or Structures
        Masks are 0 and 1, or the part of each voxel inside (0 to 1): arrays of the
        image's shape, or SimpleITK or nibabel images on grids of their own. Names
        tell roles, as in files.
    given : Given
        What was given when, by the notes of the treatment.
    grid : Grid, optional
        Where the voxels of an `image` array are.
    ct : Volume, SimpleITK image or nibabel image, optional
        In HU; an array where it has the image's own voxels.
    dose : DoseRequest, optional
    judge : JudgeRequest, optional
    roles : mapping of str to Role, optional
        What structures are, where their names do not tell.
    languages : sequence of str
        Those that the names of masks are read in, such as ``("en", "nl")``; all where
        there are none.
    readers : mapping of str to structures, optional
        What each reader drew, by the reader's name, beside the `structures` that all
        share.
    dose_grid : "image", "ct" or float
        The voxels that doses are computed on; cubes of a side in mm.
    segment_perfused, segment_tumors : float, optional
        Delineate what is not drawn, above a part (0 to 1) of the most.

    Raises
    ------
    GeometryError
        An array without a grid, of another shape, or in another frame of reference.
    InputError
        Whatever cannot be used or trusted; SafetyStop where a coded check stops
        or asks.

    Examples
    --------
    >>> import numpy as np
    >>> from sirtdose.model.nuclide import Nuclide
    >>> from sirtdose.model.acceptance import Acceptance
    >>> z, y, x = np.indices((30, 40, 40))
    >>> liver = (z - 15) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 < 14**2
    >>> tumor = (z - 15) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 < 4**2
    >>> found = assess_arrays(
    ...     liver + 3.0 * tumor,
    ...     {"Liver": liver, "Perfused": liver, "Tumor 1": tumor},
    ...     Given(Nuclide.named("Y-90"), administered_gbq=1.5,
    ...           lung_shunt_fraction=0.03),
    ...     grid=Grid.regular((30, 40, 40), spacing_mm=(5, 5, 5)),
    ... )
    >>> found.structure_doses["local_deposition"][0].structure.name
    'Liver'
    """
    dose = dose or DoseRequest()
    counts = (
        Quantity.ACTIVITY_CONCENTRATION
        if dose.calibration == "image"
        else Quantity.COUNTS
    )
    volume = _of_kind(volume_of(image, counts, grid=grid), _ACTIVITIES, "the image")
    _require_header_of(volume, given)
    density = None
    if ct is not None:
        hu = volume_of(ct, Quantity.CT_NUMBER, grid=volume.grid, what="the CT")
        density = _held("the CT", _of_kind(hu, (Quantity.CT_NUMBER,), "the CT"))
    languages = languages_named(languages) if languages else ()
    drawn = _structures(structures, volume.grid, languages)
    by_reader = _of_readers(readers or {}, volume.grid, languages)
    if not drawn and not by_reader and segment_perfused is None:
        raise InputError("structures is empty: give masks by name")
    request = PostRequest(
        ImageRequest(
            Path(),
            roles=roles or {},
            languages=languages,
            dose_grid=dose_grid,
            segment_perfused=segment_perfused,
            segment_tumors=segment_tumors,
        ),
        given,
        dose,
        judge or JudgeRequest(),
    )
    require_map(request.image, dose)
    choice = Choice(
        _held("the image", volume),
        density,
        (
            *([_drawn("the structures", drawn)] if drawn or not by_reader else []),
            *(item for _, item in by_reader),
        ),
        ("image, CT and structures: given from memory",),
        by_reader,
    )
    return assessed(request, choice, other_dose_findings(choice, request))


def _held(name: str, volume: Volume) -> Held:
    return Held(Kind.ARRAY, (), name=name, image=volume)


def _drawn(name: str, structures: tuple[Structure, ...]) -> Held:
    return Held(Kind.ARRAY, (), name=name, structures=structures)


def _of_readers(
    given: Mapping[str, Mapping[str, ImageLike | Structure] | Iterable[Structure]],
    grid: Grid,
    languages: Sequence[str],
) -> tuple[tuple[str, Held], ...]:
    require_readers(given)
    return tuple(
        (name, _drawn(reader_words(name), _structures(one, grid, languages)))
        for name, one in given.items()
    )


def _structures(
    given: Mapping[str, ImageLike | Structure] | Iterable[Structure],
    grid: Grid,
    languages: Sequence[str],
) -> tuple[Structure, ...]:
    if not isinstance(given, Mapping):
        return tuple(given)
    return tuple(
        replace(mask, name=name)
        if isinstance(mask, Structure)
        else structure_of(mask, name, grid=grid).told_in(languages)
        for name, mask in given.items()
    )


def _of_kind(volume: Volume, kinds: tuple[Quantity, ...], what: str) -> Volume:
    if volume.quantity not in kinds:
        wanted = " or ".join(f"Quantity.{one.name}" for one in kinds)
        raise QuantityError(
            f"{what} is {volume.quantity.name} [{volume.quantity.unit}]: give {wanted}"
        )
    return volume


def _require_header_of(volume: Volume, given: Given) -> None:
    """A DICOM header read without a nuclide was read for Y-90."""
    source = volume.source
    if source and source.modality != "file" and given.nuclide.name != "Y-90":
        raise InputError(
            "the image's DICOM header was read for Y-90, but doses are for "
            f"{given.nuclide.name}: assess its folder with assess_dose"
        )
