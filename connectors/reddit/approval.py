"""The approval that Reddit requires before its API is used, as the operator keeps it.

Source: Responsible Builder Policy (November 2025): keys are no longer handed out without it, each
account and each use case asks for its own, commercial use needs a contract. Not here: asking Reddit
for it, which a person does, and what it allows to be done with words (byname.toml, DataRules).
"""

from collections.abc import Mapping
from datetime import date

from connectors.contract import AuthFailed, Clock
from connectors.model import Approval

WHERE = "https://support.reddithelp.com/hc/en-us/articles/42728983564564"
WHAT_TO_DO = (
    "Reddit must approve any use of its API before it begins (Responsible Builder Policy). "
    f"Ask for it ({WHERE}), then connect this login with the approval's reference and date"
)
_NOTHING = ("", "-", "none", "no", "n/a")


def approval_in(answers: Mapping[str, str]) -> Approval | None:
    """Read the answers to the questions about the approval; None where there is none."""
    reference = answers.get("approval_reference", "").strip()
    try:
        day = date.fromisoformat(answers.get("approval_date", "").strip())
    except ValueError:
        return None
    return None if is_nothing(reference) else Approval(reference, day)


def is_nothing(reference: str) -> bool:
    return reference.strip().casefold() in _NOTHING


def ensure_approved(approval: Approval | None, clock: Clock) -> Approval:
    """Return the approval; raise AuthFailed, with what to do, where there is none in force."""
    if approval is None:
        raise AuthFailed(WHAT_TO_DO)
    if approval.given_on > clock().date():
        raise AuthFailed(f"the approval is dated {approval.given_on}, in the future")
    return approval
