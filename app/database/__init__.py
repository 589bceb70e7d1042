"""The database: transactions, errors, the connection pool, the disk, replicas."""
