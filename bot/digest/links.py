"""Addresses of the review pages that a digest points to. One place, should a route change."""

from datetime import date


def message_link(base_url: str, message_id: int) -> str:
    return f"{base_url}/m/{message_id}"


def person_link(base_url: str, person_id: int) -> str:
    return f"{base_url}/people/{person_id}"


def digest_link(base_url: str, day: date) -> str:
    return f"{base_url}/digests/{day.isoformat()}"


def queue_link(base_url: str) -> str:
    return f"{base_url}/"


def sources_link(base_url: str) -> str:
    return f"{base_url}/sources"
