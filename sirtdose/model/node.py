"""Other sides of the network: where they are, and how objects come from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from sirtdose.errors import InputError

_LONGEST = 16
OUR_AET = "SIRTDOSE"
# C-GET, C-MOVE to a receiver of ours, or DICOMweb.
Retrieve = Literal["get", "move", "web"]
RETRIEVES: tuple[Retrieve, ...] = get_args(Retrieve)


def ae_title(text: str) -> str:
    """Read an AE title (DICOM PS3.5, 6.2), without spaces around it.

    Raises
    ------
    InputError
        Not 1 to 16 printable ASCII characters, or with a backslash.

    Examples
    --------
    >>> ae_title(" PACS ")
    'PACS'
    """
    title = text.strip()
    usable = title.isascii() and title.isprintable() and "\\" not in title
    if not title or len(title) > _LONGEST or not usable:
        raise InputError(
            f"'{text}' is not an AE title: use 1 to {_LONGEST} ASCII characters, "
            "without a backslash"
        )
    return title


@dataclass(frozen=True)
class Address:
    """Where somebody answers to DICOM, and by which AE title."""

    host: str
    port: int
    aet: str


@dataclass(frozen=True)
class Node:
    """An archive or another side of the network, as the site's file names it.

    Passwords are no part of it: `sirtdose.network.archive.credentials` finds them.

    Parameters
    ----------
    name : str
    address : Address or None
        None where it is reached by DICOMweb alone.
    retrieve : str
        One of :data:`RETRIEVES`; "web" also searches and stores by DICOMweb.
    calling_aet : str
        Our AE title, as the node knows it.
    receiver : Address or None
        Where we listen for what C-MOVE sends; its AE title is the move destination.
    web : str or None
        Base of its DICOMweb services.
    tls_ca, tls_certificate, tls_key : Path or None
        Files in PEM. With any of them DICOM is spoken within TLS.
    """

    name: str
    address: Address | None
    retrieve: Retrieve = "get"
    calling_aet: str = OUR_AET
    receiver: Address | None = None
    web: str | None = None
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @property
    def has_tls(self) -> bool:
        """Whether DICOM is spoken within TLS."""
        return self.tls_ca is not None or self.tls_certificate is not None
