"""What results as DICOM need of the files that they were made from."""

from typing import TYPE_CHECKING

from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.rtstruct import read_structure_set
from sirtdose.io.found import Kind
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.patient_link import PatientLink, StructureSet, shift_days
from sirtdose.model.request import PostRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.io.choose import Choice
    from sirtdose.model.volume import Volume
    from sirtdose.workflows.image.structures import Placed


def patient_link(
    request: PostRequest, choice: "Choice", image: "Volume"
) -> PatientLink | None:
    """Whom the image is of, or a pseudonym for them; None of what is no DICOM."""
    if image.source is None or image.source.modality == "file":
        return None

    link = read_link(choice.image.paths, image.grid.frame_of_reference_uid)
    return (
        link.deidentified(request.privacy.site_key)
        if request.privacy.site_key
        else link
    )


def shifted_days(request: PostRequest, link: PatientLink | None) -> int:
    """By how many days a pseudonym's dates are moved back; 0 without one."""
    if request.privacy.site_key is None:
        return 0
    return link.shifted_d if link else shift_days(request.privacy.site_key)


def structure_set(
    request: PostRequest, choice: "Choice", placed: "Placed"
) -> StructureSet | None:
    """The one RTSTRUCT that structures came from, where they lie as they are there.

    A pseudonym's results refer to no file that names the patient.
    """
    drawn = [one for one in choice.structures if one.kind is Kind.CONTOURS]
    if len(drawn) != 1 or placed.registration is not None or request.privacy.site_key:
        return None
    return read_structure_set(drawn[0].paths[0])


def negative_dose_finding(doses: "Mapping[str, Dose]") -> list[Finding]:
    """Doses that RTDOSE has no number for (H30)."""
    volume = next(iter(doses.values())).volume
    count = int((volume.data < 0).sum())
    if not count:
        return []
    return [
        Finding.of(
            "H30",
            f"RTDOSE holds no dose below 0: {count} of {volume.data.size} voxels are "
            "0 there; the NIfTI and the tables keep them",
            severity=Severity.NOTE,
        )
    ]
