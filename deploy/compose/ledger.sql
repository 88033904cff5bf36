-- The ledger is a database of its own; the target is another.
CREATE DATABASE ledger;
-- What Debezium watches in the profile of that name.
CREATE DATABASE shop;
