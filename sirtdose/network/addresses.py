"""Addresses of machines."""

import ipaddress
import socket

from sirtdose.errors import InputError


def addresses_of(host: str) -> list[str]:
    """The addresses of a machine; of all its own where none is named.

    Raises
    ------
    InputError
        It is not known.
    """
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InputError(
            f"'{host}' is not a known host: give a name or an address, such as "
            "127.0.0.1"
        ) from None
    return [str(one[4][0]).partition("%")[0] for one in found]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    return all(
        ipaddress.ip_address(address).is_loopback for address in addresses_of(host)
    )
