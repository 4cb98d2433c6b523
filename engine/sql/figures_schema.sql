-- What back pressure writes, counted without a row for it. Numbers are taken, never given back: a transaction that
-- is rolled back counts, and after a crash of the server a sequence may stand up to 32 higher.

-- Events that were ever spilled.
CREATE SEQUENCE engine_spilled_events AS bigint;

-- Transactions that wrote to the tables of queues: outbox, spill, modes of lanes.
CREATE SEQUENCE engine_queue_transactions AS bigint;
