-- Our payments and the provider's lists are compared, both ways.

-- How far: one row a provider.
CREATE TABLE bot_reconciliations (
  id BIGINT PRIMARY KEY,                -- 1: YooKassa
  provider TEXT UNIQUE NOT NULL,
  payments_since TIMESTAMPTZ NOT NULL,  -- what succeeded there before has been compared …
  refunds_since TIMESTAMPTZ NOT NULL,   -- … what went back; held back by one that was not over
  passed_at TIMESTAMPTZ NOT NULL DEFAULT now() -- when the last whole pass ended
);
COMMENT ON TABLE bot_reconciliations IS 'one row a provider, kept for ever';
-- A payment that is open, or that nobody can ask for any more, may have succeeded meanwhile: from there on, but no
-- farther back than the provider's lists go.
INSERT INTO bot_reconciliations (id, provider, payments_since, refunds_since)
SELECT 1, 'yookassa', GREATEST(COALESCE(to_timestamp(min(created_at_ms) / 1000.0), now()),
  now() - interval '1000 days'), now()
FROM bot_payments WHERE provider = 'yookassa' AND (state IN ('creating', 'pending') OR held = 'lost');

-- When the provider last said the same of a payment that succeeded, or had said something else for the second time;
-- NULL: it has not been asked since the payment, or a refund of it, succeeded here. Those from before are taken as they
-- are.
ALTER TABLE bot_payments ADD COLUMN compared_at TIMESTAMPTZ;
UPDATE bot_payments SET compared_at = now() WHERE state = 'succeeded';
CREATE INDEX idx_bot_payments_uncompared ON bot_payments(id)
  WHERE provider = 'yookassa' AND state = 'succeeded' AND compared_at IS NULL;

-- What a provider says otherwise than we do. Of a payment that is ours it is told once it was found a second time: what
-- is just happening is different for a moment.
CREATE TABLE bot_differences (
  provider TEXT NOT NULL,
  outside_id TEXT NOT NULL,             -- of the payment
  -- missing     there is no such payment
  -- unreadable  what is said of it can't be read
  -- state       it did not succeed
  -- sum         another sum or currency came
  -- refunded    another sum went back
  -- stranger    it succeeded, and is neither ours nor known to the web application
  what TEXT NOT NULL CHECK (what IN ('missing', 'unreadable', 'state', 'sum', 'refunded', 'stranger')),
  theirs TEXT NOT NULL,                 -- the provider's side of it, in words
  passes INTEGER NOT NULL DEFAULT 1,    -- so often it was found
  known BOOLEAN NOT NULL DEFAULT FALSE, -- a person has looked: it is not told any more
  found_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, outside_id)
);
COMMENT ON TABLE bot_differences IS
  'deleted by the pass that does not find it any more; a stranger after 90 days (db/ends.c)';

ALTER TABLE bot_refunds ALTER COLUMN why DROP NOT NULL; -- NULL: made at the provider, by whoever may there

-- What went back is compared, too.
CREATE FUNCTION refund_uncompares() RETURNS trigger AS $$
BEGIN
  UPDATE bot_payments SET compared_at = NULL WHERE id = NEW.payment_id AND compared_at IS NOT NULL;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER refund_uncompares AFTER INSERT OR UPDATE OF state ON bot_refunds
  FOR EACH ROW WHEN (NEW.state = 'succeeded') EXECUTE FUNCTION refund_uncompares();

-- Is there anything to compare with this shop's lists (NULL: with any)? Something of ours is open, is to go back, or
-- succeeded since it was last compared; or a refund at the provider was not over then. A payment that is open for more
-- than a month is not waited for.
CREATE FUNCTION reconcile_due(p_provider TEXT, p_shop TEXT) RETURNS BOOLEAN AS $$
  SELECT EXISTS (SELECT 1 FROM bot_payments WHERE provider = p_provider AND state IN ('creating', 'pending')
      AND created_at_ms > (extract(epoch FROM now() - interval '32 days') * 1000)::bigint
      AND COALESCE(shop = p_shop, TRUE))
    OR EXISTS (SELECT 1 FROM bot_payments WHERE provider = 'yookassa' AND p_provider = 'yookassa'
      AND state = 'succeeded' AND compared_at IS NULL AND COALESCE(shop = p_shop, TRUE))
    OR EXISTS (SELECT 1 FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id
      WHERE r.state NOT IN ('succeeded', 'void') AND p.provider = p_provider AND COALESCE(p.shop = p_shop, TRUE))
    OR EXISTS (SELECT 1 FROM bot_reconciliations WHERE provider = p_provider AND refunds_since < payments_since)
$$ LANGUAGE sql STABLE;

-- What is different in what the provider says of a payment of ours; NULL: nothing. wait: a refund of it is under way
-- here.
CREATE FUNCTION payment_odd(p_paid bot_payments, p_status TEXT, p_amount DECIMAL, p_currency TEXT, p_refunded DECIMAL)
RETURNS TEXT AS $$
  SELECT CASE WHEN p_status IN ('missing', 'unreadable') THEN p_status
    WHEN p_paid.state <> 'succeeded' THEN NULL
    WHEN p_status <> 'succeeded' THEN 'state'
    WHEN p_amount <> p_paid.received OR p_currency <> p_paid.received_currency THEN 'sum'
    WHEN p_refunded <> (SELECT COALESCE(sum(amount) FILTER (WHERE state = 'succeeded'), 0) FROM bot_refunds
        WHERE payment_id = p_paid.id)
      THEN CASE WHEN EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p_paid.id
          AND state NOT IN ('succeeded', 'void')) THEN 'wait' ELSE 'refunded' END END
$$ LANGUAGE sql STABLE;

-- A payment that the provider's list calls succeeded:
--   same   as it stands here
--   ask    ours, and not as it stands here: it is to be asked for by its name
--   web    the web application's
--   other  neither: noted
-- Ours is also one of an order whose payment has no name yet, if it was made soon after that was ordered. What is not
-- told is NULL.
CREATE FUNCTION payment_listed(p_provider TEXT, p_payment TEXT, p_amount DECIMAL, p_currency TEXT, p_refunded DECIMAL,
                               p_order BIGINT, p_test BOOLEAN, p_made_ms BIGINT) RETURNS TEXT AS $$
DECLARE
  paid bot_payments;
BEGIN
  SELECT * INTO paid FROM bot_payments WHERE provider = p_provider AND outside_id = p_payment;
  IF FOUND THEN
    IF paid.state <> 'succeeded' OR payment_odd(paid, 'succeeded', p_amount, p_currency, p_refunded) IS NOT NULL THEN
      RETURN 'ask';
    END IF;
    UPDATE bot_payments SET compared_at = now() WHERE id = paid.id AND compared_at IS NULL;
    DELETE FROM bot_differences WHERE provider = p_provider AND outside_id = p_payment;
    RETURN 'same';
  END IF;
  IF EXISTS (SELECT 1 FROM payments WHERE yookassa_payment_id = p_payment) THEN
    RETURN 'web';
  END IF;
  IF p_test IS NOT NULL AND EXISTS (SELECT 1 FROM bot_payments WHERE provider = p_provider AND order_id = p_order
      AND outside_id IS NULL AND p_made_ms BETWEEN created_at_ms - 600000 AND created_at_ms + 90000000) THEN
    RETURN 'ask';
  END IF;
  INSERT INTO bot_differences (provider, outside_id, what, theirs)
  VALUES (p_provider, p_payment, 'stranger', format('%s %s%s', p_amount, p_currency, ', of order ' || p_order))
  ON CONFLICT DO NOTHING;
  RETURN 'other';
END $$ LANGUAGE plpgsql;

-- What the provider answered when it was asked for a payment by its name (missing, unreadable, or its status) is kept
-- if it is something else than we say. TRUE: it is for the second time, a person is to hear of it.
CREATE FUNCTION payment_compared(p_provider TEXT, p_payment TEXT, p_status TEXT, p_amount DECIMAL, p_currency TEXT,
                                 p_refunded DECIMAL) RETURNS BOOLEAN AS $$
DECLARE
  paid bot_payments;
  odd TEXT;
  times INTEGER := 0;
BEGIN
  SELECT * INTO paid FROM bot_payments WHERE provider = p_provider AND outside_id = p_payment FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO bot_differences (provider, outside_id, what, theirs)
    SELECT p_provider, p_payment, 'stranger', 'what can''t be read' WHERE p_status = 'unreadable'
      AND NOT EXISTS (SELECT 1 FROM payments WHERE yookassa_payment_id = p_payment)
    ON CONFLICT DO NOTHING;
    RETURN FALSE;
  END IF;
  odd := payment_odd(paid, p_status, p_amount, p_currency, p_refunded);
  IF odd = 'wait' THEN
    RETURN FALSE;
  END IF;
  IF odd IS NULL THEN
    DELETE FROM bot_differences WHERE provider = p_provider AND outside_id = p_payment;
  ELSE
    INSERT INTO bot_differences AS d (provider, outside_id, what, theirs)
    VALUES (p_provider, p_payment, odd, CASE odd WHEN 'sum' THEN format('%s %s came', p_amount, p_currency)
      WHEN 'refunded' THEN format('%s went back', p_refunded) WHEN 'state' THEN format('it is %s', p_status)
      WHEN 'missing' THEN 'there is no such payment' ELSE 'what is said of it can''t be read' END)
    ON CONFLICT (provider, outside_id) DO UPDATE SET what = EXCLUDED.what, theirs = EXCLUDED.theirs,
      passes = CASE WHEN d.theirs = EXCLUDED.theirs THEN d.passes + 1 ELSE 1 END,
      known = d.known AND d.theirs = EXCLUDED.theirs
    RETURNING passes INTO times;
  END IF;
  IF odd IS NULL OR times > 1 THEN
    UPDATE bot_payments SET compared_at = now() WHERE id = paid.id AND state = 'succeeded' AND compared_at IS NULL;
  END IF;
  RETURN times = 2;
END $$ LANGUAGE plpgsql;

-- A refund that the provider knows, any number of times:
--   known    it is here
--   taken    it was not: now it is, and stands in the books
--   open     it is not over there, or one like it is under way here
--   odd      more would have gone back than came
--   foreign  it is of no payment of ours
-- One that was due and not asked for, or that a person said to have made, is it, if it is of the same sum. p_sold,
-- p_held: the accounts of the movement if its payment was earned, and if not.
CREATE FUNCTION refund_seen(p_provider TEXT, p_refund TEXT, p_payment TEXT, p_status TEXT, p_amount DECIMAL,
                            p_currency TEXT, p_kinds TEXT[], p_sold TEXT[], p_held TEXT[], p_amounts BIGINT[])
RETURNS TEXT AS $$
DECLARE
  paid bot_payments;
  refund BIGINT;
  was TEXT;
BEGIN
  SELECT * INTO paid FROM bot_payments WHERE provider = p_provider AND outside_id = p_payment;
  IF NOT FOUND THEN
    RETURN 'foreign';
  END IF;
  IF p_status = 'canceled' OR EXISTS (SELECT 1 FROM bot_refunds WHERE outside_id = p_refund) THEN
    RETURN 'known';
  END IF;
  IF p_status <> 'succeeded' THEN
    RETURN 'open';
  END IF;
  paid := payment_locked(paid.id);
  PERFORM 1 FROM bot_refunds WHERE outside_id = p_refund;
  IF FOUND THEN
    RETURN 'known';
  END IF;
  IF paid.state <> 'succeeded' OR EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = paid.id
      AND outside_id IS NULL AND state NOT IN ('owed', 'refused', 'succeeded', 'void')) THEN
    RETURN 'open';
  END IF;
  SELECT id, state INTO refund, was FROM bot_refunds WHERE payment_id = paid.id AND amount = p_amount
    AND outside_id IS NULL AND state IN ('owed', 'refused', 'succeeded') ORDER BY state DESC, id LIMIT 1;
  IF refund IS NULL AND p_amount > paid.received - COALESCE((SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = paid.id AND state NOT IN ('refused', 'void')), 0) OR p_currency <> paid.received_currency THEN
    UPDATE bot_payments SET compared_at = NULL WHERE id = paid.id; -- what went back of it is asked for
    RETURN 'odd';
  END IF;
  IF refund IS NULL THEN
    INSERT INTO bot_refunds (payment_id, amount, state, outside_id, ended_at)
    VALUES (paid.id, p_amount, 'succeeded', p_refund, now()) RETURNING id INTO refund;
  ELSE
    UPDATE bot_refunds SET state = 'succeeded', outside_id = p_refund, reason = NULL,
      ended_at = COALESCE(ended_at, now()) WHERE id = refund;
  END IF;
  IF was IS DISTINCT FROM 'succeeded' THEN
    PERFORM refund_post(refund, paid.received_currency, p_kinds, CASE WHEN EXISTS (SELECT 1
      FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = paid.id) THEN p_sold ELSE p_held END, p_amounts);
    UPDATE bot_payments SET held = NULL WHERE id = paid.id AND received = (SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = paid.id AND state = 'succeeded');
    PERFORM refund_news(refund, 'refund_done');
  END IF;
  RETURN 'taken';
END $$ LANGUAGE plpgsql;
