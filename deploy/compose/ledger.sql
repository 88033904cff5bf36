-- The ledger is a database of its own; the target is another.
CREATE DATABASE ledger;
