"""What a post.json says of its session and of those before it."""

from dataclasses import replace

from sirtdose.model.field import Field
from sirtdose.planning.sessions import EarlierSession, SessionPart
from sirtdose.workflows.plan.planned import (
    MOST_GY,
    gbq_if_known,
    gy_if_known,
    gy_of,
    kept_sessions,
    lungs_left_gy,
    part_of,
)

_PRIOR = "+with_prior"
# Rows of an assessment that are no part of a plan.
_NOT_PLANNED = (
    *("lungs", "other", "normal_given"),
    *("tumor_outside", "tumor_part", "all_tumors"),
)
_ROLE_IN_PLAN = {"gallbladder": "organ"}
# A mean this little below 0 is the noise of an image around none.
_NOISE_GY = 1.0


def delivered_sessions(
    document: Field, called: str, *, given: int, digest: str, unverified: str = ""
) -> list[EarlierSession]:
    """The session that was delivered, by the first method of its assessment.

    With the sessions that its plan holds, and doses that the assessment added without
    a file: those of an earlier dose map as far as they are more than by number.
    """
    plan, lungs = document.get("plan"), document["lungs"]
    earlier = plan and plan.get("earlier")
    rows = earlier["sessions"] if earlier else None
    # The lungs had what the treatment says, whatever its plan stated.
    known = [row for row in rows or () if row["kind"].text() != "stated"]
    lungs_gy = lungs_left_gy(lungs, known)
    held = [
        replace(one, lungs_gy=0.0) if one.kind == "stated" else one
        for one in kept_sessions(rows, called, given=given)
    ]
    parts = _parts(document)
    more = _by_map(document, parts, _by_number(earlier))
    own_gy, activity = lungs.get("dose_gy"), document["ledger"].get("delivered_gbq")
    nuclide = document["nuclide"]["name"].text()
    if lungs_gy or any(one.dose_gy for one in more):
        held.append(
            EarlierSession(
                called=f"the earlier doses stated in {called}",
                kind="stated",
                digest="",
                nuclide=nuclide,
                parts=tuple(more),
                lungs_gy=lungs_gy,
                given=given,
                held=True,
            )
        )
    plan_hash = plan and plan.get("hash")
    own = EarlierSession(
        called=called,
        kind="delivered",
        digest=digest,
        nuclide=nuclide,
        parts=tuple(parts),
        lungs_gy=gy_if_known(own_gy),
        after_others=bool(held),
        includes=(
            *((plan_hash.text(),) if plan_hash and plan_hash.value else ()),
            *(earlier["updates"].texts() if earlier else ()),
            *_image_of(document),
        ),
        unverified=unverified,
        at=_at(document),
        activity_gbq=gbq_if_known(activity),
        given=given,
        plan_known=plan_hash is not None,
    )
    return [own, *held]


def _parts(document: Field) -> list[SessionPart]:
    """The structures of the first method with the doses of this session."""
    listed = document["ledger"]["injections"]
    injections = {one["perfused"].text(): one["name"].text() for one in listed}
    names = tuple(injections.values()) or ("injection",)
    _, first = next(document["doses"].items(), ("", document["doses"]))
    return [
        SessionPart(
            name=row["name"].text(),
            role=_ROLE_IN_PLAN.get(row["role"].text(), row["role"].text()),
            volume_ml=own.volume_ml,
            mass_kg=own.mass_kg,
            dose_gy=own.dose_gy,
            of=own.of,
        )
        for row in first["structures"]
        if row["role"].text() not in _NOT_PLANNED
        for name in [row["name"].text()]
        for of in [(injections[name],) if name in injections else names]
        for own in [part_of(row, dose_gy=_mean_gy(row), of=of)]
    ]


def _mean_gy(row: Field) -> float:
    mean = row["dose_gy"]["mean_by_mass"].number(least=-_NOISE_GY, most=MOST_GY)
    return max(mean, 0.0)


def _by_number(earlier: Field | None) -> dict[str, float]:
    """What the plan's sessions gave the structures of the assessment."""
    return {
        one["structure"].text(): gy_of(one["dose_gy"])
        for one in (earlier["doses"] if earlier else ())
    }


def _by_map(
    document: Field, parts: list[SessionPart], numbers: dict[str, float]
) -> list[SessionPart]:
    """What an earlier dose map adds to the structures beyond the plan's numbers."""
    method, _ = next(document["doses"].items(), ("", document))
    summed = document["doses"].get(f"{method}{_PRIOR}")
    if summed is None:
        return []
    in_all = {row["name"].text(): _mean_gy(row) for row in summed["structures"]}
    return [
        SessionPart(
            one.name,
            one.role,
            one.volume_ml,
            one.mass_kg,
            max(in_all.get(one.name, 0.0) - one.dose_gy - known_gy, 0.0),
            one.of,
        )
        for one in parts
        for known_gy in [numbers.get(one.name, 0.0)]
    ]


def _inputs(document: Field) -> list[Field]:
    return list(document.get("inputs") or ())


def _image_of(document: Field) -> tuple[str, ...]:
    """The hash of the activity image, which is the first file that is listed."""
    hashes = [one.get("sha256") for one in _inputs(document)[:1]]
    return tuple(one.text() for one in hashes if one)


def _at(document: Field) -> str | None:
    """When it was given; not of de-identified results, whose dates were moved."""
    times = document.get("times")
    at = times and times.get("administered_at")
    moved = any(one.get("sha256") is None for one in _inputs(document))
    return at.text() if at and not moved else None
