"""A named region: which part of each voxel belongs to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError, StructureError
from sirtdose.model.accepted import Accepted, is_candidate
from sirtdose.model.bounds import printable
from sirtdose.model.grid import Box, Grid, box_at, three
from sirtdose.model.names import by_own_names, named
from sirtdose.model.role import Declared, Doubt, Role, role_and_doubt
from sirtdose.model.shown import Placed
from sirtdose.model.unread import unread_doubt
from sirtdose.model.volume import Quantity, Volume


@dataclass(frozen=True, eq=False, repr=False)
class Structure(Placed):
    """Named mask on a grid, with its role.

    Parameters
    ----------
    name : str
    role : Role
    occupancy : array of shape ``grid.shape``
        The fraction of each voxel inside the structure: bool, or 0 to 1.
    grid : Grid
        Usually cropped to the structure, see :meth:`cropped`.
    definition : str
        How it was made, where this program made it.
    remarks : tuple of str
        What its reader had to assume.
    doubt : Doubt, optional
        What leaves its role open, until a person gives it: see :meth:`given`.
    declared : Declared, optional
        What its file says that it is.
    accepted : Accepted, optional
        Who accepted it, where this program segmented it.
    unaccepted : bool
        Whether its file says that this program segmented it, and nobody accepted it.

    Notes
    -----
    ``a | b`` is the larger, ``a & b`` the smaller fraction of each voxel and
    ``a - b`` what is left of a, taking b as inside a where both are partial.
    All are exact for bool masks. Both must share one lattice of voxels; the
    result covers both.

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid.regular((1, 2, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> liver = Structure("Liver", Role.LIVER, np.ones((1, 2, 4), bool), grid)
    >>> tumor = Structure("T", Role.TUMOR, np.eye(2, 4, dtype=bool)[None], grid)
    >>> liver.volume_ml, (liver - tumor).volume_ml
    (8.0, 6.0)
    """

    name: str
    role: Role
    occupancy: NDArray[Any]
    grid: Grid
    definition: str = ""
    remarks: tuple[str, ...] = ()
    doubt: Doubt | None = None
    declared: Declared | None = None
    accepted: Accepted | None = None
    unaccepted: bool = False

    def __post_init__(self) -> None:
        occupancy = np.asarray(self.occupancy)
        if occupancy.shape != self.grid.shape:
            raise GeometryError(
                f"structure '{self.name}' has an array of shape {occupancy.shape}, "
                f"but its grid has shape {self.grid.shape}"
            )
        if occupancy.dtype != bool:
            occupancy = occupancy.astype(np.float32, copy=False)
            # Written so that a NaN fails too.
            if not ((occupancy >= 0) & (occupancy <= 1 + 1e-5)).all():
                raise StructureError(
                    f"structure '{self.name}' has occupancies outside the range 0 to 1"
                )
        occupancy = occupancy.view()
        occupancy.flags.writeable = False
        object.__setattr__(self, "occupancy", occupancy)
        object.__setattr__(self, "name", printable(self.name))

    def _facts(self) -> dict[str, object]:
        return {"name": self.name, "role": self.role, "volume_ml": self.volume_ml}

    @classmethod
    def named(
        cls,
        name: str,
        occupancy: NDArray[Any],
        grid: Grid,
        role: Role | None = None,
        *,
        declared: Declared | None = None,
    ) -> "Structure":
        """Make a structure whose role its name and its file tell, unless given."""
        if role is not None:
            return cls(name, role, occupancy, grid)
        role, doubt = role_and_doubt(printable(name), declared)
        return cls(name, role, occupancy, grid, doubt=doubt, declared=declared)

    def told_in(self, languages: Sequence[str]) -> "Structure":
        """The same with the role that its name and its file tell in some languages.

        None stand for all. What another language would tell is a doubt.

        Raises
        ------
        InputError
            A language that is not known.
        """
        if not languages:
            return self
        role, doubt = role_and_doubt(self.name, self.declared, languages)
        doubt = doubt or unread_doubt(self.name, self.declared, languages)
        return replace(self, role=role, doubt=doubt)

    def given(self, role: Role) -> "Structure":
        """The same structure with the role that a person says it has."""
        return replace(self, role=role, doubt=None)

    @property
    def volume_ml(self) -> float:
        """Volume, partial voxels counted by their part."""
        return voxels_in(self.occupancy) * self.grid.voxel_volume_ml

    def mass_kg(self, density_g_per_ml: float | Volume) -> float:
        """Mass at one density, or by a map of densities on this grid."""
        if not isinstance(density_g_per_ml, Volume):
            return self.volume_ml * density_g_per_ml / 1000
        density_g_per_ml.require(Quantity.DENSITY)
        values, parts = self.values_in(density_g_per_ml)
        return float((values * parts).sum()) * self.grid.voxel_volume_ml / 1000

    @property
    def is_candidate(self) -> bool:
        """Whether this program segmented it, and nobody accepted it yet."""
        return self.unaccepted or is_candidate(self.name)

    @property
    def empty(self) -> bool:
        """Whether no voxel has any part in it."""
        return not self.occupancy.any()

    def cropped(self) -> "Structure":
        """The same structure on the smallest box of voxels that holds it."""
        box = bounding_box(self.occupancy) or box_at((0, 0, 0), (1, 1, 1))
        occupancy = self.occupancy[box]
        # Where most of it stays, a copy would take more memory than it frees.
        if 2 * occupancy.size < self.occupancy.size:
            occupancy = occupancy.copy()
        return replace(self, occupancy=occupancy, grid=self.grid.crop(box))

    def renamed(self, name: str, role: Role, definition: str) -> "Structure":
        """The same region as a structure of its own, with how it was made."""
        own = replace(self, name=name, role=role, definition=definition, doubt=None)
        # Whoever accepted that one accepted none that is derived from it.
        return replace(own, accepted=None, unaccepted=False)

    def box_on(self, grid: Grid) -> Box | None:
        """Where its voxels are in a grid; None where that has another lattice.

        Examples
        --------
        >>> grid = Grid.regular((1, 1, 9), spacing_mm=(2.0, 2.0, 2.0))
        >>> mask = Structure.named("T", np.ones((1, 1, 9), bool), grid)
        >>> part = mask & replace(mask, grid=grid.crop(box_at((0, 0, 4), (1, 1, 9))))
        >>> part.box_on(grid)
        (slice(0, 1, None), slice(0, 1, None), slice(4, 9, None))
        """
        offset = self.grid.offset_in(grid)
        return None if offset is None else box_at(offset, self.grid.shape)

    def values_in(self, volume: Volume) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """The volume's values in this structure, and the part of each voxel in it.

        Raises
        ------
        GeometryError
            This structure is not on (a part of) the volume's grid.
        """
        box = self.box_on(volume.grid)
        if box is None or any(
            side.start < 0 or side.stop > size
            for side, size in zip(box, volume.grid.shape, strict=True)
        ):
            raise GeometryError(
                f"structure '{self.name}' is not on the image's grid: bring it there "
                "with occupancy_on()"
            )
        inside = self.occupancy > 0
        return volume.data[box][inside], self.occupancy[inside].astype(np.float64)

    def __and__(self, other: "Structure") -> "Structure":
        ours, theirs = self._shared(other)
        both = np.minimum(self.occupancy[ours], other.occupancy[theirs])
        if not both.size:
            ours, both = box_at((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 1), bool)
        return self._made(both, self.grid.crop(ours))

    def __or__(self, other: "Structure") -> "Structure":
        offset = self._offset_of(other)
        low = [min(0, start) for start in offset]
        high = [
            max(n, start + m)
            for n, start, m in zip(
                self.grid.shape, offset, other.grid.shape, strict=True
            )
        ]
        size = [b - a for a, b in zip(low, high, strict=True)]
        grid = self.grid.crop(box_at(low, size))
        either = np.zeros(grid.shape, np.result_type(self.occupancy, other.occupancy))
        either[box_at([-a for a in low], self.grid.shape)] = self.occupancy
        start = [at - a for at, a in zip(offset, low, strict=True)]
        part = either[box_at(start, other.grid.shape)]
        np.maximum(part, other.occupancy, out=part)
        return self._made(either, grid)

    def __sub__(self, other: "Structure") -> "Structure":
        return self.without([other])

    def without(self, others: Sequence["Structure"]) -> "Structure":
        """What lies in none of the others; one after the other, on one copy."""
        held = [one.occupancy for one in others]
        rest = self.occupancy.astype(np.result_type(self.occupancy, *held))
        for one in others:
            ours, theirs = self._shared(one)
            taken = one.occupancy[theirs]
            if rest.dtype == bool:
                rest[ours] &= ~taken
            else:
                rest[ours] = np.maximum(rest[ours] - taken, np.float32(0))
        return self._made(rest, self.grid)

    def _made(self, occupancy: NDArray[Any], grid: Grid) -> "Structure":
        """Another region of this name, which nobody accepted."""
        bare = replace(self, accepted=None)
        return replace(bare, occupancy=occupancy, grid=grid).cropped()

    def _shared(self, other: "Structure") -> tuple[Box, Box]:
        """Where both have voxels, in this one and in the other; empty if nowhere."""
        offset = self._offset_of(other)
        low = [max(0, start) for start in offset]
        size = [
            max(0, min(n, start + m) - a)
            for n, start, m, a in zip(
                self.grid.shape, offset, other.grid.shape, low, strict=True
            )
        ]
        start = [a - at for a, at in zip(low, offset, strict=True)]
        return box_at(low, size), box_at(start, size)

    def _offset_of(self, other: "Structure") -> tuple[int, int, int]:
        offset = other.grid.offset_in(self.grid)
        if offset is None:
            raise GeometryError(
                f"structures '{self.name}' and '{other.name}' are on different "
                "lattices of voxels: bring both onto one grid first"
            )
        return offset


def with_given_roles(
    structures: Iterable[Structure], roles: Mapping[str, Role]
) -> list[Structure]:
    """The structures with the roles that a person says they have, by name.

    Raises
    ------
    InputError
        A name that is no structure's, or may be several.
    """
    known = list(structures)
    own = given_roles(known, roles)
    return [one.given(own[one.name]) if one.name in own else one for one in known]


def given_roles(
    structures: Iterable[Structure], roles: Mapping[str, Role]
) -> dict[str, Role]:
    """The roles that a person gives, by the structures' own names; raises as above."""
    said = "--role names '{}', which is not a structure here"
    return by_own_names(roles, (one.name for one in structures), said)


def perfused_by(
    injection: str, typed: str, structures: Iterable[Structure]
) -> Structure:
    """The structure that an injection is said to perfuse.

    Raises
    ------
    InputError
        A name that is no structure's, or may be several.
    """
    known = {one.name: one for one in reversed(list(structures))}
    own = named(
        typed,
        reversed(known),
        f"'{injection}' perfuses '{typed}', which is not a structure of role "
        "perfused, liver or tumor here",
    )
    return known[own]


def voxels_in(occupancy: NDArray[Any]) -> float:
    """How many voxels an occupancy holds, partial ones by their part."""
    # Counting whole voxels takes a tenth of the time that adding them up does.
    if occupancy.dtype == bool:
        return float(np.count_nonzero(occupancy))
    return float(occupancy.sum(dtype=np.float64))


def bounding_box(occupancy: NDArray[Any]) -> Box | None:
    """The smallest box of array indices that holds every voxel above 0."""
    inside = occupancy if occupancy.dtype == bool else occupancy > 0
    shadow: NDArray[np.bool_] = np.logical_or.reduce(inside, axis=0)
    along = (inside.any(axis=(1, 2)), shadow.any(axis=1), shadow.any(axis=0))
    if not along[0].any():
        return None
    held = (np.flatnonzero(one) for one in along)
    return three(slice(int(one[0]), int(one[-1]) + 1) for one in held)
