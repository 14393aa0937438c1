"""Structures held against a dose map."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.dosimetry.compare.stated_histogram import StatedHistograms
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.finding import Finding
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class DoseHistograms:
    """A dose, the histogram of each structure, and why others are left out.

    `stated` are the histograms that an RTDOSE holds itself, against its dose map.
    """

    dose: Volume
    rows: tuple[tuple[Structure, Dvh], ...]
    left_out: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    stated: StatedHistograms = field(default_factory=lambda: StatedHistograms((), {}))
