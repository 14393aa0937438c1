"""The studies in a folder, by headers; and those of a list that `find` wrote."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.choose import choose
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.header import number_if_any, read_dataset, reading_dicom
from sirtdose.io.dicom.injection import LEAST_BQ
from sirtdose.io.dicom.nuclide_name import nuclide_words
from sirtdose.io.dicom.time import (
    acquired_at,
    on_its_clock,
    parse_date,
    parse_moment,
    parse_offset,
    parse_time_of_day,
    text_of,
)
from sirtdose.io.discover import survey
from sirtdose.io.found import STRUCTURES, Found, Kind
from sirtdose.io.tables.csv import read_table
from sirtdose.model.imaging_study import HeaderInjection, ImagingStudy, Studies
from sirtdose.model.nuclide_words import names_in
from sirtdose.model.treatment_record import (
    hidden,
    hidden_name,
    study_digest,
    without_zeros,
)

_IMAGES = (Kind.SPECT, Kind.PET)
_MODALITY = {Kind.SPECT: "NM", Kind.PET: "PT"}
# What `find` calls the columns of a study.
_LISTED = ("study_instance_uid", "date")
_MODALITIES = ("PT", "NM")


def read_studies(root: Path) -> Studies:
    """The studies below a folder; what has no activity image goes to its neighbor.

    A planning system may write contours in a study of their own: those in the folder of
    one scan of the same patient are that scan's.

    Raises
    ------
    FileFormatError
        Nothing at the path, or nothing that is read.
    """
    found, _ = survey(root)
    groups: defaultdict[str, list[tuple[Found, Dataset]]] = defaultdict(list)
    without = 0
    for item in found:
        header = _header(item)
        uid = "" if header is None else text_of(header, "StudyInstanceUID")
        if header is None or not uid:
            without += 1
            continue
        groups[uid].append((item, header))
    units = _with_neighbors(list(groups.values()))
    remarks = (
        [f"{without} files without a StudyInstanceUID: not used"] if without else []
    )
    return Studies([_study(one, found) for one in units], remarks)


def _header(item: Found) -> Dataset | None:
    if item.kind in (Kind.IMAGE_FILE, Kind.SEGMENTATION_FILE, Kind.ARRAY):
        return None
    if item.headers:
        return item.headers[0]
    try:
        with reading_dicom(item.paths[0]):
            return read_dataset(item.paths[0])
    except InputError:
        return None


_Unit = list[tuple[Found, Dataset]]


def _with_neighbors(groups: Sequence[_Unit]) -> list[_Unit]:
    """Studies with an activity image, each with what else is in its own folder."""
    scans = [one for one in groups if any(item.kind in _IMAGES for item, _ in one)]
    units = [list(one) for one in scans]
    for group in groups:
        if group in scans:
            continue
        inside = [
            unit
            for scan, unit in zip(scans, units, strict=True)
            if _folder(group).is_relative_to(_folder(scan)) and _same(group, scan)
        ]
        if len(inside) == 1:
            inside[0].extend(group)
        else:
            units.append(list(group))
    return units


def _same(one: _Unit, other: _Unit) -> bool:
    return one[0][0].patient[:1] == other[0][0].patient[:1]


def _folder(unit: _Unit) -> Path:
    """The folder that all files of a study are in."""
    folders = {str(path.parent.absolute()) for item, _ in unit for path in item.paths}
    return Path(os.path.commonpath(folders))


def _study(unit: _Unit, found: Sequence[Found]) -> ImagingStudy:
    items = [item for item, _ in unit]
    scans = [one for one in unit if one[0].kind in _IMAGES]
    item, header = (scans or unit)[0]
    path = item.paths[0]
    folder = _folder(unit)
    with reading_dicom(path):
        started, _ = acquired_at(header)
        study_day = parse_date(text_of(header, "StudyDate"))
        identifier = text_of(header, "PatientID")
        study = ImagingStudy(
            study_digest(text_of(header, "StudyInstanceUID")),
            hidden(identifier),
            started.date() if started else study_day,
            name=hidden_name(text_of(header, "PatientName")),
            birth=hidden(text_of(header, "PatientBirthDate")),
            shown=identifier,
            alike=without_zeros(identifier),
            study_day=study_day,
            folder=folder,
        )
        if not scans:
            return study
        words = nuclide_words([one for _, one in scans])
        return replace(
            study,
            modality=_MODALITY[item.kind],
            nuclides=tuple(one for one in names_in(words).split(", ") if one),
            started=started,
            offset=parse_offset(text_of(header, "TimezoneOffsetFromUTC")),
            weight_kg=number_if_any(header, "PatientWeight", path),
            injection=_injection(header, path, item.kind),
            has_ct=any(one.kind is Kind.CT for one in items),
            has_structures=any(one.kind in STRUCTURES for one in items),
            problem=_problem(folder, found),
        )


def _problem(folder: Path, found: Sequence[Found]) -> str:
    """Why nothing can be chosen in its folder, which `sirtdose post` is given whole."""
    inside = [one for one in found if one.paths[0].absolute().is_relative_to(folder)]
    try:
        choose(inside, without_structures=True)
    except InputError as error:
        return str(error)
    return ""


def _injection(header: Dataset, path: Path, kind: Kind) -> HeaderInjection:
    """What is said of the injection: PET writes Bq, gamma cameras MBq."""
    for item in header.get("RadiopharmaceuticalInformationSequence") or ():
        number = number_if_any(item, "RadionuclideTotalDose", path)
        at = parse_moment(text_of(item, "RadiopharmaceuticalStartDateTime"))
        gbq = None
        if number and number > 0:
            # A smaller one in Bq was written in another unit, and may be anything.
            is_bq = kind is Kind.PET and number >= LEAST_BQ
            gbq = number / 1e9 if is_bq else None
            gbq = number / 1e3 if kind is Kind.SPECT else gbq
        clock = parse_time_of_day(text_of(item, "RadiopharmaceuticalStartTime"))
        return HeaderInjection(gbq, on_its_clock(at, header), clock)
    return HeaderInjection()


def read_study_list(path: Path) -> Studies:
    """The studies of a list, csv or json, as `find` writes them: without their files.

    Raises
    ------
    FileFormatError, InputError
        No such list.
    """
    rows = _json_rows(path) if path.suffix.lower() == ".json" else _csv_rows(path)
    return Studies([_listed(where, row) for where, row in rows])


def _listed(where: str, row: Mapping[str, str]) -> ImagingStudy:
    if not row.get("study_instance_uid"):
        raise InputError(f"{where} has no study_instance_uid")
    if not row.get("patient_id"):
        raise InputError(
            f"{where} has no patient_id: `sirtdose find --show-patients` writes it"
        )
    words = re.split(r"[\s\\|,;]+", row.get("modalities", "").upper())
    day = _listed_day(row.get("date", ""), where)
    return listed_study(
        row["study_instance_uid"],
        row["patient_id"],
        day,
        modalities=words,
        name=row.get("patient_name", ""),
        birth=row.get("birth_date", "").replace("-", ""),
    )


def listed_study(
    uid: str,
    patient_id: str,
    day: date | None,
    *,
    modalities: Sequence[str],
    name: str = "",
    birth: str = "",
) -> ImagingStudy:
    """A study of which only a list is known; `birth` as DICOM writes it.

    >>> one = listed_study("1.2.840.1", "7", None, modalities=["CT", "NM"])
    >>> one.key, one.modality, one.folder
    ('0ec01790fd45eaed', 'NM', None)
    """
    return ImagingStudy(
        study_digest(uid),
        hidden(patient_id),
        day,
        modality=next((one for one in _MODALITIES if one in modalities), ""),
        name=hidden_name(name),
        birth=hidden(birth),
        shown=patient_id,
        alike=without_zeros(patient_id),
        study_day=day,
    )


def _listed_day(text: str, where: str) -> date | None:
    if not text:
        return None
    found = parse_date(text.replace("-", ""))
    if found is None:
        raise InputError(f"{where}: '{text[:40]}' is not a date: write 2026-03-01")
    return found


def _csv_rows(path: Path) -> Iterable[tuple[str, Mapping[str, str]]]:
    lines = read_table(path, required=_LISTED, what="a list of studies")
    return [(one.where, one.cells) for one in lines]


def _json_rows(path: Path) -> Iterable[tuple[str, Mapping[str, str]]]:
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except ValueError:
        raise FileFormatError(f"{path.name} is not JSON") from None
    rows = data.get("studies") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise FileFormatError(f"{path.name} is no list of studies: it has no studies")
    return [
        (f"{path.name}, study {number}", _plain({**row, **(row.get("patient") or {})}))
        for number, row in enumerate(rows, 1)
        if isinstance(row, dict)
    ]


def _plain(row: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        key: " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in row.items()
        if value is not None
    }
