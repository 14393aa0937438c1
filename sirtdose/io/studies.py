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
    hidden_beside,
    hidden_name,
    study_digest,
    without_zeros,
)

_IMAGES = (Kind.SPECT, Kind.PET)
_MODALITY = {Kind.SPECT: "NM", Kind.PET: "PT"}
# What `find` calls the columns of a study.
_LISTED = ("study_instance_uid", "date")
_MODALITIES = ("PT", "NM")
_Unit = list[tuple[Found, Dataset]]
_Read = tuple[Found, Dataset | None]


def read_studies(root: Path) -> Studies:
    """The studies below a folder; what has no activity image goes to its neighbor.

    A planning system may write contours in a study of their own: those in the folder of
    one scan of the same patient are that scan's.

    Raises
    ------
    FileFormatError
        Nothing at the path, or nothing that is read.
    """
    found: list[_Read] = []
    empty: FileFormatError | None = None
    for part in _parts(root):
        # A part's headers are let go before the next one's are read.
        try:
            items, _ = survey(part)
        except FileFormatError as error:
            empty = error
            continue
        found += [(replace(one, headers=()), _header(one)) for one in items]
    if not found and empty is not None:
        raise empty
    groups: defaultdict[str, _Unit] = defaultdict(list)
    for item, header in found:
        uid = "" if header is None else text_of(header, "StudyInstanceUID")
        if header is not None and uid:
            groups[uid].append((item, header))
    units = _with_neighbors(list(groups.values()))
    without = len(found) - sum(map(len, groups.values()))
    remarks = (
        [f"{without} files without a StudyInstanceUID: not used"] if without else []
    )
    items = [item for item, _ in found]
    return Studies([_study(one, items) for one in units], remarks)


def _parts(root: Path) -> list[Path]:
    """The folders in a folder that holds nothing else, or itself."""
    inside = [] if not root.is_dir() else list(root.iterdir())
    shown = sorted(one for one in inside if not one.name.startswith("."))
    return shown if shown and all(one.is_dir() for one in shown) else [root]


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
    scans = [one for one in unit if one[0].kind in _IMAGES]
    item, header = (scans or unit)[0]
    identifier = text_of(header, "PatientID")
    study_day = parse_date(text_of(header, "StudyDate"))
    started, _ = acquired_at(header)
    study = ImagingStudy(
        study_digest(text_of(header, "StudyInstanceUID")),
        hidden(identifier),
        started.date() if started else study_day,
        name=hidden_name(text_of(header, "PatientName"), identifier),
        birth=birth_digest(text_of(header, "PatientBirthDate"), identifier),
        shown=identifier,
        alike=without_zeros(identifier),
        study_day=study_day,
        folder=_folder(unit),
    )
    if not scans:
        return study
    study = replace(study, modality=_MODALITY[item.kind], started=started)
    path = item.paths[0]
    try:
        with reading_dicom(path):
            return _with_header(study, unit, found)
    except InputError as error:
        # Of one header that cannot be read the others know nothing.
        return replace(study, problem=str(error))


def _with_header(
    study: ImagingStudy, unit: _Unit, found: Sequence[Found]
) -> ImagingStudy:
    """A study with what the header of its image says."""
    items = [item for item, _ in unit]
    scans = [one for one in unit if one[0].kind in _IMAGES]
    item, header = scans[0]
    assert study.folder is not None
    words = nuclide_words([one for _, one in scans])
    return replace(
        study,
        nuclides=tuple(one for one in names_in(words).split(", ") if one),
        offset=parse_offset(text_of(header, "TimezoneOffsetFromUTC")),
        weight_kg=number_if_any(header, "PatientWeight", item.paths[0]),
        injection=_injection(header, item.paths[0], item.kind),
        has_ct=any(one.kind is Kind.CT for one in items),
        has_structures=any(one.kind in STRUCTURES for one in items),
        problem=_problem(study.folder, found),
    )


def birth_digest(text: str, patient_id: str) -> str:
    """Digest of a birth date as DICOM writes it; empty for a placeholder."""
    day = parse_date(text)
    return "" if day is None else hidden_beside(day.strftime("%Y%m%d"), patient_id)


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
        name=hidden_name(name, patient_id),
        birth=birth_digest(birth, patient_id),
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
