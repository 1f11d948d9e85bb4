"""Routes: thin, one module a group; every one under /v1 names the scope it needs."""
