"""A campaign as one document outside the product: exported, compared with what is here, applied."""
