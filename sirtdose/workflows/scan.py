"""A scan without structures: what is in view, and nothing of doses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sirtdose.checks.camera import camera_findings
from sirtdose.checks.header import (
    correction_findings,
    header_findings,
    pet_decay_findings,
)
from sirtdose.checks.nuclide import header_nuclide_findings
from sirtdose.checks.positron_yield import yield_findings
from sirtdose.checks.scan import scan_findings, scan_nuclide_findings, total_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.image.calibrate import CalibrationRequest
from sirtdose.dosimetry.image.scan_total import (
    ScanTotal,
    counts_per_activity,
    scan_activity,
)
from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice
from sirtdose.io.dicom.link import read_link
from sirtdose.model.acceptance import Said
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger, Times
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.patient_link import shift_days
from sirtdose.model.request import Given, PostRequest
from sirtdose.model.scan import ScanFacts
from sirtdose.model.volume import Source, Volume
from sirtdose.report.scan.document import Hidden, Scan
from sirtdose.workflows.image.scene import chosen, ct_image
from sirtdose.workflows.post.inputs import (
    all_inputs,
    named_files,
    options_of,
    read_image,
)
from sirtdose.workflows.post.kept_names import file_names, people_of
from sirtdose.workflows.post.ledger import ledger_of, require_times, times_of
from sirtdose.workflows.post.positron_yield import own_yield

# Of the options of `post`: what a scan rests on.
_OPTIONS = (
    *("image", "ct", "header_nuclide_was", "positron_fraction_was"),
    *("nuclide", "nuclide_given", "administered_gbq", "administered_at"),
    *("assay_gbq", "assay_at", "residual_gbq", "residual_at", "calibrator_factor"),
    *("scan_at", "timezone", "calibration", "cps_per_mbq", "scan_duration_h"),
    *("camera_limit_gbq", "device"),
)
_HEADER = "RadionuclideHalfLife (0018,1075)"


@dataclass(frozen=True)
class _Decay:
    """What the scan decays by: None where nobody says; and whether it was typed."""

    nuclide: Nuclide | None
    typed: bool


def read_scan(request: PostRequest) -> Scan:
    """Read a scan without structures: what it holds, and nothing of doses.

    Of the request, the image, what was given and the calibration count; what is for
    doses is left aside.

    Raises
    ------
    InputError
        Whatever cannot be used; SafetyStop where a check asks.

    Examples
    --------
    1000 voxels of 1 mL with 2000 Bq/mL:

    >>> import nibabel
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from sirtdose import DoseRequest, Given, ImageRequest, Nuclide, PostRequest
    >>> given = Given(Nuclide.named("Y-90"), nuclide_given=True)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "scan.nii.gz")
    ...     voxels = np.full((10, 10, 10), 2000.0, np.float32)
    ...     one = nibabel.Nifti1Image(voxels, np.diag([10.0, 10, 10, 1]))
    ...     nibabel.save(one, path)
    ...     dose = DoseRequest(calibration="image")
    ...     found = read_scan(PostRequest(ImageRequest(path), given, dose))
    >>> round(found.total.activity_gbq, 6)
    0.002
    """
    with opened(request.image.source) as source:
        return scan_of(replace(request, image=replace(request.image, source=source)))


def scan_of(request: PostRequest) -> Scan:
    """The order of the steps: files, image, nuclide, what was given, the total."""
    said = Said(request.judge.acceptances)
    named = named_files(request)
    choice = said.take(chosen(request.image, named.values(), bare=True))
    image, given = read_image(choice, request, said)
    was = request.image.header_nuclide_was
    decay = _decay_of(given, image.source, header_nuclide_was=was)
    said.add(_header_findings(image.source, decay, header_nuclide_was=was))
    given = replace(given, nuclide=decay.nuclide or given.nuclide)
    image, positrons = own_yield(image, request.image, given.nuclide)
    times = said.take(times_of(given, image.source))
    ledger = said.take(_ledger(given, decay))
    total = scan_total(image, request, given, decay=decay, times=times, ledger=ledger)
    facts = ScanFacts.of(image)
    said.add(scan_findings(facts, activity_known=total.activity_gbq is not None))
    if ledger is not None:
        ledger = replace(
            ledger,
            in_image_gbq=total.at_administration_gbq,
            positron_yield=positrons,
        )
        said.add(
            _ledger_findings(
                ledger, request, given, source=image.source, elapsed_h=times.elapsed_h
            )
        )
    ct = said.take(
        ct_image(choice, image, named=request.image.ct is not None, needed=False)
    )
    said.gate()
    return Scan(
        image=image,
        facts=facts,
        ct=ct,
        nuclide=decay.nuclide,
        times=times,
        ledger=ledger,
        total=total,
        self_test=request.judge.self_test,
        choices=choice.reasons,
        inputs=all_inputs(choice, named, None),
        options=_options_of(request),
        hidden=_hidden(choice, named, request, image),
        findings=said.findings,
        accepted=said.accepted,
    )


def _hidden(
    choice: Choice, named: Mapping[str, Path], request: PostRequest, image: Volume
) -> Hidden | None:
    """What stands for names and dates, where results are to name nobody."""
    key, source = request.privacy.site_key, image.source
    if key is None:
        return None
    days = shift_days(key)
    if choice.image.paths and source is not None and source.modality != "file":
        link = read_link(choice.image.paths, image.grid.frame_of_reference_uid)
        days = link.deidentified(key).shifted_d
    return Hidden(days, file_names(choice, named), people_of(choice, []))


def _options_of(request: PostRequest) -> dict[str, Any]:
    every = options_of(request)
    return {name: every[name] for name in _OPTIONS if name in every}


def _decay_of(
    given: Given, source: Source | None, *, header_nuclide_was: str | None
) -> _Decay:
    """The nuclide that was typed, else the header's; only its decay is used."""
    if given.nuclide_given or header_nuclide_was is not None:
        return _Decay(given.nuclide, typed=True)
    name = source.nuclide_in_header if source else ""
    if name in table("nuclides"):
        return _Decay(Nuclide.named(name), typed=False)
    emitter = Emitter.tabulated(name)
    stated_h = source.half_life_in_header_h if source and name else None
    half_life_h = emitter.half_life_h if emitter else stated_h
    if half_life_h is None:
        return _Decay(None, typed=False)
    return _Decay(
        replace(
            given.nuclide,
            name=name,
            half_life_h=half_life_h,
            half_life_source=emitter.half_life_source if emitter else _HEADER,
            positrons_per_decay=emitter.positrons_per_decay if emitter else None,
            kernels=(),
        ),
        typed=False,
    )


def _header_findings(
    source: Source | None, decay: _Decay, *, header_nuclide_was: str | None
) -> list[Finding]:
    """What a header says that is unusual, its nuclide, decay and corrections."""
    if header_nuclide_was is not None and source is not None and decay.nuclide:
        nuclide = header_nuclide_findings(
            source=source,
            nuclide=decay.nuclide,
            header_nuclide_was=header_nuclide_was,
        )
    else:
        nuclide = scan_nuclide_findings(source, decay.nuclide, typed=decay.typed)
    if source is None or source.modality == "file":
        return [*header_findings(source=source), *nuclide]
    return [
        *header_findings(source=source),
        *nuclide,
        *(pet_decay_findings(source=source) if source.modality == "PT" else []),
        *correction_findings(source=source),
    ]


def _ledger(given: Given, decay: _Decay) -> tuple[Ledger | None, list[Finding]]:
    """What was given, if it was typed.

    Raises
    ------
    InputError
        An activity of another time, of a nuclide that nobody names.
    """
    typed = (given.administered_gbq, given.assay_gbq, given.injections or None)
    if all(one is None for one in typed):
        return None, []
    if decay.nuclide is None and (given.assay_gbq or given.residual_gbq):
        raise InputError(
            "assay and residual are decay-corrected to the administration, and the "
            "nuclide of the image is not known: give --nuclide, or a --nuclide-file "
            "that has it"
        )
    return ledger_of(given, None)


def _ledger_findings(
    ledger: Ledger,
    request: PostRequest,
    given: Given,
    *,
    source: Source | None,
    elapsed_h: float | None,
) -> list[Finding]:
    """The scan's total against what was given, and the camera's linear range."""
    found_gbq = ledger.in_image_gbq
    return [
        *yield_findings(
            ledger=ledger,
            nuclide=given.nuclide,
            calibration="image",
            nuclide_was=request.image.header_nuclide_was,
        ),
        *total_findings(found_gbq and found_gbq / ledger.delivered_gbq),
        *camera_findings(
            source=source,
            nuclide=given.nuclide,
            camera_limit_gbq=request.dose.camera_limit_gbq,
            in_view_gbq=ledger.delivered_gbq,
            elapsed_h=elapsed_h,
        ),
    ]


def scan_total(
    image: Volume,
    request: PostRequest,
    given: Given,
    *,
    decay: _Decay,
    times: Times,
    ledger: Ledger | None,
) -> ScanTotal:
    """The activity in view, and at administration where the time between is known.

    Raises
    ------
    InputError
        A factor that needs a duration, a nuclide, or an image without decay correction.
    """
    dose, source = request.dose, image.source
    if dose.cps_per_mbq is not None:
        require_times("camera", given, source=source, elapsed_h=0.0)
        if decay.nuclide is None:
            raise InputError(
                "a camera factor corrects for decay during the scan, and the nuclide "
                "of the image is not known: give --nuclide, or a --nuclide-file that "
                "has it"
            )
    asked = CalibrationRequest(
        method=dose.calibration,
        cps_per_mbq=dose.cps_per_mbq,
        scan_duration_h=dose.scan_duration_h,
    )
    activity_gbq, how = scan_activity(image, asked, given.nuclide)
    elapsed_h = times.elapsed_h if decay.nuclide else None
    factor = None if elapsed_h is None else given.nuclide.decay_factor(elapsed_h)
    if activity_gbq is not None:
        by_factor = dose.cps_per_mbq is not None
        return ScanTotal(
            activity_gbq,
            how=how,
            reference=_reference(source, given, by_factor=by_factor),
            at_administration_gbq=None if factor is None else activity_gbq / factor,
        )
    corrected = source.decay_correction if source else ""
    if ledger is None or factor is None or corrected not in ("", "NONE"):
        return ScanTotal()
    per_mbq, cps_per_mbq = counts_per_activity(
        image.total(),
        activity_gbq=ledger.delivered_gbq * factor,
        duration_h=dose.scan_duration_h,
        nuclide=given.nuclide,
    )
    return ScanTotal(counts_per_mbq=per_mbq, cps_per_mbq=cps_per_mbq)


def _reference(source: Source | None, given: Given, *, by_factor: bool) -> str:
    """The moment of an activity: the scan's, or the image's own of decay correction."""
    if given.scan_at is not None:
        return "the time of --scan-at"
    correction = source.decay_correction if source else ""
    if by_factor or correction == "START":
        return "the start of the scan"
    if correction == "ADMIN":
        return "the administration"
    if correction == "NONE":
        return "the scan itself, as decay is not corrected"
    return "a time that the image does not state"
