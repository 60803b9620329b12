-- The bot's own tables. Nothing of the seed changes its name or meaning here; the bot's facts stand beside it.
-- Times that only the daemon's clock compares are unix milliseconds (…_ms); times that several machines compare by
-- the database's clock are timestamptz.

-- One row a bot: where its updates stand, and who may move them. Every commit of a turn goes through bot_turn(), so a
-- second daemon on the same token, or one that lost track, can't commit anything.
CREATE TABLE bot_state (
  bot_id BIGINT PRIMARY KEY,
  owner TEXT NOT NULL,                  -- random id of the daemon that holds the bot
  turn BIGINT NOT NULL DEFAULT 0,       -- number of the last committed turn
  next_offset BIGINT NOT NULL DEFAULT 0, -- what getUpdates is to be asked for next; 0 = whatever waits
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Ids for the tables below, handed out in blocks of 1000 to the daemon.
CREATE SEQUENCE bot_ids INCREMENT BY 1000;

CREATE TABLE bot_users (
  user_id INTEGER PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
  consent_version INTEGER,              -- of the offer that was accepted
  consent_at TIMESTAMPTZ,
  receipt_contact TEXT,                 -- e-mail or +phone
  referral_code VARCHAR(20),            -- the code this user came with
  blocked_at TIMESTAMPTZ,               -- the user blocked the bot
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE bot_sessions (
  chat_id BIGINT PRIMARY KEY,
  state TEXT NOT NULL,
  lang TEXT NOT NULL,
  version BIGINT NOT NULL,
  avatar_id BIGINT NOT NULL,            -- 0 = none; no foreign key: a stale one is met politely
  order_id BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  style_id TEXT NOT NULL,
  page INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  over INTEGER NOT NULL,
  below BOOLEAN NOT NULL,
  shown_at_ms BIGINT NOT NULL,
  limit_at_ms BIGINT NOT NULL,
  refresh_at_ms BIGINT NOT NULL,
  screen_message_id BIGINT NOT NULL DEFAULT 0, -- the living message; written by the sender, not by the conversation
  screen_is_photo BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX idx_bot_sessions_refresh ON bot_sessions(refresh_at_ms) WHERE refresh_at_ms > 0;
CREATE INDEX idx_bot_sessions_limit ON bot_sessions(limit_at_ms) WHERE limit_at_ms > 0;

-- Reference photos on their way in: durable from the moment the message arrived, examined later.
CREATE TABLE photo_intake (
  id BIGINT PRIMARY KEY,
  avatar_id INTEGER NOT NULL REFERENCES avatars(id) ON DELETE CASCADE,
  chat_id BIGINT NOT NULL,
  number INTEGER NOT NULL,              -- the how-manyth photo sent for the avatar
  file_id TEXT NOT NULL,
  file_unique_id TEXT NOT NULL,
  verdict TEXT NOT NULL DEFAULT 'pending' CHECK (verdict IN ('pending', 'good', 'duplicate', 'too_small', 'blurred',
    'broken', 'not_image', 'too_big', 'unreachable')),
  told BOOLEAN NOT NULL DEFAULT FALSE,  -- a refusal the user has read
  hash BIGINT,                          -- perceptual
  reference_photo_id INTEGER REFERENCES reference_photos(id) ON DELETE SET NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_photo_intake_avatar ON photo_intake(avatar_id);
CREATE INDEX idx_photo_intake_pending ON photo_intake(id) WHERE verdict = 'pending';
CREATE INDEX idx_reference_photos_avatar ON reference_photos(avatar_id);

CREATE TABLE orders (
  id BIGINT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  chat_id BIGINT NOT NULL,
  avatar_id INTEGER REFERENCES avatars(id) ON DELETE SET NULL,
  style_id VARCHAR(50) NOT NULL,
  photo_count INTEGER NOT NULL CHECK (photo_count > 0),
  price DECIMAL(10, 2) NOT NULL CHECK (price > 0),
  prompts TEXT[] NOT NULL,              -- of the style as it was sold
  recipes TEXT[] NOT NULL,
  status TEXT NOT NULL DEFAULT 'awaiting' CHECK (status IN ('awaiting', 'paid', 'canceled')),
  -- The payment. Key and body are stored before the first call and are the same on every retry.
  payment_key TEXT NOT NULL UNIQUE,
  payment_body TEXT NOT NULL,
  payment_state TEXT NOT NULL DEFAULT 'creating' CHECK (payment_state IN ('creating', 'pending', 'succeeded',
    'canceled', 'failed', 'mismatch')),
  payment_id TEXT UNIQUE,               -- YooKassa's
  payment_url TEXT,
  payment_until_ms BIGINT,              -- the link works until then
  poll_at_ms BIGINT,                    -- when to look next; NULL = not any more
  created_at_ms BIGINT NOT NULL,
  paid_at TIMESTAMPTZ
);
CREATE INDEX idx_orders_user ON orders(user_id);
CREATE INDEX idx_orders_open ON orders(id) WHERE payment_state IN ('creating', 'pending');

ALTER TABLE generation_jobs ADD COLUMN order_id BIGINT UNIQUE REFERENCES orders(id) ON DELETE SET NULL;
ALTER TABLE generation_jobs ADD COLUMN chat_id BIGINT;
ALTER TABLE generation_jobs ADD COLUMN told_at TIMESTAMPTZ; -- the user was told the result
CREATE INDEX idx_generation_jobs_chat ON generation_jobs(chat_id) WHERE chat_id IS NOT NULL;
CREATE INDEX idx_generation_jobs_avatar ON generation_jobs(avatar_id);
CREATE INDEX idx_generation_jobs_untold ON generation_jobs(id) WHERE told_at IS NULL AND chat_id IS NOT NULL;

CREATE TABLE photo_tasks (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES generation_jobs(id) ON DELETE CASCADE,
  index SMALLINT NOT NULL CHECK (index >= 0),
  prompt TEXT NOT NULL,
  recipe TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'made', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  deaths INTEGER NOT NULL DEFAULT 0,    -- of daemons while they worked at it
  not_before TIMESTAMPTZ NOT NULL DEFAULT now(),
  lease_token TEXT,
  worker TEXT,                          -- the daemon (bot_state.owner) that claimed it last
  lease_until TIMESTAMPTZ,
  error TEXT,
  generated_photo_id INTEGER UNIQUE REFERENCES generated_photos(id) ON DELETE SET NULL,
  delivery TEXT NOT NULL DEFAULT 'none' CHECK (delivery IN ('none', 'queued', 'sent', 'refused')),
  message_id BIGINT,
  photo_file_id TEXT,                   -- Telegram's, for sending again without uploading
  document_file_id TEXT,
  UNIQUE (job_id, index)
);
CREATE INDEX idx_photo_tasks_waiting ON photo_tasks(not_before) WHERE state = 'waiting';

-- Messages to send, in order per chat. A row is deleted in the transaction that records its outcome.
CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  chat_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,                   -- JSON: parameters of the call without the chat, or an album's indexes
  picture TEXT,                         -- "style:<id>"; NULL = a text message
  job_id INTEGER,
  fresh BOOLEAN NOT NULL DEFAULT FALSE,   -- a screen to be sent anew
  replace BOOLEAN NOT NULL DEFAULT FALSE, -- … and the old one deleted
  attempted_after BIGINT,               -- highest message id known when it was first tried; NULL = not tried yet
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Telegram's ids of pictures we sent, so that each is uploaded once: "style:professional", "example:1" …
CREATE TABLE sent_files (
  bot_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  file_id TEXT NOT NULL,
  PRIMARY KEY (bot_id, name)
);

-- Updates that could not be decoded or stored; skipped, in the transaction that moved the offset past them.
CREATE TABLE poison_updates (
  bot_id BIGINT NOT NULL,
  update_id BIGINT NOT NULL,
  why TEXT NOT NULL,
  raw BYTEA,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- ---- the functions: each is one decision that must be whole -------------------------------------------------------

-- Takes the bot for this daemon.
CREATE FUNCTION bot_take(p_bot BIGINT, p_owner TEXT, OUT turn BIGINT, OUT next_offset BIGINT) AS $$
  INSERT INTO bot_state AS s (bot_id, owner) VALUES (p_bot, p_owner)
  ON CONFLICT (bot_id) DO UPDATE SET owner = p_owner, updated_at = now()
  RETURNING s.turn, s.next_offset
$$ LANGUAGE sql;

-- The compare-and-set at the head of every turn's transaction: raises FB001 unless this daemon holds the bot and the
-- turn and the offset are where it thinks they are.
CREATE FUNCTION bot_turn(p_bot BIGINT, p_owner TEXT, p_turn BIGINT, p_offset BIGINT, p_next BIGINT) RETURNS void AS $$
BEGIN
  UPDATE bot_state SET turn = turn + 1, next_offset = p_next, updated_at = now()
  WHERE bot_id = p_bot AND owner = p_owner AND turn = p_turn AND next_offset = p_offset;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the bot was taken over or the turn is not the next one' USING ERRCODE = 'FB001';
  END IF;
END $$ LANGUAGE plpgsql;

-- Records what the darkroom said of a reference photo, and takes a good one in. The same picture twice (by Telegram's
-- id of the content, or by eye) counts once. Returns the verdict that holds; NULL if the photo is not pending any more.
CREATE FUNCTION photo_examined(p_id BIGINT, p_verdict TEXT, p_hash BIGINT, p_near INTEGER, p_url TEXT,
                               p_max INTEGER) RETURNS TEXT AS $$
DECLARE
  intake photo_intake;
  final TEXT := p_verdict;
BEGIN
  SELECT * INTO intake FROM photo_intake WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM 1 FROM avatars WHERE id = intake.avatar_id FOR UPDATE; -- one examination of an avatar at a time
  PERFORM 1 FROM photo_intake WHERE id = p_id AND verdict = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF final = 'good' AND EXISTS (
      SELECT 1 FROM photo_intake o WHERE o.avatar_id = intake.avatar_id AND o.verdict = 'good'
        AND o.reference_photo_id IS NOT NULL
        AND (o.file_unique_id = intake.file_unique_id OR bit_count((o.hash # p_hash)::bit(64)) <= p_near)) THEN
    final := 'duplicate';
  END IF;
  IF final = 'good' THEN
    WITH photo AS (
      INSERT INTO reference_photos (avatar_id, image_url) VALUES (intake.avatar_id, p_url) RETURNING id)
    UPDATE photo_intake SET reference_photo_id = photo.id FROM photo WHERE photo_intake.id = p_id;
  END IF;
  UPDATE photo_intake SET verdict = final, hash = p_hash WHERE id = p_id;
  RETURN final;
END $$ LANGUAGE plpgsql;

-- YooKassa made the payment: keeps its id and link, and opens its row in payments.
CREATE FUNCTION payment_created(p_order BIGINT, p_payment TEXT, p_url TEXT, p_until_ms BIGINT,
                                p_poll_ms BIGINT) RETURNS BOOLEAN AS $$
DECLARE
  sold orders;
BEGIN
  UPDATE orders SET payment_state = 'pending', payment_id = p_payment, payment_url = p_url,
    payment_until_ms = p_until_ms, poll_at_ms = p_poll_ms
  WHERE id = p_order AND payment_state = 'creating' RETURNING * INTO sold;
  IF NOT FOUND THEN
    RETURN FALSE;
  END IF;
  INSERT INTO payments (user_id, yookassa_payment_id, amount, currency, status)
  VALUES (sold.user_id, p_payment, sold.price, 'RUB', 'pending');
  RETURN TRUE;
END $$ LANGUAGE plpgsql;

-- THE settlement of a payment, whoever saw it: once, in one transaction, the order is paid and exactly one job with its
-- tasks exists. A success is honoured however late it comes, also after the order was canceled.
--   outcome: settled | already | mismatch (amount or currency differ: nothing is given, a person must look)
--            | orphan (paid, but the avatar is gone: a person must look) | unknown (no such payment)
CREATE FUNCTION settle_payment(p_payment TEXT, p_amount DECIMAL, p_currency TEXT, OUT outcome TEXT,
                               OUT settled_order BIGINT, OUT chat BIGINT, OUT job INTEGER) AS $$
DECLARE
  sold orders;
BEGIN
  SELECT * INTO sold FROM orders WHERE payment_id = p_payment FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'unknown';
    RETURN;
  END IF;
  settled_order := sold.id;
  chat := sold.chat_id;
  IF sold.status = 'paid' THEN
    SELECT id INTO job FROM generation_jobs WHERE order_id = sold.id;
    outcome := 'already';
    RETURN;
  END IF;
  IF p_amount <> sold.price OR p_currency <> 'RUB' THEN
    UPDATE orders SET payment_state = 'mismatch', poll_at_ms = NULL WHERE id = sold.id;
    outcome := 'mismatch';
    RETURN;
  END IF;
  UPDATE orders SET status = 'paid', payment_state = 'succeeded', poll_at_ms = NULL, paid_at = now()
  WHERE id = sold.id;
  UPDATE payments SET status = 'succeeded', updated_at = now() WHERE yookassa_payment_id = p_payment;
  IF sold.avatar_id IS NULL THEN
    outcome := 'orphan';
    RETURN;
  END IF;
  INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id)
  VALUES (sold.avatar_id, sold.style_id, 'pending', sold.photo_count, sold.id, sold.chat_id) RETURNING id INTO job;
  INSERT INTO photo_tasks (job_id, index, prompt, recipe)
  SELECT job, i, sold.prompts[1 + i % cardinality(sold.prompts)], sold.recipes[1 + i % cardinality(sold.recipes)]
  FROM generate_series(0, sold.photo_count - 1) i;
  UPDATE avatars SET status = 'processing', updated_at = now() WHERE id = sold.avatar_id;
  outcome := 'settled';
END $$ LANGUAGE plpgsql;

-- The payment ended without money. FALSE if it had ended before.
CREATE FUNCTION payment_canceled(p_payment TEXT) RETURNS BOOLEAN AS $$
BEGIN
  UPDATE orders SET payment_state = 'canceled', poll_at_ms = NULL,
    status = CASE status WHEN 'awaiting' THEN 'canceled' ELSE status END
  WHERE payment_id = p_payment AND payment_state = 'pending';
  IF NOT FOUND THEN
    RETURN FALSE;
  END IF;
  UPDATE payments SET status = 'canceled', updated_at = now()
  WHERE yookassa_payment_id = p_payment AND status = 'pending';
  RETURN TRUE;
END $$ LANGUAGE plpgsql;

-- Whatever ends a task also moves its job and avatar on.
CREATE FUNCTION job_moved(p_job INTEGER) RETURNS void AS $$
DECLARE
  left_over INTEGER;
  made INTEGER;
BEGIN
  PERFORM 1 FROM generation_jobs WHERE id = p_job FOR UPDATE;
  SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'made') INTO left_over, made
  FROM photo_tasks WHERE job_id = p_job;
  UPDATE generation_jobs SET completed_photos = made, updated_at = now(),
    status = CASE WHEN left_over > 0 THEN 'processing' WHEN made > 0 THEN 'completed' ELSE 'failed' END
  WHERE id = p_job;
  IF left_over = 0 THEN
    UPDATE avatars a SET status = 'ready', updated_at = now() FROM generation_jobs j
    WHERE j.id = p_job AND a.id = j.avatar_id AND NOT EXISTS (
      SELECT 1 FROM generation_jobs o WHERE o.avatar_id = a.id AND o.id <> p_job
        AND o.status IN ('pending', 'processing') AND o.order_id IS NOT NULL);
  END IF;
END $$ LANGUAGE plpgsql;

-- A photo was made: the row in generated_photos and the end of the task are one. Only the holder of the lease may say
-- so; NULL for anybody else, whose picture is dropped. Returns the chat.
CREATE FUNCTION task_made(p_task BIGINT, p_token TEXT, p_url TEXT) RETURNS BIGINT AS $$
DECLARE
  task photo_tasks;
  job generation_jobs;
  photo INTEGER;
BEGIN
  SELECT * INTO task FROM photo_tasks WHERE id = p_task AND lease_token = p_token AND state = 'waiting' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT * INTO job FROM generation_jobs WHERE id = task.job_id;
  INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url)
  VALUES (job.avatar_id, job.style_id, task.prompt, p_url) RETURNING id INTO photo;
  UPDATE photo_tasks SET state = 'made', generated_photo_id = photo, lease_token = NULL, lease_until = NULL,
    error = NULL WHERE id = p_task;
  PERFORM job_moved(task.job_id);
  RETURN COALESCE(job.chat_id, 0);
END $$ LANGUAGE plpgsql;

-- An attempt failed: again after p_wait_ms, or for good. Returns the chat when it is for good, 0 when it is tried
-- again, NULL for anybody but the holder of the lease.
CREATE FUNCTION task_failed(p_task BIGINT, p_token TEXT, p_error TEXT, p_wait_ms BIGINT,
                            p_max_attempts INTEGER) RETURNS BIGINT AS $$
DECLARE
  task photo_tasks;
  job_chat BIGINT;
BEGIN
  SELECT * INTO task FROM photo_tasks WHERE id = p_task AND lease_token = p_token AND state = 'waiting' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF task.attempts < p_max_attempts THEN
    UPDATE photo_tasks SET lease_token = NULL, lease_until = NULL, error = p_error,
      not_before = now() + p_wait_ms * interval '1 millisecond' WHERE id = p_task;
    RETURN 0;
  END IF;
  UPDATE photo_tasks SET state = 'failed', lease_token = NULL, lease_until = NULL, error = p_error WHERE id = p_task;
  PERFORM job_moved(task.job_id);
  SELECT chat_id INTO job_chat FROM generation_jobs WHERE id = task.job_id;
  RETURN COALESCE(job_chat, 0);
END $$ LANGUAGE plpgsql;
