-- Updates that can't be stored now though nothing is wrong with them: a table refuses the rows of one chat, because of
-- what somebody did to the table. They wait here with their bytes, in order, and all later ones of their chat behind
-- them, until it is mended. A row is deleted in the transaction that handles its update, so there is no end to set.
CREATE TABLE parked_updates (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order
  bot_id BIGINT NOT NULL,
  chat_id BIGINT NOT NULL,
  update_id BIGINT NOT NULL,
  raw BYTEA NOT NULL,                   -- its JSON
  why TEXT,                             -- what Postgres said; NULL = it waits behind another one
  tries INTEGER NOT NULL DEFAULT 0,
  not_before TIMESTAMPTZ NOT NULL DEFAULT now(),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_parked_updates_chat ON parked_updates(bot_id, chat_id, id);

-- Every statement of the web application goes on working, also one that writes a status of its own to one of the
-- seed's tables, or touches a row that has one. What the bot itself writes there are words in its own functions.
ALTER TABLE avatars DROP CONSTRAINT IF EXISTS avatars_status_known;
ALTER TABLE generation_jobs DROP CONSTRAINT IF EXISTS generation_jobs_status_known;
ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_status_known;
ALTER TABLE referral_withdrawals
  DROP CONSTRAINT IF EXISTS referral_withdrawals_status_known,
  DROP CONSTRAINT IF EXISTS referral_withdrawals_method_known;
