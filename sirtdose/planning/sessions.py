"""What earlier sessions gave, added to the same parts of a plan by number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from sirtdose.model.names import alike
from sirtdose.planning.partition_case import Region

# What an injection is called that nobody named.
_UNNAMED = "injection"
_NO_NAMES = ("", _UNNAMED, "the injection", "perfused volume", "treated volume")
PERFUSED = ("perfused", "normal_perfused")
WHOLE_LIVER = ("liver", "normal_whole")
# Where a session says nothing of a role: roles whose energy is spread over the region,
# or whose dose it had too, in order.
_SPREAD = {"liver": ("perfused",), "normal_whole": ("normal_perfused", "perfused")}
_ALIKE = {
    "liver": (),
    "normal_whole": ("liver",),
    "normal_perfused": ("perfused",),
    "perfused": (),
}

# From this part of the liver on, all of it is perfused.
_ALL_OF_IT = 0.999


@dataclass(frozen=True)
class SessionPart:
    """A part of the body with its mean dose by a session alone.

    `of` names the injections that perfused it.
    """

    name: str
    role: str
    volume_ml: float
    mass_kg: float
    dose_gy: float
    of: tuple[str, ...] = ()

    @property
    def density_g_per_ml(self) -> float:
        """Mass over volume."""
        return 1000 * self.mass_kg / self.volume_ml


@dataclass(frozen=True)
class EarlierSession:
    """A session before this plan: as planned, as delivered, or as stated in numbers.

    Parameters
    ----------
    called : str
        In messages, without a file's name.
    kind : {"planned", "delivered", "stated"}
        Stated are doses that a plan or a treatment added without a file of theirs.
    digest : str
        Of the plan's content, or of the file of what was delivered; empty where it is
        not known.
    nuclide : str
    parts : tuple of SessionPart
        All of them, with the doses of this session alone.
    lungs_gy : float or None
        Of this session alone; None where its lung shunt is not known.
    status : str
        Of a plan: "draft" or "approved".
    patient_key : str, optional
    after_others : bool
        Whether its file holds still earlier doses.
    includes : tuple of str
        Other digests of the same session: of the plans that it updates, of the plan
        that was delivered, and of the image that was assessed.
    unverified : str
        Why nobody can say that the file is as it was written; empty if one can.
    at : str, optional
        The time or the day of treatment.
    activity_gbq : float, optional
    given : int
        Which of the files it came with, from 1.
    held : bool
        Whether that file is of a later session, and only holds this one.
    plan_known : bool
        Of what was delivered: whether its file says which plan it was of.
    vessel : str, optional
        That was to be treated, as its own plan says.
    """

    called: str
    kind: Literal["planned", "delivered", "stated"]
    digest: str
    nuclide: str
    parts: tuple[SessionPart, ...]
    lungs_gy: float | None
    status: str = "approved"
    patient_key: str | None = None
    after_others: bool = False
    includes: tuple[str, ...] = ()
    unverified: str = ""
    at: str | None = None
    activity_gbq: float | None = None
    given: int = 1
    held: bool = False
    plan_known: bool = False
    vessel: str | None = None

    @property
    def known_as(self) -> frozenset[str]:
        """Every digest that must not be counted beside it."""
        return frozenset((self.digest, *self.includes)) - {""}

    @property
    def day(self) -> date | None:
        """The day of treatment, where it is known.

        >>> EarlierSession("it", "planned", "", "Y-90", (), 0.0, at="2026-03-02").day
        datetime.date(2026, 3, 2)
        """
        return day_of(self.at)

    @property
    def injections(self) -> frozenset[str]:
        """What its injections are called; those without a name are one."""
        names = (name for one in self.parts for name in one.of)
        return frozenset(injection_name(name).casefold() for name in names)


@dataclass(frozen=True)
class Counted:
    """What a session adds to a region, and which of its parts say so.

    `derived` says that it is none of the session's own doses to this structure.
    """

    region: str
    dose_gy: float
    parts: tuple[SessionPart, ...]
    derived: bool = False


def day_of(at: str | None) -> date | None:
    """The day of a time or a day as it is kept; None where it is none.

    >>> day_of("2026-03-02T10:00:00+01:00"), day_of("removed"), day_of(None)
    (datetime.date(2026, 3, 2), None, None)
    """
    try:
        return date.fromisoformat((at or "")[:10])
    except ValueError:
        return None


def injection_name(name: str) -> str:
    """What an injection is called among sessions: all without a name are alike.

    >>> injection_name("perfused volume"), injection_name("right")
    ('injection', 'right')
    """
    return _UNNAMED if name.strip().casefold() in _NO_NAMES else name


def counted(
    regions: Sequence[Region],
    session: EarlierSession,
    *,
    among: Sequence[Region] = (),
) -> list[Counted]:
    """What a session adds to each region that it knows.

    Tumors and organs go by their names, perfused volumes by their injections, the
    liver and its normal part by their roles. What a session says nothing of follows
    from its perfused volumes: their energy over the region's mass. Where one of both
    sessions perfused the whole liver, the liver's dose counts. `among` are all regions
    of the liver, where only some are asked for.

    Examples
    --------
    60 Gy to 0.8 kg of normal liver are 30 Gy to all 1.6 kg of it.

    >>> part = SessionPart("normal perfused", "normal_perfused", 762, 0.8, 60.0, ("a",))
    >>> before = EarlierSession("session 1", "planned", "", "Y-90", (part,), 12.0)
    >>> whole = Region("w", "normal_whole", 1524, 1.6, (), (1.0,), (25.0,))
    >>> [(one.region, one.dose_gy) for one in counted([whole], before)]
    [('w', 30.0)]
    """
    return [
        found
        for region in regions
        for found in [_counted(region, among or regions, session)]
        if found is not None
    ]


def with_sessions(
    regions: Sequence[Region], sessions: Sequence[EarlierSession]
) -> list[Region]:
    """The same regions with what every earlier session gave them."""
    more: dict[str, float] = {}
    for session in sessions:
        for one in counted(regions, session):
            more[one.region] = more.get(one.region, 0.0) + one.dose_gy
    return [_raised(one, more.get(one.name, 0.0)) for one in regions]


def plans_updated(plan: Mapping[str, Any]) -> list[str]:
    """The hashes of the plans that a plan updates: it stands for the same session.

    >>> plans_updated({"update": {"hash": "b", "updates": ["a"]}}), plans_updated({})
    (['b', 'a'], [])
    """
    update = plan.get("update")
    return [update["hash"], *update.get("updates", ())] if update else []


def sessions_at(plan: Mapping[str, Any]) -> dict[str, str | None]:
    """When each session before a plan was, where it is known, by what it is called.

    >>> sessions_at({"assumptions": {"sessions": [{"at": "2026-03-02"}]}})
    {'earlier session 1 of the plan': '2026-03-02'}
    """
    sessions = (plan.get("assumptions") or {}).get("sessions", ())
    return {
        f"earlier session {number} of the plan": one["at"]
        for number, one in enumerate(sessions, start=1)
    }


def lungs_before_gy(plan: Mapping[str, Any], typed_gy: float) -> float:
    """What the lungs had before a treatment, by its plan.

    A dose typed at the treatment takes the place of the one typed at the plan.

    >>> plan = {"assumptions": {"prior_lung_dose_gy": 3.0,
    ...                         "sessions": [{"lungs_gy": 12.0}]}}
    >>> lungs_before_gy(plan, 0.0), lungs_before_gy(plan, 4.0)
    (15.0, 16.0)
    """
    assumed = plan["assumptions"]
    typed = typed_gy or assumed.get("prior_lung_dose_gy") or 0.0
    sessions = assumed.get("sessions", ())
    return float(typed + sum(one["lungs_gy"] or 0.0 for one in sessions))


def lungs_of(sessions: Sequence[EarlierSession]) -> float:
    """What the lungs got of all sessions, as far as it is known."""
    return sum(one.lungs_gy or 0.0 for one in sessions)


def sessions_document(
    regions: Sequence[Region], sessions: Sequence[EarlierSession]
) -> dict[str, Any]:
    """What a plan keeps of the sessions before it; nothing where there were none."""
    if not sessions:
        return {}
    rows: list[Mapping[str, Any]] = [
        session_row(session)
        | {
            "doses": [
                {
                    "name": one.region,
                    "of": [part.name for part in one.parts],
                    "dose_gy": one.dose_gy,
                }
                for one in counted(regions, session)
            ]
        }
        for session in sessions
    ]
    return {"sessions": rows}


def session_row(session: EarlierSession) -> dict[str, Any]:
    """A session as documents keep it: whole, so that a later plan can count it anew.

    >>> row = session_row(EarlierSession("it", "planned", "d1", "Y-90", (), 12.0))
    >>> row["hash"], row["lungs_gy"], row["parts"]
    ('d1', 12.0, [])
    """
    return {
        "hash": session.digest,
        "kind": session.kind,
        "nuclide": session.nuclide,
        "lungs_gy": session.lungs_gy,
        "at": session.at,
        "activity_gbq": session.activity_gbq,
        "given": session.given,
        "held": session.held,
        "parts": [
            {
                "name": part.name,
                "role": part.role,
                "volume_ml": part.volume_ml,
                "mass_kg": part.mass_kg,
                "dose_gy": part.dose_gy,
                "of": list(part.of),
            }
            for part in session.parts
        ],
        "doses": [],
        "includes": list(session.includes),
    }


def _counted(
    region: Region, regions: Sequence[Region], session: EarlierSession
) -> Counted | None:
    if region.role not in (*PERFUSED, *WHOLE_LIVER):
        named = [
            one
            for one in session.parts
            if one.role == region.role and alike(region.name, [one.name])
        ]
        return Counted(region.name, named[0].dose_gy, (named[0],)) if named else None
    if own := _of_role(region, session, region.role):
        return Counted(region.name, own.dose_gy, (own,))
    for role in _SPREAD.get(region.role, ()):
        parts = tuple(one for one in session.parts if one.role == role)
        if role == "perfused" and _of_role(region, session, "liver"):
            break
        if parts and region.mass_kg > 0:
            energy = sum(one.dose_gy * one.mass_kg for one in parts)
            return Counted(region.name, energy / region.mass_kg, parts, derived=True)
    for role in _other_roles(region, regions, session):
        if found := _of_role(region, session, role):
            return Counted(region.name, found.dose_gy, (found,), derived=True)
    return None


def _other_roles(
    region: Region, regions: Sequence[Region], session: EarlierSession
) -> tuple[str, ...]:
    """Whose dose a region had too, where the session has no part of its own role."""
    if region.role not in PERFUSED:
        return _ALIKE[region.role]
    # What all of the liver had, each part of it had; and the other way round.
    whole = {"perfused": "liver", "normal_perfused": "normal_whole"}[region.role]
    perfused_ml = sum(
        one.volume_ml
        for one in regions
        if one.role == "perfused" and set(one.of) & set(region.of)
    )
    liver_ml = sum(one.volume_ml for one in regions if one.role == "liver")
    now = bool(liver_ml) and perfused_ml >= _ALL_OF_IT * liver_ml
    then_ml = [one.volume_ml for one in session.parts if one.role == "perfused"]
    of_ml = sum(one.volume_ml for one in session.parts if one.role == "liver")
    then = len(then_ml) == 1 and bool(of_ml) and then_ml[0] >= _ALL_OF_IT * of_ml
    everywhere = (whole, *_ALIKE[whole]) if now or then else ()
    return (*_ALIKE[region.role], *everywhere)


def _of_role(region: Region, session: EarlierSession, role: str) -> SessionPart | None:
    """The part of a role that stands for a region: of its own injection."""
    parts = [one for one in session.parts if one.role == role]
    if role in PERFUSED:
        own = [injection_name(name) for name in region.of]
        parts = [
            one
            for one in parts
            if any(alike(injection_name(name), own) for name in one.of)
        ]
    return max(parts, key=lambda one: one.volume_ml, default=None)


def _raised(region: Region, more_gy: float) -> Region:
    if not more_gy:
        return region
    second = region.all_counts
    return replace(
        region,
        prior_gy=region.prior_gy + more_gy,
        all_counts=second and replace(second, prior_gy=second.prior_gy + more_gy),
    )
