"""What is known about each platform, as data: lengths, who may post, labels, addresses, data rules.

Used by the platform's connector, by replay and by whoever shows a reply being written. Each rule
says where it is written. Not here: how a platform is reached, and what its answers look like.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import entry_points
from types import MappingProxyType

from connectors._length import (
    Measure,
    bytes_used,
    characters,
    graphemes,
    mastodon_length,
    x_length,
)
from connectors._prices import X_SOURCE, X, x_reply_price, x_search_estimate
from connectors.model import Permission

GROUP = "byname.platforms"


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is in the platform's own unit. A limit that is not firm only warns."""

    used: int
    limit: int
    unit: str
    fits: bool
    is_firm: bool = True


@dataclass(frozen=True, slots=True)
class DataRules:
    """What may be done with people's words and counts from this platform.

    Counting interactions with us is always allowed. Health, politics, religion, ethnicity, sex
    life, union, crime and finances are never inferred about anybody, on no platform.
    """

    may_profile: bool = True  # personas, clusters, prediction, joins with money
    may_match_accounts: bool = True  # suggest that two accounts are one person
    may_train: bool = True
    may_infer_sensitive: bool = False
    may_generate: bool = True  # replies that a language model drafted
    recheck_hours: int | None = None  # look again at what we hold, so that deletions are honoured
    retain_days: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    measures: tuple[Measure, ...]
    may_post: bool = True
    rule: str = ""  # why not, in a sentence for the reviewer
    rule_source: str = ""
    automation_label: str = ""  # what an automatic account has to show; empty: nothing is asked
    label_source: str = ""
    message_url: str = ""  # {handle}, {id}
    account_url: str = ""  # {handle}
    answer_url: str = ""  # {id}: where a human answers one that stands under another
    data: DataRules = DataRules()
    prices: Mapping[str, int] = field(default_factory=dict)  # micro-dollars; empty: all is free
    prices_source: str = ""
    reply_price: Callable[[str], int] | None = None  # a text -> micro-dollars
    search_estimate: Callable[[int], int] | None = None  # found in 7 days -> micro-dollars a month


_CAREFUL = DataRules(may_train=False, recheck_hours=24, source="Meta Platform Terms 3(d)(i)")

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        one.name: one
        for one in (
            Platform(
                "x",
                (Measure("weighted characters", 280, x_length),),
                automation_label="the automated account label, naming a human-run account",
                label_source="X developer guidelines, automation rules",
                message_url="https://x.com/{handle}/status/{id}",
                account_url="https://x.com/{handle}",
                data=DataRules(
                    may_profile=False,
                    may_match_accounts=False,
                    may_train=False,
                    may_generate=False,  # AI replies need X's prior approval
                    recheck_hours=24,
                    source="X developer policy and restricted use cases",
                ),
                prices=X,
                prices_source=X_SOURCE,
                reply_price=x_reply_price,
                search_estimate=x_search_estimate,
            ),
            Platform(
                "bluesky",
                (
                    Measure("graphemes", 300, graphemes),
                    Measure("bytes", 3000, bytes_used),
                ),
                automation_label="the self-label `bot` on the profile",
                label_source="docs.bsky.app, starter templates, bots",
                message_url="https://bsky.app/profile/{handle}/post/{id}",
                account_url="https://bsky.app/profile/{handle}",
                data=DataRules(recheck_hours=24),
            ),
            Platform(
                "mastodon",
                (Measure("characters", 500, mastodon_length),),
                automation_label="the bot flag on the profile",
                label_source="docs.joinmastodon.org/user/profile, automated account",
                message_url="https://{host}/@{handle}/{id}",
                account_url="https://{host}/@{handle}",
                data=DataRules(recheck_hours=24),
            ),
            Platform(
                "reddit",
                (Measure("characters", 10_000, characters),),
                automation_label="a sentence in the comment that says it was made by a bot",
                label_source="reddit.com/r/Bottiquette",
                message_url="https://www.reddit.com/comments/{root}/_/{id}",
                account_url="https://www.reddit.com/user/{handle}",
                data=DataRules(
                    may_profile=False,
                    may_match_accounts=False,
                    may_train=False,
                    recheck_hours=24,
                    source="Reddit Data API terms and Responsible Builder Policy",
                ),
            ),
            Platform(
                "facebook",
                (Measure("characters", 8000, characters, is_firm=False),),  # no written limit
                message_url="https://www.facebook.com/{id}",
                account_url="https://www.facebook.com/{handle}",
                data=_CAREFUL,
            ),
            Platform(
                "instagram",
                (Measure("characters", 300, characters, is_firm=False),),  # announced 2014
                message_url="https://www.instagram.com/p/{id}",
                account_url="https://www.instagram.com/{handle}",
                data=_CAREFUL,
            ),
            Platform(
                "hackernews",
                (Measure("characters", 10_000, characters, is_firm=False),),
                may_post=False,
                rule="Hacker News has no way to post by program: answer by hand.",
                rule_source="github.com/HackerNews/API",
                message_url="https://news.ycombinator.com/item?id={id}",
                account_url="https://news.ycombinator.com/user?id={handle}",
                answer_url="https://news.ycombinator.com/reply?id={id}",
                data=DataRules(recheck_hours=24),
            ),
            Platform(
                "youtube",
                (Measure("characters", 10_000, characters, is_firm=False),),
                message_url="https://www.youtube.com/watch?v={root}&lc={id}",
                account_url="https://www.youtube.com/@{handle}",
                data=DataRules(
                    may_train=False,
                    recheck_hours=24,
                    retain_days=30,
                    source="YouTube API developer policies, as commonly cited",
                ),
            ),
        )
    }
)

UNKNOWN = Platform(
    "",
    (Measure("characters", 10_000, characters, is_firm=False),),
    may_post=False,
    rule="These messages were imported: there is no platform to post to.",
    rule_source="byname",
)


def platform(name: str) -> Platform:
    """Return the facts of a platform; a name nobody knows (an import) gets the fallback."""
    return PLATFORMS.get(name) or _of_third_party(name) or replace(UNKNOWN, name=name)


@lru_cache(maxsize=64)
def _of_third_party(name: str) -> Platform | None:
    """Return the facts that another package brings (entry point group `byname.platforms`)."""
    for entry in entry_points(group=GROUP, name=name):
        facts = entry.load()
        if isinstance(facts, Platform):
            return facts
    return None


def length(name: str, text: str, limit: int | None = None) -> Length:
    """Measure a text as its platform does. `limit` replaces the first one (an instance's own)."""
    measures = platform(name).measures
    if limit is not None:
        measures = (replace(measures[0], limit=limit), *measures[1:])
    lengths = [
        Length(used := one.count(text), one.limit, one.unit, used <= one.limit, one.is_firm)
        for one in measures
    ]
    return next((one for one in lengths if not one.fits), lengths[0])


def may_post(name: str) -> Permission:
    facts = platform(name)
    return Permission(facts.may_post, facts.rule, facts.rule_source)


def answer_page(name: str, ref: str, *, is_first: bool, url: str = "") -> str:
    """Return where a human answers a message by hand; `url` is where it stands itself."""
    facts = platform(name)
    return url if is_first or not facts.answer_url else facts.answer_url.format(id=ref)


def data_rules(name: str, *, is_approved: bool = False) -> DataRules:
    """Return the data rules; `is_approved`: the platform's written approval is on record."""
    rules = platform(name).data
    if not is_approved:
        return rules
    return replace(
        rules, may_profile=True, may_match_accounts=True, may_train=True, may_generate=True
    )


def reply_price(name: str, text: str) -> int:
    """Return what a reply with this text costs on its platform, in micro-dollars."""
    price = platform(name).reply_price
    return price(text) if price is not None else 0
