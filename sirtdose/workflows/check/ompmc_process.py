"""Run ompMC: a program of its own, which `sirtdose.workflows.check.ompmc` starts.

Only this process loads ompMC, which is under the GPL; no module of sirtdose imports
this one. The phantom is `phantom.npz` in the folder that is named first. Each line of
the standard input asks for a batch, as JSON with `number`, `histories` and `seed`; its
particles are ``source_NUMBER.IAEAphsp`` beside the phantom. Each batch is answered with
a line of JSON on the standard output. Whoever started it ends it; if that program was
killed, the input ends or nobody takes the answer, and the folder is removed.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> int:
    """Answer until nothing more is asked."""
    # ompMC tells of itself on the standard output: that goes where errors go.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import ompmc

    with np.load(folder / "phantom.npz", allow_pickle=False) as file:
        given: dict[str, Any] = {name: file[name] for name in file.files}
    given["folder"] = folder
    geometry = ompmc.Geometry(
        given["x_cm"],
        given["y_cm"],
        given["z_cm"],
        [str(name) for name in given["media"]],
        np.asfortranarray(given["density"], np.float64),
        np.asfortranarray(given["material"], np.int32),
    )
    try:
        _say(answers, {"ompmc": ompmc.__version__})
        for line in sys.stdin:
            asked = json.loads(line)
            _say(answers, _batch(ompmc, geometry, given | asked))
    except BrokenPipeError:
        # What could not be said is not said again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())
    # Here nobody is left who would: densities of a patient do not stay behind.
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _batch(ompmc: Any, geometry: Any, given: dict[str, Any]) -> dict[str, Any]:
    number = given["number"]
    physics = ompmc.Physics(
        pegs_file=ompmc.data_path() / "pegs4" / str(given["materials_file"]),
        global_ecut=float(given["electron_cutoff_mev"]),
        global_pcut=float(given["photon_cutoff_mev"]),
        n_split=1,
        seeds=(given["seed"], number),
    )
    dose, _, run = ompmc.calc_forward_phsp(
        geometry,
        ompmc.PhaseSpaceSource(given["folder"] / f"source_{number}"),
        physics,
        n_histories=given["histories"],
        n_batches=2,
    )
    # Gy of a history in each voxel of the structures, times the part that counts.
    counted = dose.ravel(order="F")[given["voxels"]] * given["parts"]
    return {
        "number": number,
        "histories": run.n_started,
        "absorbed_fraction": run.energy_fraction,
        "gy_per_history": np.add.reduceat(counted, given["starts"]).tolist(),
    }


def _say(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
