-- Promo codes, packs of sets, and sets that were given as a gift.
--
-- What an order costs stands in its row alone (price), and what it gives (sets) too: one set of its own, and of a pack the
-- rest as a balance of its user. A set that costs nothing, by a code or out of that balance, is given in the transaction
-- that makes its order, without a payment.

-- What a code is worth never changes, only whether it is on: another code is another row.
CREATE TABLE promo_codes (
  code TEXT PRIMARY KEY,                -- in capitals, see core/promo.h
  percent INTEGER CHECK (percent BETWEEN 1 AND 100),
  amount_off DECIMAL(10, 2) CHECK (amount_off > 0),
  limit_all INTEGER CHECK (limit_all > 0),   -- uses; NULL = any number
  limit_user INTEGER CHECK (limit_user > 0), -- … of one user
  valid_from TIMESTAMPTZ,               -- NULL = from ever
  valid_until TIMESTAMPTZ,              -- the first moment at which it is over; NULL = for ever
  styles TEXT[],                        -- NULL = all
  is_on BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CHECK (num_nonnulls(percent, amount_off) = 1)
);

-- Sets that a user has without paying any more. The money of a pack is earned set by set, as they are given: what came for
-- those that were not is "held" in the books, and owed until then.
CREATE TABLE set_grants (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id INTEGER REFERENCES users(id) ON DELETE SET NULL,
  payment_id BIGINT UNIQUE REFERENCES bot_payments(id), -- of the pack; NULL: a gift
  sets INTEGER NOT NULL CHECK (sets > 0),
  unused INTEGER NOT NULL CHECK (unused >= 0),
  taken_back INTEGER NOT NULL DEFAULT 0, -- with the money of the pack
  owed BIGINT NOT NULL DEFAULT 0 CHECK (owed >= 0), -- for the unused ones, in the payment's smallest unit
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX idx_set_grants_user ON set_grants(user_id) WHERE unused > 0;

ALTER TABLE orders
  DROP CONSTRAINT orders_price_check,
  ADD CONSTRAINT orders_price_check CHECK (price >= 0),
  ADD COLUMN sets INTEGER NOT NULL DEFAULT 1 CHECK (sets > 0), -- bought with it: more than one is a pack
  ADD COLUMN grant_id BIGINT REFERENCES set_grants(id);        -- it is had from there, for nothing
CREATE INDEX idx_orders_grant ON orders(grant_id) WHERE grant_id IS NOT NULL;

-- A use of a code, by an order. Limits count all that were not released.
CREATE TABLE promo_uses (
  order_id BIGINT PRIMARY KEY REFERENCES orders(id) ON DELETE CASCADE,
  code TEXT NOT NULL REFERENCES promo_codes(code),
  user_id INTEGER REFERENCES users(id) ON DELETE SET NULL,
  price_before DECIMAL(10, 2) NOT NULL, -- of the set, without the code
  --   reserved  its order is not paid yet
  --   final     … is paid
  --   released  … came to nothing
  --   late      … and was paid all the same: money is honoured however late, so a limit may be passed by it
  state TEXT NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'final', 'released', 'late'))
);
CREATE INDEX idx_promo_uses_code ON promo_uses(code) WHERE state <> 'released';
CREATE INDEX idx_promo_uses_user ON promo_uses(user_id);

-- pack: one more set of a pack; subject is its order
ALTER TABLE ledger_transactions
  DROP CONSTRAINT ledger_transactions_kind_check,
  ADD CONSTRAINT ledger_transactions_kind_check
    CHECK (kind IN ('payment', 'sale', 'pack', 'release', 'refund', 'earning', 'payout'));

-- ---- codes -----------------------------------------------------------------------------------------------------------

-- The order uses the code: 1; or 0, and nothing happens, if it may not. One at a time for each code: who waits counts what
-- the others did.
CREATE FUNCTION promo_reserve(p_order BIGINT, p_code TEXT, p_user INTEGER, p_style TEXT, p_before DECIMAL,
                              p_now_ms BIGINT) RETURNS INTEGER AS $$
DECLARE
  rule promo_codes;
  reserved INTEGER;
BEGIN
  SELECT * INTO rule FROM promo_codes WHERE code = p_code FOR NO KEY UPDATE;
  IF rule.code IS NULL OR NOT rule.is_on OR to_timestamp(p_now_ms / 1000.0) < rule.valid_from
      OR to_timestamp(p_now_ms / 1000.0) >= rule.valid_until OR p_style <> ALL (rule.styles) THEN
    RETURN 0;
  END IF;
  INSERT INTO promo_uses (order_id, code, user_id, price_before)
  SELECT p_order, p_code, p_user, p_before
  WHERE (rule.limit_all IS NULL
    OR (SELECT count(*) FROM promo_uses WHERE code = p_code AND state <> 'released') < rule.limit_all)
  AND (rule.limit_user IS NULL OR (SELECT count(*) FROM promo_uses
    WHERE code = p_code AND user_id = p_user AND state <> 'released') < rule.limit_user);
  GET DIAGNOSTICS reserved = ROW_COUNT;
  RETURN reserved;
END $$ LANGUAGE plpgsql;

-- The use goes the way of its order …
CREATE FUNCTION promo_follows_order() RETURNS trigger AS $$
BEGIN
  UPDATE promo_uses SET state = CASE WHEN NEW.status = 'canceled' THEN 'released' WHEN state = 'released' THEN 'late'
    ELSE 'final' END
  WHERE order_id = NEW.id AND (state = 'reserved' OR (state = 'released' AND NEW.status = 'paid'));
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER promo_follows_order AFTER UPDATE OF status ON orders
  FOR EACH ROW WHEN (NEW.status IN ('canceled', 'paid')) EXECUTE FUNCTION promo_follows_order();

-- … and is free again when its last payment came to nothing, though the order may be asked for once more.
CREATE FUNCTION promo_follows_payment() RETURNS trigger AS $$
BEGIN
  UPDATE promo_uses SET state = 'released' WHERE order_id = NEW.order_id AND state = 'reserved'
    AND NOT EXISTS (SELECT 1 FROM bot_payments WHERE order_id = NEW.order_id AND state IN ('creating', 'pending'));
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER promo_follows_payment AFTER UPDATE OF state ON bot_payments
  FOR EACH ROW WHEN (NEW.state IN ('canceled', 'failed') AND NEW.order_id IS NOT NULL)
  EXECUTE FUNCTION promo_follows_payment();

-- Sets as a gift for the person who is this user of Telegram, who hears of it. NULL: there is no such user.
CREATE FUNCTION sets_give(p_telegram_user BIGINT, p_sets INTEGER) RETURNS BIGINT AS $$
DECLARE
  given BIGINT;
BEGIN
  INSERT INTO set_grants (user_id, sets, unused)
  SELECT id, p_sets, p_sets FROM users WHERE telegram_user_id = p_telegram_user RETURNING id INTO given;
  IF FOUND THEN
    PERFORM news_add(p_telegram_user, 'sets_given', p_sets, 0, NULL);
  END IF;
  RETURN given;
END $$ LANGUAGE plpgsql;

-- ---- what a settlement gives -----------------------------------------------------------------------------------------

-- The job of a paid order, with its tasks. Its avatar is there, and held.
CREATE FUNCTION order_give(p_sold orders) RETURNS INTEGER AS $$
DECLARE
  job INTEGER;
BEGIN
  INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id)
  VALUES (p_sold.avatar_id, p_sold.style_id, 'pending', p_sold.photo_count, p_sold.id, p_sold.chat_id)
  RETURNING id INTO job;
  INSERT INTO photo_tasks (job_id, index, prompt, recipe)
  SELECT job, i, p_sold.prompts[1 + i % cardinality(p_sold.prompts)],
    p_sold.recipes[1 + i % cardinality(p_sold.recipes)]
  FROM generate_series(0, p_sold.photo_count - 1) i;
  UPDATE avatars SET status = 'processing', updated_at = now() WHERE id = p_sold.avatar_id;
  RETURN job;
END $$ LANGUAGE plpgsql;

-- An order that costs nothing, because of a code or of a set that its user has: given at once. Its news; NULL: it is to be
-- paid, or was given already.
CREATE FUNCTION order_taken(p_order BIGINT) RETURNS BIGINT AS $$
DECLARE
  taken orders;
BEGIN
  PERFORM 1 FROM avatars WHERE id = (SELECT avatar_id FROM orders WHERE id = p_order) FOR NO KEY UPDATE;
  UPDATE orders o SET status = 'paid', paid_at = now()
  WHERE id = p_order AND status = 'awaiting' AND price = 0 AND avatar_id IS NOT NULL
    AND (grant_id IS NOT NULL OR EXISTS (SELECT 1 FROM promo_uses WHERE order_id = o.id)) RETURNING * INTO taken;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN news_add(taken.chat_id, 'set_begun', order_give(taken), taken.id, NULL);
END $$ LANGUAGE plpgsql;

-- As ledger_post, for a part of what was planned: of a movement between two accounts.
CREATE FUNCTION ledger_post_part(p_kind TEXT, p_subject BIGINT, p_currency TEXT, p_kinds TEXT[], p_accounts TEXT[],
                                 p_amounts BIGINT[], p_part BIGINT) RETURNS void AS $$
  SELECT ledger_post(p_kind, p_subject, p_currency, array_agg(kind), array_agg(account),
    array_agg((sign(amount) * p_part)::bigint))
  FROM unnest(p_kinds, p_accounts, p_amounts) AS plan(kind, account, amount) WHERE kind = p_kind
$$ LANGUAGE sql;

-- A pack is paid: of its sets one is given with the order, and its share earned; the others are its user's to order.
CREATE FUNCTION pack_give(p_sold orders, p_payment BIGINT, p_amount BIGINT, p_currency TEXT, p_kinds TEXT[],
                          p_accounts TEXT[], p_amounts BIGINT[]) RETURNS void AS $$
DECLARE
  share CONSTANT BIGINT := greatest(p_amount / p_sold.sets, 1);
BEGIN
  INSERT INTO set_grants (user_id, payment_id, sets, unused, owed)
  VALUES (p_sold.user_id, p_payment, p_sold.sets - 1, p_sold.sets - 1, p_amount - share);
  PERFORM ledger_post_part('sale', p_payment, p_currency, p_kinds, p_accounts, p_amounts, share);
END $$ LANGUAGE plpgsql;

-- ---- what goes back -------------------------------------------------------------------------------------------------

-- As before. FALSE also if a set of its pack was given since it was read: then less of it is held than is said.
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
  PERFORM 1 FROM set_grants WHERE payment_id = p_id FOR UPDATE;
  done := done AND NOT EXISTS (SELECT 1 FROM set_grants WHERE payment_id = p_id AND owed <> COALESCE(
    (SELECT sum(amount) FROM unnest(p_accounts, p_amounts) AS plan(account, amount) WHERE account = 'held'), 0));
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
  UPDATE set_grants SET owed = 0 WHERE payment_id = p_id;
  UPDATE bot_payments SET held = NULL WHERE id = p_id;
  PERFORM refund_news(refund, 'refund_done');
END $$ LANGUAGE plpgsql;

-- As before; sets of its pack that were not used are not to be had from now on. What was refused and is more than is
-- left by now is not asked anew: the rest is.
CREATE OR REPLACE FUNCTION payment_to_give_back(p_id BIGINT, OUT amount DECIMAL) AS $$
DECLARE
  paid bot_payments;
  going DECIMAL;
  rest BIGINT;
  refund RECORD;
BEGIN
  paid := payment_locked(p_id);
  IF paid.state IS DISTINCT FROM 'succeeded' OR paid.received IS NULL THEN
    RETURN;
  END IF;
  UPDATE bot_refunds r SET state = 'void', ended_at = now() WHERE r.payment_id = p_id AND r.state = 'refused'
    AND r.amount > paid.received - COALESCE((SELECT sum(x.amount) FROM bot_refunds x
      WHERE x.payment_id = p_id AND x.state NOT IN ('refused', 'void')), 0);
  FOR refund IN SELECT r.id FROM bot_refunds r WHERE r.payment_id = p_id AND r.state = 'refused' ORDER BY r.id LOOP
    UPDATE bot_refunds SET state = 'owed' WHERE id = refund.id;
    INSERT INTO errands (chore, subject, chat_id)
    VALUES ('payment_refund', refund.id, COALESCE((SELECT chat_id FROM orders WHERE id = paid.order_id), 0))
    ON CONFLICT (chore, subject) DO UPDATE SET state = 'waiting', not_before = now(), error = NULL;
  END LOOP;
  SELECT COALESCE(sum(r.amount), 0) INTO going FROM bot_refunds r
  WHERE r.payment_id = p_id AND r.state NOT IN ('refused', 'void');
  UPDATE set_grants SET taken_back = taken_back + unused, unused = 0 WHERE payment_id = p_id;
  IF paid.received > going THEN
    UPDATE bot_refunds r SET state = 'void', ended_at = now() -- a share of what goes back whole
    WHERE r.payment_id = p_id AND r.state = 'owed' AND r.amount IS NULL;
    INSERT INTO bot_refunds AS r (payment_id, why, amount) VALUES (p_id, 'person', paid.received - going)
    ON CONFLICT (payment_id, why) DO UPDATE SET amount = EXCLUDED.amount, state = 'owed', key = NULL, reason = NULL,
      ended_at = NULL WHERE r.state = 'void'
    RETURNING r.id INTO rest;
    IF rest IS NOT NULL THEN
      INSERT INTO errands (chore, subject, chat_id)
      VALUES ('payment_refund', rest, COALESCE((SELECT chat_id FROM orders WHERE id = paid.order_id), 0))
      ON CONFLICT (chore, subject) DO UPDATE SET state = 'waiting', not_before = now(), error = NULL;
    END IF;
  END IF;
  SELECT paid.received - COALESCE(sum(r.amount), 0) INTO amount FROM bot_refunds r
  WHERE r.payment_id = p_id AND r.state = 'succeeded';
END $$ LANGUAGE plpgsql;

-- All of the pack went back: its unused sets are not to be had any more. A part of it leaves them alone.
CREATE FUNCTION pack_goes_back() RETURNS trigger AS $$
BEGIN
  UPDATE set_grants SET taken_back = taken_back + unused, unused = 0 WHERE payment_id = NEW.payment_id
    AND (SELECT received FROM bot_payments WHERE id = NEW.payment_id) <= (SELECT sum(amount) FROM bot_refunds
      WHERE payment_id = NEW.payment_id AND state = 'succeeded');
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER pack_goes_back AFTER INSERT OR UPDATE OF state ON bot_refunds FOR EACH ROW
  WHEN (NEW.state = 'succeeded') EXECUTE FUNCTION pack_goes_back();

-- As before; and what was held for the sets of a pack that went back whole goes out of "held", not out of what was earned.
CREATE OR REPLACE FUNCTION refund_post(p_refund BIGINT, p_currency TEXT, p_kinds TEXT[], p_accounts TEXT[],
                                       p_amounts BIGINT[]) RETURNS void AS $$
DECLARE
  pack BIGINT;
  owing BIGINT := 0;
BEGIN
  SELECT g.id, g.owed INTO pack, owing FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id
  JOIN set_grants g ON g.payment_id = p.id
  WHERE r.id = p_refund AND g.owed > 0 AND p.received <= (SELECT sum(amount) FROM bot_refunds
    WHERE payment_id = p.id AND state = 'succeeded') FOR UPDATE OF g;
  IF pack IS NULL THEN
    PERFORM ledger_post('refund', p_refund, p_currency, p_kinds, p_accounts, p_amounts);
    RETURN;
  END IF;
  PERFORM ledger_post('refund', p_refund, p_currency, array_agg('refund'::text), array_agg(b.account),
    array_agg(b.amount))
  FROM (SELECT a.account, sum(a.amount)::bigint AS amount FROM (
      SELECT plan.account, plan.amount FROM unnest(p_accounts, p_amounts) AS plan(account, amount)
      UNION ALL VALUES ('held', owing), ('refunds', -owing)) AS a(account, amount)
    GROUP BY a.account HAVING sum(a.amount) <> 0) b;
  UPDATE set_grants SET owed = 0 WHERE id = pack;
END $$ LANGUAGE plpgsql;

-- As before; but what is due of a pack, a person says (db/audit.c, "lacking").
CREATE OR REPLACE FUNCTION set_falls_short() RETURNS trigger AS $$
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
    AND NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND sets > 1)
  ON CONFLICT (payment_id, why) DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT;

COMMENT ON TABLE promo_codes IS 'kept for ever: the owner makes them, and payments rest on them';
COMMENT ON TABLE promo_uses IS 'kept for ever once paid, as its order; else it goes with the order';
COMMENT ON TABLE set_grants IS 'kept for ever, as payments';
