"""Count rates of scans: what the camera loses, and its factor without that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from pathlib import Path

from sirtdose.dosimetry.commission.count_rate import CountRate
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit, fitted_dead_time
from sirtdose.dosimetry.commission.pooled import quotient
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line, read_table
from sirtdose.model.commissioned import CameraDeadTime, Measured
from sirtdose.model.solid import ScanPhantom
from sirtdose.model.uncertain import Uncertain
from sirtdose.workflows.commission.inputs import PhantomImage
from sirtdose.workflows.commission.request import CommissionRequest

# Scans of one filling tell a dead time from three on, over such a span of activities.
_SCANS_MIN, _SPAN_MIN = 3, 1.5
_BQ_PER_MBQ = 1e6


@dataclass(frozen=True, eq=False)
class Rated:
    """A scan with what its phantom showed per MBq, before losses are undone.

    `rate` is in counts per second, or in MBq of the image's own scale; `mbq` what it
    is of.
    """

    image: PhantomImage
    scan: PhantomScan
    rate: Measured
    mbq: float
    wide_cps: float | None = None

    @property
    def total_mbq(self) -> float:
        """All of known activity that is in the field of view."""
        return sum(self.image.activity_mbq.values())


def rated(
    image: PhantomImage, scan: PhantomScan, phantom: ScanPhantom, wide: float | None
) -> Rated:
    """What a scan shows of its known activity: over the whole field where all is known.

    Where a part of the phantom is of unknown activity, the model's own part of known
    fills is taken.
    """
    shown = scan.total
    known = [one.name for one in phantom.fills if one.known]
    if len(known) < len(phantom.fills):
        held = scan.best.concentrations
        each = {k: phantom.fill(k).volume_ml * a for k, a in held.items()}
        part = sum(each[k] for k in known if k in each) / sum(each.values())
        shown = Measured(
            part * scan.fitted_total.value, part * scan.fitted_total.standard
        )
    per = (image.duration_s or 1.0) if image.is_counts else _BQ_PER_MBQ
    return Rated(
        image,
        scan,
        quotient(shown, per),
        sum(image.activity_mbq.values()),
        wide,
    )


def dead_time_of(
    scans: Sequence[Rated], request: CommissionRequest
) -> tuple[DeadTimeFit | None, bool]:
    """Dead time by the table of count rates, else by the scans; whether by the table.

    None where neither tells it.
    """
    if request.series is not None:
        return fitted_dead_time(read_series(request.series)), True
    activities = [one.total_mbq for one in scans]
    if (
        len(scans) < _SCANS_MIN
        or not scans[0].image.is_counts
        or max(activities) < _SPAN_MIN * min(activities)
    ):
        return None, False
    rates = [
        CountRate(one.mbq, one.rate.value, one.rate.standard, one.wide_cps)
        for one in scans
    ]
    return fitted_dead_time(rates), False


def live_of(
    one: Rated, fit: DeadTimeFit | None, typed: Measured | None
) -> Measured | None:
    """Live fraction of a scan: as typed, else by its wide rate, else its activity."""
    if typed is not None:
        return typed
    if fit is None or not one.image.is_counts:
        return None
    has_wide = all(scan.wide_cps is not None for scan in fit.scans)
    if one.wide_cps is not None and has_wide:
        corrected = fit.corrected_rate(one.rate.value, wide_cps=one.wide_cps)
        return _measured(corrected.live)
    return _measured(fit.live_fraction(one.total_mbq))


def factor_of(one: Rated, live: Measured | None, uncertainty: float | None) -> Measured:
    """Shown per true activity at a live fraction of 1, or at the scan's own."""
    parts = [one.mbq] if live is None else [one.mbq, live]
    found = quotient(one.rate, *parts)
    relative = hypot(found.relative, uncertainty or 0.0)
    return Measured(found.value, found.value * relative)


def camera_dead_time(fit: DeadTimeFit) -> CameraDeadTime:
    """A fit as a camera's file has it."""
    low, high = fit.measured_mbq
    return CameraDeadTime(
        model=fit.found,
        per_gbq={
            str(one.model): Measured(
                max(1000 * one.theta_per_mbq, 0.0), 1000 * one.theta_standard
            )
            for one in fit.kept
            if fit.found != "none"
        },
        measured_gbq=(low / 1000, high / 1000),
        linear_to_gbq=fit.linear_to_mbq / 1000,
    )


def _measured(one: Uncertain) -> Measured:
    return Measured(one.value, one.standard)


def read_series(path: Path) -> list[CountRate]:
    """Count rates of one source at several activities, each the mean of its scan."""
    lines = read_table(
        path,
        required=("activity_mbq", "duration_s", "counts"),
        optional=("wide_cps",),
        what="a table of count rates",
    )
    return [_rate(one) for one in lines]


def _rate(line: Line) -> CountRate:
    activity, duration, counts = (
        _above_0(line, one) for one in ("activity_mbq", "duration_s", "counts")
    )
    wide = line.number("wide_cps", least=0, above=True)
    return CountRate(activity, counts / duration, sqrt(counts) / duration, wide)


def _above_0(line: Line, column: str) -> float:
    line.required(column)
    return line.number(column, least=0, above=True) or 0.0


def read_wide_rates(path: Path, images: Sequence[PhantomImage]) -> Mapping[str, float]:
    """Observed count rates of the wide window, by the file of each scan.

    Raises
    ------
    InputError
        A file that is none of the scans, or a scan without a rate.
    """
    lines = read_table(
        path, required=("file", "wide_cps"), optional=(), what="a table of wide rates"
    )
    known = {one.found.label: one.label for one in images}
    found = {}
    for line in lines:
        name = line.required("file")
        if name not in known:
            raise InputError(
                f"{line.at('file')}: '{name}' is none of the scans: use "
                f"{', '.join(known)}"
            )
        if known[name] in found:
            raise InputError(f"{line.at('file')}: '{name}' occurs twice: keep one")
        found[known[name]] = _above_0(line, "wide_cps")
    missing = [name for name, label in known.items() if label not in found]
    if missing:
        raise InputError(
            f"{path.name} has no rate of {missing[0]}: give one for every scan"
        )
    return found
