"""The budget: a standard uncertainty for everything a dose rests on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError

# Beyond these nothing is known any more.
_MOST = {"relative": 1.0, "voxel sides": 10.0, "mm": 50.0}


@dataclass(frozen=True)
class Component:
    """One entry: its standard uncertainty (k = 1), unit, and where it is from.

    `stages` are those whose doses rest on it: ``"plan"``, ``"post"``.
    """

    name: str
    value: float
    unit: str
    says: str
    source: str
    verified: bool
    stages: tuple[str, ...] = ("plan", "post")


@dataclass(frozen=True)
class Budget:
    """Standard uncertainties by name; those not given are the package's own.

    Examples
    --------
    >>> budget = Budget.of({"administered": 0.08}, "our calibrator")
    >>> budget["administered"], budget.components["administered"].source
    (0.08, 'our calibrator')
    >>> budget["contour_voxels"]
    0.5
    """

    components: Mapping[str, Component] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, float], source: str = "") -> "Budget":
        """The package's own entries, with those given in their place.

        Raises
        ------
        InputError
            A name that is not known.
        RangeError
            A value below 0, or too large to be a standard uncertainty.
        """
        known: dict[str, Any] = table("budget")["components"]
        for name in given:
            if name not in known:
                raise InputError(
                    f"an uncertainty budget has no entry '{name[:40]}': use "
                    f"{', '.join(known)}"
                )
        return cls(
            {
                name: Component(
                    name=name,
                    value=_checked(name, given[name], own["unit"])
                    if name in given
                    else own["value"],
                    unit=own["unit"],
                    says=own["says"],
                    source=source if name in given else own["source"],
                    verified=name in given or own["verified"],
                    stages=tuple(own["stages"]),
                )
                for name, own in known.items()
            }
        )

    def replaced(self, given: Mapping[str, float], source: str) -> "Budget":
        """The same with some entries that another source knows better.

        >>> Budget.of({}).replaced({"psf": 0.02}, "camera.toml")["psf"]
        0.02
        """
        others = {
            name: replace(
                self.components[name],
                value=_checked(name, value, self.components[name].unit),
                source=source,
                verified=True,
            )
            for name, value in given.items()
        }
        return Budget({**self.components, **others})

    def measured(self, method: str | None) -> "Budget":
        """The same with the residual's uncertainty by how that was measured.

        A residual's own entry of the user's stays, and so does one by no method.

        >>> Budget.of({}).measured("survey-meter")["residual"]
        0.5
        >>> Budget.of({"residual": 0.3}, "ours").measured("pet")["residual"]
        0.3
        """
        usual, known = Budget.of({}).components["residual"], self.components
        if method is None or known["residual"] != usual:
            return self
        by = replace(usual, **table("budget")["residual_by"][method])
        return Budget({**known, "residual": by})

    def with_entries(
        self, entries: Iterable[Component], *, without: Iterable[str] = ()
    ) -> "Budget":
        """The same with other components before its own, and without some of these.

        >>> Budget.of({}).with_entries((), without=["psf"]).components.get("psf")
        """
        own = {**{one.name: one for one in entries}, **self.components}
        return Budget({name: own[name] for name in own if name not in without})

    def breathing(self, amplitude_mm: float | None, gates: int = 0) -> "Budget":
        """The same with the motion that an image's own gates show.

        A motion of the user's own stays. Contours are as likely of any moment.

        >>> found = Budget.of({}).breathing(12.0, gates=4)
        >>> round(found["motion_mm"], 3), found.components["motion_mm"].source
        (3.464, '12.0 mm head to feet between 4 gates, / sqrt(12)')
        """
        usual, known = Budget.of({}).components["motion_mm"], self.components
        if amplitude_mm is None or known["motion_mm"] != usual:
            return self
        source = f"{amplitude_mm:.1f} mm head to feet between {gates} gates, / sqrt(12)"
        return self.replaced({"motion_mm": amplitude_mm / 12**0.5}, source)

    def rows(self, stage: str) -> tuple[dict[str, Any], ...]:
        """The components of a stage as documents have them.

        >>> [one["name"] for one in Budget.of({}).rows("plan")][-2:]
        ['border_mm', 'tumor_to_normal']
        """
        return tuple(
            {name: value for name, value in vars(one).items() if name != "stages"}
            for one in self.components.values()
            if stage in one.stages
        )

    def get(self, name: str) -> float:
        """The value of an entry; 0 where something else stands for it."""
        return self[name] if name in self.components else 0.0

    def __getitem__(self, name: str) -> float:
        return self.components[name].value


def _checked(name: str, value: float, unit: str) -> float:
    # Written so that a NaN fails too.
    if not 0 <= value <= _MOST[unit]:
        raise RangeError(
            f"budget: {name} is {value:g} ({unit}): it must be 0 to {_MOST[unit]:g}; "
            "5 % is 0.05"
        )
    return float(value)
