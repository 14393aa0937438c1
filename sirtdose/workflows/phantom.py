"""Write a digital patient, and its FDG PET."""

import json
from pathlib import Path
from typing import Any

from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.io.dicom.write_pet import write_pet
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.phantom.make import make_phantom
from sirtdose.phantom.request import PhantomRequest
from sirtdose.phantom.uptake import PhantomUptake, uptake_of

PHANTOM_FILES = ("spect.dcm", "ct", "structures.dcm", "truth.json")


def write_phantom(request: PhantomRequest, folder: Path) -> dict[str, Any]:
    """Write a digital patient as DICOM with its truth.json; returns the truth."""
    phantom = make_phantom(request)
    (folder / "ct").mkdir()
    write_nm(phantom.spect, folder / "spect.dcm", phantom.study)
    slices = write_ct(phantom.ct, folder / "ct", phantom.study)
    if phantom.masks:
        link = read_link(slices, phantom.study.frame_of_reference_uid)
        write_seg(phantom.masks, folder / "structures.dcm", link, made_by="MANUAL")
    else:
        write_rtstruct(phantom.contours, folder / "structures.dcm", phantom.study)
    (folder / "truth.json").write_text(
        json.dumps(phantom.truth, indent=1) + "\n", "utf-8"
    )
    return phantom.truth


def write_phantom_pet(request: PhantomUptake, folder: Path) -> None:
    """Write an FDG PET of the digital patient as DICOM, with contours of its tumors."""
    volume, contours, study, injection = uptake_of(request)
    (folder / "pet").mkdir(parents=True)
    write_pet(volume, folder / "pet", study, injection)
    write_rtstruct(contours, folder / "structures.dcm", study)
