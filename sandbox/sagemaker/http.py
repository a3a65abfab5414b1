"""How the server speaks HTTP: as moto does, without a word on the console."""

from __future__ import annotations

import logging
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

_log = logging.getLogger(__name__)


class QuietRequestHandler(MotoRequestHandler):
    """Logs requests and errors at debug level instead of printing them."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Pass one line on to this module's logger."""
        _log.debug(message, *args)

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the connection at once when the application drops it: callers see it reset, and need not time out."""
        self.close_connection = True
