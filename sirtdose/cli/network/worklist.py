"""A worklist for `sirtdose listen`: the options of the study that came."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.worklist import Entry, State
from sirtdose.network.listen import NotYet
from sirtdose.workflows.worklist.kept import another_scan, entry_for, read_worklist

_MANY = ("injection", "structures")
# Options of a common file that give structures, so that a study may lack them.
_DRAWING = ("structures", "segment_perfused", "segment_tumors")


@dataclass
class FromWorklist:
    """Options of studies by a worklist, which is read again for each of them.

    `say` tells of a study that is a further scan; `common` are options for all.
    """

    path: Path
    common: Mapping[str, Any]
    say: Callable[[str], None]
    seen: dict[tuple[str, frozenset[str]], ImagingStudy] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def digest(
        self, study: str, source: Path, used_by: Callable[[str], str | None]
    ) -> str:
        """SHA-256 of a treatment, and of its options, with a colon between them.

        Raises
        ------
        NotYet
            No treatment for it, one that lacks or contradicts something, or one whose
            numbers another study has.
        """
        entry = self._entry(study, source)
        found = _digest(entry, self.common)
        other = used_by(found)
        key = entry.session.key
        if other is None:
            return found
        if not self._lists(study, source):
            raise NotYet(another_scan(key))
        if study not in self.told:
            self.told.add(study)
            self.say(
                f"study {study}: a further scan of treatment {key}, whose numbers "
                f"study {other} has too"
            )
        return found

    def options(self, study: str, source: Path) -> dict[str, Any]:
        """The options of the study's treatment, as a table holds them.

        Raises
        ------
        NotYet
            The worklist was changed, and has none for it.
        """
        entry = self._entry(study, source)
        own = {
            name: one.text.split("|") if name in _MANY else one.text
            for name, one in entry.options.items()
        }
        return {**self.common, **own}

    def _entry(self, study: str, source: Path) -> Entry:
        drawn = ("structures",) if {*_DRAWING} & {*self.common} else ()
        try:
            kept = read_worklist(self.path)
            entry, why = entry_for(kept, self._study(study, source), without=drawn)
        except InputError as error:
            raise NotYet(str(error)) from None
        if entry is None:
            raise NotYet(why)
        key = entry.session.key
        if entry.state is State.MISSING:
            raise NotYet(f"treatment {key} lacks {'; '.join(entry.missing)}")
        if entry.state is State.CONTRADICTS:
            said = [f"{one.code}: {one.message}" for one in entry.findings]
            raise NotYet(f"treatment {key} contradicts: {'; '.join(said)}")
        return entry

    def _lists(self, study: str, source: Path) -> bool:
        key = self._study(study, source).key
        return any(key in one.scans for one in read_worklist(self.path).treatments)

    def _study(self, study: str, source: Path) -> ImagingStudy:
        """What the headers say, read once for the same files."""
        from sirtdose.io.studies import read_studies

        names = frozenset(one.name for one in source.iterdir())
        if (study, names) not in self.seen:
            found = read_studies(source).found
            scans = [one for one in found if one.modality]
            if len(scans) != 1:
                raise NotYet("it has no activity image")
            self.seen = {
                known: one for known, one in self.seen.items() if known[0] != study
            }
            self.seen[study, names] = scans[0]
        return self.seen[study, names]


def _digest(entry: Entry, common: Mapping[str, Any]) -> str:
    options = {name: one.text for name, one in entry.options.items()}
    what = json.dumps([options, dict(common)], sort_keys=True, default=str)
    return ":".join(
        sha256(one.encode()).hexdigest() for one in (entry.session.key, what)
    )
