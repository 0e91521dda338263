"""Who may call: programs, and no page that a browser happens to show.

A web page can have its reader's browser send requests to this machine, directly or by a name of its
own that leads to 127.0.0.1 (DNS rebinding). Browsers say where such a request comes from; programs
say nothing, and pass. Where the endpoint listens beyond this machine, a token is needed as well.
"""

from __future__ import annotations

import hmac
import re
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
# It is an access key too, so it is made of what stands in one.
_TOKEN = re.compile(r"[A-Za-z0-9]{16,128}")
# A name, an address of IPv4, or one of IPv6 in brackets; and maybe a port.
_AUTHORITY = re.compile(
    r"(?:(?P<name>[\w.-]+)|\[(?P<address>[\w.%-]*:[\w.%:-]*)\])(?::[0-9]*)?", re.ASCII
)
_KEY = re.compile(r"Credential=([^/\s]+)/")
# Where a browser says a request comes from: typed by its user, or a page of the endpoint's own.
_OWN_SITES = frozenset({"none", "same-origin"})


def is_loopback(host: str) -> bool:
    """Whether a name or an address leads to this machine alone."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    # An address of IPv4 in the form of IPv6 is, before Python 3.13, none of loopback.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def is_everywhere(host: str) -> bool:
    """Whether to listen there is to listen at every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host


def loopback_of(everywhere: str) -> str:
    """By which address programs of this machine reach what listens at all addresses of a kind."""
    return "::1" if ":" in everywhere else LOOPBACK


def is_token(text: str) -> bool:
    """Whether a text can be a token: 16 to 128 letters and digits."""
    return _TOKEN.fullmatch(text) is not None


def account_of(headers: Mapping[str, str]) -> str:
    """The access key that a request is signed with; nothing if it is not."""
    found = _KEY.search(headers.get("Authorization", ""))
    return found[1] if found else ""


class Access:
    """Which requests an endpoint serves.

    Args:
        host: the name or address that it listens on.
        token: what a request must show; None for nothing.
    """

    def __init__(self, host: str = LOOPBACK, token: str | None = None) -> None:
        self._host = host.lower()
        self._token = token

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why a request is not served, judged by where it comes from; None if it is."""
        return self._by_host(headers.get("Host", "")) or self._by_origin(headers)

    def _by_host(self, authority: str) -> str | None:
        # HTTP/1.0 has no such header, and no browser speaks it.
        if not authority or is_everywhere(self._host):
            return None
        host = _host_of(authority)
        if host is None:
            return (
                f"The request is for the host {authority!r}, which is no name or address, with or "
                "without a port. Send the Host that the endpoint's URL has."
            )
        if is_loopback(host) or host.lower() == self._host:
            return None
        return (
            f"The request is for the host {host!r}, and this endpoint is {self._host}. A name that "
            "leads here all the same may be a web page's: use the address or localhost, or start "
            "it with --host and that name."
        )

    def _by_origin(self, headers: Mapping[str, str]) -> str | None:
        origin, authority = headers.get("Origin"), headers.get("Host", "")
        if origin is not None and origin.lower() != f"http://{authority.lower()}":
            return f"The request comes from a web page, {origin}. Pages may not call this endpoint."
        site = headers.get("Sec-Fetch-Site")
        if site is not None and site.lower() not in _OWN_SITES:
            return (
                f"The request comes from another site's page (Sec-Fetch-Site: {site}). Pages may "
                "not call this endpoint."
            )
        return None

    def shows_token(self, headers: Mapping[str, str], *, control: bool) -> bool:
        """Whether a request shows the token, if one is needed: as its access key, or to the control
        API as `Authorization: Bearer TOKEN`.
        """
        if self._token is None:
            return True
        if control:
            shown = headers.get("Authorization", "").removeprefix("Bearer ")
        else:
            shown = account_of(headers)
        # Bytes that are no UTF-8 come as surrogates.
        sent = shown.encode(errors="surrogateescape")
        return hmac.compare_digest(sent, self._token.encode())


def _host_of(authority: str) -> str | None:
    """The host of `host`, `host:port`, `[address]` or `[address]:port`; None of anything else."""
    found = _AUTHORITY.fullmatch(authority)
    return None if found is None else found["name"] or found["address"]
