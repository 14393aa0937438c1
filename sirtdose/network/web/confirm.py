"""Whether a service has what it stored: it has no storage commitment, but searches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sirtdose.errors import OutputError
from sirtdose.network.confirmation import Confirmation, confirmed
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.web.answers import value_of
from sirtdose.network.web.search import INSTANCE, Searches
from sirtdose.network.web.service import Service

if TYPE_CHECKING:
    import requests

_NOT_LISTED = "a search for the objects of its study does not list it"


def find_stored(
    files: Sequence[Outgoing], service: Service, session: "requests.Session"
) -> Confirmation:
    """Search for what was stored, study by study.

    Nothing is raised: that a service cannot be searched is said as well.
    """
    searches = Searches(service, session)
    listed: set[str] = set()
    is_cut = False
    try:
        # An object without a study is in none.
        for study in sorted({file.study for file in files} - {""}):
            for page in searches.instances(study, None, ()):
                listed |= {str(value_of(one, INSTANCE)) for one in page.items}
                is_cut |= page.is_cut
    except OutputError as error:
        said = f"what was stored could not be searched for: {error}"
        return Confirmation("search", said, offered=False)
    asked = {file.sop_instance for file in files}
    lacking = dict.fromkeys(asked - listed, _NOT_LISTED)
    if lacking and is_cut:
        said = f"{service.where} lists only the first objects of a study: not checked"
        return Confirmation("search", said, offered=False)
    return confirmed("search", asked, lacking)
