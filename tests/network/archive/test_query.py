"""What is asked of an archive, and which answers are taken."""

from dataclasses import replace
from datetime import date

import pytest
from pydicom import Dataset

from sirtdose.errors import InputError
from sirtdose.network.archive.identifiers import (
    date_range,
    series_of,
    study_identifiers,
    study_of,
)
from sirtdose.network.archive.query import (
    FoundPatient,
    FoundStudy,
    Query,
    matching,
)

DAY = date(2026, 3, 2)
STUDY = FoundStudy(
    "1.2.3", DAY, "0930", ("CT", "NM"), "Y90", 2, 10, "A1", FoundPatient("D^J", "77")
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "would list the whole archive"),
        ({"modalities": ("NM",), "description": "*"}, "would list the whole archive"),
        ({"patient_ids": ("77*",)}, "has a wildcard"),
        ({"patient_ids": ("7\\8",)}, "has a wildcard"),
        ({"accession_numbers": ("?",)}, "has a wildcard"),
        ({"dates": (DAY, date(2026, 3, 1))}, "is before the first"),
    ],
)
def test_what_is_not_asked(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        Query(**given)  # type: ignore[arg-type]
    assert said in str(refused.value)
    assert "77" not in str(refused.value)


def test_each_patient_and_modality_is_asked_for_by_itself() -> None:
    query = Query(patient_ids=("a", "ä"), modalities=("NM", "PT"), dates=(DAY, None))
    asked = list(study_identifiers(query))
    assert [(one.PatientID, one.ModalitiesInStudy) for one in asked] == [
        ("a", "NM"),
        ("a", "PT"),
        ("ä", "NM"),
        ("ä", "PT"),
    ]
    assert {one.StudyDate for one in asked} == {"20260302-"}
    # Only letters that need it name a character set.
    assert ["SpecificCharacterSet" in one for one in asked] == [False] * 2 + [True] * 2
    assert asked[0].NumberOfStudyRelatedInstances in ("", None)


def test_uids_are_asked_for_some_at_a_time() -> None:
    uids = tuple(f"1.2.{number}" for number in range(45))
    asked = list(study_identifiers(Query(study_uids=uids)))
    assert [len(one.StudyInstanceUID) for one in asked] == [20, 20, 5]


def test_days() -> None:
    assert date_range((None, DAY)) == "-20260302"
    assert date_range((DAY, DAY)) == "20260302"


@pytest.mark.parametrize(
    ("query", "is_kept"),
    [
        (Query(patient_ids=("77",)), True),
        (Query(patient_ids=("077",)), False),
        (Query(dates=(DAY, DAY)), True),
        (Query(dates=(date(2026, 3, 3), None)), False),
        (Query(dates=(DAY, None), modalities=("PT", "NM")), True),
        (Query(dates=(DAY, None), modalities=("PT",)), False),
        (Query(accession_numbers=("A2",)), False),
        (Query(study_uids=("1.2.3",)), True),
        (Query(study_uids=("1.2.4",)), False),
    ],
)
def test_what_does_not_match_is_left_out(query: Query, is_kept: bool) -> None:
    kept, others = matching([STUDY, STUDY], query)
    assert (len(kept), others) == ((1, 0) if is_kept else (0, 1))


def test_what_is_not_said_matches_but_for_the_patient() -> None:
    silent = replace(STUDY, day=None, modalities=(), patient=FoundPatient())
    wanted = Query(dates=(DAY, None), modalities=("NM",))
    assert matching([silent], wanted)[0] == [silent]
    assert matching([silent], Query(patient_ids=("77",)))[0] == []


def test_the_newest_come_first() -> None:
    days = [date(2026, 1, 5), date(2026, 3, 9), None, date(2025, 12, 1)]
    studies = [
        replace(STUDY, uid=f"1.{number}", day=day) for number, day in enumerate(days)
    ]
    found, _ = matching(studies, Query(dates=(date(2020, 1, 1), None)))
    assert [one.uid for one in found] == ["1.1", "1.0", "1.3", "1.2"]


def test_nothing_of_a_patient_is_in_a_text_of_it() -> None:
    query = Query(patient_ids=("MRN-4711",), accession_numbers=("A-88",))
    shown = repr(query) + repr(replace(STUDY, uid="1.2.840.99"))
    for text in ("4711", "A-88", "D^J", "1.2.840.99", "A1"):
        assert text not in shown


def test_an_answer_is_read_as_far_as_it_can_be() -> None:
    answer = Dataset()
    answer.StudyInstanceUID = "1.2.3"
    answer.StudyTime = "093000.123"
    answer.add_new("StudyDate", "LO", "2026.03.02")
    answer.ModalitiesInStudy = ["NM", "CT", "NM"]
    answer.StudyDescription = "liver \x1b[31mred"
    answer.add_new("NumberOfStudyRelatedSeries", "LO", "many")
    answer.NumberOfStudyRelatedInstances = "12"
    found = study_of(answer)
    assert (found.day, found.time, found.modalities) == (DAY, "093000", ("CT", "NM"))
    # Nothing that a terminal would obey.
    assert found.description == "liver [31mred"
    assert (found.series_count, found.instance_count) == (None, 12)
    assert found.patient == FoundPatient()
    assert series_of(Dataset()).instance_count is None
