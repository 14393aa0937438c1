"""worklist.json and manifest.csv: each treatment with where its numbers are from."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sirtdose import __version__
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.treatment_record import OPTIONS, Stated, TreatmentRecord
from sirtdose.model.worklist import Entry, Session, State, Worklist
from sirtdose.report.documents import iso, said_document

WORKLIST_FILE, MANIFEST_FILE = "worklist.json", "manifest.csv"
FETCH_FILE = "studies.csv"
_COLUMNS = ("case_id", "input", "injection", *OPTIONS, "header_nuclide_was")


def worklist_document(
    found: Worklist,
    *,
    show_patients: bool,
    without: Collection[str] = (),
    timezone: str | None = None,
) -> dict[str, Any]:
    """What worklist.json holds; PatientIDs only where they are asked for."""
    states = Counter(one.state for one in found.entries)
    findings = [one for entry in found.entries for one in entry.findings]
    accepted = [one for entry in found.entries for one in entry.accepted]
    return {
        "schema": "sirtdose.worklist/1",
        "sirtdose_version": __version__,
        "logs": list(found.logs),
        "without": sorted(without),
        "timezone": timezone,
        "counts": {str(one): states[one] for one in State},
        "treatments": [
            _treatment(one, show_patients=show_patients) for one in found.entries
        ],
        "studies_without_treatment": [
            _study(one, show_patients=show_patients) for one in found.unmatched
        ],
        "scouts": [_session(one) for one in found.scouts],
        "other_studies": found.other_studies,
        "remarks": list(found.remarks),
        "unread_lines": list(found.unread),
        **said_document(findings, accepted),
    }


def _treatment(entry: Entry, *, show_patients: bool) -> dict[str, Any]:
    session = entry.session
    return {
        "state": str(entry.state),
        "patient_id": session.records[0].shown if show_patients else None,
        "day": session.day.isoformat(),
        "administered_at": iso(session.at),
        "nuclide": session.nuclide or None,
        "options": {
            name: {"value": one.text, "from": list(one.places)}
            for name, one in entry.options.items()
        },
        "missing": list(entry.missing),
        **_session(session),
        "scans": [_study(one, show_patients=show_patients) for one in entry.scans],
    }


def _session(session: Session) -> dict[str, Any]:
    """What a listener needs to know a study of it."""
    return {
        "key": session.key,
        "scans": [],
        "unread": list(session.unread),
        "records": [_record(one) for one in session.records],
    }


def _study(study: ImagingStudy, *, show_patients: bool) -> dict[str, Any]:
    return {
        "study": study.key,
        "patient_id": study.shown if show_patients else None,
        "day": iso(study.day),
        "started": iso(study.started),
        "modality": study.modality,
        "nuclides": list(study.nuclides),
        "ct": study.has_ct if study.folder else None,
    }


def _record(record: TreatmentRecord) -> dict[str, Any]:
    """An administration by digests, from which a listener knows a study of it."""
    return {
        "patient": record.patient,
        "name": record.name or None,
        "birth": record.birth or None,
        "day": record.day.isoformat(),
        "log": record.log,
        "where": record.where,
        "nuclide": record.nuclide or None,
        "values": {
            name: _stated(one)
            for name, one in record.values.items()
            # Whose it is, and who gave it, is in the log.
            if name not in ("accession_number", "operator", "remark")
        },
    }


def _stated(one: Stated) -> dict[str, Any]:
    return {"text": one.text, "from": one.where, "amount": one.amount}


def manifest_csv(found: Worklist) -> str:
    """The treatments that are ready, one a line, as `sirtdose batch` reads them.

    Empty where none is.
    """
    rows = [_row(one) for one in found.entries if one.state is State.READY]
    if not rows:
        return ""
    columns = [one for one in _COLUMNS if any(one in row for row in rows)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _row(entry: Entry) -> Mapping[str, str]:
    folder = entry.scans[0].folder
    options = {name: one.text for name, one in entry.options.items()}
    return {"case_id": entry.session.key, "input": str(folder), **options}
