"""The proof under fire: a scratch store, clients, faults, and a checker of what they were told."""
