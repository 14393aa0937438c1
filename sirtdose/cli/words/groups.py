"""The groups of options that every command's help has, in one order."""

from collections.abc import Iterable, Iterator

import click

# A name of an option is in one group, for every command that has it.
GROUPS: dict[str, tuple[str, ...]] = {
    "What you give": (
        *("dose", "perfused-volume", "treated-volume", "liver-volume"),
        *("tumor-volume", "tumor", "injection"),
        *("tumor-dose", "normal-dose", "activity", "maximize"),
        *("goal", "maximize-order"),
        *("height", "weight", "sex", "device"),
        *("lung-shunt", "lung-shunt-source", "tlsf"),
        *("drawn", "lung-mass", "residual", "after"),
        *("prior-liver-dose", "prior-lung-dose"),
        *("remnant", "slv", "underlying-liver"),
        "scout-activity",
        *("administered", "administered-at", "assay", "assay-at", "residual-at"),
        *("phantom", "ratio", "fill", "activity-uncertainty"),
        "residual-method",
        *("at", "catalogue", "vial", "calibrated-at", "vials-per-injection"),
        *("choose", "measured", "treatment-at", "catheter"),
        *("timezone", "plan", "plan-dose", "plan-transform"),
        *("against", "their-structures", "their-table"),
        *("prior-dose", "prior-transform", "disease", "case-label", "patient-key"),
        *("vessel", "treatment-date", "case"),
        *("lung-counts", "liver-counts", "nuclide", "nuclide-file", "by"),
        *("follow-up", "measurements", "scans", "targeted", "node", "organ"),
        *("match", "new", "gone", "lesions"),
        *("outcomes", "response", "responders", "toxicity", "toxic-from"),
        *("lesion-dose", "liver-dose", "threshold", "time", "event", "landmark"),
        *("from", "stratum", "covariate", "describe", "pool", "center"),
        *("log", "column", "dates", "decimal", "identifier-system", "without"),
        *("cohort", "treated", "first-after", "platelets"),
        *("reduced-dose", "actual-days", "roster"),
        *("progressed", "simulated", "inputs", "spacing"),
        *("patient-id", "patients", "accession", "date", "modality", "description"),
        *("only", "series-uid"),
        *("to", "aet", "calling-aet", "port", "ae-title", "host", "allow"),
        *("tls-certificate", "tls-key", "tls-ca", "run", "worklist"),
        "case-for-every-study",
        *("jobs", "scheduler", "resume", "folder-names", "settle", "once"),
        *("max-associations", "max-pdu", "max-object-size", "reserve"),
        *("retries", "wait", "timeout", "commitment", "receive", "commit-wait"),
        *("name", "valid-for", "list-phantoms"),
    ),
    "Image": (
        *("image", "gate", "ct", "injected", "injected-at", "suv-type"),
        *("scan-at", "scan-duration", "header-nuclide-was"),
        *("positron-fraction-was", "image-shift", "camera", "psf", "psf-tail"),
        "pvc",
        *("anterior", "posterior", "fwhm", "noise"),
    ),
    "Structures": (
        *("structures", "no-structures", "role", "languages"),
        "probability-threshold",
        *("registration", "drawn-on", "segment-perfused", "segment-tumors"),
        *("find", "fraction", "lesion", "edit"),
        *("liver-reference", "blood-pool"),
        *("lungs", "liver", "lung-background", "liver-background", "lung-margin"),
        "tumors",
    ),
    "Calibration": (
        *("calibration", "calibrate-over", "calibrator-factor", "camera-limit"),
        *("live-fraction", "dead-time", "series", "wide-rates", "before"),
    ),
    "Dose": (
        *("convention", "surface-formula", "shunt-reduction", "empirical"),
        *("method", "medium", "density", "density-curve", "density-in"),
        *("dose-grid", "sampling", "half-life", "dose-constant"),
        *("uncertainty", "budget", "engine", "known-to", "time-limit", "seed"),
    ),
    "Judgment": (
        *("limit", "limits", "bilirubin", "liver-function", "radiobiology"),
        *("gamma", "gamma-kind", "dose-cutoff", "tolerance", "strict"),
        *("lean-mass", "percist", "ibsi"),
        *("criteria", "targets-max", "lesions-max", "confirmed", "stable-between"),
        *("stable-from", "ctcae", "window", "ascites-from", "interval", "ties"),
        *("quick", "rerun", "accept", "reason"),
    ),
    "Output": (
        *(
            "out",
            *("paragraph", "share"),
            "metric",
            "above",
            "no-report",
            "no-dicom",
            *("pdf", "key-images"),
            "fhir",
            *("csv", "parquet"),
            "show-patient",
            "show-patients",
        ),
        *("deidentify", "site-key", "figures", "sheet", "paths", "force", "json"),
        "verbose",
    ),
}
_PLACE = {
    name: (group, place)
    for group, names in enumerate(GROUPS.values())
    for place, name in enumerate(names)
}


def place_of(option: click.Option) -> tuple[int, int] | None:
    """Which group an option is in, and where in it; None for none."""
    names = (name.removeprefix("--") for name in option.opts)
    return next((_PLACE[one] for one in names if one in _PLACE), None)


def grouped(
    params: Iterable[click.Parameter],
) -> Iterator[tuple[str, list[click.Option]]]:
    """Title and options of each group of which a command has any, in their order."""
    placed = [
        (place, number, one)
        for number, one in enumerate(params)
        if isinstance(one, click.Option) and (place := place_of(one))
    ]
    for at, title in enumerate(GROUPS):
        own: list[click.Option] = [
            one for place, _, one in sorted(placed) if place[0] == at
        ]
        if own:
            yield title, own
