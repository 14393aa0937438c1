"""What the values of a PET for SUV are: Bq/mL, counts, or SUV of a kind."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import QuantityError
from sirtdose.io.dicom.header import Dataset, number_if_any, private_value
from sirtdose.io.dicom.stack import Stack
from sirtdose.io.dicom.time import text_of
from sirtdose.model.body_size import Body
from sirtdose.model.uptake import UptakeGiven

_PHILIPS = "Philips PET Private Group"
_PHILIPS_GROUP, _SUV, _BQML = 0x7053, 0x00, 0x09
# Two factors of one file that differ by more contradict each other.
_FACTORS_AGREE = 0.01
# What a person gives beside a header is the same to this.
_SAME = 0.01
# What an SUV of each type is normalized to; of LBM the formula is not said.
_BY_MASS = ("BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW")
SUV_TYPES = ("BW", "LBMJAMES128", "LBMJANMA", "IBW", "BSA")


def in_own_units(
    stack: Stack, units: str
) -> tuple[NDArray[np.float32], str, tuple[str, ...]]:
    """The values as Bq/mL or SUV, counts by the factors of their own file; and how.

    Raises
    ------
    QuantityError
        Another unit, or counts without a factor.
    """
    data = stack.data.astype(np.float32, copy=False)
    if units in ("BQML", "GML", "CM2ML"):
        return data, units, ()
    first, path = stack.datasets[0], stack.paths[0]
    if units != "CNTS":
        raise QuantityError(
            f"{path.name} has Units (0054,1001) = {units}: an SUV needs BQML, GML, "
            "CM2ML, or counts (CNTS) with Philips' own factors; reconstruct the PET in "
            "Bq/mL (BQML)"
        )
    per_bqml = _philips(stack, _BQML)
    per_suv = _philips(stack, _SUV)
    if per_bqml is not None:
        return (
            data * per_bqml[:, None, None],
            "BQML",
            ("counts to Bq/mL by Philips' factor (7053,xx09)",),
        )
    if per_suv is not None:
        kind = text_of(first, "SUVType").upper()
        if kind not in ("", "BW"):
            raise QuantityError(
                f"{path.name} has counts, a factor to SUV (7053,xx00) and SUVType "
                f"(0054,1006) = {kind}: that factor is by body weight only"
            )
        return (
            data * per_suv[:, None, None],
            "GML",
            ("counts to SUV by Philips' factor (7053,xx00)",),
        )
    raise QuantityError(
        f"{path.name} has Units (0054,1001) = CNTS and neither of Philips' factors "
        "(7053,xx09) and (7053,xx00): reconstruct the PET in Bq/mL (BQML)"
    )


def require_factors_agree(stack: Stack, suv_per_bqml: NDArray[np.float64]) -> None:
    """Refuse a file of counts whose two factors lead to different SUVs.

    Raises
    ------
    QuantityError
        They differ by over 1 %.
    """
    per_bqml, per_suv = (_philips(stack, one) for one in (_BQML, _SUV))
    if per_bqml is None or per_suv is None:
        return
    ratio = float(np.median(per_bqml * suv_per_bqml / per_suv))
    if abs(ratio - 1) > _FACTORS_AGREE:
        raise QuantityError(
            f"{stack.paths[0].name}: Philips' factors to Bq/mL (7053,xx09) and to SUV "
            f"(7053,xx00) disagree: by the first and the header's injection an SUV is "
            f"{ratio:.3g} times that by the second; check weight, activity and times, "
            "and give what is wrong (--weight, --injected, --injected-at)"
        )


def _philips(stack: Stack, element: int) -> NDArray[np.float32] | None:
    """A private factor of each slice; None where none of them has one above 0."""
    values = []
    for dataset, path in zip(stack.datasets, stack.paths, strict=True):
        value = private_value(dataset, _PHILIPS_GROUP, _PHILIPS, element)
        if isinstance(value, bytes):
            value = value.decode("ascii", "ignore").strip(" \0") or None
        try:
            values.append(0.0 if value is None else float(str(value)))
        except ValueError as error:
            raise QuantityError(
                f"{path.name} has '{value}' in ({_PHILIPS_GROUP:04X},xx{element:02X}) "
                f"of {_PHILIPS}: a number is needed"
            ) from error
    if max(values) <= 0:
        return None
    if min(values) <= 0:
        raise QuantityError(
            f"only some slices have ({_PHILIPS_GROUP:04X},xx{element:02X}) of "
            f"{_PHILIPS}: give the slices of one reconstruction"
        )
    return np.array(values, np.float32)


def suv_type(dataset: Dataset, path: Path, units: str, given: UptakeGiven) -> str:
    """What the file's SUVs are normalized to.

    Raises
    ------
    QuantityError
        A type that leaves the formula open, or does not suit the unit.
    """
    stated = given.suv_type or text_of(dataset, "SUVType").upper()
    if units == "CM2ML":
        kind = stated or ("" if given.ibsi else "BSA")
        if kind == "BSA":
            return kind
    else:
        kind = stated or "BW"
        if kind in _BY_MASS and (kind != "LBM" or given.ibsi):
            return kind
    if kind == "LBM":
        raise QuantityError(
            f"{path.name} has SUVType (0054,1006) = LBM, which does not name the "
            "formula of lean body mass: give --suv-type LBMJAMES128 or LBMJANMA"
        )
    raise QuantityError(
        f"{path.name} has Units (0054,1001) = {units} and SUVType (0054,1006) = "
        f"'{kind}': give --suv-type, one of {', '.join(SUV_TYPES)}, that suits the unit"
    )


def require_unchanged(
    dataset: Dataset, path: Path, given: UptakeGiven, kind: str
) -> None:
    """Refuse a size or activity that SUV in a file were not made with.

    Raises
    ------
    QuantityError
        They were made with the header's, and cannot be corrected here.
    """
    items = dataset.get("RadiopharmaceuticalInformationSequence") or []
    of_header = {
        "--weight": number_if_any(dataset, "PatientWeight", path),
        "--injected": next(
            (number_if_any(one, "RadionuclideTotalDose", path) for one in items), None
        ),
    }
    height_cm = given.body.height_cm
    injected_mbq = given.injected_mbq
    of_person = {
        "--weight": given.body.weight_kg,
        "--injected": None if injected_mbq is None else 1e6 * injected_mbq,
    }
    units = {"--weight": "kg", "--injected": "Bq", "--height": "m"}
    if kind != "BW":
        # Its factor is undone with the header's own height and sex.
        of_header["--height"] = number_if_any(dataset, "PatientSize", path)
        of_person["--height"] = None if height_cm is None else height_cm / 100
        _require_same_sex(dataset, path, given, kind)
    for option, stated in of_header.items():
        own = of_person[option]
        if stated and own and abs(own / stated - 1) > _SAME:
            raise QuantityError(
                f"{path.name} holds SUV, which {option} cannot change, and its header "
                f"states another value ({stated:g} {units[option]}): leave {option} "
                "out, or give the PET in Bq/mL"
            )


def _require_same_sex(
    dataset: Dataset, path: Path, given: UptakeGiven, kind: str
) -> None:
    stated, own = text_of(dataset, "PatientSex").upper(), given.body.sex
    if kind != "BSA" and stated and own and own != stated:
        raise QuantityError(
            f"{path.name} holds SUV, which --sex cannot change, and its header states "
            f"another one ({stated}): leave --sex out, or give the PET in Bq/mL"
        )


def to_weight(kind: str, body: Body) -> float:
    """What turns an SUV of a type into one by body weight."""
    if kind == "BW":
        return 1.0
    weight_kg = body.weight()
    if kind == "BSA":
        return weight_kg * 1e3 / (body.surface_m2() * 1e4)
    if kind == "IBW":
        return weight_kg / body.ideal_weight_kg()
    formula = "janmahasatian" if kind == "LBMJANMA" else "james"
    return weight_kg / body.lean_mass_kg(formula)
