"""A number of a dose-volume histogram, said once: D90, D2cc, V100Gy, mean."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sirtdose.errors import QuantityError, RangeError

# What the histogram alone does not tell: a tissue's radiobiology does.
EFFECTS: Final = {
    "bed_mean": "BED mean",
    "eqd2_mean": "EQD2 mean",
    "eud": "EUD",
    "eubed": "EUBED",
    "geud": "gEUD",
}
_PLAIN: Final = {
    "volume": "volume",
    "mean": "mean",
    "sd": "SD",
    "min": "min",
    "max": "max",
    **EFFECTS,
}
# Kind by the letters before and after the number.
_KINDS: Final = {
    **dict.fromkeys(("d", "d%"), "d"),
    **dict.fromkeys(("dcc", "dml", "dcm3"), "dcc"),
    **dict.fromkeys(("v", "vgy"), "v"),
}
_NUMBERED: Final = re.compile(r"([dv])(-?\d{1,6}(?:\.\d{1,6})?)(%|cc|cm3|ml|gy|)")
_EXAMPLES: Final = (
    "write D90 (percent of the volume), D2cc (mL), V100Gy, mean, min, max, SD or EUD"
)
_ROUNDING: Final = 1e-9


class Histogram(Protocol):
    """What a metric asks of a histogram; `volume_ml` is None where it is not told."""

    @property
    def volume_ml(self) -> float | None:
        """Volume of the structure."""

    def dose_to_volume_fraction_gy(self, fraction: float) -> float:
        """Least dose in the hottest fraction of the volume."""

    def volume_fraction_above(self, dose_gy: float) -> float:
        """Fraction of the volume that gets at least a dose."""


@dataclass(frozen=True)
class Metric:
    """A number of a histogram: its name everywhere, its unit, how it is computed.

    Parameters
    ----------
    kind : str
        ``"d"`` (dose to a percentage of the volume), ``"dcc"`` (dose to a volume in
        mL), ``"v"`` (fraction of the volume at a dose in Gy and above), or a name
        such as ``"mean"``.
    number : float, optional
        Percent, mL or Gy, by kind.

    Examples
    --------
    >>> [Metric.parse(one).column for one in ("D90", "D2 cc", "V100Gy", "Dmean")]
    ['d90_gy', 'd2cc_gy', 'v100gy_percent', 'mean_gy']
    """

    kind: str
    number: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Metric":
        """Read a metric as physicists write it, in capitals or not.

        A V without a unit is at a dose in Gy: nothing here is relative to a prescribed
        dose.

        Raises
        ------
        QuantityError
            Not a metric, or one with a unit that it cannot have.
        RangeError
            A volume or dose that no structure can have.

        Examples
        --------
        >>> Metric.parse("d0.03cc").words, Metric.parse("v100").words
        ('D0.03cc', 'V100Gy')
        """
        said = re.sub(r"[\s_]", "", text).lower()
        if said in ("dmean", "dmin", "dmax"):
            said = said[1:]
        plain = {one.replace("_", ""): one for one in _PLAIN}
        if said in plain:
            return cls(plain[said])
        found = _NUMBERED.fullmatch(said)
        kind = found and _KINDS.get(found[1] + found[3])
        if not found or not kind:
            raise QuantityError(f"'{text[:40]}' is not a DVH metric: {_EXAMPLES}")
        number = float(found[2]) + 0.0
        _require_possible(text, kind, number)
        return cls(kind, number)

    @property
    def key(self) -> str:
        """Its name in result documents: ``d70``, ``d2cc``, ``v100``, ``mean``."""
        if self.number is None:
            return self.kind
        return f"{self.kind[0]}{self.number:.12g}{self.kind[1:]}"

    @property
    def column(self) -> str:
        """Its name in tables, with the unit there: a V stands in percent."""
        return self.key + ("gy_percent" if self.is_part else f"_{self.unit.lower()}")

    @property
    def quantity(self) -> str:
        """Its name among uncertain quantities: ``d70_gy``, ``v100``."""
        return self.key if self.is_part else self.column

    @property
    def words(self) -> str:
        """Its name as the field writes it, which :meth:`parse` reads."""
        if self.number is None:
            return _PLAIN[self.kind]
        return self.key[0].upper() + self.key[1:] + ("Gy" if self.is_part else "")

    @property
    def heading(self) -> str:
        """Name and unit above a column for people.

        >>> Metric.parse("D70").heading, Metric.parse("V100Gy").heading
        ('D70 Gy', 'V100Gy %')
        """
        return f"{self.words} {'%' if self.is_part else self.unit}"

    @property
    def unit(self) -> str:
        """Unit of its value: Gy, mL, or 1 for a fraction of the volume."""
        return {"v": "1", "volume": "mL"}.get(self.kind, "Gy")

    @property
    def is_part(self) -> bool:
        """Whether it is a fraction of the volume."""
        return self.kind == "v"

    def of(self, histogram: Histogram, effects: object = None) -> float | None:
        """Its value: Gy, mL, or a fraction from 0 to 1.

        Parameters
        ----------
        histogram : Histogram
            A dose-volume histogram.
        effects : object, optional
            Radiobiology of the same structure, for BED, EQD2 and EUD.

        Returns
        -------
        float or None
            None where there is no such number: the dose to 90 mL of a structure of
            5 mL, an EUD without a tissue's parameters.
        """
        if self.number is None:
            source = effects if self.kind in EFFECTS else histogram
            return getattr(source, self.column, None)
        if self.is_part:
            return histogram.volume_fraction_above(self.number)
        fraction = self.number / 100
        if self.kind == "dcc":
            whole_ml = histogram.volume_ml
            if whole_ml is None or self.number > whole_ml * (1 + _ROUNDING):
                return None
            fraction = min(self.number / whole_ml, 1.0)
        return histogram.dose_to_volume_fraction_gy(fraction)


def _require_possible(text: str, kind: str, number: float) -> None:
    if number < 0 or (number == 0 and kind != "v"):
        raise RangeError(
            f"{text}: the dose of a V is 0 Gy or more, as in V70Gy; the volume of a D "
            "is above 0, as in D98 or D0.03cc"
        )
    if kind == "d" and number > 100:
        raise RangeError(
            f"{text} is the dose to {number:g} % of the volume: give at most 100 %, or "
            f"D{number:g}cc for {number:g} mL"
        )


MEAN: Final = Metric("mean")
VOLUME: Final = Metric("volume")
EVERYWHERE: Final = (
    "csv page brief interval post dvh plan per_gbq check glance uncertainty"
)

# One line for a default metric, with where it stands. Result documents hold all of
# them; `page` is a report's full table, `brief` its first one, `interval` the one of
# intervals, `glance` the terminal of a check; others are named by what they belong to.
DEFAULTS: Mapping[str, str] = {
    "mean": "csv page post dvh plan per_gbq check uncertainty",
    "volume": "check uncertainty",
    "SD": "csv page post plan",
    "min": "csv",
    "max": "csv",
    "D98": "csv page post dvh check uncertainty",
    "D95": "csv page brief interval dvh plan per_gbq check uncertainty",
    "D90": "csv page check uncertainty",
    "D70": EVERYWHERE,
    "D50": "csv page interval post dvh plan per_gbq check uncertainty",
    "D2": "csv page post dvh check uncertainty",
    "V50Gy": "check",
    "V70Gy": "check",
    "V100Gy": "page interval check uncertainty",
    **{f"V{gy}Gy": "" for gy in (20, 30, 40, 80, 120, 150, 200, 205, 250, 300)},
}


def metrics_in(place: str, asked: Iterable[Metric] = ()) -> tuple[Metric, ...]:
    """The default metrics of a place, then those asked for.

    >>> [one.words for one in metrics_in("brief", [Metric.parse("D2cc")])]
    ['D95', 'D70', 'D2cc']
    """
    defaults = (
        Metric.parse(name)
        for name, places in DEFAULTS.items()
        if place in ("json", *places.split())
    )
    return tuple(dict.fromkeys((*defaults, *asked)))


def numbers_of(histogram: Histogram, metrics: Iterable[Metric]) -> dict[Metric, float]:
    """The metrics that a histogram has, with their values."""
    values = ((one, one.of(histogram)) for one in metrics)
    return {one: value for one, value in values if value is not None}
