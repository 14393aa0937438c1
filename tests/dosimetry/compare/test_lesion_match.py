"""Lesions matched by name, overlap and place, on boxes of voxels counted by hand."""

import pytest

from sirtdose.dosimetry.compare.lesion_match import likeness, matched
from sirtdose.errors import InputError
from sirtdose.model.history import Match, Seen
from sirtdose.model.structure import Structure
from tests.lesion_files import box, boxes

KNOWN = {one.name: [one] for one in boxes()}


def seen(*drawn: Structure) -> list[Seen]:
    return [Seen(one.name, one.volume_ml, structure=one) for one in drawn]


def one_match(drawn: Structure, **typed: object) -> Match:
    [found] = matched(KNOWN, seen(drawn), given={}, **typed)  # type: ignore[arg-type]
    return found


def test_overlap_is_counted_in_voxels() -> None:
    # 3 x 4 x 4 and 3 x 4 x 4 two columns (5 mm) aside share 3 x 4 x 2 = 24 of 48.
    found = likeness(box("A", (1, 2, 4), (3, 4, 4)), KNOWN["T1"][0])
    assert found is not None
    assert found.dice == pytest.approx(0.5)
    assert found.part == pytest.approx(0.5)
    assert found.apart_mm == pytest.approx(5.0)
    assert not found.assumed


def test_another_name_at_the_same_place_is_the_lesion() -> None:
    found = one_match(box("A", (1, 2, 2), (3, 4, 4)))
    assert (found.lesion, found.by, found.doubt) == ("T1", "overlap", "")
    assert found.words == "overlap 1.00, 0.0 mm apart"


def test_a_lesion_that_shrank_within_itself_is_no_doubt() -> None:
    # 8 of 48 voxels: Dice 16 / 56 = 0.286, but all of it is in the larger.
    found = one_match(box("A", (1, 3, 3), (2, 2, 2)))
    assert found.likeness is not None
    assert found.likeness.dice == pytest.approx(16 / 56)
    assert found.likeness.part == pytest.approx(1.0)
    assert (found.lesion, found.doubt) == ("T1", "")


def test_little_overlap_is_asked() -> None:
    # One column of four: 12 of 48, Dice 0.25.
    found = one_match(box("A", (1, 2, 5), (3, 4, 4)))
    assert (found.lesion, found.by) == ("T1", "overlap")
    assert found.doubt.startswith("they share little: overlap 0.25")


def test_place_alone_is_asked() -> None:
    # Behind it: no voxel shared, 4 rows of 3 mm aside.
    found = one_match(box("A", (1, 6, 2), (3, 4, 4)))
    assert (found.lesion, found.by) == ("T1", "place")
    assert found.doubt == "nothing but its place is alike: no overlap, 12 mm apart"


def test_far_from_all_is_new() -> None:
    known = {"T1": KNOWN["T1"]}
    # 12 columns of 2.5 mm aside.
    [found] = matched(known, seen(box("A", (1, 2, 14), (3, 4, 4))), given={})
    assert (found.lesion, found.by, found.doubt) == ("A", "new", "")


def test_a_name_on_another_lesion_is_asked() -> None:
    found = matched(KNOWN, seen(*boxes({"T1": "T2", "T2": "T1", "T3": "T3"})), given={})
    assert [one.lesion for one in found] == ["T1", "T2", "T3"]
    assert [bool(one.doubt) for one in found] == [True, True, False]
    assert "of one name, but it lies on 'T2'" in found[0].doubt


def test_names_count_without_contours() -> None:
    [found] = matched({"Tumor 1": []}, [Seen("tumor 1 ")], given={})
    assert (found.lesion, found.by, found.doubt) == ("Tumor 1", "name", "")


def test_a_lesion_in_two_parts_asks_for_the_second() -> None:
    halves = box("A", (1, 2, 2), (3, 4, 3)), box("B", (1, 2, 5), (3, 4, 1))
    first, second = matched(KNOWN, seen(*halves), given={})
    assert (first.lesion, first.doubt) == ("T1", "")
    assert second.by == "new"
    assert second.doubt.startswith("it lies on 'T1'")


def test_two_lesions_under_one_contour_are_asked() -> None:
    known = {"T1": [box("T1", (1, 2, 2), (3, 4, 4))]}
    known["T4"] = [box("T4", (1, 2, 6), (3, 4, 4))]
    [found] = matched(known, seen(box("A", (1, 2, 2), (3, 4, 8))), given={})
    assert "as well" in found.doubt


def test_an_unstated_frame_is_asked_where_names_differ() -> None:
    drawn = box("A", (1, 2, 2), (3, 4, 4), frame="")
    [found] = matched(KNOWN, seen(_frameless(drawn)), given={})
    assert found.lesion == "T1"
    assert "a frame of reference is not stated" in found.doubt


def test_other_frames_are_never_compared() -> None:
    drawn = box("A", (1, 2, 2), (3, 4, 4), frame="1.2.3")
    assert likeness(drawn, KNOWN["T1"][0]) is None
    assert one_match(drawn).by == "new"


@pytest.mark.parametrize("given", [{"A": "T1"}, {"A": "T1", "B": "T1"}])
def test_one_lesion_is_not_two_structures(given: dict[str, str]) -> None:
    drawn = boxes({"A": "T2", "B": "T3", "T1": "T1"})
    with pytest.raises(InputError, match=r"'T1' would be both 'A' and '(T1|B)'"):
        matched(KNOWN, seen(*drawn), given=given)


def test_what_a_person_says_goes_before_place_and_name() -> None:
    drawn = boxes({"A": "T1"})
    [found] = matched(KNOWN, seen(*drawn), given={"A": "T3"})
    assert (found.lesion, found.by, found.doubt) == ("T3", "match", "")
    [found] = matched(KNOWN, seen(*drawn), given={}, new=["A"])
    assert (found.lesion, found.by) == ("A", "new")


def _frameless(structure: Structure) -> Structure:
    from dataclasses import replace

    grid = replace(structure.grid, frame_of_reference_uid=None)
    return replace(structure, grid=grid)
