-- Money goes back by itself.
--
-- A refund is decided by a row of bot_refunds, in the transaction that makes it due; its errand is born with it. What is
-- asked of the provider (key, body, sum) stands in the row before it is asked. The way of a row:
--   owed       it is due, and nothing is asked, or the last answer was no and it is asked anew, with another key
--   asked      the provider was asked, or is about to be: it may have been made
--   pending    … has made it (outside_id) and has not decided yet
--   succeeded  the money went back: it stands in the books
--   refused    the last answer was no, and a person must look
--   void       it is not due any more: a person gave the money back in another way
ALTER TABLE bot_refunds
  ALTER COLUMN amount DROP NOT NULL,    -- NULL: a share that is not computed yet (core/refund.c)
  ADD COLUMN photos INTEGER CHECK (photos > 0), -- a share: so many photos of the set are not there
  ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0, -- how many keys it had
  ADD COLUMN key TEXT UNIQUE,           -- of idempotence; with the body stored before the call
  ADD COLUMN body TEXT,                 -- forgotten when it is answered: the contact for the receipt stands in it
  ADD COLUMN asked_at TIMESTAMPTZ,      -- since when this key may be known to the provider
  ADD COLUMN outside_id TEXT UNIQUE,    -- what the provider calls it
  ADD COLUMN reason TEXT,               -- why it was refused, in the provider's words; NULL = it was not
  ADD COLUMN ended_at TIMESTAMPTZ,
  DROP CONSTRAINT bot_refunds_why_check,
  -- Besides those of before:
  --   failed       photos of the set could not be made
  --   undelivered  … were made, and Telegram does not take them
  ADD CONSTRAINT bot_refunds_why_check CHECK (why IN ('double', 'avatar', 'person', 'failed', 'undelivered')),
  DROP CONSTRAINT bot_refunds_state_check,
  ADD CONSTRAINT bot_refunds_state_check
    CHECK (state IN ('owed', 'asked', 'pending', 'succeeded', 'refused', 'void')),
  ADD CONSTRAINT bot_refunds_sum_check CHECK (amount IS NOT NULL OR photos IS NOT NULL),
  ADD CONSTRAINT bot_refunds_asked_check
    CHECK (state IN ('owed', 'void', 'succeeded') OR (amount IS NOT NULL AND key IS NOT NULL)),
  ADD CONSTRAINT bot_refunds_done_check CHECK (state <> 'succeeded' OR amount IS NOT NULL);
DROP INDEX idx_bot_refunds_owed;
CREATE INDEX idx_bot_refunds_open ON bot_refunds(id) WHERE state NOT IN ('succeeded', 'void');

-- ---- the guards --------------------------------------------------------------------------------------------------

-- No more goes back than came, whatever causes meet. What was refused counts again when it is asked anew.
CREATE FUNCTION refund_fits() RETURNS trigger AS $$
DECLARE
  came DECIMAL;
BEGIN
  SELECT received INTO came FROM bot_payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
  IF NEW.amount > COALESCE(came, 0) - COALESCE((SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = NEW.payment_id AND id <> NEW.id AND state NOT IN ('refused', 'void')), 0) THEN
    RAISE EXCEPTION 'more would go back of payment % than came', NEW.payment_id USING ERRCODE = 'FB006';
  END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER refund_fits BEFORE INSERT OR UPDATE OF amount, state ON bot_refunds
  FOR EACH ROW WHEN (NEW.amount IS NOT NULL AND NEW.state NOT IN ('refused', 'void')) EXECUTE FUNCTION refund_fits();
ALTER TABLE bot_refunds ENABLE ALWAYS TRIGGER refund_fits;

-- ---- what makes one due ------------------------------------------------------------------------------------------

-- Whoever decides it need not know how it is done. A share waits some seconds: its payer reads of the set first.
CREATE FUNCTION refund_is_owed() RETURNS trigger AS $$
BEGIN
  INSERT INTO errands (chore, subject, chat_id, not_before)
  SELECT 'payment_refund', NEW.id, COALESCE(o.chat_id, 0),
    now() + CASE WHEN NEW.photos IS NULL THEN interval '0' ELSE interval '10 s' END
  FROM bot_payments p LEFT JOIN orders o ON o.id = p.order_id WHERE p.id = NEW.payment_id
  ON CONFLICT (chore, subject) DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER refund_is_owed AFTER INSERT ON bot_refunds FOR EACH ROW WHEN (NEW.state = 'owed')
  EXECUTE FUNCTION refund_is_owed();
INSERT INTO errands (chore, subject, chat_id)
SELECT 'payment_refund', r.id, COALESCE(o.chat_id, 0)
FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id LEFT JOIN orders o ON o.id = p.order_id
WHERE r.state = 'owed';

-- A set is over and not whole: its share is due, of the payment that it was made for and no other. Photos that could not
-- be made are known when the last one ends; those that Telegram does not take, when the result is told. The account may
-- be deleted the next moment, so how many there are is written down here; the sum is computed by the chore.
CREATE FUNCTION set_falls_short() RETURNS trigger AS $$
BEGIN
  INSERT INTO bot_refunds (payment_id, why, photos)
  SELECT p.id, short.why, short.photos
  FROM bot_payments p,
    (SELECT 'failed' AS why, count(*) AS photos FROM photo_tasks WHERE job_id = NEW.id AND state = 'failed'
     UNION ALL SELECT 'undelivered', count(*) FROM photo_tasks WHERE job_id = NEW.id AND state = 'made'
       AND delivery = 'refused' AND NEW.told_at IS NOT NULL) short
  WHERE p.order_id = NEW.order_id AND p.state = 'succeeded' AND short.photos > 0
    AND EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)
    AND p.received > COALESCE((SELECT sum(r.amount) FROM bot_refunds r
      WHERE r.payment_id = p.id AND r.state NOT IN ('refused', 'void')), 0)
  ON CONFLICT (payment_id, why) DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER set_falls_short AFTER UPDATE ON generation_jobs FOR EACH ROW
  WHEN (NEW.order_id IS NOT NULL AND NEW.status IN ('completed', 'failed')
    AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.told_at IS DISTINCT FROM NEW.told_at))
  EXECUTE FUNCTION set_falls_short();

-- ---- what comes of it --------------------------------------------------------------------------------------------

-- All of it went back: what is not made of its set by now is not made any more, what is made still comes.
CREATE FUNCTION refund_ends_set() RETURNS trigger AS $$
DECLARE
  job generation_jobs;
BEGIN
  SELECT j.* INTO job FROM bot_payments p JOIN generation_jobs j ON j.order_id = p.order_id
  WHERE p.id = NEW.payment_id AND j.status IN ('pending', 'processing')
    AND EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)
    AND p.received <= (SELECT sum(amount) FROM bot_refunds WHERE payment_id = p.id AND state = 'succeeded');
  IF FOUND THEN
    UPDATE photo_tasks SET state = 'failed', lease_token = NULL, lease_until = NULL,
      error = 'its payment was given back' WHERE job_id = job.id AND state = 'waiting';
    PERFORM job_moved(job.id);
    PERFORM news_add(job.chat_id, 'job_progress', job.id, 0, NULL);
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;
CREATE TRIGGER refund_ends_set AFTER INSERT OR UPDATE OF state ON bot_refunds FOR EACH ROW
  WHEN (NEW.state = 'succeeded') EXECUTE FUNCTION refund_ends_set();

-- In the order of all who settle or end sets: the avatar first, then the order, then the payment.
CREATE FUNCTION payment_locked(p_id BIGINT) RETURNS bot_payments AS $$
DECLARE
  locked bot_payments;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT o.avatar_id FROM bot_payments p JOIN orders o ON o.id = p.order_id
    WHERE p.id = p_id) FOR NO KEY UPDATE;
  PERFORM 1 FROM orders WHERE id = (SELECT order_id FROM bot_payments WHERE id = p_id) FOR UPDATE;
  SELECT * INTO locked FROM bot_payments WHERE id = p_id FOR UPDATE;
  RETURN locked;
END $$ LANGUAGE plpgsql;

-- For whom it is: news of a refund, with its sum in kopecks and why it goes back.
CREATE FUNCTION refund_news(p_refund BIGINT, p_kind TEXT) RETURNS BIGINT AS $$
  SELECT news_add(o.chat_id, p_kind, o.id, (r.amount * 100)::bigint, r.why)
  FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id WHERE r.id = p_refund
$$ LANGUAGE sql;

-- What will be asked is kept. FALSE: it is not owed any more.
CREATE FUNCTION refund_asked(p_id BIGINT, p_amount DECIMAL, p_key TEXT, p_body TEXT, OUT done BOOLEAN) AS $$
BEGIN
  PERFORM payment_locked((SELECT payment_id FROM bot_refunds WHERE id = p_id));
  UPDATE bot_refunds SET state = 'asked', amount = p_amount, key = p_key, body = p_body, attempt = attempt + 1,
    asked_at = now(), outside_id = NULL WHERE id = p_id AND state = 'owed';
  done := FOUND;
END $$ LANGUAGE plpgsql;

-- It is certain that nothing was made by this key.
CREATE FUNCTION refund_unmade(p_id BIGINT, p_key TEXT, OUT done BOOLEAN) AS $$
BEGIN
  PERFORM payment_locked((SELECT payment_id FROM bot_refunds WHERE id = p_id));
  UPDATE bot_refunds SET state = 'owed', body = NULL WHERE id = p_id AND state = 'asked' AND key = p_key;
  done := FOUND;
END $$ LANGUAGE plpgsql;

-- Into the books it goes.
CREATE FUNCTION refund_post(p_refund BIGINT, p_currency TEXT, p_kinds TEXT[], p_accounts TEXT[], p_amounts BIGINT[])
RETURNS void AS $$
  SELECT ledger_post('refund', p_refund, p_currency, p_kinds, p_accounts, p_amounts)
$$ LANGUAGE sql;

-- The provider has it, and will say later what becomes of it.
CREATE FUNCTION refund_pending(p_id BIGINT, p_key TEXT, p_outside TEXT, OUT done BOOLEAN, OUT news BIGINT) AS $$
BEGIN
  PERFORM payment_locked((SELECT payment_id FROM bot_refunds WHERE id = p_id));
  UPDATE bot_refunds SET state = 'pending', outside_id = p_outside WHERE id = p_id AND state = 'asked' AND key = p_key;
  done := FOUND;
  IF done THEN
    news := refund_news(p_id, 'refund_pending');
  END IF;
END $$ LANGUAGE plpgsql;

-- The money went back: the row, the books, and what its payer hears are one. Once, whoever says it.
CREATE FUNCTION refund_succeeded(p_id BIGINT, p_key TEXT, p_outside TEXT, p_kinds TEXT[], p_accounts TEXT[],
                                 p_amounts BIGINT[], OUT done BOOLEAN, OUT news BIGINT) AS $$
DECLARE
  paid bot_payments;
BEGIN
  paid := payment_locked((SELECT payment_id FROM bot_refunds WHERE id = p_id));
  UPDATE bot_refunds SET state = 'succeeded', outside_id = p_outside, body = NULL, reason = NULL, ended_at = now()
  WHERE id = p_id AND state IN ('asked', 'pending') AND key = p_key;
  done := FOUND;
  IF done THEN
    PERFORM refund_post(p_id, paid.received_currency, p_kinds, p_accounts, p_amounts);
    UPDATE bot_payments SET held = NULL WHERE id = paid.id AND received = (SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = paid.id AND state = 'succeeded');
    news := refund_news(p_id, 'refund_done');
  END IF;
END $$ LANGUAGE plpgsql;

-- The provider says no, for good: nothing went back by this key. Again: it is asked anew. Its payer hears of the first.
CREATE FUNCTION refund_refused(p_id BIGINT, p_key TEXT, p_reason TEXT, p_again BOOLEAN, OUT done BOOLEAN,
                               OUT news BIGINT) AS $$
DECLARE
  was TEXT;
BEGIN
  PERFORM payment_locked((SELECT payment_id FROM bot_refunds WHERE id = p_id));
  SELECT reason INTO was FROM bot_refunds
  WHERE id = p_id AND state IN ('asked', 'pending') AND key = p_key FOR UPDATE;
  done := FOUND;
  IF done THEN
    UPDATE bot_refunds SET state = CASE WHEN p_again THEN 'owed' ELSE 'refused' END, outside_id = NULL, body = NULL,
      reason = p_reason WHERE id = p_id;
    IF was IS NULL THEN
      news := refund_news(p_id, 'refund_refused');
    END IF;
  END IF;
END $$ LANGUAGE plpgsql;

-- As before, but of what is left of it: shares of it may have gone back. Those that are due are not any more. FALSE also
-- while the provider is asked for a refund of it: what becomes of that must be known first.
CREATE OR REPLACE FUNCTION payment_given_back(p_id BIGINT, p_amount DECIMAL, p_kinds TEXT[], p_accounts TEXT[],
                                              p_amounts BIGINT[], OUT done BOOLEAN) AS $$
DECLARE
  paid bot_payments;
  refund BIGINT;
BEGIN
  paid := payment_locked(p_id);
  done := paid.state = 'succeeded' AND p_amount = paid.received - COALESCE((SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = p_id AND state = 'succeeded'), 0)
    AND NOT EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p_id AND state IN ('asked', 'pending'));
  IF done IS NOT TRUE THEN
    done := FALSE;
    RETURN;
  END IF;
  SELECT id INTO refund FROM bot_refunds
  WHERE payment_id = p_id AND state IN ('owed', 'refused') AND amount = p_amount ORDER BY id LIMIT 1;
  UPDATE bot_refunds SET state = 'void', ended_at = now()
  WHERE payment_id = p_id AND state IN ('owed', 'refused') AND id IS DISTINCT FROM refund;
  IF refund IS NULL THEN
    INSERT INTO bot_refunds AS r (payment_id, why, amount, state, ended_at)
    VALUES (p_id, 'person', p_amount, 'succeeded', now())
    ON CONFLICT (payment_id, why) DO UPDATE SET amount = p_amount, state = 'succeeded', reason = NULL, ended_at = now()
      WHERE r.state = 'void'
    RETURNING id INTO STRICT refund;
  ELSE
    UPDATE bot_refunds SET state = 'succeeded', reason = NULL, ended_at = now() WHERE id = refund;
  END IF;
  PERFORM ledger_post('refund', refund, paid.received_currency, p_kinds, p_accounts, p_amounts);
  UPDATE bot_payments SET held = NULL WHERE id = p_id;
  PERFORM refund_news(refund, 'refund_done');
END $$ LANGUAGE plpgsql;

-- A person wants all that is left of it to go back: what was refused is asked anew, and the rest is due. The sum that is
-- on its way then; NULL: no money came for it, 0: it went back already.
CREATE FUNCTION payment_to_give_back(p_id BIGINT, OUT amount DECIMAL) AS $$
DECLARE
  paid bot_payments;
  going DECIMAL;
  refund RECORD;
BEGIN
  paid := payment_locked(p_id);
  IF paid.state IS DISTINCT FROM 'succeeded' OR paid.received IS NULL THEN
    RETURN;
  END IF;
  FOR refund IN SELECT r.id FROM bot_refunds r WHERE r.payment_id = p_id AND r.state = 'refused' ORDER BY r.id LOOP
    UPDATE bot_refunds SET state = 'owed' WHERE id = refund.id;
    INSERT INTO errands (chore, subject, chat_id)
    VALUES ('payment_refund', refund.id, COALESCE((SELECT chat_id FROM orders WHERE id = paid.order_id), 0))
    ON CONFLICT (chore, subject) DO UPDATE SET state = 'waiting', not_before = now(), error = NULL;
  END LOOP;
  SELECT COALESCE(sum(r.amount), 0) INTO going FROM bot_refunds r
  WHERE r.payment_id = p_id AND r.state NOT IN ('refused', 'void');
  IF paid.received > going THEN
    UPDATE bot_refunds r SET state = 'void', ended_at = now() -- a share of what goes back whole
    WHERE r.payment_id = p_id AND r.state = 'owed' AND r.amount IS NULL;
    INSERT INTO bot_refunds AS r (payment_id, why, amount) VALUES (p_id, 'person', paid.received - going)
    ON CONFLICT (payment_id, why) DO NOTHING;
  END IF;
  SELECT paid.received - COALESCE(sum(r.amount), 0) INTO amount FROM bot_refunds r
  WHERE r.payment_id = p_id AND r.state = 'succeeded';
END $$ LANGUAGE plpgsql;
