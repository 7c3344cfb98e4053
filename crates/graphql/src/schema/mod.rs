//! From the catalog to the types of the schema.
