-- Messages of all queues. `visible_at` (epoch ms) is when the message may be delivered next: delayed, waiting and
-- delivered messages differ in nothing else. `receives` counts deliveries and tells them apart (the receipt).
CREATE TABLE queue_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    group_id TEXT NOT NULL,
    body TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0
);

-- Serves delivery in order (visible_at, id), and `depth` without touching the table.
CREATE INDEX queue_messages_by_visibility ON queue_messages (queue, visible_at, id, receives);
