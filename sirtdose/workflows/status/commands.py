"""What to type next; words in capitals are for the reader to fill in."""

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from sirtdose.errors import SirtdoseError
from sirtdose.model.bounds import printable
from sirtdose.model.patient_link import Naming, PatientLink
from sirtdose.model.standing import Result
from sirtdose.report.plan.command import again_words
from sirtdose.report.run_record import read_run_record

_PLAN, _HIDDEN = "PLAN.JSON", "NAME-"
_IMAGE = "sirtdose plan image SCOUT --device DEVICE --tumor-dose DOSE"
_BSA = (
    "sirtdose plan bsa --height LENGTH --weight MASS --liver-volume VOLUME "
    "--tumor-volume VOLUME --lung-shunt FRACTION"
)


class Places:
    """How places are called on a screen: names of patients are no part of it.

    Parameters
    ----------
    root : Path
        As it was typed.
    people : mapping of str to sequence of PatientLink
        Whom the result of each place names.
    show : bool
        Whether they are to be named.
    """

    def __init__(
        self, root: Path, people: Mapping[str, Sequence[PatientLink]], *, show: bool
    ) -> None:
        self._root, self._known = root, dict[PurePosixPath, str]()
        self._hidden, self._naming = 0, dict[PurePosixPath, Naming]()
        self._below: dict[PurePosixPath, dict[str, PatientLink]] = defaultdict(dict)
        for place, own in {} if show else people.items():
            path = PurePosixPath(place)
            for folder in (path, *path.parents):
                self._below[folder] |= {one.patient_id: one for one in own}

    def shown(self, place: str) -> str:
        """A place from the folder, as people may read it."""
        path = PurePosixPath(place)
        folders = [*reversed(path.parents), path]
        return "/".join(self._part(one) for one in folders if one.name) or "."

    def typed(self, place: str) -> str:
        """The same as one types it, seen from where the command was typed."""
        return shlex.quote(printable(Path(self._root, self.shown(place)).as_posix()))

    def folder(self, place: str) -> str:
        """The folder that a place is in, as one types it."""
        return self.typed(PurePosixPath(place).parent.as_posix())

    def _part(self, path: PurePosixPath) -> str:
        if path not in self._known:
            # Of a folder that no image lies in it may be any patient of the one above.
            above = (path, *path.parents)
            near = next((it for it in above if self._below.get(it)), PurePosixPath())
            if near not in self._naming:
                people = self._below.get(near, {})
                self._naming[near] = Naming(people.values())
            hidden = self._naming[near].names(path.name)
            self._hidden += hidden
            self._known[path] = f"{_HIDDEN}{self._hidden}" if hidden else path.name
        return self._known[path]


def approve(plan: Result | None, places: Places) -> str:
    """A name under a plan."""
    return f"sirtdose plan approve {_of(plan, places)} --by NAME"


def _of(plan: Result | None, places: Places) -> str:
    return places.typed(plan.place) if plan is not None else _PLAN


def plan_again(plan: Result | None) -> str:
    """The plan as it was typed, for the images or numbers of today."""
    words = None
    if plan is not None:
        try:
            words = again_words(plan.typed)
        except (KeyError, TypeError, ValueError, AttributeError):
            # Edited by hand, in a place that no step reads.
            words = None
        if words is None and plan.method == "bsa":
            return f"{_BSA} --out DIR"
    if words is None:
        return f"{_IMAGE} --out DIR"
    words = words.replace("plan image FOLDER", "plan image SCOUT")
    return f"{_without_key(words)} --out DIR"


def _without_key(words: str) -> str:
    """A patient's key is no word for a screen."""
    parts = shlex.split(words)
    for option, word in (("--patient-key", "KEY"), ("--case-label", "LABEL")):
        if option in parts:
            parts[parts.index(option) + 1] = word
    return shlex.join(parts)


def measure_shunt(method: str = "") -> str:
    """A lung shunt by the scout, or by planar images where it was."""
    if method == "planar":
        return "sirtdose lsf planar IMAGE --lungs MASK --liver MASK --out DIR"
    return "sirtdose lsf spect SCOUT --out DIR"


def order(plan: Result | None, places: Places) -> str:
    """Vials for a plan, and their form."""
    at = plan.at.isoformat(timespec="minutes") if plan and plan.at else "TIME"
    words = [f"--at {name}{at} --choose {name}SIZE@DATE" for name in _each(plan)]
    device = "" if plan and plan.typed.get("device") else " --device DEVICE"
    return (
        f"sirtdose plan vial --plan {_of(plan, places)}{device} {' '.join(words)} "
        "--out DIR"
    )


def drawn(plan: Result | None, places: Places) -> str:
    """The prediction of the day, with what was drawn up."""
    words = " ".join(f"--drawn {name}ACTIVITY" for name in _each(plan))
    return f"sirtdose plan update {_of(plan, places)} {words} --out DIR"


def _each(plan: Result | None) -> list[str]:
    """What stands before a value of each injection: its name, if there are several."""
    names = list(plan.activities_gbq) if plan is not None else []
    return [f"{shlex.quote(one)}=" for one in names] if len(names) > 1 else [""]


def assess(plan: Result | None, places: Places) -> str:
    """Doses after treatment, held against the plan."""
    of = f" --plan {places.typed(plan.place)}" if plan is not None else ""
    key = " --patient-key KEY" if plan is not None and plan.patient_key else ""
    return (
        "sirtdose post STUDY --administered ACTIVITY --administered-at TIME "
        f"--lung-shunt FRACTION{of}{key} --out DIR"
    )


def assess_again(post: Result, plan: Result | None, places: Places) -> str:
    """The same assessment with today's files, by the words that were typed."""
    try:
        asked = read_run_record(post.path.parent)["asked"]
    except SirtdoseError:
        asked = None
    if asked is None or post.deidentified:
        return f"{assess(plan, places)} --force"
    options: dict[str, Any] = dict(asked["options"])
    words = [
        word
        for key, value in options.items()
        if key not in ("plan", "patient_key")
        for word in _option(key, value)
    ]
    if plan is not None:
        words += ["--plan", places.typed(plan.place)]
        words += ["--patient-key", "KEY"] if plan.patient_key else []
    of = " ".join(words)
    return f"sirtdose post STUDY {of} --out {places.folder(post.place)} --force"


def _option(key: str, value: Any) -> list[str]:
    name = f"--{key.replace('_', '-')}"
    if value is True:
        return [name]
    if value in (None, False):
        return []
    each = value if isinstance(value, list) else [value]
    return [word for one in each for word in (name, _value(one))]


def _value(one: Any) -> str:
    """A file's place is a digest: it is named again."""
    if isinstance(one, Mapping):
        return f"{one['reader']}=FILE" if "reader" in one else "FILE"
    return shlex.quote(printable(str(one)))


def follow(plan: Result | None, post: Result | None, places: Places) -> str:
    """Lesions through time, with a later scan."""
    before = f"{places.folder(plan.place)} " if plan is not None else ""
    after = places.folder(post.place) if post is not None else "POST_DIR"
    return (
        f"sirtdose lesions {before}{after} --follow-up DAY=FILE "
        "--case-label LABEL --out DIR"
    )
