-- The user's last words, whose edit counts as an answer, and the topic of the chat in which the user is.
ALTER TABLE bot_sessions
  ADD COLUMN thread_id BIGINT NOT NULL DEFAULT 0,         -- 0 = no topic
  ADD COLUMN answer_message_id BIGINT NOT NULL DEFAULT 0, -- 0 = no words whose edit would count
  ADD COLUMN answer_state TEXT NOT NULL DEFAULT '',       -- the question that took them; '' = none did, it still stands
  ADD COLUMN answer_avatar_id BIGINT NOT NULL DEFAULT 0;  -- what they were about; no foreign key, like avatar_id

ALTER TABLE outbox ADD COLUMN thread_id BIGINT NOT NULL DEFAULT 0; -- where a new message goes; 0 = no topic
