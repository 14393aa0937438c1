"""Pick activity image, CT and structures from what a folder holds; what is left over.

A choice is made where there is one candidate; where there are several they are
listed, and the user chooses.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.discover import discover, require_there
from sirtdose.io.found import (
    ACTIVITY_IMAGES,
    STRUCTURES,
    UNUSED,
    Found,
    Gated,
    Kind,
    Passed,
    listed,
)
from sirtdose.io.hashing import sha256_of_item
from sirtdose.model.bounds import printable
from sirtdose.model.reader import reader_words
from sirtdose.model.scan import ScanFacts
from sirtdose.model.structure import Structure

_NAMED_MAX, _FEW = 6, 3
_UNUSED_MAX = 12


@dataclass(frozen=True)
class Choice:
    """What will be used, and why; `readers` drew some of the structures."""

    image: Found
    ct: Found | None
    structures: tuple[Found, ...]
    reasons: tuple[str, ...]
    readers: tuple[tuple[str, Found], ...] = ()

    @property
    def items(self) -> tuple[Found, ...]:
        """Everything that is used, each gate by itself."""
        ct = (self.ct,) if self.ct else ()
        return (*self.image.parts, *ct, *self.structures)

    @property
    def shared(self) -> tuple[Found, ...]:
        """The structures that are no reader's own."""
        own = [item for _, item in self.readers]
        return tuple(one for one in self.structures if one not in own)


def choose(
    found: Sequence[Found],
    *,
    image: Path | None = None,
    gates: Sequence[Path] = (),
    ct: Path | None = None,
    structures: Sequence[Path] = (),
    readers: Mapping[str, Path] | None = None,
    without_structures: bool = False,
    elsewhere: Collection[Path] = (),
) -> Choice:
    """Pick activity image, CT and structures, or say why that is not possible.

    Paths given by the user win; `gates` are together the activity image, `readers` are
    files of structures by who drew them.
    `without_structures` lets there be none. Files that another option names, those in
    `elsewhere` too, are no activity image.

    Raises
    ------
    InputError
        No candidate, or several; the message lists them and names the option.
    """
    named = [] if ct is None else [_given_ct(ct)]
    named += [
        _given(path, "--structures", (*STRUCTURES, Kind.IMAGE_FILE))
        for path in structures
    ]
    by_reader = {
        name: _given(path, "--structures", (*STRUCTURES, Kind.IMAGE_FILE))
        for name, path in (readers or {}).items()
    }
    _require_own_files(by_reader, named)
    named += by_reader.values()
    activity, reason = (
        _gated(gates) if gates else _activity(found, image, named, elsewhere)
    )
    reasons = [reason]
    if ct is not None:
        chosen_ct: Found | None = named.pop(0)
        reasons.append("CT: given by --ct")
    else:
        series = [f for f in found if f.kind is Kind.CT]
        chosen_ct = series[0] if len(series) == 1 else None
        if chosen_ct:
            reasons.append(f"CT {chosen_ct.label}: the only CT series")
        elif series:
            reasons.append(
                f"CT: none chosen, because there are {len(series)} (give --ct)"
            )
    if named:
        chosen = tuple(named)
        reasons.append("structures: given by --structures")
        reasons += [
            f"structures {item.label}: of {reader_words(name)}"
            for name, item in by_reader.items()
        ]
    elif without_structures and not any(f.kind in STRUCTURES for f in found):
        chosen = ()
        reasons.append("structures: none; they are segmented on the image")
    else:
        sets = [f for f in found if f.kind in STRUCTURES]
        chosen = (_only(sets, found, "structures", "--structures"),)
        reasons.append(f"structures {chosen[0].label}: the only {chosen[0].kind}")
    if any(set(item.paths) & set(activity.paths) for item in chosen):
        raise InputError(
            f"{activity.label} is given both as activity image and as structures: "
            "give it as one of the two"
        )
    return Choice(activity, chosen_ct, chosen, tuple(reasons), tuple(by_reader.items()))


def _require_own_files(readers: Mapping[str, Found], others: Sequence[Found]) -> None:
    """Each reader has a file of his own, with something else in it."""
    seen: dict[str, str] = {}
    for name, item in readers.items():
        digest = sha256_of_item(item)
        if digest in seen:
            raise InputError(
                f"{reader_words(seen[digest])} and {reader_words(name)} have the same "
                f"structures ({item.label}): give each reader's own file"
            )
        if any(set(one.paths) & set(item.paths) for one in others):
            raise InputError(
                f"{item.label} is given with the name of {reader_words(name)}, and "
                "without: give it once"
            )
        seen[digest] = name


def frames_differ(choice: Choice) -> str:
    """Say what was drawn, or scanned, in another frame of reference than the image.

    Empty where all agree, as far as the files say. Contours in several frames agree
    where one of them is the image's.
    """
    frames = set(choice.image.frames_of_reference)
    foreign = [
        item.label
        for item in (*choice.structures, *([choice.ct] if choice.ct else []))
        if frames
        and item.frames_of_reference
        and frames.isdisjoint(item.frames_of_reference)
    ]
    if not foreign:
        return ""
    return (
        f"{', '.join(foreign)} lies in another frame of reference than "
        f"{choice.image.label}: a registration is needed before they are used together"
    )


def lies_in(path: Path, places: Collection[Path]) -> bool:
    """Whether a file is one of these files, resolved, or below one of these folders."""
    real = path.resolve()
    return any(one in places for one in (real, *real.parents))


def _activity(
    found: Sequence[Found],
    image: Path | None,
    named: Sequence[Found],
    elsewhere: Collection[Path],
) -> tuple[Found, str]:
    """The activity image, and why it is that one; `named` are files for other uses."""
    if image is not None:
        activity = _given(image, "--image", ACTIVITY_IMAGES)
        if activity.kind not in ACTIVITY_IMAGES:
            raise InputError(
                f"--image {activity.label} is not an activity image ({activity.why}): "
                "give a reconstructed SPECT, a PET, or a NIfTI, NRRD or MetaImage file"
            )
        return activity, f"activity image {activity.label}: given by --image"
    images = [f for f in found if f.kind in ACTIVITY_IMAGES]
    used = {path.resolve() for item in named for path in item.paths}
    foreign = [f for f in images if any(lies_in(p, elsewhere) for p in f.paths)]
    free = [
        f
        for f in images
        if f not in foreign and used.isdisjoint(path.resolve() for path in f.paths)
    ]
    # Where one image is meant as two things, that is said later; but a file that
    # cannot say what it holds is never taken for activity.
    candidates = free or [
        f for f in images if f.kind is not Kind.IMAGE_FILE or f not in foreign
    ]
    spects = [f for f in candidates if f.kind is not Kind.IMAGE_FILE]
    _require_no_better(spects, candidates, found)
    activity = _only(spects or candidates, found, "activity image", "--image")
    return activity, f"activity image {activity.label}: the only {activity.kind}"


def _gated(paths: Sequence[Path]) -> tuple[Gated, str]:
    """Images of one gate each, in their order."""
    items = [_given(path, "--gate", ACTIVITY_IMAGES) for path in paths]
    for item in items:
        if item.kind not in ACTIVITY_IMAGES:
            raise InputError(
                f"--gate {item.label} is not an activity image ({item.why}): give a "
                "reconstructed SPECT, a PET, or an image file"
            )
        if item.kind is not items[0].kind:
            raise InputError(
                f"--gate {item.label} ({item.kind}) is of another kind than gate 1 "
                f"({items[0].kind}): give the gates of one reconstruction"
            )
    # A copy under another name is no other gate.
    if len(items) < 2 or len({sha256_of_item(item) for item in items}) < len(items):
        raise InputError(
            "--gate names one image for each gate: give two or more different ones"
        )
    whole = Gated(
        **{
            **{one.name: getattr(items[0], one.name) for one in fields(Found)},
            "paths": tuple(path for item in items for path in item.paths),
            "headers": (),
        },
        gates=tuple(items),
    )
    names = ", ".join(item.label for item in items)
    return whole, f"activity image of {len(items)} gates, {names}: given by --gate"


def _given_ct(path: Path) -> Found:
    ct = _given(path, "--ct", (Kind.CT, Kind.IMAGE_FILE))
    if ct.kind not in (Kind.CT, Kind.IMAGE_FILE):
        raise InputError(f"--ct {ct.label} is not a CT: it is a {ct.kind}")
    return ct


def _given(path: Path, option: str, kinds: Sequence[Kind]) -> Found:
    """What a path given by the user names: a file, its series, or a folder's only one.

    One slice stands for its series.
    """
    require_there(path, option)
    items = discover(path)
    if len(items) == 1 and path.is_file() and items[0].modality in ("CT", "PT"):
        items = [item for item in discover(path.parent) if path in item.paths]
    wanted = [item for item in items if item.kind in kinds] or items
    if len(wanted) == 1:
        _require_undamaged(wanted[0], option)
        return wanted[0]
    names = ", ".join(f"{item.label} ({item.kind})" for item in wanted[:_NAMED_MAX])
    raise InputError(f"{option} {path.name} contains {len(wanted)} data sets: {names}")


def _require_undamaged(item: Found, option: str) -> None:
    """A file that is damaged says so, and not that it is of another kind."""
    if item.paths[0] in item.unread and item.remark.startswith(item.label):
        raise FileFormatError(f"{option} {item.remark}")


def _require_no_better(
    spects: Sequence[Found], candidates: Sequence[Found], found: Sequence[Found]
) -> None:
    """Do not fall back to an image file while there is an unused SPECT or PET."""
    unused = [
        f for f in found if f.kind is Kind.OTHER and f.modality in ("NM", "PT", "OT")
    ]
    if unused and candidates and not spects:
        raise InputError(
            f"{unused[0].label} cannot be the activity image ("
            f"{unused[0].remark}): to use {candidates[0].label} instead, name it with "
            "--image"
        )


def _only(
    candidates: Sequence[Found], found: Sequence[Found], what: str, option: str
) -> Found:
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = listed([f"{f.label} ({f.kind})" for f in candidates], _NAMED_MAX)
        raise InputError(
            f"there are {len(candidates)} candidates for {what}: {names}; choose one "
            f"with {option} (`sirtdose inspect FOLDER --paths` says where they are)"
        )
    named_as = (
        " with an RTSTRUCT, SEG, mask or label image"
        if option == "--structures"
        else ""
    )
    raise InputError(f"no {what} found: give {option}{named_as}. {_there(found)}")


def _there(found: Sequence[Found]) -> str:
    """What a folder holds, in a sentence: names of a kind, or of one remark, together.

    >>> cut = [Found(Kind.OTHER, (Path(f"{n}.dcm"),), remark="no SPECT") for n in "ab"]
    >>> _there([*cut, Found(Kind.CONTOURS, (Path("rs.dcm"),))])
    'There is a.dcm and b.dcm, no SPECT; rs.dcm, RTSTRUCT'
    """
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for item in found:
        why = item.remark.removeprefix(f"{item.label} ") or str(item.kind)
        alike["" if item.label.startswith(why) else why].append(item.label)
    said = []
    for why, names in alike.items():
        *first, last = names if len(names) <= _NAMED_MAX else [listed(names, _FEW)]
        said.append(" and ".join(filter(None, (", ".join(first), last))))
        said[-1] += f", {why}" if why else ""
    return f"There is {'; '.join(said)}"


@dataclass(frozen=True)
class Inspection:
    """What is in a folder, what would be used, or why nothing can be chosen.

    `unusable` says what of it cannot be read, `structures` what those chosen hold,
    `unused` names the files that are not used, by the reason why, and `noticed` what
    the images' headers say that should be known before they are used; `scans` what
    each activity image says by itself.
    `root` is where the items' paths begin; of a zip it is gone. `names` are those of
    files that share theirs.
    """

    root: Path
    found: tuple[Found, ...]
    choice: Choice | None = None
    problem: str = ""
    unusable: tuple[tuple[Found, str], ...] = ()
    structures: tuple[Structure, ...] = ()
    unused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    noticed: tuple[str, ...] = ()
    scans: tuple[tuple[Found, ScanFacts], ...] = ()
    names: Mapping[Path, str] = field(default_factory=dict)

    def name_of(self, item: Found) -> str:
        """How an item is named to a person, apart from all others."""
        return named(item, self.names)


def named(item: Found, names: Mapping[Path, str]) -> str:
    """An item's own name, or that of its only file among some `names`."""
    return names.get(item.paths[0], item.label) if len(item.paths) == 1 else item.label


def unused(
    found: Iterable[Found],
    passed: Iterable[Passed],
    choice: Choice | None,
    other_inputs: Collection[Path] = (),
    *,
    names: Mapping[Path, str] | None = None,
) -> dict[str, list[str]]:
    """Names of what was not used, by the reason why.

    `other_inputs` are files that an option named: of something else than images.
    `names` are those of files that share theirs.
    """
    names = names or {}
    chosen = choice.items if choice else ()
    used = {path for item in chosen for path in item.paths}
    used |= set(other_inputs)
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for item in found:
        if used.isdisjoint(item.paths):
            why = item.why if item.remark else f"{item.kind}, not chosen"
            reasons[why].append(named(item, names))
    for one in passed:
        if one.path not in used:
            reasons[one.why].append(names.get(one.path, printable(one.path.name)))
    return dict(reasons)


def unused_lines(
    reasons: Mapping[str, Sequence[str]], most: int = _UNUSED_MAX
) -> list[str]:
    """A line for each reason, with the names of the first files it holds for.

    Examples
    --------
    >>> unused_lines({"empty": ["a.dcm", "b.dcm", "c.dcm"]}, most=2)
    ['not used: a.dcm, b.dcm and 1 more: empty']
    """
    return [f"{UNUSED}{listed(names, most)}: {why}" for why, names in reasons.items()]
