"""How simulated Reddit shows its things: the fields of the recorded answers, and a few later ones.

The recordings of posts and comments are of 2016 and 2017; LATER names what Reddit has added since
(praw's documentation of Comment, Submission and Subreddit), so that a test can hold both.
"""

from simulators.reddit import IDS, Site, Thing

LATER = {
    "t1": {
        "author_fullname", "permalink", "locked", "author_is_blocked", "subreddit_name_prefixed",
    },
    "t3": {
        "author_fullname", "author_is_blocked", "removed_by_category", "subreddit_name_prefixed",
    },
}  # fmt: skip
GONE = "[deleted]"


def row(site: Site, thing: Thing, replies="") -> dict:
    """Show a thing as listings, threads and api/info do."""
    told = comment(site, thing, replies) if thing.kind == "t1" else post(site, thing)
    return {"kind": thing.kind, "data": {**told, **thing.more}}


def comment(site: Site, thing: Thing, replies="") -> dict:
    words = _words(thing)
    return {
        **_author(thing),
        "subreddit_id": "t5_2t5o6", "banned_by": None, "removal_reason": None,
        "link_id": thing.link, "likes": None, "replies": replies, "user_reports": [],
        "saved": False, "id": thing.id, "gilded": 0, "archived": False, "report_reasons": None,
        "parent_id": thing.parent, "score": 1, "approved_by": None, "controversiality": 0,
        "body": words, "edited": _edited(thing), "author_flair_css_class": None, "downs": 0,
        "body_html": f'<div class="md"><p>{words}</p>\n</div>', "stickied": False,
        "subreddit": thing.subreddit, "score_hidden": False, "name": thing.name,
        "created": thing.at.timestamp() + 28800, "author_flair_text": None,
        "created_utc": float(int(thing.at.timestamp())), "ups": 1, "mod_reports": [],
        "num_reports": None, "distinguished": None, "locked": False, "author_is_blocked": False,
        "subreddit_name_prefixed": f"r/{thing.subreddit}", "permalink": permalink(site, thing),
    }  # fmt: skip


def post(site: Site, thing: Thing) -> dict:
    words = _words(thing)
    path = permalink(site, thing)
    return {
        **_author(thing),
        "domain": f"self.{thing.subreddit}", "banned_by": None, "media_embed": {},
        "subreddit": thing.subreddit, "selftext_html": f'<div class="md"><p>{words}</p></div>',
        "selftext": words, "likes": None, "suggested_sort": None, "user_reports": [],
        "secure_media": None, "link_flair_text": None, "id": thing.id, "from_kind": None,
        "gilded": 0, "archived": False, "clicked": False, "report_reasons": [], "media": None,
        "name": thing.name, "score": 1, "approved_by": None, "over_18": False, "hidden": False,
        "thumbnail": "", "subreddit_id": "t5_2t5o6", "edited": _edited(thing),
        "link_flair_css_class": None, "author_flair_css_class": None, "downs": 0,
        "mod_reports": [], "secure_media_embed": {}, "saved": False, "removal_reason": None,
        "stickied": False, "from": None, "is_self": not thing.url, "from_id": None,
        "permalink": path, "locked": False, "hide_score": False,
        "created": thing.at.timestamp() + 28800,
        "url": thing.url or f"https://www.reddit.com{path}", "author_flair_text": None,
        "quarantine": False, "title": thing.title,
        "created_utc": float(int(thing.at.timestamp())), "ups": 1, "upvote_ratio": 1.0,
        "num_comments": sum(one.link == thing.name for one in site.things.values()),
        "visited": False, "num_reports": None, "distinguished": None, "author_is_blocked": False,
        "subreddit_name_prefixed": f"r/{thing.subreddit}",
        "removed_by_category": "moderator" if thing.is_removed else None,
    }  # fmt: skip


def inbox_row(site: Site, thing: Thing, kind: str, *, is_new: bool) -> dict:
    """Show a comment as the inbox does: without link_id, with an address instead."""
    link = site.things[thing.link]
    subject = {"username_mention": "username mention", "post_reply": "post reply"}
    told = {
        "first_message": None, "first_message_name": None, "subreddit": thing.subreddit,
        "likes": None, "replies": "", **_author(thing), "id": thing.id,
        "subject": subject.get(kind, "comment reply"), "associated_awarding_id": None, "score": 1,
        "num_comments": 1, "parent_id": thing.parent,
        "subreddit_name_prefixed": f"r/{thing.subreddit}", "new": is_new, "type": kind,
        "body": thing.text, "link_title": link.title, "dest": site.me["name"], "was_comment": True,
        "body_html": f'<!-- SC_OFF --><div class="md"><p>{thing.text}</p>\n</div><!-- SC_ON -->',
        "name": thing.name, "created": thing.at.timestamp(),
        "created_utc": float(int(thing.at.timestamp())),
        "context": f"{permalink(site, thing)}?context=3", "distinguished": None,
    }  # fmt: skip
    return {"kind": "t1", "data": told}


def private_message(site: Site, name: str) -> dict:
    """Show a private message, as it stands between the replies in an inbox."""
    told = {
        "first_message": None, "first_message_name": None, "subreddit": None, "likes": None,
        "replies": "", "author_fullname": "t2_2bbbb", "id": name, "subject": "psst",
        "associated_awarding_id": None, "score": 0, "author": "ada", "num_comments": None,
        "parent_id": None, "subreddit_name_prefixed": None, "new": True, "type": "unknown",
        "body": "between us", "dest": site.me["name"], "was_comment": False,
        "body_html": "<p>between us</p>", "name": f"t4_{name}",
        "created": site.clock().timestamp(), "created_utc": float(int(site.clock().timestamp())),
        "context": "", "distinguished": None,
    }  # fmt: skip
    return {"kind": "t4", "data": told}


def listing(rows: list, after: str | None = None) -> dict:
    told = {"after": after, "dist": len(rows), "modhash": None, "geo_filter": ""}
    return {"kind": "Listing", "data": {**told, "children": rows, "before": None}}


def permalink(site: Site, thing: Thing) -> str:
    link = thing if thing.kind == "t3" else site.things[thing.link]
    slug = "_".join(link.title.lower().split()) or "_"
    path = f"/r/{thing.subreddit}/comments/{link.id}/{slug}/"
    return path if thing.kind == "t3" else f"{path}{thing.id}/"


def _author(thing: Thing) -> dict:
    if thing.is_deleted:
        return {"author": GONE}
    return {"author": thing.author, "author_fullname": f"t2_{IDS.get(thing.author, '2zzzz')}"}


def _words(thing: Thing) -> str:
    if thing.is_deleted:
        return GONE
    return "[removed]" if thing.is_removed else thing.text


def _edited(thing: Thing):
    return thing.edited.timestamp() if thing.edited else False
