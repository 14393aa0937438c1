"""A plan's numbers again, by arithmetic of its own: no planner is used (H07).

From the numbers that a plan prints: activity, lung shunt, volumes, density, T/N. A
mistake that every planner shared would not be repeated here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sirtdose.errors import InputError
from sirtdose.planning.hand_formula import (
    formula_numbers,
    imaged_activities,
    imaged_doses,
)
from sirtdose.planning.hand_goals import goal_numbers, goals_not_by_hand
from sirtdose.planning.hand_maximize import greatest_activities
from sirtdose.planning.hand_number import HandNumber, Plan, readings, scout_gbq

# Of a plan by these the parts' doses follow from what is typed; an image's do not.
_BY_RATIOS = "partition"
_GBQ_PER_MCI = 0.037
_LIVER_PARTS = ("normal_perfused", "perfused")
_PART_OF = {"liver": "perfused", "normal_whole": "normal_perfused"}


def hand_check(plan: Plan) -> list[HandNumber]:
    r"""Every dose, mass, activity and limit of a plan again.

    .. math:: D = \frac{K A (1 - L)}{V \rho / 1000}, \quad
              D_\mathrm{lungs} = \frac{K \sum A L}{M_\mathrm{lungs}}

    Parameters
    ----------
    plan : mapping
        plan.json by BSA, MIRD, partition or an image. Of an image every part has its
        activity by the counts that are listed, and its dose by that activity: exactly
        where energy stays in its voxel, else for what is perfused and the liver, to
        what crosses their border.

    Raises
    ------
    InputError
        A plan that lacks what the arithmetic needs.

    Examples
    --------
    120 Gy in 1.05 kg with a shunt of 10 %: 49.67 * 2.8186 * 0.9 / 1.05 = 120.0.

    >>> plan = {
    ...     "nuclide": {"dose_constant_gy_kg_per_gbq": 49.67},
    ...     "activity_gbq": 2.8186, "activity_mci": 76.178,
    ...     "draw_activity_gbq": 2.8186,
    ...     "compartments": [{"name": "perfused", "role": "perfused", "mass_kg": 1.05,
    ...                       "volume_ml": 1000.0, "dose_gy": 120.0}],
    ...     "lungs": {"shunt_fraction": 0.1, "mass_kg": 1.0, "dose_gy": 14.0},
    ...     "assumptions": {"density_g_per_ml": 1.05, "residual_fraction": 0.0},
    ... }
    >>> round(hand_check(plan)[0].by_hand, 2)
    120.0
    """
    try:
        found = _Hand(plan)
        return [
            *formula_numbers(plan),
            *goal_numbers(plan),
            *greatest_activities(plan),
            *found.doses(),
            *found.lungs(),
            *found.cumulative(),
            *found.masses(),
            *found.activities(),
            *found.limits(),
        ]
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise InputError(
            f"the plan has no usable {error}: it is not from bsa, mird, partition or "
            "image"
        ) from None


def not_by_hand(plan: Plan, numbers: Sequence[HandNumber]) -> list[str]:
    """What a plan lists and no arithmetic from its own numbers gives."""
    named = {one.name for one in numbers if one.kind == "dose"}
    parts = [one["name"] for one in plan["compartments"] if one["name"] not in named]
    known = ["the intervals of uncertainty"] if plan.get("uncertainty") else []
    if "prior_dose" in plan["assumptions"]:
        known.append("the doses of the earlier session's map")
    goals = goals_not_by_hand(plan)
    return [*(f"dose to {name}" for name in parts), *goals, *known]


@dataclass(frozen=True)
class _Injection:
    name: str
    gbq: float
    shunt: float
    ratios: Mapping[str, float]
    prior_gy: float | None

    @property
    def treated_gbq(self) -> float:
        return self.gbq * (1 - self.shunt)

    @property
    def words(self) -> str:
        return f"{self.gbq:.5g} x (1 - {self.shunt:g})"


class _Hand:
    """A plan, read once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.k = plan["nuclide"]["dose_constant_gy_kg_per_gbq"]
        self.density = plan["assumptions"].get("density_g_per_ml")
        self.parts: Sequence[Plan] = plan["compartments"]
        self.injections = _injections(plan)

    def doses(self) -> Iterator[HandNumber]:
        """Mean doses: what is perfused, the whole liver, and the parts by their T/N."""
        if self.plan.get("method") == "image":
            yield from imaged_doses(self.plan)
            return
        for one in self.injections:
            own = self._of(one, "perfused")
            if own is not None:
                yield self._dose(own, [one], self._mass_kg(own))
        for part in self.parts:
            if part["role"] == "liver":
                yield self._dose(part, self.injections, self._mass_kg(part))
        if self.plan.get("method") == _BY_RATIOS:
            for one in self.injections:
                yield from self._by_ratios(one)
            yield from self._normal_whole()

    def lungs(self) -> Iterator[HandNumber]:
        """The lungs' dose, by the shunt of each injection."""
        lungs = self.plan["lungs"]
        if lungs["dose_gy"] is None:
            return
        words = " + ".join(f"{one.gbq:.5g} x {one.shunt:g}" for one in self.injections)
        shunted = sum(one.gbq * one.shunt for one in self.injections)
        dose = self.k * shunted / lungs["mass_kg"]
        yield HandNumber(
            *("lungs", "lungs", "Gy", float(lungs["dose_gy"])),
            by_hand=dose,
            how=f"{self.k:g} x ({words}) / {lungs['mass_kg']:g}",
        )
        prior = self.plan["assumptions"].get("prior_lung_dose_gy")
        if prior is not None:
            scout = scout_gbq(self.plan)
            left = sum(scout.get(one.name, 0.0) * one.shunt for one in self.injections)
            prior += self.k * left / lungs["mass_kg"]
            sessions = [one["lungs_gy"] or 0.0 for one in self._sessions()]
            yield HandNumber(
                *("lungs, all sessions", "lungs", "Gy"),
                plan=float(lungs["cumulative_dose_gy"]),
                by_hand=dose + prior + sum(sessions),
                how=" + ".join(f"{gy:.5g}" for gy in (dose, prior, *sessions)),
            )

    def cumulative(self) -> Iterator[HandNumber]:
        """Doses with those of earlier treatments, which give tumors none if typed."""
        # A map of an earlier dose is no number that a hand can add.
        if self.plan["assumptions"].get("prior_liver_dose_gy") is None:
            return
        for part in self.parts:
            before = self._prior_gy(part) + self._of_sessions(part)
            for own in readings(part):
                prior = before + self._scout_gy(own)
                yield HandNumber(
                    *(f"{own['name']}, all sessions", "cumulative", "Gy"),
                    plan=float(own["cumulative_dose_gy"]),
                    by_hand=own["dose_gy"] + prior,
                    how=f"{own['dose_gy']:.5g} + {prior:.5g}",
                )

    def masses(self) -> Iterator[HandNumber]:
        """Masses by volume and density, where there is one density."""
        for one in self.parts if self.density is not None else ():
            yield HandNumber(
                *(str(one["name"]), "mass", "kg", float(one["mass_kg"])),
                by_hand=one["volume_ml"] * self.density / 1000,
                how=f"{one['volume_ml']:.5g} x {self.density:g} / 1000",
            )

    def activities(self) -> Iterator[HandNumber]:
        """What is injected, drawn up, and in each part."""
        plan, gbq = self.plan, self.plan["activity_gbq"]
        yield HandNumber(
            *("activity to inject", "activity", "mCi", float(plan["activity_mci"])),
            by_hand=gbq / _GBQ_PER_MCI,
            how=f"{gbq:.5g} / {_GBQ_PER_MCI:g}",
        )
        if len(self.injections) > 1:
            yield HandNumber(
                *("activity of all injections", "activity", "GBq", float(gbq)),
                by_hand=sum(one.gbq for one in self.injections),
                how=" + ".join(f"{one.gbq:.5g}" for one in self.injections),
            )
        residual = plan["assumptions"].get("residual_fraction")
        if residual is not None:
            yield HandNumber(
                *("activity to draw up", "activity", "GBq"),
                plan=float(plan["draw_activity_gbq"]),
                by_hand=gbq / (1 - residual),
                how=f"{gbq:.5g} / (1 - {residual:g})",
            )
        if plan.get("method") == "image":
            yield from imaged_activities(plan)
        else:
            for one in self.parts:
                if "activity_gbq" in one:
                    yield HandNumber(
                        *(f"activity in {one['name']}", "activity", "GBq"),
                        plan=float(one["activity_gbq"]),
                        by_hand=one["dose_gy"] * one["mass_kg"] / self.k,
                        how=f"{one['dose_gy']:.5g} x {one['mass_kg']:.5g} / {self.k:g}",
                    )

    def limits(self) -> Iterator[HandNumber]:
        """What each limit is compared with, and whether that meets it (1 or 0)."""
        doses = {
            own["name"]: own.get("cumulative_dose_gy")
            for one in self.parts
            for own in readings(one)
        }
        doses |= {
            "lungs": self.plan["lungs"]["dose_gy"],
            "lungs_cumulative": self.plan["lungs"].get("cumulative_dose_gy"),
        }
        for one in self.plan.get("limits", ()):
            dose = doses.get(one.get("value_of") or one["name"])
            if one["value_gy"] is None or dose is None:
                continue
            yield HandNumber(
                *(f"limit {one['name']} of {one['limit_gy']:g} Gy", "limit", "Gy"),
                plan=float(one["value_gy"]),
                by_hand=dose,
                how=f"dose to {one.get('value_of') or one['name']}",
            )
            low = one["limit_gy"] if one["sense"] != "at_most" else 0.0
            high = one["limit_gy"] if one["sense"] == "at_most" else one["upper_gy"]
            # At the bound itself the last digit decides, which a plan does not print.
            if any(b and abs(dose / b - 1) <= 1e-6 for b in (low, high)):
                continue
            yield HandNumber(
                *(f"limit {one['name']} of {one['limit_gy']:g} Gy met", "limit", ""),
                plan=float(one["met"]),
                by_hand=float(dose >= low and (high is None or dose <= high)),
                how=f"{dose:.5g} Gy against {one['sense'].replace('_', ' ')}",
            )

    def _of(self, injection: _Injection, role: str) -> Plan | None:
        """The part of a role that an injection perfuses: the only one, or its own."""
        parts = [one for one in self.parts if one["role"] == role]
        if len(self.injections) == 1:
            return parts[0] if len(parts) == 1 else None
        names = (
            injection.name,
            f"perfused volume of {injection.name}",
            f"normal perfused of {injection.name}",
        )
        named = [one for one in parts if one["name"] in names]
        return named[0] if len(named) == 1 else None

    def _weighted_kg(self, injection: _Injection) -> tuple[Plan | None, float]:
        """The normal part of an injection, and the mass that its dose is spread over.

        Tumors count as often as they take up more.
        """
        normal = self._of(injection, "normal_perfused")
        tumors = [one for one in self.parts if one["name"] in injection.ratios]
        mass = sum(self._mass_kg(t) * injection.ratios[t["name"]] for t in tumors)
        return normal, mass + (self._mass_kg(normal) if normal else 0.0)

    def _by_ratios(self, injection: _Injection) -> Iterator[HandNumber]:
        normal, weighted_kg = self._weighted_kg(injection)
        if normal is None:
            return
        yield self._dose(normal, [injection], weighted_kg)
        normal_gy = self.k * injection.treated_gbq / weighted_kg
        for part in self.parts:
            ratio = injection.ratios.get(part["name"])
            if ratio is not None and part["role"] == "tumor":
                yield HandNumber(
                    *(str(part["name"]), "dose", "Gy", float(part["dose_gy"])),
                    by_hand=ratio * normal_gy,
                    how=f"{ratio:.5g} x {normal_gy:.5g}",
                )

    def _normal_whole(self) -> Iterator[HandNumber]:
        for part in (one for one in self.parts if one["role"] == "normal_whole"):
            shares = [
                (one, self._mass_kg(normal) / weighted_kg)
                for one in self.injections
                for normal, weighted_kg in [self._weighted_kg(one)]
                if normal is not None
            ]
            words = " + ".join(f"{one.words} x {share:.5g}" for one, share in shares)
            mass_kg = self._mass_kg(part)
            yield HandNumber(
                *(str(part["name"]), "dose", "Gy", float(part["dose_gy"])),
                by_hand=sum(self.k * one.treated_gbq * share for one, share in shares)
                / mass_kg,
                how=f"{self.k:g} x ({words}) / {mass_kg:.5g}",
            )

    def _sessions(self) -> Sequence[Plan]:
        sessions: Sequence[Plan] = self.plan["assumptions"].get("sessions", ())
        return sessions

    def _of_sessions(self, part: Plan) -> float:
        """What the listed sessions gave a part."""
        return sum(
            float(one["dose_gy"])
            for session in self._sessions()
            for one in session["doses"]
            if one["name"] == part["name"]
        )

    def _prior_gy(self, part: Plan) -> float:
        liver_gy = self.plan["assumptions"]["prior_liver_dose_gy"]
        own = {
            id(self._of(one, role)): one.prior_gy - liver_gy
            for one in self.injections
            for role in _LIVER_PARTS
            if one.prior_gy is not None
        }
        if part["role"] in _LIVER_PARTS:
            return float(liver_gy + own.get(id(part), 0.0))
        if part["role"] not in _PART_OF or not part["mass_kg"] > 0:
            return 0.0
        more = sum(
            own.get(id(one), 0.0) * one["mass_kg"]
            for one in self.parts
            if one["role"] == _PART_OF[part["role"]]
        )
        return float(liver_gy + more / part["mass_kg"])

    def _scout_gy(self, part: Plan) -> float:
        """What the scout left here, by the doses of 1 GBq that the plan lists."""
        amounts = scout_gbq(self.plan)
        if not amounts:
            return 0.0
        pairs = zip(amounts.values(), part["dose_gy_per_gbq"].values(), strict=True)
        return float(sum(gbq * gy for gbq, gy in pairs))

    def _dose(
        self, part: Plan, injections: Sequence[_Injection], mass_kg: float
    ) -> HandNumber:
        treated = sum(one.treated_gbq for one in injections)
        return HandNumber(
            *(str(part["name"]), "dose", "Gy", float(part["dose_gy"])),
            by_hand=self.k * treated / mass_kg,
            how=f"{self.k:g} x ({' + '.join(one.words for one in injections)}) / "
            f"{mass_kg:.5g}",
        )

    def _mass_kg(self, part: Plan) -> float:
        """By volume and density; as measured where density varies."""
        return float(
            part["mass_kg"]
            if self.density is None
            else part["volume_ml"] * self.density / 1000
        )


def _injections(plan: Plan) -> list[_Injection]:
    listed = plan["assumptions"].get("injections") or [
        {
            "name": "",
            "activity_gbq": plan["activity_gbq"],
            "lung_shunt_fraction": plan["lungs"]["shunt_fraction"],
        }
    ]
    return [
        _Injection(
            one["name"],
            one["activity_gbq"],
            one["lung_shunt_fraction"] or 0.0,
            one.get("tumor_to_normal_ratio") or {},
            one.get("prior_dose_gy"),
        )
        for one in listed
    ]
