"""A hospital's own catalogue of vials, over the shipped one."""

from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.tables.own_file import (
    known_table,
    number_of,
    read_own_file,
    require_known,
    shown,
    source_of,
    text_of,
)
from sirtdose.model.device import device_name
from sirtdose.model.units import localized
from sirtdose.model.vial_product import SITE_ZONE, VIAL_GBQ_MAX, WEEKDAYS, VialProduct

_OWN = "the site's own"
_PRODUCT = ("part_is_drawn", "sizes", "calibrations", "shelf_life", "spheres")
_SOURCE = ("source", "verified")
_SIZES = ("name", "gbq", "from_gbq", "to_gbq", "step_gbq", *_SOURCE)
_CALIBRATION = ("weekdays", "time", "zone", "days_before", *_SOURCE)
_DAYS_MAX, _LISTED_MAX = 14, 1000
# No vial is kept longer, and none has more spheres for 1 GBq.
_MOST = {"hours": 30 * 24.0, "per_gbq": 1e10}


def read_catalogue(path: Path) -> tuple[dict[str, VialProduct], str]:
    """Products by their device, and the SHA-256 of the file.

    What the file does not have of a product is as shipped.

    Raises
    ------
    FileFormatError
        No file, or one that is neither TOML nor JSON.
    InputError
        A product, key or value that is not known or not possible.
    """
    data, digest = read_own_file(path)
    shipped = table("catalogue")["products"]
    found: dict[str, VialProduct] = {}
    for key, value in data.items():
        try:
            name = device_name(key)
        except InputError as error:
            raise InputError(f"{path.name}: {error}") from None
        if name in found:
            raise InputError(f"{path.name}: '{shown(key)}' is {name}, which is there")
        own = _product(value, f"{path.name}: {key}")
        found[name] = VialProduct.of({**shipped[name], **own})
    if not found:
        raise InputError(f"{path.name} has no product: use {', '.join(shipped)}")
    return found, digest


def _product(value: Any, where: str) -> dict[str, Any]:
    given = known_table(value, _PRODUCT, where)
    own: dict[str, Any] = {}
    if "part_is_drawn" in given:
        own["part_is_drawn"] = _truth(given["part_is_drawn"], f"{where}: part_is_drawn")
    for key, read in (("sizes", _sizes), ("calibrations", _calibration)):
        if key in given:
            rows = given[key]
            if not isinstance(rows, list):
                raise InputError(f"{where}: write [[{where.split(': ')[1]}.{key}]]")
            own[key] = [read(one, f"{where}: {key}") for one in rows]
    for key, inner in (("shelf_life", "hours"), ("spheres", "per_gbq")):
        if key in given:
            own[key] = _number_row(given[key], inner, f"{where}: {key}")
    return own


def _sizes(value: Any, where: str) -> dict[str, Any]:
    row = known_table(value, _SIZES, where)
    listed = row.get("gbq", [])
    if not isinstance(listed, list):
        raise InputError(f"{where}: gbq is {shown(listed)}: a list of GBq is needed")
    own: dict[str, Any] = {
        "name": text_of(row.get("name", "standard"), f"{where}: name"),
        "gbq": [_activity(one, f"{where}: gbq") for one in listed],
    }
    for key in ("from_gbq", "to_gbq", "step_gbq"):
        own[key] = _activity(row[key], f"{where}: {key}") if key in row else None
    low, high, step = (own[f"{key}_gbq"] for key in ("from", "to", "step"))
    if low is not None and high is not None and low > high:
        raise InputError(f"{where}: from_gbq is {low:g}, above to_gbq, {high:g}")
    if step is not None and (low is None or high is None):
        raise InputError(f"{where}: step_gbq needs from_gbq and to_gbq")
    if step is not None and (high - low) / step > _LISTED_MAX:
        raise InputError(f"{where}: step_gbq is {step:g}: over {_LISTED_MAX} sizes")
    return own | _source(row, where)


def _calibration(value: Any, where: str) -> dict[str, Any]:
    row = known_table(value, _CALIBRATION, where)
    days = row.get("weekdays", list(WEEKDAYS))
    if not isinstance(days, list) or not days:
        raise InputError(f"{where}: weekdays is {shown(days)}: list weekdays")
    require_known(map(str, days), WEEKDAYS, where, "weekdays")
    before = row.get("days_before", [])
    if not isinstance(before, list) or not all(
        type(one) is int and 0 <= one <= _DAYS_MAX for one in before
    ):
        raise InputError(
            f"{where}: days_before is {shown(before)}: list whole days, 0 to "
            f"{_DAYS_MAX}"
        )
    return {
        "weekdays": days,
        "time": _clock(row.get("time"), f"{where}: time"),
        "zone": _zone(row.get("zone", SITE_ZONE), f"{where}: zone"),
        "days_before": before,
        **_source(row, where),
    }


def _number_row(value: Any, key: str, where: str) -> dict[str, Any]:
    row = known_table(value, (key, *_SOURCE), where)
    if key not in row:
        raise InputError(f"{where} needs {key}")
    number = row[key]
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise InputError(f"{where}: {key} is {shown(number)}: a number is needed")
    if not 0 < number <= _MOST[key]:
        raise InputError(
            f"{where}: {key} is {number:g}: above 0 to {_MOST[key]:g} is needed"
        )
    return {key: float(number), **_source(row, where)}


def _source(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Who says it: the hospital, where the file names nobody."""
    given = "source" in row
    return {
        "source": source_of(row, "source", where) if given else _OWN,
        "verified": _truth(row.get("verified", True), f"{where}: verified"),
    }


def _truth(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{where} is {shown(value)}: write true or false")
    return value


def _activity(value: Any, where: str) -> float:
    gbq = number_of(value, where)
    if not 0 < gbq <= VIAL_GBQ_MAX:
        raise InputError(
            f"{where} is {gbq:g} GBq: above 0 to {VIAL_GBQ_MAX:g} is needed"
        )
    return gbq


def _clock(value: Any, where: str) -> str:
    """A time of day; TOML has its own notation for one."""
    try:
        text = value.isoformat() if isinstance(value, time) else str(value)
        clock = time.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{where} is {shown(value)}: write a time of day, such as 18:00"
        ) from None
    if clock.tzinfo is not None:
        raise InputError(
            f"{where} is {shown(value)}, with an offset: write "
            f"{clock.isoformat('minutes')[:5]}, and the time zone in zone"
        )
    return clock.isoformat("minutes")


def _zone(value: Any, where: str) -> str:
    name = text_of(value, where)
    if name == SITE_ZONE:
        return name
    try:
        localized(datetime(2026, 7, 1, 12), name)
    except QuantityError:
        raise InputError(
            f"{where} is {shown(name)}: write {SITE_ZONE}, or a time zone such as "
            "America/New_York"
        ) from None
    return name
