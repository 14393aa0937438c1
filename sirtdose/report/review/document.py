"""review.json, and what a terminal shows of it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.dosimetry.image.accepting import RegionChange, RegionNow, is_changed
from sirtdose.io.place import place_of
from sirtdose.report.documents import (
    image_document,
    nuclide_document,
    said_document,
    self_test_document,
)
from sirtdose.report.plan.hash import signed
from sirtdose.report.post.deidentified import deidentified
from sirtdose.report.review.next_run import next_run_document
from sirtdose.report.review.review import Review, Reviewed
from sirtdose.report.screen import Screen
from sirtdose.report.wording import significant

REVIEW_FILE, REVIEW_PAGE, CANDIDATES_FILE = (
    "review.json",
    "review.html",
    "candidates.dcm",
)
PICTURES = "planes"
REVIEW_FILES = (REVIEW_FILE, REVIEW_PAGE, CANDIDATES_FILE, PICTURES)
_SALT = 16


def review_document(
    review: Review, files: Mapping[str, str], kept_in: Any
) -> dict[str, Any]:
    """A review as review.json holds it, with its content hash.

    `files` are the digests of the other files, by their names; where the image is told
    as a place, seen from where the review is `kept_in`.
    """
    grid = review.lattice
    document: dict[str, Any] = {
        "schema": "sirtdose.review/1",
        "sirtdose_version": __version__,
        "deidentified": review.nameless,
        "method": _method(review),
        "image": image_document(review.image.source),
        "unit": review.image.quantity.unit,
        "lattice": {
            "shape": list(grid.shape),
            "affine_mm": grid.affine_mm.tolist(),
            "order": "slice, row, column",
        },
        "activity": _activity(review),
        "candidates": [_candidate(one) for one in review.candidates],
        "accepting_all": [_change(one) for one in review.all_changes],
        "files": dict(files),
        "self_test": self_test_document(review.self_test),
        **said_document(review.findings, review.accepted),
        "choices": list(review.choices),
        "inputs": list(review.inputs),
        "options": review.options,
    }
    if review.nameless:
        document = deidentified(
            document, days=review.link.shifted_d, file_names=review.file_names
        )
    salt = str(review.inputs[0]["sha256"])[:_SALT]
    place = place_of(review.source, seen_from=kept_in, salt=salt)
    document["source"] = None if review.nameless else {"salt": salt, "place": place}
    document["next_run"] = (
        None
        if review.nameless or review.next_run is None
        else next_run_document(review.next_run, source=review.source, salt=salt)
    )
    return signed(document)


def _method(review: Review) -> dict[str, Any]:
    asked = review.asked
    own = table("segmentation")["methods"][asked.method]
    source = own
    if asked.find == "perfused" and asked.method == "fixed-fraction":
        source = {"doi": "", **table("segmentation")["perfused_fraction"]}
    return {
        "name": asked.method,
        "says": own["says"],
        "find": "liver" if asked.method == "liver" else asked.find,
        "fraction": asked.used_fraction,
        "seeds_mm": [list(one) for one in asked.seeds_mm],
        "searched": None if review.searched is None else review.searched.name,
        "source": source["source"],
        "doi": source["doi"],
        "verified": source["verified"],
    }


def _activity(review: Review) -> dict[str, Any] | None:
    seen, used, dose = review.read, review.calibration, review.dose
    if seen is None or used is None or dose is None:
        return None
    return {
        "nuclide": nuclide_document(seen.given.nuclide),
        "delivered_gbq": seen.ledger.delivered_gbq,
        "lung_shunt_fraction": seen.given.lung_shunt_fraction,
        "calibration": used.method,
        "over": used.over or None,
        "numerator": used.numerator,
        "bq_per_unit": used.bq_per_unit,
        "dose_method": dose.method,
        "density_g_per_ml": dose.one_density_g_per_ml,
    }


def _candidate(one: Reviewed) -> dict[str, Any]:
    structure = one.candidate.structure
    return {
        "number": one.number,
        "name": structure.name,
        "role": str(structure.role),
        "volume_ml": structure.volume_ml,
        "center_mm": [round(x, 2) for x in one.place.center_mm],
        "side_of_liver": one.place.side or None,
        "within": list(one.place.within),
        "mean": one.uptake.mean,
        "maximum": one.uptake.maximum,
        "part_of_total": one.uptake.part,
        "threshold": one.candidate.threshold,
        "threshold_of_maximum": one.candidate.maximum,
        "how": structure.definition,
        "dose_scale": one.scale,
        "accepting": [_change(each) for each in one.changes],
    }


def _change(one: RegionChange) -> dict[str, Any]:
    return {
        "region": one.region,
        "changed": is_changed(one),
        "without": _now(one.before),
        "with": _now(one.after),
    }


def _now(one: RegionNow | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "volume_ml": one.volume_ml,
        "part_of_total": one.part,
        "mean_gy": one.mean_gy,
    }


def accept_command(document: Mapping[str, Any], folder: str) -> str:
    """What accepts every candidate of a review in a folder, but for the name.

    >>> accept_command({"candidates": [{"number": 2}, {"number": 3}]}, "my review")
    "sirtdose accept 'my review' --lesion 2,3 --by NAME"
    """
    numbers = ",".join(str(one["number"]) for one in document["candidates"])
    return shlex.join(
        ["sirtdose", "accept", folder, "--lesion", numbers, "--by", "NAME"]
    )


def review_screen(document: Mapping[str, Any], folder: str) -> Screen:
    """Each candidate on a line, then what accepting all of them changes.

    `folder` is where the review is, as it was typed.
    """
    rows = document["candidates"]
    width = max(len(one["name"]) for one in rows)
    lines = [method_words(document), ""]
    for one in rows:
        lines.append(f"{one['number']:>2}  {one['name']:<{width}}  {place_words(one)}")
        lines.append(f"{'':4}{uptake_words(one, document['unit'])}")
    lines += ["", "Accepting all of them:"]
    lines += [f"  {line}" for line in change_lines(document["accepting_all"])]
    return Screen(
        lines,
        document["choices"],
        document["warnings"],
        document["accepted"],
        last=[
            "Look at review.html; accept those that are right, under your name: "
            + accept_command(document, folder)
        ]
        if not document["deidentified"]
        else [],
    )


def method_words(document: Mapping[str, Any]) -> str:
    """What was looked for, how, and where.

    >>> method_words({"method": {"name": "adaptive", "find": "tumors", "fraction": 0.5,
    ...     "searched": "Liver"}, "candidates": [{}]})
    '1 candidate by adaptive, fraction 0.5, in Liver'
    """
    method, count = document["method"], len(document["candidates"])
    fraction = method["fraction"]
    said = "" if fraction is None else f", fraction {fraction:.4g}"
    where = f", in {method['searched']}" if method["searched"] else ""
    return f"{count} candidate{'s' * (count != 1)} by {method['name']}{said}{where}"


def place_words(one: Mapping[str, Any]) -> str:
    """Volume and place of a candidate."""
    x, y, z = one["center_mm"]
    side = f", {one['side_of_liver']} of the liver's center" * bool(
        one["side_of_liver"]
    )
    within = [name for name in one["within"] if name]
    inside = f", in {', '.join(within)}" if within else ""
    return (
        f"{significant(one['volume_ml'])} mL at {x:.1f}, {y:.1f}, {z:.1f} mm{side}"
        f"{inside}"
    )


def uptake_words(one: Mapping[str, Any], unit: str) -> str:
    """Uptake of a candidate, and the threshold that it was found by."""
    part = one["part_of_total"]
    share = "" if part is None else f", {part:.1%} of the total"
    found = one["threshold"]
    how = "no threshold" if found is None else f"threshold {significant(found)}"
    return (
        f"mean {significant(one['mean'])}, maximum {significant(one['maximum'])} "
        f"{unit}{share}; {how}"
    )


def change_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What of the regions changes, a line each."""
    for one in rows:
        if one["changed"]:
            before, after = now_words(one["without"]), now_words(one["with"])
            yield f"{one['region']}: {before} to {after}"


def now_words(one: Mapping[str, Any] | None) -> str:
    """A region's volume, and its dose or its part of the total.

    >>> now_words({"volume_ml": 92.1, "part_of_total": 0.31, "mean_gy": 148.0})
    '92.10 mL, 148.0 Gy'
    >>> now_words({"volume_ml": 92.1, "part_of_total": 0.31, "mean_gy": None})
    '92.10 mL, 31.0% of the total'
    >>> now_words(None)
    'none'
    """
    if one is None:
        return "none"
    volume = f"{significant(one['volume_ml'])} mL"
    if one["mean_gy"] is not None:
        return f"{volume}, {significant(one['mean_gy'])} Gy"
    part = one["part_of_total"]
    return volume if part is None else f"{volume}, {part:.1%} of the total"
