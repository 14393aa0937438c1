"""Names in places are looked up once for all patients of a folder."""

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from sirtdose.model.patient_link import PatientLink
from sirtdose.workflows.status.commands import Places

PATIENTS = 40


class Counted(PatientLink):
    """A patient whose name's readings are counted."""

    read: ClassVar = Counter[str]()

    def __getattribute__(self, name: str) -> Any:
        Counted.read[name] += 1
        return super().__getattribute__(name)


def people() -> dict[str, list[PatientLink]]:
    found: dict[str, list[PatientLink]] = {}
    for n in range(PATIENTS):
        link = Counted(f"MRN{n:05}", "", "", *[""] * 7, ())
        found[f"all/case{n:03}/post/post.json"] = [link]
        found[f"all/plan{n:03}/plan.json"] = []
    return found


def test_plans_without_dicom_search_no_name_once_a_folder() -> None:
    Counted.read.clear()
    places = Places(Path("results"), people(), show=False)
    for place in people():
        places.shown(place)
    # Each folder above a result knows whom those below it name: four of them, twice.
    assert 0 < Counted.read["patient_name"] <= 8 * PATIENTS


def test_a_folder_of_a_plan_alone_may_be_named_after_anybody() -> None:
    places = Places(Path("results"), people(), show=False)
    assert places.shown("all/MRN00007 plan/plan.json") == "all/NAME-1/plan.json"
    assert places.shown("all/MRN99/plan.json") == "all/MRN99/plan.json"
    # Below another patient's own folder it is nobody's name.
    assert places.shown("all/case003/MRN00007/a.json") == "all/case003/MRN00007/a.json"
