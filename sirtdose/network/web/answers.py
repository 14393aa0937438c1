"""What the answers of a DICOMweb service mean, in plain words."""

import json
from typing import Any

from sirtdose.errors import OutputError
from sirtdose.network.association import Rejected
from sirtdose.network.credentials import variable_of
from sirtdose.network.web.service import Service

# Request timeout, too many requests, bad gateway, unavailable, gateway timeout.
BUSY = (408, 429, 502, 503, 504)
_TOO_LARGE = 413
# Some objects were stored and some not; none was: the answer says which (PS3.18, 10.5).
_PARTIAL, _CONFLICT = 202, 409
_UNKNOWN = "check the base address of its DICOMweb services (web of the node)"


class Busy(OutputError):
    """No answer, or one that another try may better."""


class Lost(Busy):
    """A connection that was lost before there was an answer."""


class TooLarge(Rejected):
    """A request over what the service takes."""


class NotThere(Rejected):
    """The service has no such thing, or no such service."""


def require_answer(answer: Any, service: Service, method: str) -> Any:
    """An answer of success, and of storing one that says what failed.

    Raises
    ------
    OutputError
        Any other, or a page for people.
    """
    status = answer.status_code
    stored = method == "POST" and status in (_PARTIAL, _CONFLICT)
    if not stored and not 200 <= status < 300:
        answer.close()
        raise _refusal(status, service)
    if "html" in str(answer.headers.get("Content-Type", "")).lower():
        answer.close()
        raise Rejected(
            f"{service.where} answers with a page for a browser, not with DICOMweb: "
            f"is it a login page or a proxy's? {_UNKNOWN}"
        )
    return answer


def _refusal(status: int, service: Service) -> OutputError:
    where, own = service.where, service.credentials
    if status in BUSY:
        return Busy(f"{where} is busy or not available (HTTP {status}): try later")
    if status == _TOO_LARGE:
        return TooLarge(f"{where} does not take so large a request (HTTP {status})")
    if status == 401:
        names = [variable_of(service.name, what) for what in ("user", "password")]
        token = variable_of(service.name, "token")
        given = "does not accept the user and password, or the token"
        why = "asks for a user" if own.is_empty else given
        return Rejected(
            f"{where} {why} (HTTP 401): set {names[0]} and {names[1]}, or {token}"
        )
    said = {
        403: "does not allow this (HTTP 403): ask its administrator",
        404: f"has no such service or object (HTTP 404): {_UNKNOWN}",
        406: "cannot answer in an encoding that sirtdose reads (HTTP 406)",
    }
    made: type[Rejected] = NotThere if status in (404, 405, 501) else Rejected
    if status in said:
        return made(f"{where} {said[status]}")
    if status in (405, 501):
        return made(f"{where} does not offer this service (HTTP {status}): {_UNKNOWN}")
    if 400 <= status < 500:
        return Rejected(f"{where} does not accept the request (HTTP {status})")
    return Rejected(f"{where} failed (HTTP {status}): ask its administrator")


def json_of(answer: Any, service: Service) -> Any:
    """The JSON of an answer; None where it has no body.

    Raises
    ------
    OutputError
        It is none, or cut off.
    """
    if not answer.content:
        return None
    try:
        return json.loads(answer.content)
    except ValueError:
        raise Rejected(
            f"{service.where} answers with something that is not JSON: {_UNKNOWN}"
        ) from None


def value_of(item: Any, tag: str) -> Any:
    """The first value of an element in DICOM JSON (PS3.18, F.2); None without one.

    >>> value_of({"00080018": {"vr": "UI", "Value": ["1.2"]}}, "00080018")
    '1.2'
    """
    values = values_of(item, tag)
    return values[0] if values else None


def values_of(item: Any, tag: str) -> list[Any]:
    """All values of an element in DICOM JSON.

    >>> values_of({"00080061": {"vr": "CS", "Value": ["CT", "NM"]}}, "00080061")
    ['CT', 'NM']
    """
    element = item.get(tag) if isinstance(item, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
