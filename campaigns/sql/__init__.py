"""Named queries of the product."""
