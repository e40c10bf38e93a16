"""What tests of every connector do: listen to a source's end, and look at the words."""

from connectors.model import Seen


async def heard(connector, source, after=None):
    """Return the events of one look, and the cursor after them."""
    events, cursor = [], after
    async for page in connector.pages(source, after):
        events += page.events
        cursor = page.cursor
    return events, cursor


def said(events):
    return [one.message.text for one in events if isinstance(one, Seen)]
