"""Limits of published tables: by device, disease, scenario, and the patient's liver."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError
from sirtdose.model.device import device_name
from sirtdose.planning.limits import Rule

TABLES = ("eanm2022",)
DEVICES = ("resin", "glass", "ho166")
DISEASES = ("hcc", "icc", "mcrc")
SCENARIOS = ("segmentectomy", "lobectomy", "unilobar", "bilobar")
LiverFunction = Literal["favorable", "compromised"]

# Total bilirubin, mg/dL, and hepatic reserve at which the tables change.
_BILIRUBIN_MG_PER_DL = 1.1
_RESERVE = 0.30
# Two units of one bilirubin agree to this.
_SAME = 5e-4


@dataclass(frozen=True)
class Patient:
    """What of a patient decides between limits; None where it is not known.

    `reserve_fraction` is the part of the liver that is not treated.
    """

    bilirubin_mg_per_dl: float | None = None
    reserve_fraction: float | None = None
    liver_function: LiverFunction | None = None
    treated_before: bool = False
    liver_known: bool = False

    @property
    def pretreated_or_compromised(self) -> bool:
        """Whether the table's stricter limit for a liver that had enough holds."""
        return self.treated_before or self.liver_function == "compromised"


@dataclass(frozen=True)
class Chosen:
    """The limits of one scenario, and what of the table is no limit here.

    `notes` is what it says in words; `unknown` are limits whose condition is not known.
    """

    rules: tuple[Rule, ...]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    device: str
    scenario: str


_Condition = tuple[Callable[[Patient], bool], str]
_MG = f"{_BILIRUBIN_MG_PER_DL:g} mg/dL"
_UNKNOWN = "bilirubin_unknown"
_ABOVE, _BELOW = "bilirubin_above_1.1", "bilirubin_below_1.1"
# When a row holds, and how that is said.
_WHEN: Mapping[str, _Condition] = {
    "": (lambda _: True, ""),
    "liver_known": (lambda p: p.liver_known, "as the whole liver's dose is known"),
    "liver_unknown": (
        lambda p: not p.liver_known,
        "as the whole liver's dose is not known",
    ),
    "first_treatment": (lambda p: not p.treated_before, "in a first treatment"),
    "reserve_below_30_or_unknown": (
        lambda p: p.reserve_fraction is None or p.reserve_fraction < _RESERVE,
        "hepatic reserve under 30 %, or not known",
    ),
    "reserve_above_30": (
        lambda p: p.reserve_fraction is not None and p.reserve_fraction > _RESERVE,
        "hepatic reserve above 30 %",
    ),
    _UNKNOWN: (
        lambda p: p.bilirubin_mg_per_dl is None,
        "bilirubin not given",
    ),
    "bilirubin_needed": (lambda p: p.bilirubin_mg_per_dl is None, ""),
    _ABOVE: (
        lambda p: bilirubin_case(p.bilirubin_mg_per_dl) == _ABOVE,
        f"bilirubin above {_MG}",
    ),
    _BELOW: (
        lambda p: bilirubin_case(p.bilirubin_mg_per_dl) == _BELOW,
        f"bilirubin below {_MG}",
    ),
    "pretreated_or_compromised": (
        lambda p: p.pretreated_or_compromised,
        "treated before, or compromised liver function",
    ),
    "neither_pretreated_nor_compromised": (
        lambda p: not p.pretreated_or_compromised,
        "not treated before, liver function not said to be compromised",
    ),
    "liver_function_favorable": (
        lambda p: p.liver_function == "favorable",
        "favorable liver function",
    ),
    "liver_function_not_favorable": (
        lambda p: p.liver_function != "favorable",
        "liver function not said to be favorable",
    ),
}


def bilirubin_case(mg_per_dl: float | None) -> str:
    """Which limits by bilirubin hold, as the rows of the tables name it.

    The tables leave exactly 1.1 mg/dL open: it is judged as if it were not known.

    >>> [bilirubin_case(one) for one in (None, 1.1, 1.2, 0.9)]
    ['bilirubin_unknown', 'bilirubin_unknown', 'bilirubin_above_1.1', \
'bilirubin_below_1.1']
    """
    if mg_per_dl is None or abs(mg_per_dl - _BILIRUBIN_MG_PER_DL) < _SAME:
        return _UNKNOWN
    return _ABOVE if mg_per_dl > _BILIRUBIN_MG_PER_DL else _BELOW


def chosen_limits(text: str, patient: Patient, said: str = "--limits") -> Chosen:
    """Limits of TABLE:DEVICE:DISEASE:SCENARIO, as they hold for a patient.

    Parameters
    ----------
    text : str
        Such as ``"eanm2022:glass:hcc:lobectomy"``.
    patient : Patient
    said : str
        Where the text was given, for what is refused.

    Returns
    -------
    Chosen

    Raises
    ------
    InputError
        An unknown word, a bilirubin that the table leaves open, or one that it
        needs and that was not given.
    RangeError
        A bilirubin below 0.

    References
    ----------
    Weber M et al. 2022, doi:10.1007/s00259-021-05600-z, Tables 2 to 4.

    Examples
    --------
    >>> chosen = chosen_limits("eanm2022:resin:mcrc:unilobar", Patient())
    >>> [(rule.volume, rule.sense, rule.limit_gy) for rule in chosen.rules]
    [('normal_perfused', 'at_most', 40.0), ('tumor', 'at_least', 100.0)]
    """
    name, device, disease, scenario = table_words(text, said)
    data = table(f"limits_{name}")
    bilirubin = patient.bilirubin_mg_per_dl
    if bilirubin is not None and bilirubin < 0:
        raise RangeError(f"bilirubin is {bilirubin:g} mg/dL: it must be 0 or more")
    rules, unknown = [], []
    for row in data["rows"]:
        if not _is_for(row, device, disease, scenario):
            continue
        when = row.get("when", "")
        open_case = bilirubin is not None and bilirubin_case(bilirubin) == _UNKNOWN
        if when.startswith("bilirubin") and open_case:
            raise InputError(
                f"bilirubin is exactly {_MG}, for which {data['title']} gives no "
                "limit: give --limit normal_whole=50Gy or 90Gy, and leave --bilirubin "
                "out"
            )
        holds, condition = _WHEN[when]
        if when == "reserve_above_30" and patient.reserve_fraction is None:
            unknown.append(
                f"{row['volume']} {row['limit_gy']:g} Gy ({data['title']}, "
                f"{row['table']}), which holds for a hepatic reserve above 30 %,"
            )
        if not holds(patient):
            continue
        if when == "bilirubin_needed":
            raise InputError(
                f"{text} has a limit for bilirubin above {_MG} and one below: give "
                "--bilirubin, such as 0.9mg/dL"
            )
        rules.append(_rule(row, condition, data))
    # In words alone: nothing that a dose can be held against.
    notes = tuple(
        f"{data['title']} ({row['table']}) {row['says']} for {scenario} with {device}"
        for row in data["not_evaluated"]
        if _is_for(row, device, disease, scenario)
    )
    return Chosen(tuple(rules), notes, tuple(unknown), device, scenario)


@dataclass(frozen=True)
class Scenario:
    """A published scenario that asks for a dose, of one disease or of several."""

    table: str
    device: str
    diseases: tuple[str, ...]
    name: str
    dose_gy: float

    @property
    def words(self) -> str:
        """What is typed for it; the disease is left open where several have it.

        >>> Scenario("eanm2022", "resin", ("icc", "mcrc"), "lobectomy", 70.0).words
        'eanm2022:resin:<disease>:lobectomy'
        """
        one = self.diseases[0] if len(self.diseases) == 1 else "<disease>"
        return f"{self.table}:{self.device}:{one}:{self.name}"

    @property
    def condition(self) -> str:
        """What it is for: the diseases too, where they are some of several.

        >>> Scenario("eanm2022", "resin", ("icc", "mcrc"), "lobectomy", 70.0).condition
        'a lobectomy of icc or mcrc'
        """
        some = 1 < len(self.diseases) < len(DISEASES)
        return f"a {self.name}" + f" of {' or '.join(self.diseases)}" * some


def scenario_asking(
    device: str, volume: str, least_gy: float, disease: str = ""
) -> Scenario | None:
    """The first scenario that asks for so much dose; of one disease where it is known.

    >>> scenario_asking("glass", "perfused", 150.0, "hcc").words
    'eanm2022:glass:hcc:segmentectomy'
    >>> scenario_asking("resin", "normal_perfused", 68.0, "hcc")
    """
    for name in TABLES:
        for row in table(f"limits_{name}")["rows"]:
            asks = row["sense"] == "at_least" and row["limit_gy"] >= least_gy
            known = (row["device"], row["volume"]) == (device, volume)
            of = tuple(row.get("disease", DISEASES))
            if asks and known and "when" not in row and disease in ("", *of):
                return Scenario(
                    *(name, device, (disease,) if disease else of),
                    name=row["scenario"][0],
                    dose_gy=float(row["limit_gy"]),
                )
    return None


def table_words(text: str, given_as: str = "--limits") -> list[str]:
    """Table, device, disease and scenario of published limits, as they are named.

    Raises
    ------
    InputError
        Words that name none.
    """
    words = [word.strip() for word in text.lower().split(":")]
    if len(words) > 1:
        with suppress(InputError):
            words[1] = device_name(words[1])
    for word, known in zip(
        words + [""] * 4, (TABLES, DEVICES, DISEASES, SCENARIOS), strict=False
    ):
        if word not in known:
            said = f"'{word}' is not one of" if word else "missing is one of"
            raise InputError(
                f"{given_as} '{text}': {said} {', '.join(known)}; write "
                "table:device:disease:scenario, such as eanm2022:glass:hcc:lobectomy"
            )
    if len(words) != len((TABLES, DEVICES, DISEASES, SCENARIOS)):
        raise InputError(
            f"{given_as} '{text}' has {len(words)} words: write "
            "table:device:disease:scenario"
        )
    return words


def _is_for(row: Mapping[str, Any], device: str, disease: str, scenario: str) -> bool:
    return (
        row["device"] == device
        and disease in row.get("disease", DISEASES)
        and scenario in row["scenario"]
    )


def _rule(row: Mapping[str, Any], condition: str, data: Mapping[str, Any]) -> Rule:
    upper = row.get("upper_gy")
    return Rule(
        volume=row["volume"],
        sense=row["sense"],
        limit_gy=float(row["limit_gy"]),
        upper_gy=None if upper is None else float(upper),
        strict=row.get("strict", False),
        condition="; ".join(filter(None, (condition, row.get("note")))),
        source=f"{data['title']}, {row['table']}",
        verified=data["verified"],
        scale=row.get("scale", data["scale"]),
    )
