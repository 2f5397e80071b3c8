"""The distributed engine, Procrastinate, on the store's own PostgreSQL. The local engine is the store's leases."""
