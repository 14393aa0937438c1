"""WADO-RS (DICOM PS3.18, 10.4): objects as they are stored, whole or not at all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sirtdose.network.association import Rejected
from sirtdose.network.web.answers import Busy
from sirtdose.network.web.multipart import CutOff, TooLong, boundary_of, parts_of
from sirtdose.network.web.service import Service
from sirtdose.network.web.session import said_of

if TYPE_CHECKING:
    import requests

# In its own encoding, whichever that is.
_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
# What comes less than this before a cut is lost with it.
_CHUNK, _LONGEST_TYPE = 1 << 16, 200


def objects_of(
    session: "requests.Session", service: Service, path: str, most_bytes: int
) -> Iterator[bytes]:
    """The objects at a path below the service, each in the form of a file.

    Raises
    ------
    Busy
        The answer is cut off, or stops to come; what was whole came before.
    """
    from requests import RequestException

    with session.get(
        f"{service.url}/{path}", headers={"Accept": _ACCEPT}, stream=True
    ) as answer:
        try:
            yield from _parts(answer, service, most_bytes)
        except RequestException as error:
            raise said_of(error, service) from None
        except CutOff as error:
            raise Busy(f"{service.where}: {error}") from None
        except TooLong as error:
            raise Rejected(f"{service.where} sends {error}") from None


def _parts(answer: Any, service: Service, most_bytes: int) -> Iterator[bytes]:
    content_type = str(answer.headers.get("Content-Type", ""))[:_LONGEST_TYPE]
    boundary = boundary_of(content_type)
    chunks = answer.iter_content(_CHUNK)
    if boundary is not None:
        yield from parts_of(chunks, boundary, most_bytes)
        # Read to its end, a connection serves again.
        next(chunks, None)
    elif content_type.lower().startswith("application/dicom") and (
        "json" not in content_type.lower()
    ):
        # One object alone: its length was checked by the library, if it was said.
        yield _whole(chunks, most_bytes)
    else:
        raise Rejected(
            f"{service.where} answers with {content_type or 'no content type'} where "
            "DICOM objects were asked for"
        )


def _whole(chunks: Iterator[bytes], most_bytes: int) -> bytes:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > most_bytes:
            raise TooLong(f"an object over {most_bytes / 1e6:g} MB")
    return bytes(held)
