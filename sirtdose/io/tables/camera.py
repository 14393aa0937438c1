"""camera.toml: what commissioning found, written and read again."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.tables.own_file import known_table, read_own_file, shown
from sirtdose.model.bounds import printable
from sirtdose.model.commissioned import (
    DEAD_TIMES,
    TAIL_FORMS,
    CameraBlur,
    CameraDeadTime,
    CameraFactor,
    CameraNoise,
    CameraRecovery,
    Commissioned,
    Measured,
)
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.site import CAMERA_KEYS

FORMAT = 1
_CONSTANT = ("per_gbq", "per_gbq_standard")
_TABLES = (
    *("format", "name", "made", "valid_until", "nuclide", "phantom", "scans", "notes"),
    *("header", "factor", "blur", "dead_time", "noise", "recovery"),
)


def camera_text(camera: Commissioned) -> str:
    """A camera as TOML, in an order that a person reads.

    Examples
    --------
    >>> one = Commissioned(
    ...     "room 2", date(2026, 3, 2), date(2027, 3, 2), "Y-90", "nema-iec", None, None
    ... )
    >>> print(camera_text(one).splitlines()[3])
    name = "room 2"
    """
    lines = [
        "# A camera as `sirtdose commission` found it. Name it in the site's file:",
        "# [[camera]] with file = beside what its headers say.",
        f"format = {FORMAT}",
        *_pairs(
            name=camera.name,
            made=camera.made,
            valid_until=camera.valid_until,
            nuclide=camera.nuclide,
            phantom=camera.phantom,
            scans=list(camera.scans),
            notes=list(camera.notes),
        ),
        *_table("header", camera.header),
    ]
    if camera.factor is not None:
        lines += _table("factor", _factor_of(camera.factor))
    if camera.blur is not None:
        lines += _table("blur", _blur_of(camera.blur))
    if camera.dead_time is not None:
        lines += _dead_time_lines(camera.dead_time)
    if camera.noise is not None:
        lines += _table(
            "noise",
            {
                "relative": camera.noise.relative,
                "fwhm_mm": camera.noise.fwhm_mm,
                "counts_per_ml": camera.noise.counts_per_ml,
            },
        )
    for row in camera.recovery:
        lines += ["", "[[recovery]]", *_pairs(**_recovery_of(row))]
    return "\n".join(lines) + "\n"


def _measured(name: str, one: Measured | None) -> dict[str, Any]:
    return {} if one is None else {name: one.value, f"{name}_standard": one.standard}


def _factor_of(one: CameraFactor) -> dict[str, Any]:
    return {
        **_measured("value", one.value),
        "unit": one.unit,
        **_measured("live_fraction", one.live_fraction),
    }


def _blur_of(one: CameraBlur) -> dict[str, Any]:
    return {
        **_measured("in_plane_mm", one.in_plane_mm),
        **_measured("axial_mm", one.axial_mm),
        "tail_form": one.tail_form,
        **_measured("tail_fraction", one.tail_fraction),
        **_measured("tail_fwhm_mm", one.tail_fwhm_mm),
        "gaussian_core_mm": list(one.gaussian_core_mm),
        "gaussian_tail": list(one.gaussian_tail),
        "edge": one.edge,
        "edge_power": one.edge_power,
    }


def _dead_time_lines(one: CameraDeadTime) -> list[str]:
    lines = _table(
        "dead_time",
        {
            "model": one.model,
            "measured_gbq": list(one.measured_gbq),
            "linear_to_gbq": one.linear_to_gbq,
        },
    )
    for model, constant in one.per_gbq.items():
        lines += _table(f"dead_time.{model}", _measured("per_gbq", constant))
    return lines


def _recovery_of(one: CameraRecovery) -> dict[str, Any]:
    return {
        "diameter_mm": one.diameter_mm,
        "ratio": one.ratio,
        **_measured("model", one.model),
        **_measured("image", one.image),
    }


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    return ["", f"[{name}]", *_pairs(**values)]


def _pairs(**values: Any) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items()]


def _toml(value: Any) -> str:
    if isinstance(value, str):
        text = printable(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read_camera(path: Path) -> Commissioned:
    """Read a camera's file.

    Raises
    ------
    FileFormatError
        No file, no TOML, or a value that is missing or wrong, by its table.
    """
    data, digest = read_own_file(path)
    reader = _Reader(path.name)
    known_table(data, _TABLES, path.name)
    if data.get("format") != FORMAT:
        raise FileFormatError(
            f"{path.name}: format is {shown(data.get('format'))}, but {FORMAT} is "
            "known: write it again with `sirtdose commission`"
        )
    header = known_table(data.get("header", {}), CAMERA_KEYS, f"{path.name}, header")
    return Commissioned(
        name=reader.text(data, "name"),
        made=reader.day(data, "made"),
        valid_until=reader.later(data, "valid_until", "made"),
        nuclide=reader.nuclide(data),
        phantom=reader.text(data, "phantom"),
        blur=reader.blur(data.get("blur")),
        factor=reader.factor(data.get("factor")),
        dead_time=reader.dead_time(data.get("dead_time")),
        recovery=tuple(map(reader.recovery, reader.items(data, "recovery"))),
        noise=reader.noise(data.get("noise")),
        header={key: reader.text(header, key) for key in header},
        scans=tuple(map(str, reader.items(data, "scans"))),
        notes=tuple(map(str, reader.items(data, "notes"))),
        sha256=digest,
    )


class _Reader:
    """What a file says, and where it is wrong."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _refuse(self, key: str, value: Any, wanted: str) -> FileFormatError:
        return FileFormatError(
            f"{self.name}: {key} is {shown(value)}: {wanted} is needed"
        )

    def text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._refuse(key, value, "a text")
        return value.strip()

    def day(self, table: Mapping[str, Any], key: str) -> date:
        value = table.get(key)
        if type(value) is not date:
            raise self._refuse(key, value, "a date such as 2026-11-29")
        return value

    def later(self, table: Mapping[str, Any], key: str, first: str) -> date:
        value, start = self.day(table, key), self.day(table, first)
        if value < start:
            raise self._refuse(key, value, f"a day from {first}, {start}, on")
        return value

    def nuclide(self, table: Mapping[str, Any]) -> str:
        text = self.text(table, "nuclide")
        return nuclide_name(text) or text

    def items(self, table: Mapping[str, Any], key: str) -> list[Any]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self._refuse(key, value, "a list")
        return value

    def number(
        self, table: Mapping[str, Any], key: str, low: float, high: float
    ) -> float:
        value = table.get(key)
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not isfinite(value)
            or not low <= value <= high
        ):
            raise self._refuse(key, value, f"a number of {low:g} to {high:g}")
        return float(value)

    def measured(
        self, table: Mapping[str, Any], key: str, low: float, high: float
    ) -> Measured:
        return Measured(
            self.number(table, key, low, high),
            self.number(table, f"{key}_standard", 0, high),
        )

    def pair(self, table: Mapping[str, Any], key: str) -> tuple[float, float]:
        value = table.get(key)
        if not isinstance(value, list) or len(value) != 2:
            raise self._refuse(key, value, "a list of two numbers")
        both = {f"{key}, first": value[0], f"{key}, second": value[1]}
        first, second = (self.number(both, name, 0, 1e4) for name in both)
        return first, second

    def _table(
        self, value: Any, name: str, known: Sequence[str]
    ) -> dict[str, Any] | None:
        if value is None:
            return None
        return known_table(value, known, f"{self.name}, {name}")

    def factor(self, value: Any) -> CameraFactor | None:
        names = ("value", "live_fraction")
        known = (*names, *(f"{one}_standard" for one in names), "unit")
        table = self._table(value, "factor", known)
        if table is None:
            return None
        unit = self.text(table, "unit")
        if unit not in ("cps/MBq", "shown/true"):
            raise self._refuse("unit", unit, "cps/MBq or shown/true")
        live = (
            self.measured(table, "live_fraction", 0.05, 1.0)
            if "live_fraction" in table
            else None
        )
        return CameraFactor(self.measured(table, "value", 1e-6, 1e6), unit, live)

    def blur(self, value: Any) -> CameraBlur | None:
        names = ("in_plane_mm", "axial_mm", "tail_fraction", "tail_fwhm_mm")
        own = ("tail_form", "gaussian_core_mm", "gaussian_tail", "edge", "edge_power")
        known = (*names, *(f"{one}_standard" for one in names), *own)
        table = self._table(value, "blur", known)
        if table is None:
            return None
        form = self.text(table, "tail_form")
        if form not in TAIL_FORMS:
            raise self._refuse("tail_form", form, " or ".join(TAIL_FORMS))
        blur = CameraBlur(
            in_plane_mm=self.measured(table, "in_plane_mm", 1, 60),
            axial_mm=self.measured(table, "axial_mm", 1, 60),
            tail_fraction=self.measured(table, "tail_fraction", 0, 0.5),
            tail_fwhm_mm=self.measured(table, "tail_fwhm_mm", 0, 300),
            tail_form=form,
            gaussian_core_mm=self.pair(table, "gaussian_core_mm"),
            gaussian_tail=self.pair(table, "gaussian_tail"),
            edge=self.number(table, "edge", -0.5, 5),
            edge_power=round(self.number(table, "edge_power", 0, 5)),
        )
        self._require_usable(blur)
        return blur

    def _require_usable(self, blur: CameraBlur) -> None:
        """Whether a correction can use it: a Gaussian core, and a wider Gaussian."""
        own = blur.gaussian_core_mm
        if any(own) and not min(own) >= 1:
            raise self._refuse("gaussian_core_mm", list(own), "a width of 1 to 60 mm")
        if not any(own) and blur.tail and blur.tail_form != "gaussian":
            raise self._refuse(
                "gaussian_core_mm",
                list(own),
                f"with a tail that is {blur.tail_form}, the fit with a Gaussian tail",
            )
        if blur.tail is None:
            return
        part, width = blur.tail
        if part > 0.5 or not width > max(blur.widths_mm):
            raise self._refuse(
                "the Gaussian tail",
                [part, width],
                "at most half of the counts, in a width above that of the core,",
            )

    def dead_time(self, value: Any) -> CameraDeadTime | None:
        known = ("model", "measured_gbq", "linear_to_gbq", *DEAD_TIMES[1:3])
        table = self._table(value, "dead_time", known)
        if table is None:
            return None
        model = self.text(table, "model")
        if model not in DEAD_TIMES:
            raise self._refuse("model", model, " or ".join(DEAD_TIMES))
        constants = {
            one: self.measured(own, "per_gbq", 0, 10)
            for one in DEAD_TIMES[1:3]
            if (own := self._table(table.get(one), one, _CONSTANT)) is not None
        }
        wanted = {"none": (), "not distinguishable": DEAD_TIMES[1:3]}
        if tuple(constants) != wanted.get(model, (model,)):
            raise self._refuse(
                "model",
                f"{model}, but the constants are of {', '.join(constants) or 'none'}",
                "each model that was kept, and its own constant,",
            )
        low, high = self.pair(table, "measured_gbq")
        if not low <= high or not high > 0:
            raise self._refuse(
                "measured_gbq", [low, high], "the lowest and the highest activity"
            )
        return CameraDeadTime(
            model,
            constants,
            (low, high),
            self.number(table, "linear_to_gbq", 0, 1000),
        )

    def noise(self, value: Any) -> CameraNoise | None:
        names = ("relative", "fwhm_mm", "counts_per_ml")
        table = self._table(value, "noise", names)
        if table is None:
            return None
        relative, width, counts = (
            self.number(table, name, 0, high)
            for name, high in zip(names, (5.0, 100.0, 1e12), strict=True)
        )
        return CameraNoise(relative, width, counts)

    def recovery(self, value: Any) -> CameraRecovery:
        names = ("diameter_mm", "ratio", "model", "image")
        standards = ("model_standard", "image_standard")
        table = known_table(value, (*names, *standards), f"{self.name}, recovery")
        return CameraRecovery(
            self.number(table, "diameter_mm", 1, 500),
            self.number(table, "ratio", 0, 1e4),
            self.measured(table, "model", 0, 2),
            self.measured(table, "image", 0, 3) if "image" in table else None,
        )


def require_camera(path: Path) -> Commissioned:
    """Read a camera's file that a site's file names.

    Raises
    ------
    InputError
        As :func:`read_camera`, or a file that is not there.
    """
    if not path.is_file():
        raise InputError(f"there is no camera file '{printable(path.name)}'")
    return read_camera(path)
