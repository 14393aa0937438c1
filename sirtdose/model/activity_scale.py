"""Which scale a dose is on: the declared activity's, or an absolute calibration's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sirtdose.data.load import table

Scale = Literal["declared", "absolute", "unknown"]

SCALES: tuple[Scale, ...] = ("declared", "absolute", "unknown")
WORDS: Mapping[str, str] = {
    "declared": "declared activity",
    "absolute": "absolute image calibration",
    "unknown": "not known",
}


@dataclass(frozen=True)
class VialRatio:
    """Activity of a product's vials by PET, over the activity that is declared.

    Parameters
    ----------
    product : str
        ``glass``, ``resin``, ``Y-90 chloride``.
    ratio, spread : float
        Mean, and what stands behind its plus or minus.
    low, high : float or None
        The least and the greatest.
    vials : int or None
    source : str
    verified : bool

    Examples
    --------
    >>> found = VialRatio.of("glass")
    >>> found.ratio, found.vials
    (0.79, 56)
    >>> VialRatio.of("ho166") is None
    True
    """

    product: str
    ratio: float
    spread: float
    low: float | None
    high: float | None
    vials: int | None
    source: str
    verified: bool

    @classmethod
    def of(cls, product: str | None) -> "VialRatio | None":
        """The ratio of a product; None where none is published."""
        row = table("activity_scale")["pet_over_declared"].get(product)
        return None if row is None else cls(str(product), **row)

    @property
    def words(self) -> str:
        """The ratio with its spread and its source.

        >>> VialRatio.of("resin").words.partition(",")[0]
        'PET measured 1.15 +/- 0.06 of the activity declared for resin'
        """
        vials = f", {self.vials} vials" if self.vials else ""
        status = "" if self.verified else "; not verified"
        return (
            f"PET measured {self.ratio:g} +/- {self.spread:g} of the activity declared "
            f"for {self.product}{vials} ({self.source}{status})"
        )


@dataclass(frozen=True)
class Conversion:
    """Factor that converts a dose to another scale, with its source."""

    factor: float
    source: str


@dataclass(frozen=True)
class DoseScale:
    """The scale that doses are on, and what is known of the other one.

    Parameters
    ----------
    name : {"declared", "absolute", "unknown"}
        ``declared`` where doses are scaled to the activity that was declared or
        assayed: every plan, and a patient-relative calibration. ``absolute`` where an
        image in Bq/mL or a camera factor says how much activity there is.
    device : str or None
    other : {"declared", "absolute", "unknown"} or None
        The scale of the image's second calibration; None where it has none.
    other_to_used : float or None
        Doses by that calibration over these.
    calibrator_factor : float
        By which typed activities were multiplied: how these compare with the declared
        ones is not known unless it is 1.

    Examples
    --------
    300 Gy by the declared activity of glass are 237 Gy by PET, as vials measure.

    >>> DoseScale("declared", "glass").to("absolute").factor
    0.79
    >>> round(DoseScale("absolute", "resin").to("declared").factor, 2)
    0.87
    >>> DoseScale("declared", "ho166").to("absolute") is None
    True
    """

    name: Scale = "declared"
    device: str | None = None
    other: Scale | None = None
    other_to_used: float | None = None
    calibrator_factor: float = 1.0

    @classmethod
    def of_image(
        cls,
        method: str,
        device: str | None,
        *,
        other_to_used: float | None,
        calibrator_factor: float = 1.0,
    ) -> "DoseScale":
        """The scale by the calibration that was used.

        >>> DoseScale.of_image("camera", "glass", other_to_used=1.3).other
        'declared'
        """
        both: tuple[Scale, Scale] = (_typed(calibrator_factor), "absolute")
        used, other = both if method == "administered" else both[::-1]
        return cls(
            used,
            device,
            None if other_to_used is None else other,
            other_to_used,
            calibrator_factor,
        )

    def to(self, scale: str) -> Conversion | None:
        """What brings these doses to a scale; None where that is not known.

        The image's own two calibrations go before vials that others measured.
        """
        if "unknown" in (scale, self.name) and scale != self.other:
            return None
        if scale == self.name:
            return Conversion(1.0, "")
        if scale == self.other and self.other_to_used is not None:
            return Conversion(self.other_to_used, "by both calibrations of this image")
        vials = VialRatio.of(self.device)
        if vials is None:
            return None
        factor = vials.ratio if scale == "absolute" else 1 / vials.ratio
        return Conversion(factor, vials.words)

    def document(self) -> dict[str, Any]:
        """As documents have it, with what vials of the product measure."""
        vials = VialRatio.of(self.device)
        return {
            "doses": self.name,
            # By the lung shunt and what the ledger has, whatever the calibration.
            "lungs": _typed(self.calibrator_factor),
            "calibrator_factor": self.calibrator_factor,
            "pet_over_declared": None if vials is None else dict(vars(vials)),
        }


def _typed(calibrator_factor: float) -> Scale:
    """The scale of activities that are typed."""
    return "declared" if calibrator_factor == 1 else "unknown"


def study_scale_words(scale: str) -> str:
    """The scale of a study's doses, in two or three words.

    >>> [study_scale_words(one) for one in SCALES]
    ['by declared activity', 'by absolute calibration', 'scale not known']
    """
    return {
        "declared": "by declared activity",
        "absolute": "by absolute calibration",
    }.get(scale, "scale not known")


def scale_words(document: Mapping[str, Any]) -> str:
    """The scale of a document's doses in a few words; of an older one, not known.

    >>> scale_words({"scale": DoseScale("declared", "glass").document()})
    'declared activity; PET measured 0.79 of it for glass'
    >>> scale_words({"scale": DoseScale("unknown", calibrator_factor=1.1).document()})
    'activity by the dose calibrator, times 1.1'
    >>> scale_words({})
    'not known'
    """
    found = document.get("scale") or {"doses": "unknown"}
    said, factor = WORDS[found["doses"]], found.get("calibrator_factor", 1.0)
    if found["doses"] == "unknown" and factor != 1:
        said = f"activity by the dose calibrator, times {factor:g}"
    if other := found.get("other"):
        times = f"{other['times']:.3f} times these"
        return f"{said}; by {WORDS[other['doses']]} doses are {times}"
    vials = found.get("pet_over_declared")
    if vials is None or found["doses"] == "unknown":
        return said
    whole = "it" if found["doses"] == "declared" else "the declared activity"
    return (
        f"{said}; PET measured {vials['ratio']:.2f} of {whole} for {vials['product']}"
    )
