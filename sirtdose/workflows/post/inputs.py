"""Every file that an assessment rests on, and what its notes say."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sirtdose.checks.header import image_findings
from sirtdose.checks.nuclide import named_by_header_findings
from sirtdose.checks.positron_yield import yield_findings
from sirtdose.checks.self_test import self_test_findings
from sirtdose.checks.site import site_findings
from sirtdose.checks.times import treated_day_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.results import Provenance, Read
from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_link, read_series_link
from sirtdose.io.dicom.rtstruct import read_structure_set
from sirtdose.io.discover import discover
from sirtdose.io.found import Found, Kind
from sirtdose.io.hashing import sha256_of
from sirtdose.model.acceptance import Said
from sirtdose.model.bounds import printable
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger, PositronYield, Times
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.patient_link import PatientLink, StructureSet, shift_days
from sirtdose.model.request import Given, PostRequest
from sirtdose.model.volume import Source, Volume
from sirtdose.workflows.image.camera import camera_of_image, typed_findings
from sirtdose.workflows.image.prior_session import prior_file_findings
from sirtdose.workflows.image.scene import (
    activity_image,
    chosen,
    inputs_of,
    moved_as_asked,
    one_patient_findings,
)
from sirtdose.workflows.post.activity import image_total_gbq
from sirtdose.workflows.post.against_plan import read_plan
from sirtdose.workflows.post.camera import at_scan, by_camera
from sirtdose.workflows.post.injected import injections_given
from sirtdose.workflows.post.kept_names import camera_names, file_names, people_of
from sirtdose.workflows.post.ledger import ledger_of, on_own_scale, times_of
from sirtdose.workflows.post.plan_map import plan_map_file, read_plan_map
from sirtdose.workflows.post.plan_names import by_names_here
from sirtdose.workflows.post.positron_yield import own_yield

_NOT_KEPT = ("source", "acceptances", "self_test", "cameras")


def files_of(request: PostRequest) -> tuple[Choice, list[Finding]]:
    """Image, CT and structures of one patient, whose the other doses are too."""
    choice, findings = chosen(request.image, named_files(request).values())
    return choice, findings + other_dose_findings(choice, request)


def other_dose_findings(choice: Choice, request: PostRequest) -> list[Finding]:
    """Whether an earlier dose and the plan's are of the image's patient."""
    planned = request.judge.plan_dose
    theirs = discover(planned) if planned is not None and planned.exists() else []
    return [
        *prior_file_findings(choice, request.judge.prior_dose),
        *(one_patient_findings([choice.image, *theirs]) if theirs else []),
    ]


def read_image(
    choice: Choice, request: PostRequest, said: Said
) -> tuple[Volume, Given]:
    """The image as its file has it, and what was given on the calibrator's own scale.

    Raises
    ------
    InputError
        A file that cannot be used.
    """
    said.add(self_test_findings(request.judge.self_test))
    said.add(site_findings(request.judge.site))
    given = said.take(on_own_scale(request.given))
    image = activity_image(
        choice,
        in_bq_per_ml=request.dose.calibration == "image",
        header_nuclide_was=request.image.header_nuclide_was,
        nuclide=given.nuclide,
    )
    return image, given


def read_given(
    choice: Choice, request: PostRequest, said: Said
) -> tuple[Volume, Given, Times, PositronYield | None]:
    """The image where it was asked to be, and what was given when, for its doses.

    Raises
    ------
    InputError
        A file or a time that cannot be used.
    """
    image, given = read_image(choice, request, said)
    was = request.image.header_nuclide_was
    image = said.take(moved_as_asked(image, request.image))
    source = image.source
    given = said.take(with_header_nuclide(given, source, was))
    given = replace(given, nuclide=given.nuclide.for_energy(emitted=False))
    image, positrons = own_yield(image, request.image, given.nuclide)
    said.add(
        image_findings(
            source=source,
            nuclide=given.nuclide,
            nuclide_given=given.nuclide_given,
            header_nuclide_was=was,
            device=request.judge.device,
        )
    )
    return image, given, said.take(times_of(given, source)), positrons


def read(choice: Choice, request: PostRequest) -> tuple[Read, tuple[Finding, ...]]:
    """The image, what was given when by notes and header, and the plan.

    Raises
    ------
    InputError
        A file that cannot be used, an activity or a time that is missing.
    """
    said = Said()
    image, given, times, positrons = read_given(choice, request, said)
    ledger = said.take(ledger_of(given, request.judge.device))
    camera = said.take(_camera(image, given, request, times=times, ledger=ledger))
    dose, camera = by_camera(request.dose, image, camera)
    total_gbq = image_total_gbq(image, given, dose, elapsed_h=times.elapsed_h)
    if total_gbq is not None:
        ledger = replace(ledger, in_image_gbq=total_gbq, positron_yield=positrons)
    said.add(
        yield_findings(
            ledger=ledger,
            nuclide=given.nuclide,
            calibration=request.dose.calibration,
            nuclide_was=request.image.header_nuclide_was,
        )
    )
    plan, key = request.judge.plan, request.privacy.patient_key
    seen = Read(given, image, ledger, times, injections_given(given), camera=camera)
    if plan is not None:
        document = said.take(read_plan(plan, given.nuclide, key))
        document = by_names_here(document, request.judge.matches)
        said.add(treated_day_findings(document, times.administered_at))
        found = said.take(read_plan_map(request, document))
        seen = replace(seen, plan=document, plan_map=found)
    return seen, said.findings


def _camera(
    image: Volume, given: Given, request: PostRequest, *, times: Times, ledger: Ledger
) -> tuple[CameraUsed | None, list[Finding]]:
    """The image's camera, and what it kept of its counts at the scan."""
    used, findings = camera_of_image(
        image,
        request.image,
        nuclide=given.nuclide.name,
        day=times.scan_at.date() if times.scan_at else None,
        nameless=request.privacy.nameless,
    )
    if used is None:
        return None, findings
    used = at_scan(
        used,
        image,
        ledger,
        nuclide=given.nuclide,
        request=request,
        elapsed_h=times.elapsed_h,
    )
    typed = request.dose.cps_per_mbq is not None and used.camera.factor is not None
    own = typed_findings(request.dose, used, *["--calibration"] * typed)
    return used, [*findings, *own]


def provenance(
    choice: Choice, request: PostRequest, seen: Read, *, moved: bool
) -> Provenance:
    """What was used of whom, and how results name it.

    Structures that were `moved` lie elsewhere than in the RTSTRUCT.
    """
    named, key = named_files(request), request.privacy.site_key
    link = None
    image = seen.image
    image_files, source = choice.image.paths, image.source
    if image_files and source is not None and source.modality != "file":
        link = read_link(image_files, image.grid.frame_of_reference_uid)
        link = link.deidentified(key) if key else link
    return Provenance(
        choices=choice.reasons,
        inputs=all_inputs(choice, named, request.dose.density),
        options=options_of(request),
        link=link,
        ct=None if link is None else _ct_link(choice.ct, key),
        # By how many days a pseudonym's dates are moved back.
        shifted_d=0 if key is None else link.shifted_d if link else shift_days(key),
        # A pseudonym's results refer to no file that names the patient.
        # A consensus is none of the readers' own.
        structure_set=None
        if link is None or key or moved or len(choice.readers) > 1
        else _structure_set(choice.structures),
        people=()
        if key is None
        else people_of(
            choice,
            [
                request.image.drawn_on,
                request.judge.prior_dose,
                request.judge.plan_dose,
            ],
        ),
        file_names={}
        if key is None
        else {**camera_names(seen.camera), **file_names(choice, named)},
    )


def _ct_link(ct: Found | None, key: bytes | None) -> PatientLink | None:
    """Whom the CT is of, where it is DICOM."""
    if ct is None or ct.kind is not Kind.CT:
        return None
    link = read_series_link(ct.paths, ct.headers)
    return link.deidentified(key) if key else link


def _structure_set(structures: Sequence[Found]) -> StructureSet | None:
    """The one RTSTRUCT that structures came from."""
    drawn = [one for one in structures if one.kind is Kind.CONTOURS]
    return read_structure_set(drawn[0].paths[0]) if len(drawn) == 1 else None


def all_inputs(
    choice: Choice, named: Mapping[str, Path], density: object
) -> tuple[dict[str, Any], ...]:
    """What was used: name only, hash, series; in the order of its use."""
    return (
        *inputs_of(choice, density),
        *(
            {
                # Folders are often named after patients.
                "file": printable(path.name) if path.is_file() else "a folder",
                "files": len(paths),
                "kind": kind,
                "sha256": sha256_of(paths),
                "series_instance_uid": None,
            }
            for kind, path in named.items()
            if kind != "densities"
            for paths in [_files(path)]
        ),
    )


def named_files(request: PostRequest) -> dict[str, Path]:
    """What a request names besides image, CT and structures, by its kind."""
    nuclide = request.given.nuclide
    named: dict[str, object] = {
        "earlier dose": request.judge.prior_dose,
        "transform of the earlier dose": request.judge.prior_transform,
        "registration": request.image.registration,
        "image drawn on": request.image.drawn_on,
        "densities": request.dose.density,
        "recovery coefficients": request.dose.pvc,
        "radiobiology": request.judge.radiobiology,
        "budget": request.dose.budget,
        "plan": request.judge.plan,
        "plan's dose map": plan_map_file(request),
        "transform of the plan's dose map": request.judge.plan_transform,
        "nuclide": nuclide.file,
        "camera": request.image.camera,
        "site": request.judge.site and request.judge.site.path,
    }
    if nuclide.file is not None:
        for one in nuclide.kernels:
            named[f"dose kernel in {one.medium}"] = one.file
    return {kind: path for kind, path in named.items() if isinstance(path, Path)}


def options_of(request: PostRequest) -> dict[str, Any]:
    """Every option of a request, as a result keeps them: files by their name only.

    Folders are often named after patients, and keys are secret: neither is kept; nor is
    a file's name where results are to name nobody.
    """
    nameless = request.privacy.nameless
    return {
        one.name: _plain(
            getattr(group, one.name), request.image.source, nameless=nameless
        )
        for group in (request.given, request.image, request.dose, request.judge)
        for one in fields(group)
        if one.name not in _NOT_KEPT
    }


def _plain(value: Any, source: Path, *, nameless: bool) -> Any:
    if isinstance(value, Path):
        name = "a file" if nameless else printable(value.name)
        return name if value.is_file() or (source / value).is_file() else "a folder"
    if isinstance(value, Nuclide):
        return value.name
    if isinstance(value, Metric):
        return value.words
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: _plain(getattr(value, one.name), source, nameless=nameless)
            for one in fields(value)
        }
    if isinstance(value, Mapping):
        return {
            str(key): _plain(one, source, nameless=nameless)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(one, source, nameless=nameless) for one in value]
    return str(value) if isinstance(value, StrEnum) else value


def _files(path: Path) -> tuple[Path, ...]:
    """A file, or every file of what a folder holds."""
    return (
        (path,)
        if path.is_file()
        else tuple(one for item in discover(path) for one in item.paths)
    )


def with_header_nuclide(
    given: Given, source: Source | None, header_nuclide_was: str | None
) -> tuple[Given, list[Finding]]:
    """The nuclide of the header, where none was typed and doses of it are known.

    A header that was wrong by the user's own word decides nothing.
    """
    if source is None or given.nuclide_given or header_nuclide_was:
        return given, []
    name = source.nuclide_in_header
    if name == given.nuclide.name or name not in table("nuclides"):
        return given, []
    return replace(given, nuclide=Nuclide.named(name)), named_by_header_findings(source)
