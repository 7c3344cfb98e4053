//! The rows of `metadata_version`.
