"""A kind of microspheres: which nuclide it carries and in what vials it comes."""

from contextlib import suppress
from dataclasses import dataclass, field

from sirtdose.data.load import table
from sirtdose.errors import InputError, nearest_name
from sirtdose.model.vial_product import VialProduct


@dataclass(frozen=True)
class Device:
    """Microspheres of one kind.

    Examples
    --------
    >>> Device.named("glass").vials.fixed_gbq
    (3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
    """

    name: str
    product: str
    nuclide_name: str
    vials: VialProduct = field(default_factory=VialProduct)

    @classmethod
    def unnamed(cls, nuclide_name: str) -> "Device":
        """Microspheres of no product that is known: nothing of vials and spheres is."""
        return cls("", f"{nuclide_name} microspheres", nuclide_name)

    @classmethod
    def named(cls, name: str) -> "Device":
        """Look up a device, by its name here or that of its product.

        Raises
        ------
        InputError
            An unknown name; the message lists those known.

        Examples
        --------
        >>> Device.named("SIR-Spheres").name, Device.named("TheraSphere").name
        ('resin', 'glass')
        """
        entry = table("devices")[name := device_name(name)]
        return cls(
            name=name,
            product=entry["product"],
            nuclide_name=entry["nuclide"],
            vials=VialProduct.of(table("catalogue")["products"][name]),
        )


def device_name(text: str) -> str:
    """The name of a device here, of what people call it.

    Case, hyphens, spaces and trademark signs make no difference.

    Raises
    ------
    InputError
        An unknown name: the message has the nearest_name, or those known; for a nuclide
        that several devices carry, those.

    Examples
    --------
    >>> device_name("TheraSphere"), device_name("sir spheres"), device_name("166Ho")
    ('glass', 'resin', 'ho166')
    """
    known = table("devices")
    names = {_plain(one): key for key in known for one in (key, *known[key]["called"])}
    plain = _plain(text)
    if plain in names:
        return names[plain]
    carry = [key for key, one in known.items() if _of_nuclide(plain, one["nuclide"])]
    if carry:
        said = f"a nuclide: use {' or '.join(carry)}"
    else:
        near = nearest_name(plain, names, 0.75)
        meant = f"did you mean {names[near]}?" if near else ""
        said = f"not a device known here: {meant or 'use ' + ', '.join(known)}"
    raise InputError(f"'{text}' is {said}")


def device_in(text: str) -> str:
    """The device that a text, or a word of it, is the name of; empty for none.

    >>> device_in("TheraSphere Y-90 microspheres"), device_in("Y-90 microspheres")
    ('glass', '')
    """
    for word in (text, *text.split()):
        with suppress(InputError):
            return device_name(word)
    return ""


def _plain(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isascii() and one.isalnum())


def _of_nuclide(plain: str, nuclide: str) -> bool:
    """Whether a text is a nuclide's name, in either order."""
    element, _, mass = nuclide.casefold().partition("-")
    return plain in (element + mass, mass + element)
