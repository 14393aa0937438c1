"""What a plan.json says of its session and of those before it."""

from collections.abc import Iterator, Sequence

from sirtdose.errors import InputError
from sirtdose.model.field import Field
from sirtdose.planning.sessions import (
    PERFUSED,
    WHOLE_LIVER,
    EarlierSession,
    SessionPart,
)

# More than any treatment gives, has or lasts: beyond is another unit or no number.
MOST_GY, MOST_ML, MOST_KG, MOST_GBQ = 1e6, 1e5, 1e2, 1e3
_KINDS = ("planned", "delivered", "stated")
# What is left of a difference of numbers with ten digits.
_NOTHING = 1e-7


def planned_sessions(
    plan: Field, called: str, *, given: int = 1
) -> list[EarlierSession]:
    """The session of a plan, those that it holds, and doses stated in it.

    Examples
    --------
    >>> part = {"name": "T1", "role": "tumor", "volume_ml": 100.0, "mass_kg": 0.105,
    ...         "dose_gy": 120.0, "cumulative_dose_gy": 150.0}
    >>> lungs = {"dose_gy": 12.0, "cumulative_dose_gy": 12.0}
    >>> plan = {"hash": "", "status": "draft", "nuclide": {"name": "Y-90"},
    ...         "compartments": [part], "lungs": lungs, "assumptions": {}}
    >>> [(one.kind, one.parts[0].dose_gy)
    ...  for one in planned_sessions(Field(plan, "plan.json:"), "it")]
    [('planned', 120.0), ('stated', 30.0)]
    """
    inputs, lungs = plan.get("inputs"), plan["lungs"]
    before = sessions_before(plan, called, given=given)
    own_gy = lungs.get("dose_gy")
    key = inputs and inputs.get("patient_key")
    at = inputs and (inputs.get("treatment_at") or inputs.get("treatment_date"))
    activity, vessel = plan.get("activity_gbq"), inputs and inputs.get("vessel")
    own = EarlierSession(
        called=called,
        kind="planned",
        digest=plan["hash"].text(),
        nuclide=plan["nuclide"]["name"].text(),
        parts=tuple(parts_of(plan)),
        lungs_gy=gy_if_known(own_gy),
        status=plan["status"].text("draft", "approved"),
        patient_key=key.text() if key else None,
        after_others=bool(before),
        includes=updates_of(plan),
        at=at.text() if at else None,
        activity_gbq=gbq_if_known(activity),
        given=given,
        vessel=vessel.text() if vessel else None,
    )
    return [own, *before]


def sessions_before(plan: Field, called: str, *, given: int) -> list[EarlierSession]:
    """What a plan counts of earlier treatments: session by session, then as stated."""
    rows = plan["assumptions"].get("sessions")
    return [
        *kept_sessions(rows, called, given=given),
        *_stated(plan, list(rows or ()), called, given=given),
    ]


def kept_sessions(
    rows: Field | None, called: str, *, given: int
) -> list[EarlierSession]:
    """The sessions that a document keeps, each whole.

    Raises
    ------
    InputError
        One whose parts an earlier version did not keep.
    """
    return [
        EarlierSession(
            called=f"session {number} held by {called}",
            kind=row["kind"].text(*_KINDS),  # type: ignore[arg-type]
            digest=row["hash"].text(),
            nuclide=row["nuclide"].text(),
            parts=tuple(map(_part, row["parts"])),
            lungs_gy=gy_if_known(lungs),
            includes=row["includes"].texts(),
            at=at.text() if at else None,
            activity_gbq=gbq_if_known(activity),
            given=given,
            held=True,
            plan_known=bool(row["includes"].texts()),
        )
        for number, row in enumerate(rows or (), start=1)
        for lungs, at, activity in [
            (row.get("lungs_gy"), row.get("at"), row.get("activity_gbq"))
        ]
    ]


def parts_of(plan: Field) -> Iterator[SessionPart]:
    """The parts of a plan with its own doses, by the higher of two readings.

    That of a tumor is by what is injected.
    """
    names = injections_of(plan)
    for one in plan["compartments"]:
        second = one.get("all_counts") if one["role"].text() != "tumor" else None
        by = one.get("dose_by_injection_gy")
        yield part_of(
            one,
            dose_gy=max(gy_of(each["dose_gy"]) for each in (one, second) if each),
            of=tuple(name for name, _ in by.items()) if by and by.value else names,
        )


def part_of(row: Field, *, dose_gy: float, of: tuple[str, ...]) -> SessionPart:
    """A part as it is kept, with volume and mass above 0."""
    return SessionPart(
        name=row["name"].text(),
        role=row["role"].text(),
        volume_ml=row["volume_ml"].number(least=0, most=MOST_ML, above=True),
        mass_kg=row["mass_kg"].number(least=0, most=MOST_KG, above=True),
        dose_gy=dose_gy,
        of=of,
    )


def injections_of(plan: Field) -> tuple[str, ...]:
    """What a plan's injections are called; one without a name where it lists none."""
    listed = plan["assumptions"].get("injections")
    return tuple(one["name"].text() for one in listed or ()) or ("injection",)


def updates_of(plan: Field) -> tuple[str, ...]:
    """The hashes of the plans that a plan updates."""
    update = plan.get("update")
    if update is None:
        return ()
    older = update.get("updates")
    return (update["hash"].text(), *(older.texts() if older else ()))


def gy_of(dose: Field) -> float:
    """A dose that nobody can have had less than none of."""
    return dose.number(least=0, most=MOST_GY)


def gy_if_known(dose: Field | None) -> float | None:
    """The same of a dose that may not be known."""
    return None if dose is None else gy_of(dose)


def gbq_if_known(activity: Field | None) -> float | None:
    """An activity that may not be known."""
    return None if activity is None else activity.number(least=0, most=MOST_GBQ)


def _part(row: Field) -> SessionPart:
    return part_of(row, dose_gy=gy_of(row["dose_gy"]), of=row["of"].texts())


def _stated(
    plan: Field, rows: Sequence[Field], called: str, *, given: int
) -> list[EarlierSession]:
    """Earlier doses that a plan adds without a file: typed, by a map, by the scout.

    What was typed for all of the liver is of each part of it; the rest is of the
    plan's own parts.
    """
    typed = plan["assumptions"].get("prior_liver_dose_gy")
    liver_gy = gy_of(typed) if typed else 0.0
    names = injections_of(plan)
    parts = [
        part_of(
            one,
            dose_gy=left_gy(
                one,
                counted_gy(rows, one["name"].text())
                + (liver_gy if one["role"].text() in (*PERFUSED, *WHOLE_LIVER) else 0),
            ),
            of=tuple(name for name, _ in by.items()) if by and by.value else names,
        )
        for one in plan["compartments"]
        for by in [one.get("dose_by_injection_gy")]
    ]
    lungs_gy = lungs_left_gy(plan["lungs"], rows)
    found = [(_everywhere(plan, liver_gy), 0.0)] if liver_gy else []
    if lungs_gy or any(one.dose_gy for one in parts):
        found.append((tuple(parts), lungs_gy))
    return [
        EarlierSession(
            called=f"the earlier doses stated in {called}",
            kind="stated",
            digest="",
            nuclide=plan["nuclide"]["name"].text(),
            parts=own,
            lungs_gy=of_lungs,
            given=given,
            held=True,
        )
        for own, of_lungs in found
    ]


def counted_gy(rows: Sequence[Field], name: str) -> float:
    """What the listed sessions gave a part."""
    return sum(
        gy_of(one["dose_gy"])
        for row in rows
        for one in row["doses"]
        if one["name"].text() == name
    )


def left_gy(part: Field, known_gy: float) -> float:
    """What a part had before that no session and no typed dose of the liver says.

    Raises
    ------
    InputError
        It had less in all than those say.
    """
    return _left(part["cumulative_dose_gy"], part["dose_gy"], known_gy)


def lungs_left_gy(lungs: Field, rows: Sequence[Field]) -> float:
    """The same for the lungs; none where the dose of all treatments is not known."""
    total, own = lungs.get("cumulative_dose_gy"), lungs.get("dose_gy")
    known = [row.get("lungs_gy") for row in rows]
    known_gy = sum(gy_of(one) for one in known if one)
    return _left(total, own, known_gy) if total else 0.0


def _left(total: Field, own: Field | None, known_gy: float) -> float:
    total_gy = gy_of(total)
    left = total_gy - (gy_of(own) if own else 0.0) - known_gy
    if left < -_NOTHING * max(total_gy, 1.0):
        raise InputError(
            f"{total.where} is {total_gy:.6g} Gy, less than the doses that it is the "
            "sum of: run the command that wrote the file again, and do not edit it"
        )
    return left if left > _NOTHING * max(total_gy, 1.0) else 0.0


def _everywhere(plan: Field, liver_gy: float) -> tuple[SessionPart, ...]:
    """A dose of all normal liver, as one perfused volume that is the whole liver."""
    rows = list(plan["compartments"])
    sizes = {
        one["role"].text(): part_of(one, dose_gy=liver_gy, of=("",)) for one in rows
    }
    largest = sizes.get("liver") or max(sizes.values(), key=lambda one: one.volume_ml)
    return tuple(
        SessionPart(role, role, largest.volume_ml, largest.mass_kg, liver_gy, ("",))
        for role in (*PERFUSED, *WHOLE_LIVER)
    )
