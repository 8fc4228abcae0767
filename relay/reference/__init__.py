"""The reference of the public topics for other teams: an AsyncAPI document, a page, a text; made from the contracts."""
