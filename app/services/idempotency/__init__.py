"""A request that is repeated is carried out once."""
