//! Plans as a table, and deployments against a mock.
