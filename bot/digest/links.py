"""Addresses of the review pages that a digest points to. One place, should a route change."""


def message_link(base_url: str, message_id: int) -> str:
    return f"{base_url}/message/{message_id}"


def person_link(base_url: str, person_id: int) -> str:
    return f"{base_url}/person/{person_id}"


def sources_link(base_url: str) -> str:
    return f"{base_url}/sources"
