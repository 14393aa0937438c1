"""What one activity image says by itself, before anything is drawn on it."""

from dataclasses import dataclass

from sirtdose.model.volume import Quantity, Source, Volume


@dataclass(frozen=True)
class ScanFacts:
    """The voxels of a scan, and what they add up to.

    Parameters
    ----------
    source : Source or None
    quantity : Quantity
    shape : tuple of int
        Slices, rows, columns.
    spacing_mm : tuple of float
    voxel_volume_ml : float
    total, maximum : float
        In the unit of a voxel.
    negative_fraction : float
        What negative voxels take from the positive ones, of these.

    Examples
    --------
    Two voxels of 1 mL with 3 and 5 kBq/mL hold 8 kBq.

    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 2), spacing_mm=(10.0, 10.0, 10.0))
    >>> values = np.array([[[3000.0, 5000.0]]])
    >>> facts = ScanFacts.of(Volume(values, grid, Quantity.ACTIVITY_CONCENTRATION))
    >>> round(facts.activity_gbq, 9), facts.counts
    (8e-06, None)
    """

    source: Source | None
    quantity: Quantity
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    voxel_volume_ml: float
    total: float
    maximum: float
    negative_fraction: float

    @classmethod
    def of(cls, volume: Volume) -> "ScanFacts":
        """Of an image as it was read."""
        total = volume.total()
        negative = -float(volume.data.clip(max=0).sum(dtype=float))
        positive = total + negative
        return cls(
            volume.source,
            volume.quantity,
            volume.grid.shape,
            volume.grid.spacing_mm,
            volume.grid.voxel_volume_ml,
            total,
            float(volume.data.max()),
            negative / positive if positive > 0 else 0.0,
        )

    @property
    def activity_gbq(self) -> float | None:
        """Activity in view by the image's own unit, at its reference time."""
        if self.quantity is not Quantity.ACTIVITY_CONCENTRATION:
            return None
        return self.total * self.voxel_volume_ml * 1e-9

    @property
    def counts(self) -> float | None:
        """Total counts of an image in counts."""
        return self.total if self.quantity is Quantity.COUNTS else None
