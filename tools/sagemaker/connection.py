"""How to reach AWS: region, address and credentials, and the clients made from them."""

import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from tools.errors import InvalidRequest

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials
    from botocore.loaders import Loader
    from botocore.session import Session as CoreSession

CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 10
"""boto3's defaults are 60 s each: an incident does not wait that long."""


@dataclass(frozen=True)
class AwsCredentials:
    """Static credentials. Without them boto3 looks where it always does: environment, profile, instance role."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Lasting(Protocol):
    """Credentials that are renewed before they end, such as `tools.sagemaker.roles.ReaderRole`."""

    def credentials(self) -> "RefreshableCredentials":
        """What botocore signs with."""
        ...


class AwsConnection:
    """Makes boto3 clients; the session is made at the first one, since importing boto3 takes 0.4 s."""

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: AwsCredentials | None = None,
        role: Lasting | None = None,
    ) -> None:
        """`endpoint_url` stands for all services, as a local stand-in serves them; `role` goes before `credentials`."""
        self.region = region
        self.endpoint_url = endpoint_url
        self._credentials = credentials
        self._role = role
        self._lock = threading.Lock()
        self._session: Session | None = None

    def client(self, service: str, *, attempts: int) -> Any:
        """A new client.

        Raises:
            InvalidRequest: `endpoint_url` is no address.
        """
        # boto3's clients may be shared between threads; making one may not.
        with self._lock:
            if self._session is None:
                self._session = _session(self.region, self._credentials, self._role)
            # Any: the stub's overloads name services whose stubs are not installed.
            session: Any = self._session
            config = _config(attempts, path_style=self.endpoint_url is not None)
            try:
                return session.client(service, region_name=self.region, endpoint_url=self.endpoint_url, config=config)
            except ValueError as error:
                raise InvalidRequest("AWS", "connect", str(error)) from error


def client_with(connection: AwsConnection, service: str, credentials: AwsCredentials, *, attempts: int) -> Any:
    """A client with other credentials than the connection's, at the same address."""
    other = AwsConnection(region=connection.region, endpoint_url=connection.endpoint_url, credentials=credentials)
    return other.client(service, attempts=attempts)


def _session(region: str, credentials: AwsCredentials | None, role: Lasting | None) -> "Session":
    import boto3

    core = _core_session()
    if role is not None:
        _signs_as(role, core)
    elif credentials is not None:
        core.set_credentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None
        )
    return boto3.session.Session(botocore_session=core, region_name=region)


@cache
def _descriptions() -> "Loader":
    from botocore.loaders import create_loader

    return create_loader()


def _core_session() -> "CoreSession":
    """A session that shares the services' descriptions with all others: each would read and keep 15 MB of its own."""
    from botocore.session import get_session

    core = get_session()
    core.register_component("data_loader", _descriptions())
    return core


def _signs_as(role: Lasting, core: "CoreSession") -> None:
    from botocore.credentials import CredentialProvider, CredentialResolver

    class Provider(CredentialProvider):
        METHOD = "agentops-role"

        def load(self) -> "RefreshableCredentials":
            return role.credentials()

    # The only provider: where the role cannot be assumed nothing is read, instead of by other credentials.
    core.register_component("credential_provider", CredentialResolver([Provider(core)]))


def _config(attempts: int, *, path_style: bool) -> "Config":
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # A local stand-in has no name per bucket.
        s3={"addressing_style": "path"} if path_style else None,
    )
