"""A call that was refused: what that means and what to do, in plain words. The partner's own words stand apart."""

from incidents.effect import ApiRequest
from tools.errors import AccessDenied, NotFound, QuotaExceeded, UpstreamError


def refusal(error: UpstreamError, request: ApiRequest) -> str:
    """Why `request` was not carried out, and the next step. A call that is refused has changed nothing."""
    operation = request.operation
    match error:
        case AccessDenied():
            told = (
                f"{error.service} refused {operation}: the role for it cannot be assumed or does not allow it. "
                "Compare the role with manifests/iam, `agentops check` tries each role."
            )
        case QuotaExceeded():
            told = (
                f"{error.service} refused {operation}: a quota of the account leaves no room for it. "
                "Raise the quota, or free instances of that type."
            )
        case NotFound():
            told = f"{error.service} refused {operation}: something it names is gone, so it cannot be done as approved."
        case _:
            told = f"{error.service} refused {operation} as it was approved."
    return f"{told} This call changed nothing."
