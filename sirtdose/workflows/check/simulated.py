"""Mean doses of structures by ompMC, from an activity and densities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.emissions import Emissions
from sirtdose.dosimetry.second_engine.compared import Simulation
from sirtdose.dosimetry.second_engine.means import Means
from sirtdose.dosimetry.second_engine.phantom import Phantom
from sirtdose.dosimetry.second_engine.source import Source
from sirtdose.errors import InputError, OutputError
from sirtdose.io.phase_space import write_phase_space
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.progress import task
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.workflows.check.ompmc import batches, ompmc_version

ENGINE = "ompMC"
_JOULE_PER_MEV = 1.602176634e-13
_STEPS = 1000


@dataclass(frozen=True)
class SimulationRequest:
    """How long and how well to simulate.

    Parameters
    ----------
    known_to : float
        Relative standard uncertainty of the mean doses, above 0.
    time_limit_s : float
        After which what is known until then is taken.
    processes : int
    seed : int
        The same seed gives the same histories, on however many processes.
    histories : int, optional
        Of a batch.
    """

    known_to: float = 0.005
    time_limit_s: float = 1200.0
    processes: int = 1
    seed: int = 1
    histories: int | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """An activity, densities and structures on one grid, for a simulation.

    `ours_gy` are mean doses by another method, which tell what has any dose.
    """

    tia: Volume
    nuclide: Nuclide
    density_g_per_ml: float | Volume
    medium: str
    structures: Sequence[Structure]
    ours_gy: Mapping[str, float]


def simulated(scene: Scene, asked: SimulationRequest) -> tuple[Means, Simulation]:
    """Mean doses of a scene's structures by ompMC, and how they were come by.

    Raises
    ------
    InputError
        The nuclide's emissions are not known.
    OutputError
        ompMC ended, hangs, or nothing was known when the time was over.
    """
    known = table("second_engine")
    emissions = Emissions.of(scene.nuclide.name)
    phantom = Phantom.of(scene.density_g_per_ml, scene.tia, scene.medium)
    names = [one.name for one in scene.structures]
    awaited = _awaited(scene)
    near = [scene.structures[n] for n in awaited]
    source = Source.of(scene.tia, near, emissions)
    means = Means(asked.known_to, awaited, known["batch"]["least_batches"])
    size = phantom.medium.size
    histories = asked.histories or max(
        known["batch"]["histories"],
        round(known["batch"]["histories_per_voxel"] * size),
    )
    factor = _gy_per_gy_of_history(scene, emissions)
    started, over, absorbed = monotonic(), False, []
    made = batches(
        _given(phantom, scene),
        lambda number, path: write_phase_space(
            path, source.drawn(histories, (asked.seed, number))
        ),
        histories=histories,
        seed=asked.seed,
        processes=asked.processes,
    )
    with task(f"{ENGINE} to {100 * asked.known_to:g} %", _STEPS) as going:
        try:
            for batch in made:
                means.add([factor * one for one in batch.gy_per_history])
                absorbed.append(batch.absorbed_fraction)
                spent = (monotonic() - started) / asked.time_limit_s
                over = spent >= 1
                if means.known() or over:
                    break
                going.done(round(_STEPS * max(means.fraction_done(), spent)))
        finally:
            made.close()
    return means, Simulation(
        engine=ENGINE,
        version=ompmc_version(),
        histories=histories * len(means.batches),
        batches=len(means.batches),
        seed=asked.seed,
        processes=asked.processes,
        known_to=asked.known_to,
        reached=_reached(means, awaited),
        stopped=not means.known(),
        seconds=monotonic() - started,
        absorbed_fraction=float(np.mean(absorbed)),
        energy_mev_per_decay=emissions.energy_mev_per_decay,
        awaited=tuple(names[n] for n in awaited),
        media=dict(known["ompmc"]),
    )


def _reached(means: Means, awaited: Sequence[int]) -> float | None:
    """The largest relative standard uncertainty of what was awaited."""
    if len(means.batches) < 2:
        raise OutputError(
            "the time limit was over before two batches of histories were made, so "
            "nothing is known: raise --time-limit"
        )
    worst = max((float(means.relative()[n]) for n in awaited), default=math.inf)
    return worst if math.isfinite(worst) else None


def _awaited(scene: Scene) -> tuple[int, ...]:
    """The places of structures with a part of the highest mean or more.

    Raises
    ------
    InputError
        No structure holds any dose.
    """
    part = table("second_engine")["awaited"]["fraction_of_highest_mean"]
    ours = [scene.ours_gy[one.name] for one in scene.structures]
    highest = max(ours, default=0.0)
    if not highest > 0:
        raise InputError("no structure holds any dose: there is nothing to compare")
    return tuple(n for n, gy in enumerate(ours) if gy >= part * highest)


def _gy_per_gy_of_history(scene: Scene, emissions: Emissions) -> float:
    """What makes of Gy per history the Gy of all decays, on our dose constant."""
    per_decay = emissions.energy_mev_per_decay
    joule = per_decay / emissions.particles_per_decay * _JOULE_PER_MEV
    return scene.tia.total() * scene.nuclide.dose_gy_kg_per_gbq_h / joule


def _given(phantom: Phantom, scene: Scene) -> dict[str, NDArray[Any]]:
    """The phantom, cut-offs, and which part of each voxel is of each structure.

    Voxels count in the order that the engine has, columns first. As in our maps,
    there is no dose in air.
    """
    known = table("second_engine")["ompmc"]
    shape, tissue = phantom.medium.shape, phantom.tissue
    place = np.arange(phantom.medium.size).reshape(shape)
    voxels, parts, starts = [], [], [0]
    for one in scene.structures:
        # On the dose grid, as the rows of results are.
        box = one.box_on(scene.tia.grid)
        inside = one.occupancy > 0
        own = one.occupancy[inside].astype(np.float64)
        voxels.append(place[box][inside])
        parts.append(own / own.sum() * tissue[box][inside])
        starts.append(starts[-1] + own.size)
    return phantom.arrays() | {
        "voxels": np.concatenate(voxels),
        "parts": np.concatenate(parts),
        "starts": np.array(starts[:-1]),
        "materials_file": np.array(known["materials_file"]),
        "electron_cutoff_mev": np.array(known["electron_cutoff_mev"]),
        "photon_cutoff_mev": np.array(known["photon_cutoff_mev"]),
    }
