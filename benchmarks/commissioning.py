"""Simulated cameras, blind: what commissioning finds against what is true.

Each camera scans the IEC body with warm and with cold background and a source that
decays; then patients are scanned by it, and corrected with what was found.

Run: python benchmarks/commissioning.py [CAMERA ...] [--patients N]
"""

import resource
import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from quantification import ACCEPTED, ADMINISTERED_GBQ, structures_of, true_gy
from simulated_cameras import (
    DECLARED_RATIO,
    Scan,
    SimulatedCamera,
    cameras,
    patient_of,
    scan,
    series,
)

from sirtdose.dosimetry.commission.count_rate import CountRate
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit, fitted_dead_time
from sirtdose.dosimetry.commission.scan import PhantomScan, scan_of
from sirtdose.dosimetry.results import Assessment
from sirtdose.errors import InputError
from sirtdose.io.tables.phantom import phantom_of
from sirtdose.model.commissioned import Measured
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, Given, JudgeRequest
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.post.arrays import assess_arrays

PARTS = {"nema": 0.4, "nema_cold": 0.12}
MINUTES = 20.0
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
# A scan with a ratio that is off by more must be questioned.
QUESTIONED = 0.06
Off = tuple[float, float, bool]


def scanned(camera: SimulatedCamera, phantom: str, seed: int) -> Scan:
    """A scan as a site would make it."""
    return scan(
        camera,
        phantom,
        activity_mbq=round(PARTS[phantom] * camera.top_mbq),
        ratio=DECLARED_RATIO / (1 + camera.ratio_error),
        seed=seed,
    )


def commissioned(one: Scan) -> PhantomScan:
    """What the fit finds, told what was poured."""
    grid = Grid.regular(
        one.counts.shape, spacing_mm=one.spacing_mm, origin_mm=one.origin_mm
    )
    ratio = one.truth["declared_ratio"]
    poured = {"background": 1.0 if ratio else 0.0, "spheres": ratio or 8.0}
    return scan_of(one.counts, grid, phantom_of("nema-iec"), poured)


def compared(found: Measured, true: float) -> Off:
    """How far off, the half width of the 95 % interval, and whether it holds."""
    half = 1.96 * found.standard
    return found.value / true - 1, half / true, abs(found.value - true) <= half


def figures(one: Scan, found: PhantomScan) -> Mapping[str, list[Off]]:
    """Relative errors of factor and widths, absolute ones of recoveries."""
    camera = one.truth["camera"]
    axial, in_plane, _ = camera["blur"]["fwhm_mm"]
    # Where it varies, the width between the middle and the outline.
    uneven = 1 + camera["blur"]["radial"] * 75 / 150
    recovered = [
        (
            row.model.value - true["model_recovery"],
            1.96 * row.model.standard,
            abs(row.model.value - true["model_recovery"]) <= 1.96 * row.model.standard,
        )
        for row in found.recovery
        for true in [one.truth["spheres"][f"{row.diameter_mm:g} mm"]]
    ]
    return {
        "factor": [compared(found.total, one.truth["counts_in_infinite_field"])],
        "FWHM": [
            compared(found.blur.in_plane_mm, in_plane * uneven),
            compared(found.blur.axial_mm, axial * uneven),
        ],
        "recovery": recovered,
    }


def dead_time(camera: SimulatedCamera) -> DeadTimeFit:
    """By the source that decays."""
    return fitted_dead_time(
        [
            CountRate(
                point.activity_mbq,
                point.counts / point.duration_s,
                np.sqrt(point.counts) / point.duration_s,
            )
            for point in series(camera)
        ]
    )


def dead_time_line(camera: SimulatedCamera) -> str:
    """Constant and corrected rate against what is true."""
    fit = dead_time(camera)
    true = camera.wide_cps_per_mbq * camera.dead_time_s
    loss = 1 - float(camera.live_fraction(camera.top_mbq))
    said = [f"  dead time {camera.dead_time}, {loss:.0%} lost: {fit.found}"]
    for one in fit.kept:
        if true and str(one.model) != "none":
            said.append(f"{one.model} {one.constant / true - 1:+.1%}")
    live = [
        fit.live_fraction(at).value / float(camera.live_fraction(at)) - 1
        for at in np.linspace(0.2, 1, 5) * camera.top_mbq
    ]
    said.append(f"live fraction at most {max(map(abs, live)):.2%} off")
    return ", ".join(said)


def patient_errors(
    camera: SimulatedCamera,
    phantom: Scan,
    found: PhantomScan,
    seed: int,
    **scene: bool,
) -> Iterator[tuple[str, float]]:
    """Relative errors of means by structure; nothing is typed but what was found.

    Factor, core, tail, and edges are the camera's; the width of one who breathes is
    fitted on the patient.
    """
    one, expected, _ = patient_of(
        camera, seed, activity_mbq=1000 * ADMINISTERED_GBQ, minutes=MINUTES, **scene
    )
    fitted = bool(scene.get("breathing"))
    # The camera's factor is off by as much as the phantom's scan says.
    off = found.total.value / phantom.truth["counts_in_infinite_field"]
    seen_cps = expected.counts / (60 * MINUTES * expected.activity_mbq) * off
    dose = DoseRequest(
        psf_mm="fit" if fitted else found.blur.widths_mm,
        psf_tail=found.blur.tail,
        psf_edges=found.blur.edges,
        pvc="iterative-yang",
        calibration="camera",
        cps_per_mbq=seen_cps,
        scan_duration_h=MINUTES / 60,
    )
    grid = Grid.regular(one.counts.shape, spacing_mm=one.spacing_mm)
    given = Given(
        Nuclide.named("Y-90"),
        administered_gbq=ADMINISTERED_GBQ,
        administered_at=AT,
        scan_at=AT,
        lung_shunt_fraction=0.0,
    )

    def assessed(dose: DoseRequest) -> Assessment:
        return assess_arrays(
            Volume(one.counts, grid, Quantity.COUNTS),
            structures_of(one),
            given,
            dose=dose,
            judge=JudgeRequest(acceptances=ACCEPTED),
        )

    for again in (False, True):
        try:
            done = assessed(dose)
        except InputError as refused:
            print(f"  patient {seed}: {refused}")
            fitted = False
            done = assessed(replace(dose, psf_mm=found.blur.widths_mm))
        blur = done.calibrated.partial_volume
        if again or not (fitted and blur and blur.fit):
            break
        x, y, z = blur.fit.offset_mm
        grid = grid.moved((-x, -y, -z))
    for row in list(done.structure_doses.values())[-1]:
        name = row.structure.name
        if name in one.diameter_mm:
            yield name, row.dvh.mean_gy / true_gy(one, name) - 1


def main() -> None:
    """Print a line for each scan, then what all of them come to."""
    parser = ArgumentParser()
    parser.add_argument("camera", nargs="*", type=int)
    parser.add_argument("--patients", type=int, default=1)
    words = parser.parse_args()
    every, patients = cameras(), words.patients
    chosen = [one - 1 for one in words.camera]
    told: dict[tuple[str, str], list[Off]] = defaultdict(list)
    errors: dict[tuple[str, str], list[float]] = defaultdict(list)
    for camera in [every[i] for i in chosen] if chosen else every:
        found, seen = {}, {}
        for k, phantom in enumerate(PARTS):
            seen[phantom] = one = scanned(camera, phantom, camera.seed + k)
            start = perf_counter()
            found[phantom] = commissioned(one)
            print(_scan_line(camera, phantom, one, found[phantom], start), flush=True)
            kind = _kind(camera)
            for name, offs in figures(one, found[phantom]).items():
                told[f"{phantom}, {kind}", name] += offs
        print(dead_time_line(camera), flush=True)
        for seed in range(patients):
            for said, scene in (
                ("still", {}),
                ("breathing, contours off", {"breathing": True, "contours_off": True}),
            ):
                own = patient_errors(camera, seen["nema"], found["nema"], seed, **scene)
                for name, off in own:
                    errors[said, name].append(off)
                    errors[said, "all"].append(off)
    print("\n".join(_summary(told, errors)))


def _kind(camera: SimulatedCamera) -> str:
    if camera.blur.radial:
        return "width varies"
    return "overshoot" if camera.blur.overshoot else "plain"


def _scan_line(
    camera: SimulatedCamera,
    phantom: str,
    one: Scan,
    found: PhantomScan,
    start: float,
) -> str:
    own = figures(one, found)
    ratio = ""
    if found.ratio is not None:
        off = found.ratio.value / one.truth["declared_ratio"] - 1
        asked = "asked" if abs(off) > QUESTIONED else "not asked"
        ratio = f", ratio {off:+.1%} of the declared ({asked})"
    worst = max(own["recovery"], key=lambda one: abs(one[0]))
    widths = ", ".join(f"{a:+.1%} +/- {b:.1%}" for a, b, _ in own["FWHM"])
    factor, half, _ = own["factor"][0]
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return (
        f"{camera.name} ({_kind(camera)}, {camera.blur.tail.form}), {phantom}: factor "
        f"{factor:+.2%} +/- {half:.2%}, FWHM {widths}, recovery at most "
        f"{worst[0]:+.3f} +/- {worst[1]:.3f}{ratio}; {perf_counter() - start:.0f} s, "
        f"{used:.2f} GiB"
    )


def _summary(
    told: Mapping[tuple[str, str], list[Off]],
    errors: Mapping[tuple[str, str], list[float]],
) -> Iterator[str]:
    for (what, name), offs in told.items():
        most = max(abs(one) for one, _, _ in offs)
        inside = sum(held for _, _, held in offs)
        widest = max(half for _, half, _ in offs)
        yield (
            f"{what}, {name}: at most {most:.2%} off, {inside} of {len(offs)} "
            f"intervals hold, half width at most {widest:.2%}"
        )
    for (said, name), off in sorted(errors.items()):
        size = np.abs(off)
        yield (
            f"patients {said}, {name}: median {np.median(size):.1%}, 90th percentile "
            f"{np.percentile(size, 90):.1%}"
        )


if __name__ == "__main__":
    main()
