"""How sure doses are whose blur was undone: the correction is made anew each time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import Metric
from sirtdose.model.progress import counted
from sirtdose.uncertainty.differences import Differences
from sirtdose.uncertainty.ensemble import (
    PAIRS,
    Collected,
    RowDraws,
    normals,
    relative,
    scales,
    shift_of_all,
)
from sirtdose.uncertainty.first_order import Propagated
from sirtdose.uncertainty.scene import (
    Array,
    quantities,
    uncertain_metrics,
    with_curve,
)
from sirtdose.uncertainty.undoing import Blurred, Doses, Off, Undoing

_POINTS = 101
# Noise has no formula here: its standard deviation is that of so many realizations.
_NOISY = 12


def undone_ensemble(
    undoing: Undoing, *, realizations: int, seed: int, asked: Sequence[Metric]
) -> dict[str, RowDraws]:
    """Draw everything together, and undo the blur anew each time.

    Contours, their places, registration, width, noise and calibration are as in
    :func:`sirtdose.uncertainty.ensemble.ensemble`; a noise of the image moves what the
    correction finds, not only the voxels that are looked at.
    """
    scene = undoing.scene
    rng = np.random.default_rng(seed)
    normal = normals(
        scene.factors, scene.layers, realizations, rng, moving=scene.motion_mm > 0
    )
    scale = scales(scene.factors, normal)
    metrics, usual = uncertain_metrics(asked), undoing.doses()
    rows = {
        name: Collected(
            name,
            realizations,
            metrics,
            axis=_axis(scene.rows[name].dvh),
            measured=usual[name],
        )
        for name in scene.rows
    }
    for n in counted("uncertainty, blur undone", range(realizations)):
        off = _drawn(scene, normal, n)
        noise = scene.noise_field(rng) if scene.noise > 0 else None
        found = [undoing.doses(replace(off, noise=noise))]
        if n < PAIRS and noise is not None:
            found.append(undoing.doses(off))
        for name, row in rows.items():
            row.add(n, [(one[name][0] * scale[n], one[name][1]) for one in found])
    return {
        name: _as_shown(row.draws(), usual[name], scene.rows[name].dvh)
        for name, row in rows.items()
    }


def _as_shown(draws: RowDraws, measured: tuple[Array, Array], shown: Dvh) -> RowDraws:
    """Draws about the values shown, which are of points and not of parts of voxels."""
    own = quantities(Dvh.of_values(shown.name, *measured), draws.metrics)
    known = quantities(shown, draws.metrics)
    scale = {
        name: known[name] / value
        if np.isfinite([value, known[name]]).all() and value and known[name]
        else 1.0
        for name, value in own.items()
    }
    values = {name: scale[name] * one for name, one in draws.values.items()}
    # Whatever lies aside widens a histogram, on either side. It has done so once in
    # what was measured, and a realization does it again: the truth lies as far to the
    # other side of what was measured, on average, as realizations lie to this one.
    again = {
        name: float(np.nanmean(one)) - known[name]
        if name.startswith("d") and np.isfinite(known[name])
        else 0.0
        for name, one in values.items()
    }
    return replace(
        draws,
        values={name: one - 2 * again[name] for name, one in values.items()},
        by_noise={name: scale[name] * one for name, one in draws.by_noise.items()},
    )


def _drawn(scene: Blurred, normal: Mapping[str, Array], n: int) -> Off:
    together = shift_of_all(scene, normal, n)
    return Off(
        {
            name: scene.contour(name).outwards_mm * float(normal[f"border {name}"][n])
            for name in scene.layers
        },
        {
            name: together
            + scene.contour(name).aside_mm
            * np.array([normal[f"shift {name} {axis}"][n] for axis in range(3)])
            for name in scene.layers
        },
        wider=float(relative(normal["blur"][n], scene.psf)),
    )


def _axis(dvh: Dvh) -> Array:
    return np.linspace(0, max(1.3 * dvh.max_gy, 1e-9), _POINTS)


def undone_differences(
    undoing: Undoing, *, seed: int, asked: Sequence[Metric]
) -> dict[str, tuple[Propagated, Differences]]:
    """First order: each component alone by its standard uncertainty, there and back.

    All borders move at once: a row hangs on its own, and on others by little.
    """
    scene, usual = undoing.scene, undoing.doses()
    metrics = uncertain_metrics(asked)
    names = [one.quantity for one in metrics]

    def vectors(doses: Doses, scale: float = 1.0) -> dict[str, Array]:
        """Every quantity and the curve; as measured where nothing is left."""
        known = {
            name: doses[name] if doses[name][1].size else usual[name] for name in doses
        }
        return {
            name: with_curve(
                Dvh.of_values(name, scale * own, volumes),
                metrics,
                _axis(scene.rows[name].dvh),
            )
            for name, (own, volumes) in known.items()
        }

    still = vectors(usual)

    def change(up: dict[str, Array], down: dict[str, Array]) -> dict[str, Array]:
        """Root mean square of both changes: a shift lowers a dose on either side."""
        return {
            name: np.hypot(up[name] - own, down[name] - own) / 2**0.5
            for name, own in still.items()
        }

    changes = {
        component: [
            change(vectors(undoing.doses(there)), vectors(undoing.doses(back)))
            for there, back in steps
        ]
        for component, steps in _steps(scene).items()
    }
    for factor in scene.factors:
        if factor.of_dose > 0:
            up, down = (vectors(usual, 1 + s * factor.of_dose) for s in (1, -1))
            changes.setdefault(factor.name, []).append(change(up, down))
    noisy = _noisy_vectors(undoing, vectors, seed)
    found = {}
    for name in scene.rows:
        parts = {
            component: np.sqrt(np.sum([one[name] ** 2 for one in own], axis=0))
            for component, own in changes.items()
        }
        if noisy:
            parts["noise"] = np.std([one[name] for one in noisy], axis=0, ddof=1)
        found[name] = _summed(parts, still[name], names)
    return found


def _noisy_vectors(
    undoing: Undoing, vectors: Callable[[Doses], dict[str, Array]], seed: int
) -> list[dict[str, Array]]:
    if not undoing.scene.noise > 0:
        return []
    rng = np.random.default_rng(seed)
    fields = [undoing.scene.noise_field(rng) for _ in range(_NOISY)]
    return [vectors(undoing.doses(Off(noise=one))) for one in fields]


def _steps(scene: Blurred) -> dict[str, list[tuple[Off, Off]]]:
    """Each component's changes, there and back."""
    layers = [*scene.layers]
    contours = {name: scene.contour(name) for name in layers}
    every = [*contours.values()]
    found: dict[str, list[tuple[Off, Off]]] = {
        name: [] for own in every for name in own.components
    }
    for outwards in dict.fromkeys(own.components[0] for own in every):
        for group in (layers[: scene.tumors], layers[scene.tumors :]):
            far = {
                name: contours[name].outwards_mm
                for name in group
                if contours[name].components[0] == outwards
            }
            back = {name: -one for name, one in far.items()}
            found[outwards] += [(Off(far), Off(back))] if far else []
    for aside in dict.fromkeys(own.components[1] for own in every):
        far = {
            name: own.aside_mm
            for name, own in contours.items()
            if own.components[1] == aside
        }
        found[aside] += _aside(far)
    feet, head = scene.breathing_mm, -scene.breathing_mm
    motion = [
        (Off(aside=dict.fromkeys(layers, feet)), Off(aside=dict.fromkeys(layers, head)))
    ]
    return {
        **found,
        **({"motion_mm": motion} if scene.motion_mm > 0 else {}),
        "registration_mm": _aside(dict.fromkeys(layers, scene.registration_mm)),
        "psf": [(Off(wider=1 + scene.psf), Off(wider=1 - scene.psf))],
    }


def _aside(far_mm: Mapping[str, float]) -> list[tuple[Off, Off]]:
    """All layers moved along each axis, there and back."""
    return [
        (
            Off(aside={name: one * axis for name, one in far_mm.items()}),
            Off(aside={name: -one * axis for name, one in far_mm.items()}),
        )
        for axis in np.eye(3)
        if far_mm
    ]


def _summed(
    parts: Mapping[str, Array], still: Array, names: Sequence[str]
) -> tuple[Propagated, Differences]:
    """All components of a row, its mean's and those of the rest."""
    mean, count = names.index("mean_gy"), len(names)
    of_mean = {component: float(one[mean]) for component, one in parts.items()}
    standard = np.sqrt(np.sum([one**2 for one in parts.values()], axis=0))
    return (
        Propagated(float(still[mean]), float(standard[mean]), of_mean),
        Differences(
            dict(zip(names, map(float, standard[:count]), strict=True)),
            standard[count:],
        ),
    )
