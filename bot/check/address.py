"""An address as it may be shown."""

from urllib.parse import urlsplit


def shown(url: str) -> str:
    """The address without what may be secret in it."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
