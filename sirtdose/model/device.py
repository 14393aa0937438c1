"""A kind of microspheres: which nuclide it carries and in what vials it comes."""

from dataclasses import dataclass

from sirtdose.data.load import table
from sirtdose.errors import InputError


@dataclass(frozen=True)
class Device:
    """Microspheres of one kind.

    Where a part is drawn from the vial it may hold more than is injected.
    `spheres_per_gbq` is at calibration: later there are more of them for 1 GBq.

    Examples
    --------
    >>> Device.named("glass").vial_activity_gbq
    (3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
    """

    name: str
    product: str
    nuclide_name: str
    vial_activity_gbq: tuple[float, ...]
    vial_source: str
    part_is_drawn: bool = False
    spheres_per_gbq: float = 0.0
    spheres_source: str = ""
    shelf_life_h: float = float("inf")
    shelf_life_source: str = ""

    @classmethod
    def unnamed(cls, nuclide_name: str) -> "Device":
        """Microspheres of no product that is known: nothing of vials and spheres is."""
        product, source = f"{nuclide_name} microspheres", "of an unknown product"
        return cls("", product, nuclide_name, (), source, spheres_source=source)

    @classmethod
    def named(cls, name: str) -> "Device":
        """Look up a device.

        Raises
        ------
        InputError
            An unknown name; the message lists those known.
        """
        known = table("devices")
        if name not in known:
            raise InputError(f"'{name}' is not a known device: use {', '.join(known)}")
        entry = known[name]
        return cls(
            name=name,
            product=entry["product"],
            nuclide_name=entry["nuclide"],
            vial_activity_gbq=tuple(entry["vial_activity_gbq"]),
            vial_source=entry["vial_source"],
            part_is_drawn=entry["part_is_drawn"],
            spheres_per_gbq=entry["spheres_per_gbq"],
            spheres_source=entry["spheres_source"],
            shelf_life_h=entry["shelf_life_h"],
            shelf_life_source=entry["shelf_life_source"],
        )
