-- Facts about money outlive people, and what was learned for a chat outlives the process that learned it.

-- ---- every payment, at whichever provider ------------------------------------------------------------------------

-- A row from before the first call outside. Kept for ever once money may have come; one that surely came to nothing goes
-- with its order. payments is the mirror of those at YooKassa for as long as their user is there.
CREATE TABLE bot_payments (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider TEXT NOT NULL DEFAULT 'yookassa',
  outside_id TEXT,                      -- what the provider calls it; NULL until it has it
  key TEXT UNIQUE,                      -- of idempotence; with the body stored before the first call, and never changed
  body TEXT,                            -- forgotten with the user: the contact for the receipt stands in it
  state TEXT NOT NULL DEFAULT 'creating' CHECK (state IN ('creating', 'pending', 'succeeded', 'canceled', 'failed')),
  asked DECIMAL(10, 2) NOT NULL,
  currency TEXT NOT NULL DEFAULT 'RUB', -- of what was asked
  received DECIMAL(10, 2),
  received_currency TEXT,
  order_id BIGINT REFERENCES orders(id), -- NULL: nobody here asked for it. An order with a payment can't be deleted
  user_id INTEGER REFERENCES users(id) ON DELETE SET NULL,
  url TEXT,                             -- the link …
  until_ms BIGINT,                      -- … which works until then
  created_at_ms BIGINT NOT NULL,
  ended_at TIMESTAMPTZ,                 -- when we learned that it was paid, canceled or refused
  reason TEXT,                          -- why canceled or failed, in the words of db/words.c; NULL = not told
  -- Money that gave nothing, or may be somebody else's: a person must look. NULL once one has, or there is nothing odd.
  --   sum     another sum or currency than was asked
  --   order   YooKassa says that it is another order's
  --   avatar  paid, but the avatar is gone, and the set with it
  --   nobody  no order has it
  --   lost    it may have been made, but its key is too old to ask with; YooKassa may know it by the order's id
  held TEXT CHECK (held IN ('sum', 'order', 'avatar', 'nobody', 'lost')),
  UNIQUE (provider, outside_id)
);
CREATE INDEX idx_bot_payments_order ON bot_payments(order_id);
CREATE INDEX idx_bot_payments_user ON bot_payments(user_id);
CREATE INDEX idx_bot_payments_open ON bot_payments(order_id) WHERE state IN ('creating', 'pending');
CREATE INDEX idx_bot_payments_held ON bot_payments(id) WHERE held IS NOT NULL;

-- What was called a mismatch is looked at once more: then it is known which sum came.
INSERT INTO bot_payments (outside_id, key, body, state, asked, received, received_currency, order_id, user_id, url,
  until_ms, created_at_ms, ended_at, reason, held)
SELECT payment_id, payment_key, payment_body, CASE payment_state WHEN 'mismatch' THEN 'pending' ELSE payment_state END,
  price, CASE payment_state WHEN 'succeeded' THEN price END, CASE payment_state WHEN 'succeeded' THEN 'RUB' END, id,
  user_id, payment_url, payment_until_ms, created_at_ms, paid_at, payment_reason,
  CASE payment_state WHEN 'mismatch' THEN 'sum' END
FROM orders ORDER BY id;

-- ---- news --------------------------------------------------------------------------------------------------------

-- What was learned for a chat, written in the transaction that made it true, and deleted in that of the turn that tells
-- it: so none stays, and there is no other end to set.
CREATE TABLE bot_news (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chat_id BIGINT NOT NULL,
  kind TEXT NOT NULL,                   -- an event of core/event.h, in the words of db/words.c
  object BIGINT NOT NULL,               -- what it is about: the id of an order, a job, a photo on its way in
  other BIGINT NOT NULL DEFAULT 0,      -- payment_settled: the job, 0 = none
  word TEXT,                            -- the verdict, or the reason
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- NULL for what is nobody's chat.
CREATE FUNCTION news_add(p_chat BIGINT, p_kind TEXT, p_object BIGINT, p_other BIGINT, p_word TEXT) RETURNS BIGINT AS $$
  INSERT INTO bot_news (chat_id, kind, object, other, word)
  SELECT p_chat, p_kind, p_object, p_other, p_word WHERE p_chat IS NOT NULL RETURNING id
$$ LANGUAGE sql;

-- What every start looked for until now. Chats that wait at the pay screen although the payment moved on:
INSERT INTO bot_news (chat_id, kind, object, other, word)
SELECT o.chat_id, CASE o.payment_state WHEN 'pending' THEN 'payment_link' WHEN 'canceled' THEN 'payment_canceled'
    WHEN 'failed' THEN 'payment_failed' ELSE 'payment_settled' END,
  o.id, COALESCE(j.id, 0), o.payment_reason
FROM orders o JOIN bot_sessions s ON s.chat_id = o.chat_id AND s.order_id = o.id
LEFT JOIN generation_jobs j ON j.order_id = o.id WHERE s.state = 'pay' AND o.payment_state <> 'creating' ORDER BY o.id;
-- … chats that collect photos and may have missed a verdict of the last day:
INSERT INTO bot_news (chat_id, kind, object, word)
SELECT DISTINCT ON (s.chat_id) s.chat_id, 'photo_ready', i.id, i.verdict FROM bot_sessions s
JOIN photo_intake i ON i.avatar_id = s.avatar_id AND i.chat_id = s.chat_id
WHERE s.state = 'photos' AND s.avatar_id <> 0 AND i.verdict <> 'pending' AND i.created_at > now() - interval '1 day'
ORDER BY s.chat_id, i.id DESC;
-- … and sets whose result was not told.
INSERT INTO bot_news (chat_id, kind, object)
SELECT chat_id, 'job_progress', id FROM generation_jobs WHERE told_at IS NULL AND chat_id IS NOT NULL ORDER BY id;
DROP INDEX idx_generation_jobs_untold;

-- ---- orders, without what is the payment's -----------------------------------------------------------------------

ALTER TABLE orders
  DROP COLUMN payment_key,
  DROP COLUMN payment_body,
  DROP COLUMN payment_state,
  DROP COLUMN payment_id,
  DROP COLUMN payment_url,
  DROP COLUMN payment_until_ms,
  DROP COLUMN payment_reason,
  DROP COLUMN poll_at_ms,
  DROP CONSTRAINT orders_user_id_fkey,
  ALTER COLUMN user_id DROP NOT NULL,
  ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL;
CREATE INDEX idx_orders_awaiting ON orders(chat_id) WHERE status = 'awaiting';

-- What is a person's own goes with them, though the order and the payment stay.
CREATE FUNCTION order_forgets() RETURNS trigger AS $$
BEGIN
  NEW.reference_urls := NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER order_forgets BEFORE UPDATE OF avatar_id ON orders
  FOR EACH ROW WHEN (NEW.avatar_id IS NULL) EXECUTE FUNCTION order_forgets();
UPDATE orders SET reference_urls = NULL WHERE avatar_id IS NULL AND reference_urls IS NOT NULL;

CREATE FUNCTION payment_forgets() RETURNS trigger AS $$
BEGIN
  NEW.body := NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER payment_forgets BEFORE UPDATE OF user_id ON bot_payments
  FOR EACH ROW WHEN (NEW.user_id IS NULL) EXECUTE FUNCTION payment_forgets();

-- A set that is paid and not made goes with its avatar when the web application deletes it, or the user. Whoever deletes
-- need not know of the bot's tables.
CREATE FUNCTION job_forgotten() RETURNS trigger SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE bot_payments SET held = 'avatar' WHERE order_id = OLD.order_id AND state = 'succeeded' AND held IS NULL;
  IF FOUND THEN
    PERFORM news_add(OLD.chat_id, 'payment_settled', OLD.order_id, 0, NULL);
  END IF;
  RETURN OLD;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER job_forgotten BEFORE DELETE ON generation_jobs
  FOR EACH ROW WHEN (OLD.order_id IS NOT NULL AND OLD.status IN ('pending', 'processing'))
  EXECUTE FUNCTION job_forgotten();

-- ---- the functions: each is one decision that must be whole, and gives the id of the news it made; NULL: none, or an
-- ---- earlier call made them. They lock the avatar first, then the order, then the payment. -----------------------

DROP FUNCTION payment_created(BIGINT, TEXT, TEXT, BIGINT, BIGINT);
-- YooKassa made the payment of an order: keeps its id and link, and opens its row in payments. FALSE: it was not being
-- created any more.
CREATE FUNCTION payment_created(p_order BIGINT, p_payment TEXT, p_url TEXT, p_until_ms BIGINT, OUT done BOOLEAN,
                                OUT news BIGINT) AS $$
DECLARE
  made bot_payments;
BEGIN
  PERFORM 1 FROM users WHERE id = (SELECT user_id FROM orders WHERE id = p_order) FOR KEY SHARE; -- as its deletion does
  UPDATE bot_payments SET state = 'pending', outside_id = p_payment, url = p_url, until_ms = p_until_ms
  WHERE order_id = p_order AND provider = 'yookassa' AND state = 'creating' RETURNING * INTO made;
  done := FOUND;
  IF NOT done THEN
    RETURN;
  END IF;
  INSERT INTO payments (user_id, yookassa_payment_id, amount, currency, status)
  SELECT made.user_id, p_payment, made.asked, made.currency, 'pending' WHERE made.user_id IS NOT NULL;
  SELECT news_add(chat_id, 'payment_link', id, 0, NULL) INTO news FROM orders WHERE id = p_order;
END $$ LANGUAGE plpgsql;

-- There will be no payment of the order: it was refused, or lost, which is told; or nobody wants it any more.
CREATE FUNCTION payment_given_up(p_order BIGINT, p_refused BOOLEAN, p_lost BOOLEAN, p_reason TEXT, OUT done BOOLEAN,
                                 OUT news BIGINT) AS $$
BEGIN
  UPDATE bot_payments SET state = CASE WHEN p_refused OR p_lost THEN 'failed' ELSE 'canceled' END, reason = p_reason,
    held = CASE WHEN p_lost THEN 'lost' END, ended_at = now()
  WHERE order_id = p_order AND provider = 'yookassa' AND state = 'creating';
  done := FOUND;
  IF done AND (p_refused OR p_lost) THEN
    SELECT news_add(chat_id, 'payment_failed', id, 0, p_reason) INTO news FROM orders WHERE id = p_order;
  END IF;
END $$ LANGUAGE plpgsql;

-- What YooKassa says of the order's payment is not about this order. Its user gets no photos for it, and hears that
-- this link is none; in payments it is no payment of this user that may still come.
CREATE FUNCTION payment_not_ours(p_order BIGINT, OUT done BOOLEAN, OUT news BIGINT) AS $$
DECLARE
  theirs TEXT;
BEGIN
  UPDATE bot_payments SET state = 'failed', held = 'order', ended_at = now()
  WHERE order_id = p_order AND provider = 'yookassa' AND state = 'pending' RETURNING outside_id INTO theirs;
  done := FOUND;
  IF done THEN
    UPDATE payments SET status = 'canceled', updated_at = now()
    WHERE yookassa_payment_id = theirs;
    SELECT news_add(chat_id, 'payment_failed', id, 0, NULL) INTO news FROM orders WHERE id = p_order;
  END IF;
END $$ LANGUAGE plpgsql;

DROP FUNCTION payment_canceled(TEXT, TEXT);
-- The payment ended without money. FALSE: it had ended before.
CREATE FUNCTION payment_canceled(p_payment TEXT, p_reason TEXT, OUT done BOOLEAN, OUT news BIGINT) AS $$
DECLARE
  ended bot_payments;
BEGIN
  PERFORM 1 FROM orders o JOIN bot_payments p ON p.order_id = o.id
  WHERE p.provider = 'yookassa' AND p.outside_id = p_payment FOR UPDATE OF o;
  UPDATE bot_payments SET state = 'canceled', reason = p_reason, ended_at = now()
  WHERE provider = 'yookassa' AND outside_id = p_payment AND state = 'pending' RETURNING * INTO ended;
  done := FOUND;
  IF NOT done THEN
    RETURN;
  END IF;
  UPDATE orders SET status = 'canceled' WHERE id = ended.order_id AND status = 'awaiting';
  UPDATE payments SET status = 'canceled', updated_at = now() WHERE yookassa_payment_id = p_payment;
  SELECT news_add(chat_id, 'payment_canceled', id, 0, p_reason) INTO news FROM orders WHERE id = ended.order_id;
END $$ LANGUAGE plpgsql;

DROP FUNCTION settle_payment(TEXT, DECIMAL, TEXT);
-- THE settlement of a payment, whoever saw it: once, in one transaction, the order is paid and exactly one job with its
-- tasks exists. A success is honoured however late it comes, also after the order was canceled.
--   outcome: settled | already
--            | mismatch (amount or currency differ: nothing is given, the payment is held)
--            | orphan (paid, but the avatar is gone: held) | unknown (no order has such a payment: held)
CREATE FUNCTION settle_payment(p_payment TEXT, p_amount DECIMAL, p_currency TEXT, OUT outcome TEXT,
                               OUT settled_order BIGINT, OUT chat BIGINT, OUT job INTEGER, OUT news BIGINT) AS $$
DECLARE
  paid bot_payments;
  sold orders;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT o.avatar_id FROM bot_payments p JOIN orders o ON o.id = p.order_id
    WHERE p.provider = 'yookassa' AND p.outside_id = p_payment) FOR NO KEY UPDATE;
  SELECT o.* INTO sold FROM orders o JOIN bot_payments p ON p.order_id = o.id
  WHERE p.provider = 'yookassa' AND p.outside_id = p_payment FOR UPDATE OF o;
  SELECT * INTO paid FROM bot_payments WHERE provider = 'yookassa' AND outside_id = p_payment FOR UPDATE;
  IF sold.id IS NULL THEN
    INSERT INTO bot_payments (outside_id, state, asked, currency, received, received_currency, created_at_ms, ended_at,
      held)
    VALUES (p_payment, 'succeeded', p_amount, p_currency, p_amount, p_currency,
      (extract(epoch FROM now()) * 1000)::bigint, now(), 'nobody')
    ON CONFLICT DO NOTHING;
    outcome := 'unknown';
    RETURN;
  END IF;
  settled_order := sold.id;
  chat := sold.chat_id;
  IF paid.state = 'succeeded' THEN
    SELECT id INTO job FROM generation_jobs WHERE order_id = sold.id;
    outcome := CASE paid.held WHEN 'sum' THEN 'mismatch' ELSE 'already' END;
    RETURN;
  END IF;
  UPDATE bot_payments SET state = 'succeeded', received = p_amount, received_currency = p_currency, ended_at = now(),
    reason = NULL WHERE id = paid.id;
  UPDATE payments SET status = 'succeeded', amount = p_amount, currency = left(p_currency, 3), updated_at = now()
  WHERE yookassa_payment_id = p_payment;
  IF p_amount <> paid.asked OR p_currency <> paid.currency THEN
    outcome := 'mismatch';
    UPDATE bot_payments SET held = 'sum' WHERE id = paid.id;
    IF paid.held IS NULL THEN
      news := news_add(sold.chat_id, 'payment_settled', sold.id, 0, NULL);
    END IF;
    RETURN;
  END IF;
  UPDATE orders SET status = 'paid', paid_at = now() WHERE id = sold.id;
  IF sold.avatar_id IS NULL THEN
    outcome := 'orphan';
    UPDATE bot_payments SET held = 'avatar' WHERE id = paid.id;
    news := news_add(sold.chat_id, 'payment_settled', sold.id, 0, NULL);
    RETURN;
  END IF;
  INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id)
  VALUES (sold.avatar_id, sold.style_id, 'pending', sold.photo_count, sold.id, sold.chat_id) RETURNING id INTO job;
  INSERT INTO photo_tasks (job_id, index, prompt, recipe)
  SELECT job, i, sold.prompts[1 + i % cardinality(sold.prompts)], sold.recipes[1 + i % cardinality(sold.recipes)]
  FROM generate_series(0, sold.photo_count - 1) i;
  UPDATE avatars SET status = 'processing', updated_at = now() WHERE id = sold.avatar_id;
  UPDATE bot_payments SET held = NULL WHERE id = paid.id AND held IS NOT NULL;
  outcome := 'settled';
  news := news_add(sold.chat_id, 'payment_settled', sold.id, job, NULL);
END $$ LANGUAGE plpgsql;

-- Whatever ends a task also moves its job and avatar on. A settlement that is giving the avatar another set holds it: the
-- one that comes second sees what the first one wrote. Whoever deletes an avatar holds it first and comes to its tasks
-- then: those who end a task do it in the same order.
CREATE OR REPLACE FUNCTION job_moved(p_job INTEGER) RETURNS void AS $$
DECLARE
  left_over INTEGER;
  made INTEGER;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT avatar_id FROM generation_jobs WHERE id = p_job) FOR NO KEY UPDATE;
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

DROP FUNCTION task_made(BIGINT, TEXT, TEXT);
-- A photo was made: the row in generated_photos and the end of the task are one. Only the holder of the lease may say
-- so; chat NULL for anybody else, whose picture is dropped, and 0 for a set that is nobody's chat.
CREATE FUNCTION task_made(p_task BIGINT, p_token TEXT, p_url TEXT, OUT chat BIGINT, OUT news BIGINT) AS $$
DECLARE
  task photo_tasks;
  job generation_jobs;
  photo INTEGER;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT j.avatar_id FROM photo_tasks t JOIN generation_jobs j ON j.id = t.job_id
    WHERE t.id = p_task) FOR NO KEY UPDATE;
  SELECT * INTO task FROM photo_tasks WHERE id = p_task AND lease_token = p_token AND state = 'waiting' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO job FROM generation_jobs WHERE id = task.job_id;
  INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url)
  VALUES (job.avatar_id, job.style_id, task.prompt, p_url) RETURNING id INTO photo;
  UPDATE photo_tasks SET state = 'made', generated_photo_id = photo, lease_token = NULL, lease_until = NULL,
    error = NULL WHERE id = p_task;
  PERFORM job_moved(task.job_id);
  chat := COALESCE(job.chat_id, 0);
  news := news_add(job.chat_id, 'job_progress', job.id, 0, NULL);
END $$ LANGUAGE plpgsql;

DROP FUNCTION task_failed(BIGINT, TEXT, TEXT, BIGINT, INTEGER);
-- An attempt failed: again after p_wait_ms, or for good. chat is 0 when it is tried again, NULL for anybody but the
-- holder of the lease.
CREATE FUNCTION task_failed(p_task BIGINT, p_token TEXT, p_error TEXT, p_wait_ms BIGINT, p_max_attempts INTEGER,
                            OUT chat BIGINT, OUT news BIGINT) AS $$
DECLARE
  task photo_tasks;
  job_chat BIGINT;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT j.avatar_id FROM photo_tasks t JOIN generation_jobs j ON j.id = t.job_id
    WHERE t.id = p_task) FOR NO KEY UPDATE;
  SELECT * INTO task FROM photo_tasks WHERE id = p_task AND lease_token = p_token AND state = 'waiting' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  chat := 0;
  IF task.attempts < p_max_attempts THEN
    UPDATE photo_tasks SET lease_token = NULL, lease_until = NULL, error = p_error,
      not_before = now() + p_wait_ms * interval '1 millisecond' WHERE id = p_task;
    RETURN;
  END IF;
  UPDATE photo_tasks SET state = 'failed', lease_token = NULL, lease_until = NULL, error = p_error WHERE id = p_task;
  PERFORM job_moved(task.job_id);
  SELECT chat_id INTO job_chat FROM generation_jobs WHERE id = task.job_id;
  chat := COALESCE(job_chat, 0);
  news := news_add(job_chat, 'job_progress', task.job_id, 0, NULL);
END $$ LANGUAGE plpgsql;

DROP FUNCTION photo_examined(BIGINT, TEXT, BYTEA, BIGINT[], TEXT);
-- Records what the darkroom said of a reference photo, and takes a good one in. The same picture twice (by Telegram's
-- id of the content; by eye is for the caller to say) counts once. A good one is taken in only if it was compared with
-- all good ones of its avatar (p_seen): otherwise nothing changes, and the caller compares with the rest first. Gives
-- the verdict that holds; NULL if nothing changed.
CREATE FUNCTION photo_examined(p_id BIGINT, p_verdict TEXT, p_sketch BYTEA, p_seen BIGINT[], p_url TEXT,
                               OUT final TEXT, OUT news BIGINT) AS $$
DECLARE
  intake photo_intake;
BEGIN
  SELECT * INTO intake FROM photo_intake WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM 1 FROM avatars WHERE id = intake.avatar_id FOR UPDATE; -- one examination of an avatar at a time
  PERFORM 1 FROM photo_intake WHERE id = p_id AND verdict = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF p_verdict = 'good' AND EXISTS (
      SELECT 1 FROM photo_intake o WHERE o.avatar_id = intake.avatar_id AND o.verdict = 'good'
        AND o.reference_photo_id IS NOT NULL AND o.file_unique_id = intake.file_unique_id) THEN
    final := 'duplicate';
  ELSIF p_verdict = 'good' AND EXISTS (SELECT 1 FROM photo_unseen(p_id, p_seen)) THEN
    RETURN;
  ELSE
    final := p_verdict;
  END IF;
  IF final = 'good' THEN
    WITH photo AS (
      INSERT INTO reference_photos (avatar_id, image_url) VALUES (intake.avatar_id, p_url) RETURNING id)
    UPDATE photo_intake SET reference_photo_id = photo.id, sketch = p_sketch FROM photo WHERE photo_intake.id = p_id;
  END IF;
  UPDATE photo_intake SET verdict = final WHERE id = p_id;
  news := news_add(intake.chat_id, 'photo_ready', p_id, 0, final);
END $$ LANGUAGE plpgsql;
