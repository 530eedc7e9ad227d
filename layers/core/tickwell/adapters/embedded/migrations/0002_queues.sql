-- Messages of all queues. `visible_at` (epoch ms) is when the message may be delivered next: delayed, waiting and
-- delivered messages differ in nothing else. `receives` counts deliveries and tells them apart (the receipt).
-- `turn` orders what is deliverable fairly among groups; it is given once the message has become visible.
CREATE TABLE queue_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    group_id TEXT NOT NULL,
    body TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    receives INTEGER NOT NULL DEFAULT 0,
    turn INTEGER
);

-- What has no turn yet, in order, and `depth` without touching the table.
CREATE INDEX queue_messages_by_visibility ON queue_messages (queue, visible_at, id, receives) WHERE turn IS NULL;

-- Delivery in order, and `depth`; the last turn of a group.
CREATE INDEX queue_messages_by_turn ON queue_messages (queue, turn, id, visible_at) WHERE turn IS NOT NULL;
CREATE INDEX queue_messages_by_group ON queue_messages (queue, group_id, turn) WHERE turn IS NOT NULL;
