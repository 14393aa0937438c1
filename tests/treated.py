"""Treatments made by hand, for checks: doses in Gy are given, never computed."""

from typing import Any

from sirtdose.model.device import Device
from sirtdose.model.ledger import NOT_GIVEN, Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.treatment import Injected, Part, Treatment

NAMES = ("one", "two", "three")


def lungs(shunt: float | None = 0.05, **change: Any) -> Lungs:
    values = {
        "shunt_fraction": shunt or 0.0,
        "shunt_source": NOT_GIVEN if shunt is None else "spect",
        "mass_kg": 1.0,
        "mass_source": "default",
        "activity_gbq": 0.1,
        "dose_gy": 5.0,
        "cumulative_dose_gy": 5.0,
    }
    return Lungs(**(values | change))


def part(role: str, ml: float, *doses_gy: float, **change: Any) -> Part:
    """A part of density 1 g/mL, called as its role is, that "one" perfuses."""
    values = {"name": role, "mass_kg": ml / 1000, "of": ("one",)}
    return Part(role=role, volume_ml=ml, doses_gy=doses_gy, **(values | change))


def treated(
    *parts: Part,
    gbq: tuple[float, ...] = (2.0,),
    device: str | None = None,
    shunts: tuple[float | None, ...] = (),
    **change: Any,
) -> Treatment:
    """Injections called "one", "two" ... of so many GBq each."""
    kind = None if device is None else Device.named(device)
    values = {
        "injections": tuple(
            Injected(name, one, shunts[i] if shunts else 0.05)
            for i, (name, one) in enumerate(zip(NAMES, gbq, strict=False))
        ),
        "parts": parts,
        "lungs": lungs(),
        "nuclide": Nuclide.named(kind.nuclide_name if kind else "Y-90"),
        "device": kind,
    }
    return Treatment(**(values | change))
