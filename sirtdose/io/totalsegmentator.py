"""The liver of a CT by TotalSegmentator, where that is installed.

It runs in a process of its own: its weights and its libraries are not part of any
package of ours.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sirtdose.errors import InputError, StructureError
from sirtdose.io.image_file import is_image_file, read_label_file
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

PROGRAM = "TotalSegmentator"
_LIVER = "liver"
_HOURS = 3600 * 3
_SAID_MAX = 300


def require_totalsegmentator() -> str:
    """Where the program is.

    Raises
    ------
    InputError
        It is not installed.
    """
    found = shutil.which(PROGRAM)
    if found is None:
        raise InputError(
            "--method liver runs TotalSegmentator, which is not installed here: pip "
            "install totalsegmentator, run it elsewhere and give its label file with "
            "--structures, or draw the liver"
        )
    return found


def liver_on(paths: Sequence[Path]) -> Structure:
    """The liver on a CT: the files of one series, or one image file.

    Raises
    ------
    InputError
        The program is not there, or fails.
    StructureError
        It finds no liver.
    """
    program = require_totalsegmentator()
    with tempfile.TemporaryDirectory(prefix="sirtdose-") as name:
        source, out = _source(paths, Path(name)), Path(name, "out")
        words = [program, "-i", str(source), "-o", str(out), "-rs", _LIVER]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, check=False, timeout=_HOURS
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"TotalSegmentator did not end within {_HOURS / 3600:g} h: run it by "
                "itself, and give its label file with --structures"
            ) from None
        except OSError as error:
            raise InputError(
                f"TotalSegmentator cannot be run: {error.strerror}"
            ) from None
        if done.returncode:
            said = " ".join(done.stderr.split())[-_SAID_MAX:]
            # Folders are often named after patients.
            said = said.replace(str(source), "the CT").replace(name, "a folder")
            raise InputError(
                f"TotalSegmentator failed (exit code {done.returncode}): {said}"
            )
        return _read(out)


def _source(paths: Sequence[Path], room: Path) -> Path:
    """One image file as it is; of a series a folder with nothing else in it."""
    if len(paths) == 1:
        return paths[0].absolute()
    folder = room / "ct"
    folder.mkdir()
    for number, path in enumerate(paths):
        place = folder / f"{number:05d}.dcm"
        try:
            place.symlink_to(path.absolute())
        except OSError:
            shutil.copyfile(path, place)
    return folder


def _read(out: Path) -> Structure:
    """The liver of what was written: a mask of its own, or a label among others."""
    files = sorted(out.rglob("*")) if out.is_dir() else sorted(out.parent.glob("out*"))
    for path in (one for one in files if one.is_file() and is_image_file(one)):
        try:
            found = read_label_file(path)
        except StructureError:
            continue
        for one in found:
            if one.name.casefold() == _LIVER:
                return Structure("Liver", Role.LIVER, one.occupancy, one.grid)
    raise StructureError(
        "TotalSegmentator found no liver on the CT: is it one of the abdomen? Draw the "
        "liver instead"
    )
