"""Terra by the operations of the program: sign-in, jobs and their uploads."""
