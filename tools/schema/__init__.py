"""`make schema`: writes migrations/schema.sql, the schema as it is after all migrations."""
