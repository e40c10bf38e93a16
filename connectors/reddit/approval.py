"""The approval that Reddit requires before its API is used, as the operator recorded it.

Source: Responsible Builder Policy (November 2025): keys are no longer handed out without it, each
account and each use case asks for its own, commercial use needs a contract. Not here: asking Reddit
for it, which a person does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connectors.contract import AuthFailed, Clock

WHERE = "https://support.reddithelp.com/hc/en-us/articles/42728983564564"
WHAT_TO_DO = (
    "Reddit must approve any use of its API before it begins (Responsible Builder Policy). "
    f"Ask for it ({WHERE}), then connect this login with the approval's reference and date"
)
_NOTHING = ("", "-", "none", "no", "n/a")


@dataclass(frozen=True, slots=True)
class Approval:
    """What Reddit approved, and when. `covers_data`: it names profiling and training too."""

    reference: str
    approved_on: date
    covers_data: bool = False


def approval_of(values: Mapping[str, str]) -> Approval | None:
    """Return the approval kept with a login; None if there is none.

    Feeds `data_rules("reddit", is_approved=...)` with `covers_data`: an approval to use the API
    does not by itself allow personas, or models trained on people's words.
    """
    reference = values.get("approval_reference", "").strip()
    try:
        approved_on = date.fromisoformat(values.get("approval_date", "").strip())
    except ValueError:
        return None
    if reference.casefold() in _NOTHING:
        return None
    return Approval(reference, approved_on, _is_yes(values.get("approval_covers_data", "")))


def ensure_approved(values: Mapping[str, str], clock: Clock) -> Approval:
    """Return the approval; raise AuthFailed, with what to do, where there is none in force."""
    approval = approval_of(values)
    if approval is None:
        raise AuthFailed(WHAT_TO_DO)
    if approval.approved_on > clock().date():
        raise AuthFailed(f"the approval is dated {approval.approved_on}, in the future")
    return approval


def _is_yes(text: str) -> bool:
    return text.strip().casefold() in ("yes", "y", "true", "1")
